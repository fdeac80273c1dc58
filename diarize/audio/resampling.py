"""Resampling in blocks, with the result of resampling in one piece.

Blocks are whole seconds, so they hold whole samples at both rates. Each block is resampled with a margin on
both sides, which is cut off afterwards. At standard rates the result is bit-identical to one piece (tested).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.lazy_imports import import_librosa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["margin", "resample_blocks", "resampled_length"]

MARGIN = 0.1  # seconds; the filter is some ten times shorter at the lowest rate
QUALITY = "soxr_vhq"  # computes in double precision, so that blocks can agree to the bit; as fast as soxr_hq


def margin(rate: int, target: int) -> int:
    """Samples around a block: at least ``MARGIN``, whole samples at both rates; none when the rates agree."""
    if rate == target:
        return 0
    period = rate // int(np.gcd(rate, target))
    return -(-math.ceil(MARGIN * rate) // period) * period


def resampled_length(n: int, rate: int, target: int) -> int:
    """The number of samples after resampling n samples."""
    return -(-n * target // rate)


def _resample_piece(piece: Array, left: int, n: int, rates: tuple[int, int]) -> Array:
    """Resample a piece; drop the first ``left`` input samples and keep the next n."""
    rate, target = rates
    if rate == target:
        return piece[left : left + n]
    whole = import_librosa().resample(piece, orig_sr=rate, target_sr=target, res_type=QUALITY)
    start = left * target // rate
    return np.asarray(whole[start : start + resampled_length(n, rate, target)])


def resample_blocks(
    chunks: Iterable[Array], left: int, rates: tuple[int, int], seconds: int = 30
) -> Iterator[Array]:
    """Blocks of ``seconds`` at ``rates[1]`` Hz out of float32 (n,) chunks at ``rates[0]`` Hz.

    The last block is shorter. The first ``left`` samples (0 or ``margin``) are context only.
    """
    step, around = seconds * rates[0], margin(*rates)
    waiting: list[Array] = []
    held = 0
    for chunk in chunks:
        waiting.append(chunk)
        held += chunk.size
        if held < left + step + around:
            continue
        piece = np.concatenate(waiting)
        while held >= left + step + around:
            yield _resample_piece(piece[: left + step + around], left, step, rates)
            piece = piece[left + step - around :]
            left, held = around, piece.size
        waiting = [piece]
    piece = np.concatenate(waiting) if waiting else np.empty(0, dtype=np.float32)
    while piece.size > left:
        n = min(step, piece.size - left)
        yield _resample_piece(piece[: left + n + around], left, n, rates)
        piece, left = piece[max(left + n - around, 0) :], min(around, left + n)
