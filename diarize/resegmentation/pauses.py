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
    """Cuts (n,), each moved to the nearest of the sorted ``pauses`` (m,) if it is at most ``longest`` away.

    Of two equally near pauses the earlier one is used; without a pause, cuts do not move.
    """
    if not len(pauses):
        return cuts
    after = np.searchsorted(pauses, cuts).clip(max=len(pauses) - 1)
    before = (after - 1).clip(min=0)
    earlier = np.abs(cuts - pauses[before]) <= np.abs(pauses[after] - cuts)
    nearest = np.where(earlier, pauses[before], pauses[after])
    moved: Array = np.where(np.abs(nearest - cuts) <= longest, nearest, cuts)
    return moved
