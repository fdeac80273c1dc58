"""How far windows lie from what factors explain of them: over-dispersion against the frames they are made of.

A diagonal mixture of whitened frames says that the first-order sums of a component scatter around what the
factors explain of them with the variance of its count. Speech scatters a little more, for neighbouring frames
repeat each other; sounds unlike any that the loadings were learnt from scatter several times as much, and
what they then seem to say of the factors is too sure by that factor (McCullagh & Nelder 1989, section 4.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.models.factors import Statistics, unexplained

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["dispersion"]

# Frames that a component must have in a window: of fewer, most is explained by chance.
LEAST: Final = 3.0
# Windows that are looked at, evenly spaced: so many tell it to a few per cent.
ENOUGH: Final = 300


def dispersion(statistics: Statistics, speaker: Array, window: Array, frame: float) -> float:
    """χ² of the residuals of n windows over its degrees of freedom; 1 where there is nothing to tell it from.

    ``speaker`` (K, D, R) and ``window`` (K, D, Q): loadings, all of whose factors are free in every window;
    ``frame``: what one frame counts in ``statistics``.
    """
    n = len(statistics.counts)
    if not n:
        return 1.0
    part = np.linspace(0, n - 1, min(n, ENOUGH)).astype(int)
    some = Statistics(*(each[part].astype(np.float64) for each in statistics))
    residuals = unexplained(some, np.concatenate((speaker, window), axis=2).astype(np.float64))
    heard = some.counts >= LEAST * frame
    if not heard.any():
        return 1.0
    squares = np.sum(residuals**2, axis=2)[heard] / some.counts[heard]
    return float(squares.mean() / (frame * residuals.shape[2]))
