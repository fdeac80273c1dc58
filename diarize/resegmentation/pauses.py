"""Changes of speaker near a pause are moved to it: people pause more often than a change is that exact."""

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
    """Cuts (n,), each at the nearest of the rising ``pauses`` (m,) if that is at most ``longest`` away.

    Of two as near it is the earlier; without a pause, every cut stays.
    """
    if not len(pauses):
        return cuts
    after = np.searchsorted(pauses, cuts).clip(max=len(pauses) - 1)
    before = (after - 1).clip(min=0)
    earlier = np.abs(cuts - pauses[before]) <= np.abs(pauses[after] - cuts)
    nearest = np.where(earlier, pauses[before], pauses[after])
    moved: Array = np.where(np.abs(nearest - cuts) <= longest, nearest, cuts)
    return moved
