"""Move changes of speaker to a nearby pause: people usually pause, and changes are not that exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["NEAR_PAUSE", "move_to_pauses"]

NEAR_PAUSE: Final = 0.2
"""Seconds of speech between a change and a pause under which the change is taken to be at the pause."""


def move_to_pauses(cuts: Array, pauses: Array, longest: int) -> Array:
    """Move each cut to the nearest pause, if there is one nearby.

    Of two equally near pauses the earlier one is used; without a pause, cuts do not move.

    Parameters
    ----------
    cuts : int (n,), in frames or blocks
    pauses : int (m,), in the same unit, sorted
    longest : largest distance over which a cut is moved

    Returns
    -------
    Int (n,); two cuts may be at the same pause.

    """
    if not len(pauses):
        return cuts
    after = np.searchsorted(pauses, cuts).clip(max=len(pauses) - 1)
    before = (after - 1).clip(min=0)
    earlier = np.abs(cuts - pauses[before]) <= np.abs(pauses[after] - cuts)
    nearest = np.where(earlier, pauses[before], pauses[after])
    moved: Array = np.where(np.abs(nearest - cuts) <= longest, nearest, cuts)
    return moved
