"""Resampling in blocks, with the result of resampling in one piece.

Blocks are whole seconds of the recording, so both rates have whole samples in them; each is resampled with a
margin on both sides that is cut off again. Standard rates give the bits of one piece (tests show it).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.light import light_librosa

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
    """How many samples n samples become."""
    return -(-n * target // rate)


def _resample_piece(piece: Array, left: int, n: int, rates: tuple[int, int]) -> Array:
    """The n samples after the first ``left`` of a piece, at the other rate."""
    rate, target = rates
    if rate == target:
        return piece[left : left + n]
    whole = light_librosa().resample(piece, orig_sr=rate, target_sr=target, res_type=QUALITY)
    start = left * target // rate
    return np.asarray(whole[start : start + resampled_length(n, rate, target)])


def resample_blocks(
    chunks: Iterable[Array], left: int, rates: tuple[int, int], seconds: int = 30
) -> Iterator[Array]:
    """Blocks of ``seconds`` at ``rates[1]`` Hz out of float32 (n,) chunks at ``rates[0]`` Hz.

    The last one is shorter. The first ``left`` samples (0 or ``margin``) only lead in.
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
