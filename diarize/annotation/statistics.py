"""Who spoke how long, and who spoke after whom."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.intervals import subtract, union

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.annotation import Annotation

    Array = NDArray[Any]

__all__ = ["count_successions", "solo_intervals", "speaking_shares"]


def speaking_shares(annotation: Annotation) -> list[dict[str, Any]]:
    """Each speaker's seconds, share of all speaking time and number of turns, by first appearance."""
    seconds = dict.fromkeys(annotation.speakers, 0.0)
    counts = dict.fromkeys(annotation.speakers, 0)
    for turn in annotation.turns:
        seconds[turn.speaker] += turn.duration
        counts[turn.speaker] += 1
    total = sum(seconds.values())
    return [
        {
            "speaker": name,
            "seconds": round(spoken, 3),
            "share": round(spoken / total, 6),
            "turns": counts[name],
        }
        for name, spoken in seconds.items()
    ]


def solo_intervals(annotation: Annotation) -> dict[str, Array]:
    """Intervals (n, 2) in seconds in which only that speaker talks, by speaker."""
    found = {}
    for name in annotation.speakers:
        others = [annotation.intervals(each) for each in annotation.speakers if each != name]
        found[name] = subtract(annotation.intervals(name), union(*others))
    return found


def count_successions(annotation: Annotation) -> Array:
    """How often the turn after one of speaker i is one of speaker j: int64 (K, K), rows and columns in the
    order of ``annotation.speakers``.

    Turns are ordered by their starts; the diagonal counts a speaker who continues after a pause.
    """
    place = {name: i for i, name in enumerate(annotation.speakers)}
    counts = np.zeros((len(place), len(place)), np.int64)
    for before, after in pairwise(annotation.turns):
        counts[place[before.speaker], place[after.speaker]] += 1
    return counts
