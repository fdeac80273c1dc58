"""Cut the upper end of the spectrum, smoothly and in blocks."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["cut_gains", "cut_top"]

TOP: Final = 100.0  # Hz below half the rate, where the gain is one half
TOP_DEVIATION: Final = 25.0  # Hz
PIECE: Final = 10.0  # seconds that are transformed at a time
MARGIN: Final = 0.1  # seconds of context on each side: the impulse response is over after half of that
NEGLIGIBLE: Final = 9.0  # deviations from the middle at which the gain is 1 or 0


@lru_cache(maxsize=4)
def cut_gains(n_bins: int, step: float, middle: float, deviation: float) -> Array:
    """Gains that keep the frequencies up to ``middle``: a step that a Gaussian makes smooth.

    Parameters
    ----------
    n_bins : number of frequencies, from 0 Hz on
    step : from one to the next, Hz
    middle : where the gain is one half, Hz
    deviation : standard deviation of the Gaussian, Hz; the impulse response is a sinc times
        exp(−2 π² deviation² t²)

    Returns
    -------
    Float64 (n_bins,), 1 to 0.

    """
    deviations = (np.arange(n_bins) * step - middle) / deviation
    gains = np.ones(n_bins)
    near = deviations > -NEGLIGIBLE
    gains[near] = [0.5 * math.erfc(each / math.sqrt(2)) for each in deviations[near]]
    return gains


def cut_top(blocks: Iterable[Array], rate: int) -> Iterator[Array]:
    """The samples without the last 100 Hz below half the rate.

    Parameters
    ----------
    blocks : consecutive samples float32 (n_i,), of any lengths, which do not change the result
    rate : of the samples, Hz

    Returns
    -------
    As many samples, float32, in blocks of other lengths.

    """
    size, around = round(PIECE * rate), round(MARGIN * rate)
    gains = cut_gains(size // 2 + 1, rate / size, rate / 2 - TOP, TOP_DEVIATION)

    def cut(piece: Array) -> Array:
        spectrum = np.fft.rfft(piece) * gains
        return np.fft.irfft(spectrum, size)[around:-around].astype(np.float32)

    held = np.zeros(around, np.float32)
    for block in blocks:
        held = np.concatenate((held, block))
        while len(held) >= size:
            yield cut(held[:size])
            held = held[size - 2 * around :]
    if len(held) > around:
        left = len(held) - around
        padded = np.pad(held, (0, max(0, size - len(held))))
        yield cut(padded)[:left]
