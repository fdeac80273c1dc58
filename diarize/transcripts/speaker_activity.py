"""The activity of each speaker in an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.annotation import Annotation
    from diarize.types import Posteriors

    Array = NDArray[Any]

__all__ = ["SpeakerActivity", "measure_speaker_activity"]


@dataclass(frozen=True, slots=True)
class SpeakerActivity:
    """Cumulative activity of speakers: ``speakers``; ``edges`` (n + 1,) seconds, rising; ``mass`` (n + 1, K):
    seconds of each speaker before each edge; ``turns`` (m, 2) seconds and ``owners`` (m,) index of the
    speaker.
    """

    speakers: tuple[str, ...]
    edges: Array
    mass: Array
    turns: Array
    owners: Array

    def within(self, starts: Array, ends: Array) -> Array:
        """Seconds (n, K) of each speaker in intervals (n,)."""
        return self._before(ends) - self._before(starts)

    def _before(self, times: Array) -> Array:
        columns = [np.interp(times, self.edges, column) for column in self.mass.T]
        return np.column_stack(columns) if columns else np.zeros((len(times), 0))

    def nearest(self, start: float, end: float) -> int:
        """The speaker of the nearest turn to an interval; of two equally near turns, the earlier one."""
        gaps = np.maximum(self.turns[:, 0] - end, start - self.turns[:, 1]).clip(min=0.0)
        return int(self.owners[gaps.argmin()])


def measure_speaker_activity(
    annotation: Annotation, posteriors: Posteriors | None = None, start: float = 0.0
) -> SpeakerActivity:
    """Measure presence from frame posteriors, whose clock begins at second ``start``, or else from turns."""
    turns = annotation.intervals()
    if posteriors is None:
        speakers = annotation.speakers
        edges = np.unique(np.concatenate((turns.ravel(), [0.0])))
        steps = np.column_stack(
            [_covered_seconds(edges, annotation.intervals(name)) for name in speakers] or [edges[1:] * 0]
        )
        steps = steps if speakers else np.zeros((len(edges) - 1, 0))
    else:
        speakers = posteriors.speakers
        edges = posteriors.grid.edges() + start
        steps = posteriors.values * np.diff(edges)[:, None]
    place = {name: i for i, name in enumerate(speakers)}
    mass = np.vstack((np.zeros((1, len(speakers))), np.cumsum(steps, axis=0, dtype=np.float64)))
    owners = np.array([place[turn.speaker] for turn in annotation.turns], dtype=np.int64)
    return SpeakerActivity(speakers, edges, mass, turns, owners)


def _covered_seconds(edges: Array, turns: Array) -> Array:
    """Seconds (n,) of every cell between edges that is covered by turns (m, 2), whose bounds are edges."""
    covered = np.zeros(len(edges) - 1)
    for first, last in np.searchsorted(edges, turns):
        covered[first:last] = 1.0
    seconds: Array = covered * np.diff(edges)
    return seconds
