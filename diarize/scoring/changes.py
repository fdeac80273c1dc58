"""Scores of speaker changes: precision, recall, purity and coverage.

Boundary precision and recall match each found change with at most one true change within a tolerance, nearest
pairs first. Purity and coverage need no tolerance: the speech is cut at the changes, and each piece is
compared with the piece it shares most time with. Sources: H. Bredin, *TristouNet: triplet loss for speaker
turn embedding* (ICASSP 2017) and *pyannote.metrics* (Interspeech 2017), whose program gives the same scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.annotation import Annotation
from diarize.errors import ConfigError
from diarize.intervals import gaps, is_covered, union

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from diarize.intervals import Intervals

    Array = NDArray[Any]

__all__ = ["ChangeScore", "change_points", "count_matches", "score_changes"]

_SLACK = 1e-9  # seconds: times given to the millisecond that lie exactly the tolerance apart still match


@dataclass(frozen=True, slots=True)
class ChangeScore:
    """``true``, ``found`` and ``matched`` changes; ``seconds`` of speech, and how many of them are ``pure``
    and ``covered``; ``a + b`` pools.
    """

    true: int = 0
    found: int = 0
    matched: int = 0
    seconds: float = 0.0
    pure: float = 0.0
    covered: float = 0.0

    def __add__(self, other: ChangeScore) -> ChangeScore:
        return ChangeScore(
            self.true + other.true,
            self.found + other.found,
            self.matched + other.matched,
            self.seconds + other.seconds,
            self.pure + other.pure,
            self.covered + other.covered,
        )

    @property
    def precision(self) -> float | None:
        """Share of the found changes that are true; None when none was found."""
        return self.matched / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Share of the true changes that were found; None when there is none."""
        return self.matched / self.true if self.true else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None when there is no change on either side."""
        return 2 * self.matched / (self.true + self.found) if self.true + self.found else None

    @property
    def purity(self) -> float | None:
        """Share of the speech in the main reference piece of its found piece; None without speech."""
        return self.pure / self.seconds if self.seconds > 0 else None

    @property
    def coverage(self) -> float | None:
        """Share of the speech in the main found piece of its reference piece; None without speech."""
        return self.covered / self.seconds if self.seconds > 0 else None

    @classmethod
    def pooled(cls, each: Iterable[ChangeScore]) -> ChangeScore:
        """The sum over recordings."""
        return sum(each, cls())


def change_points(annotation: Annotation) -> Array:
    """Times at which a speaker starts who is not the one that started last.

    Parameters
    ----------
    annotation : turns of one recording

    Returns
    -------
    float64 (n,) seconds, sorted. After a pause the change is where the next speaker starts.

    """
    turns = annotation.turns
    starts = [b.start for a, b in pairwise(turns) if a.speaker != b.speaker]
    return np.unique(np.array(starts, dtype=np.float64))


def score_changes(
    reference: Annotation,
    hypothesis: Annotation | ArrayLike,
    *,
    tolerance: float = 0.25,
    fill: float = 0.5,
) -> ChangeScore:
    """Score the times of speaker changes.

    Parameters
    ----------
    reference : the true turns
    hypothesis : turns, or times of changes (n,) in seconds
    tolerance : seconds that a change may be off on either side
    fill : pauses of one speaker shorter than this many seconds count as speech, for purity and coverage

    Returns
    -------
    Precision, recall, purity and coverage, which can be pooled. Changes found outside the speech only count
    for precision.

    Raises
    ------
    ConfigError
        For negative seconds.

    """
    if min(tolerance, fill) < 0:
        raise ConfigError(f"a tolerance of {min(tolerance, fill)} s; it must be 0 or more, commonly 0.25")
    times = _times(hypothesis)
    truth = change_points(reference)
    seconds, pure, kept = _shared_time(reference, times, fill)
    return ChangeScore(len(truth), len(times), count_matches(truth, times, tolerance), seconds, pure, kept)


def _times(hypothesis: Annotation | ArrayLike) -> Array:
    if isinstance(hypothesis, Annotation):
        return change_points(hypothesis)
    return np.unique(np.asarray(hypothesis, dtype=np.float64).ravel())


def count_matches(truth: Array, found: Array, tolerance: float) -> int:
    """Number of pairs of sorted times (n,) and (m,) s within ``tolerance`` s, each time used once, nearest
    pairs first.
    """
    first = np.searchsorted(found, truth - tolerance - _SLACK)
    last = np.searchsorted(found, truth + tolerance + _SLACK, side="right")
    near = [(abs(found[j] - truth[i]), i, j) for i in range(len(truth)) for j in range(first[i], last[i])]
    free_i, free_j = set(range(len(truth))), set(range(len(found)))
    count = 0
    for _, i, j in sorted(near):
        if i in free_i and j in free_j:
            free_i.remove(i)
            free_j.remove(j)
            count += 1
    return count


def _shared_time(reference: Annotation, times: Array, fill: float) -> tuple[float, float, float]:
    filled = [_fill_pauses(reference.intervals(speaker), fill) for speaker in reference.speakers]
    speech = union(*filled)
    cuts = np.concatenate([each.ravel() for each in filled]) if filled else times[:0]
    edges = np.unique(np.concatenate((speech.ravel(), cuts, times)))
    middles = (edges[:-1] + edges[1:]) / 2
    inside = is_covered(middles, speech)
    seconds, middles = np.diff(edges)[inside], middles[inside]
    true = np.searchsorted(np.unique(np.concatenate((cuts, speech.ravel()))), middles)
    found = np.searchsorted(np.unique(np.concatenate((times, speech.ravel()))), middles)
    return float(seconds.sum()), _largest(seconds, found, true), _largest(seconds, true, found)


def _fill_pauses(rows: Intervals, fill: float) -> Intervals:
    rows = union(rows)
    pauses = gaps(rows, rows[0, 0], rows[-1, 1])
    return union(rows, pauses[pauses[:, 1] - pauses[:, 0] < fill])


def _largest(seconds: Array, outer: Array, inner: Array) -> float:
    """Sum over outer pieces of the longest time (s) that each shares with one inner piece."""
    shared: dict[tuple[int, int], float] = {}
    for length, pair in zip(seconds, zip(outer.tolist(), inner.tolist(), strict=True), strict=True):
        shared[pair] = shared.get(pair, 0.0) + float(length)
    best: dict[int, float] = {}
    for (piece, _), length in shared.items():
        best[piece] = max(best.get(piece, 0.0), length)
    return sum(best.values())
