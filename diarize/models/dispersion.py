"""How far windows lie from the background: over-dispersion against the frames they are made of.

A diagonal mixture of whitened frames says that the first-order sums of a component scatter around nought with
the variance of its count. Voices lie farther off than that, and so do, much more, laughter, noises, sounds
unlike any that were learnt from, and two people at once: what such windows seem to say of a voice is too
sure. Taking everything a window says down by the root of its dispersion gives all windows the same length
(Garcia-Romero & Espy-Wilson 2011, length normalisation; McCullagh & Nelder 1989, section 4.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.models.factors import Statistics

    Array = NDArray[Any]

__all__ = ["dispersions"]


def dispersions(statistics: Statistics, frame: float) -> Array:
    """Mean square of the numbers of each of n windows against what frames of the background have, (n,).

    ``frame``: what one frame counts in ``statistics``. 1 is expected of frames drawn from the mixture itself,
    and stands where a window has no frame.
    """
    counts, sums = statistics
    squares = np.einsum("nkd,nkd->n", sums, sums, dtype=np.float64)
    expected = frame * sums.shape[2] * counts.sum(axis=1, dtype=np.float64)
    found: Array = np.divide(squares, expected, out=np.ones(len(counts)), where=expected > 0)
    return found
