"""Cells: the intervals between consecutive boundaries, with constant speakers.

Every score is a sum over cells, so it is exact up to float64 rounding, without frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.intervals import is_covered, union

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.annotation import Annotation
    from diarize.intervals import Intervals

    Array = NDArray[Any]

__all__ = ["Cells", "overlap"]


@dataclass(frozen=True, slots=True)
class Cells:
    """``seconds`` (n,): length of each cell; ``reference`` bool (n, R) and ``hypothesis`` bool (n, H): which
    of the R and H ``…_speakers`` talk in it.
    """

    seconds: Array
    reference: Array
    hypothesis: Array
    reference_speakers: tuple[str, ...]
    hypothesis_speakers: tuple[str, ...]

    @classmethod
    def from_annotations(cls, reference: Annotation, hypothesis: Annotation, region: Intervals) -> Cells:
        """The cells of two annotations inside ``region`` (n, 2) s; a speaker's own overlap counts once."""
        sets = (region, reference.intervals(), hypothesis.intervals())
        edges = np.unique(np.concatenate([rows.ravel() for rows in sets]))
        middles = (edges[:-1] + edges[1:]) / 2
        inside = is_covered(middles, region)
        return cls(
            np.diff(edges)[inside],
            _active(reference, middles[inside]),
            _active(hypothesis, middles[inside]),
            reference.speakers,
            hypothesis.speakers,
        )

    def together(self) -> Array:
        """Seconds (R, H) in which each pair of a reference and a hypothesis speaker both talk."""
        weighted = self.reference * self.seconds[:, None]
        together: Array = weighted.T @ self.hypothesis.astype(np.float64)
        return together

    def reference_seconds(self) -> Array:
        """Seconds (R,) in which each reference speaker talks."""
        seconds: Array = self.seconds @ self.reference
        return seconds

    def hypothesis_seconds(self) -> Array:
        """Seconds (H,) in which each hypothesis speaker talks."""
        seconds: Array = self.seconds @ self.hypothesis
        return seconds


def _active(annotation: Annotation, times: Array) -> Array:
    columns = [is_covered(times, annotation.intervals(speaker)) for speaker in annotation.speakers]
    return np.column_stack(columns) if columns else np.zeros((len(times), 0), dtype=bool)


def overlap(annotation: Annotation) -> Intervals:
    """Intervals (n, 2) s in which two or more different speakers talk."""
    merged = [union(annotation.intervals(speaker)) for speaker in annotation.speakers]
    rows = np.concatenate(merged) if merged else np.empty((0, 2))
    times = np.concatenate((rows[:, 0], rows[:, 1]))
    steps = np.concatenate((np.ones(len(rows), dtype=int), -np.ones(len(rows), dtype=int)))
    order = np.lexsort((steps, times))
    crowded = np.cumsum(steps[order])[:-1] >= 2
    return union(np.column_stack((times[order][:-1], times[order][1:]))[crowded])
