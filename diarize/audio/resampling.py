"""Resampling in blocks, with the result of resampling in one piece.

Blocks are whole seconds, so they hold whole samples at both rates. Each block is resampled with a margin on
both sides, which is cut off afterwards.

The segmentation network hears the last few hundred hertz below 8 kHz, and calls less speech where they are
missing. soxr leaves out what is above 95 % of half the rate, so it only goes down to a rate that is a quarter
higher than the wanted one. From there, the spectrum is cut 75 Hz below half the wanted rate: at 16 kHz,
sound recorded at 44.1 or 48 kHz has the band of sound recorded at 16 kHz.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.lazy_imports import import_librosa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["margin", "resample", "resample_blocks", "resampled_length"]

MARGIN: Final = 0.1  # seconds; soxr's filter is some ten times shorter at the lowest rate
QUALITY: Final = "soxr_vhq"  # computes in double precision, so that blocks can agree; as fast as soxr_hq
# The cut of the spectrum: its middle, Hz below half the rate, and the deviation of the Gaussian that makes it
# smooth. At half the rate the gain is 1e-11, and after 0.1 s the impulse response is below 1e-10 of its peak.
CUT: Final = 75.0
CUT_DEVIATION: Final = 11.0
CELLS_PER_SECOND: Final = 100  # of digital silence, which stays what it is


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
    between = max(target, min(rate, -(-5 * target // 4)))
    whole = piece
    if rate != between:
        whole = import_librosa().resample(whole, orig_sr=rate, target_sr=between, res_type=QUALITY)
    if between != target:
        whole = _cut_spectrum(whole, between, target)
    whole = _keep_silence(whole, piece, rate, target)
    start = left * target // rate
    return np.asarray(whole[start : start + resampled_length(n, rate, target)], np.float32)


def _cut_spectrum(x: Array, rate: int, target: int) -> Array:
    """x (n,) at a lower rate, with all of its spectrum that the lower rate can have."""
    around, period = margin(rate, target), rate // math.gcd(rate, target)
    padded = np.zeros(2 * around + -(-len(x) // period) * period)
    padded[around : around + len(x)] = x
    n_out = len(padded) * target // rate
    spectrum = np.fft.rfft(padded)[: n_out // 2 + 1] * _gains(len(padded), rate, target)
    found: Array = np.fft.irfft(spectrum, n_out) * (target / rate)
    return found[around * target // rate :]


@lru_cache(maxsize=2)
def _gains(n: int, rate: int, target: int) -> Array:
    """Gains of the spectrum of n samples, up to half the rate ``target``."""
    hertz = np.arange(n * target // rate // 2 + 1) * (rate / n)
    deviations = (hertz - (target / 2 - CUT)) / CUT_DEVIATION
    gains = np.ones(len(hertz))
    near = deviations > -9.0
    gains[near] = [0.5 * math.erfc(each / math.sqrt(2)) for each in deviations[near]]
    return gains


def _keep_silence(found: Array, given: Array, rate: int, target: int) -> Array:
    """``found``, the resampled ``given``, as digital silence in every cell in which that is.

    Filters ring before and after a sound. The segmentation network brings every ten seconds to the same
    level, so it hears in silence what is far too soft for people.
    """
    size = target // CELLS_PER_SECOND
    n = len(found) // size
    edges = np.arange(n + 1) * size * rate
    counts = np.concatenate(([0], np.cumsum(given != 0)))
    first, last = (np.minimum(each, len(given)) for each in (edges[:-1] // target, -(-edges[1:] // target)))
    found[: n * size].reshape(n, size)[counts[first] == counts[last]] = 0
    return found


def resample(samples: Array, rate: int, target: int) -> Array:
    """Samples float32 (n,) at another rate, as a file with these samples is read."""
    return np.concatenate(list(resample_blocks([samples], 0, (rate, target))))


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
