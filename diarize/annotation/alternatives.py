"""Assignments of the windows of speech to speakers, for every possible number of speakers.

Clustering gives solutions for some numbers of speakers. The others are derived from them: fewer speakers by
merging the smallest voice into the nearest one, more by splitting the widest voice along its longest axis. So
every number up to the limit has a solution in which every speaker has at least one window. Windows are about
a second long. The boundaries of the turns that were found are finer, so they are used for all numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.annotation import Annotation, Turn
from diarize.errors import DiarizeError, FormatError
from diarize.intervals import duration, intersect, union
from diarize.lazy_imports import import_assignment_solver
from diarize.types import Posteriors, speaker_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from diarize.types import SpeakerPoints, SpeechMask

    Array = NDArray[Any]

__all__ = [
    "Alternatives",
    "DoubtfulSpeaker",
    "find_alternatives",
    "find_doubtful_speakers",
    "force_speakers",
    "join_touching_turns",
    "label_every_number",
]

# A speaker with fewer seconds and a smaller share of all speech is doubtful, if there is at least so much
# speech in seconds.
DOUBTFUL_SECONDS: Final = 5.0
DOUBTFUL_SHARE: Final = 0.03
DOUBTFUL_MIN_SPEECH: Final = 60.0
N_KEPT: Final = 10  # speakers: a user who asked for two may later need three
KMEANS_ITERATIONS: Final = 10  # of two-means


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The speaker of every window of speech, for every number of speakers.

    ``starts``, ``ends``: (n,) seconds of the file; ``labels``: (n,) whole numbers from 0, by number of
    speakers; ``turns``: the turns that were found first, whose boundaries are used for all numbers.
    """

    starts: Array
    ends: Array
    labels: Mapping[int, Array]
    turns: tuple[Turn, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """Fields for JSON: times in milliseconds, labels as runs ``label*count``."""
        times = {
            name: " ".join(str(round(1000 * t)) for t in each)
            for name, each in (("starts", self.starts), ("ends", self.ends))
        }
        labels = {
            str(k): " ".join(f"{label}*{len(list(run))}" for label, run in groupby(each.tolist()))
            for k, each in self.labels.items()
        }
        return times | {"labels": labels}

    @classmethod
    def from_dict(cls, fields: Any, turns: Sequence[Turn]) -> Alternatives:
        """The inverse of ``fields``. Raises FormatError for anything else."""
        try:
            starts, ends = (
                np.array(fields[name].split(), dtype=np.float64) / 1000 for name in ("starts", "ends")
            )
            labels = {int(k): _decode_runs(text) for k, text in fields["labels"].items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise FormatError(
                "its alternatives are not as diarize writes them; run the recording again"
            ) from None
        if any(len(each) != len(starts) for each in (ends, *labels.values())):
            raise FormatError("its alternatives are cut off; run the recording again")
        return cls(starts, ends, labels, tuple(turns))

    def annotation(self, n_speakers: int, named: Annotation) -> Annotation:
        """The turns for ``n_speakers``. Speakers of ``named``, the current turns, keep their names.

        Raises DiarizeError for a number that is not stored.
        """
        if n_speakers not in self.labels:
            raise DiarizeError(
                f"{named.recording}: no turns for {n_speakers} speakers are stored; there are those for "
                f"{', '.join(map(str, sorted(self.labels))) or 'none'}"
            )
        base = Annotation(named.recording, self.turns or named.turns)
        owners = self._owners(base, n_speakers)
        pieces = [
            piece for turn in base.turns for piece in self._pieces(turn, owners, self.labels[n_speakers])
        ]
        names = _assign_names(pieces, named)
        found = [replace(turn, speaker=names[k]) for turn, k in pieces]
        whole = Annotation(named.recording, tuple(found))
        return whole if n_speakers == len(base.speakers) else join_touching_turns(whole)

    def _owners(self, base: Annotation, n_speakers: int) -> dict[str, Any]:
        """The new label of each speaker's turns as a whole: the same label for the number that was found,
        else the label of most of their time; none if these labels are not as many as asked for.
        """
        if n_speakers == len(base.speakers):
            return {name: name for name in base.speakers}
        labels = self.labels[n_speakers]
        seconds: dict[str, dict[int, float]] = {name: {} for name in base.speakers}
        for turn in base.turns:
            for i in self._windows(turn.start, turn.end):
                common = min(turn.end, self.ends[i]) - max(turn.start, self.starts[i])
                row = seconds[turn.speaker]
                row[int(labels[i])] = row.get(int(labels[i]), 0.0) + float(common)
        most = {name: max(row, key=lambda k: row[k], default=0) for name, row in seconds.items()}
        return most if len(set(most.values())) == n_speakers else {}

    def _windows(self, start: float, end: float) -> range:
        """Indices of the windows that overlap an interval."""
        return range(
            int(np.searchsorted(self.ends, start, side="right")), int(np.searchsorted(self.starts, end))
        )

    def _pieces(self, turn: Turn, owners: Mapping[str, Any], labels: Array) -> list[tuple[Turn, Any]]:
        """The turn, cut where the label changes for more than one window.

        A turn without a window takes the label of the nearest one.
        """
        if turn.speaker in owners:
            return [(turn, owners[turn.speaker])]
        inside = self._windows(turn.start, turn.end)
        if not inside:
            middle = (turn.start + turn.end) / 2
            nearest = int(np.abs((self.starts + self.ends) / 2 - middle).argmin())
            return [(_without_confidence(turn, turn.start, turn.end), int(labels[nearest]))]
        runs = _long_runs(inside, labels)
        if turn.text:  # text cannot be split
            votes = np.bincount(labels[inside.start : inside.stop])
            return [(turn, int(votes.argmax()))]
        edges = [turn.start, *(float(self.starts[first]) for first, _ in runs[1:]), turn.end]
        edges = list(np.clip(edges, turn.start, turn.end))
        rows = zip(runs, edges[:-1], edges[1:], strict=True)
        return [(_without_confidence(turn, a, b), label) for (_, label), a, b in rows if b > a]


def _long_runs(windows: Sequence[int], labels: Array) -> list[tuple[int, int]]:
    """First window and label of each run. A run of one window is joined to the run before it, or after it;
    two neighbours may have the same label then.
    """
    runs = [(label, list(run)) for label, run in groupby(windows, key=lambda i: int(labels[i]))]
    kept = [(label, run) for label, run in runs if len(run) > 1] or runs[:1]
    (_, first), *later = [(run[0], label) for label, run in kept]
    return [(windows[0], first), *later]


def _decode_runs(text: str) -> Array:
    pairs = [run.split("*") for run in text.split()]
    return np.repeat([int(label) for label, _ in pairs], [int(count) for _, count in pairs])


def _without_confidence(turn: Turn, start: float, end: float) -> Turn:
    """A turn of the same speaker with times only."""
    return Turn(float(start), float(end), turn.speaker)


def _assign_names(pieces: Sequence[tuple[Turn, Any]], named: Annotation) -> dict[Any, str]:
    """Name every label after the speaker with the most common time, each at most once, or with a new name."""
    rows = list(dict.fromkeys(label for _, label in pieces))
    spans = {k: np.array([(t.start, t.end) for t, label in pieces if label == k]) for k in rows}
    known = named.speakers
    table = np.array([[_common_seconds(spans[k], named.intervals(name)) for name in known] for k in rows])
    pairs = zip(*import_assignment_solver()(table, maximize=True), strict=True) if table.size else ()
    names = {rows[i]: known[j] for i, j in pairs if table[i, j] > 0}
    free = (name for i in range(len(rows) + len(known)) if (name := speaker_name(i)) not in known)
    return {k: names.get(k) or next(free) for k in rows}


def _common_seconds(one: Array, other: Array) -> float:
    """Common seconds of two sets of intervals (n, 2)."""
    return duration(intersect(union(one), union(other)))


def join_touching_turns(annotation: Annotation) -> Annotation:
    """The annotation with touching or overlapping turns of one speaker and channel joined, unless they have
    text.
    """
    found: list[Turn] = []
    last: dict[str, int] = {}
    for turn in annotation.turns:
        i = last.get(turn.speaker)
        before = found[i] if i is not None else None
        if i is not None and before and before.end >= turn.start and _may_join(before, turn):
            same = before.confidence if before.end >= turn.end else None
            end = max(before.end, turn.end)
            found[i] = Turn(before.start, end, turn.speaker, same, channel=turn.channel)
            continue
        last[turn.speaker] = len(found)
        found.append(turn)
    return Annotation(annotation.recording, tuple(found))


def _may_join(one: Turn, other: Turn) -> bool:
    return one.channel == other.channel and not (one.text or other.text)


def find_alternatives(
    points: SpeakerPoints,
    solutions: Iterable[Array],
    limit: int,
    annotation: Annotation,
    start: float = 0.0,
) -> Alternatives:
    """Alternatives for the windows of a recording whose clock begins at second ``start``.

    ``solutions``: responsibilities (n_windows, K) for each number that clustering tried; ``limit``: the
    largest number to keep, at least ``N_KEPT``; ``annotation``: the turns that were found.
    """
    edges = points.grid.edges()[points.bounds] + start
    labels = label_every_number(
        np.asarray(points.values, dtype=np.float64), _by_number(solutions), max(limit, N_KEPT)
    )
    return Alternatives(np.maximum(edges[:, 0], 0.0), edges[:, 1], labels, annotation.turns)


def force_speakers(
    points: SpeakerPoints, mask: SpeechMask, solutions: Iterable[Array], n_speakers: int
) -> Posteriors:
    """Frame posteriors for exactly ``n_speakers``, each with at least one window, or for as many as there are
    windows.
    """
    every = label_every_number(np.asarray(points.values, dtype=np.float64), _by_number(solutions), n_speakers)
    labels = every[max(every)]
    middles = points.bounds.mean(axis=1)
    spoken = np.flatnonzero(mask.values)
    nearest = np.searchsorted((middles[1:] + middles[:-1]) / 2, spoken)  # the earlier one of two
    values = np.zeros((mask.grid.n_frames, max(every)), np.float32)
    values[spoken, labels[nearest]] = 1
    return Posteriors(values, mask.grid, tuple(map(speaker_name, range(max(every)))))


def _by_number(solutions: Iterable[Array]) -> dict[int, Array]:
    """Labels (n,) by the number of speakers that have at least one window."""
    known: dict[int, Array] = {}
    for shares in solutions:
        labels = np.unique(shares.argmax(axis=1), return_inverse=True)[1] if shares.size else np.zeros(0, int)
        known.setdefault(int(labels.max(initial=-1)) + 1, labels)
    return known


def label_every_number(values: Array, known: Mapping[int, Array], limit: int) -> dict[int, Array]:
    """Labels (n,) for every number from 1 to ``limit``, at most the number of points ``values`` (n, d)."""
    n = len(values)
    if n == 0:
        return {}
    found = {k: np.asarray(each) for k, each in known.items()}
    found[1] = np.zeros(n, dtype=np.int64)
    for k in range(max(found) - 1, 1, -1):
        if k not in found:
            found[k] = _merge_smallest(values, found[k + 1])
    for k in range(max(found) + 1, limit + 1):
        more = _split_widest(values, found[k - 1])
        if more is None:
            break
        found[k] = more
    return {k: found[k] for k in sorted(found) if k <= max(1, limit)}


def _merge_smallest(values: Array, labels: Array) -> Array:
    """One speaker fewer: the smallest one is merged into the one with the nearest mean."""
    sizes = np.bincount(labels)
    means = np.array([values[labels == k].mean(axis=0) for k in range(len(sizes))])
    least = int(sizes.argmin())
    distances = np.linalg.norm(means - means[least], axis=1)
    distances[least] = np.inf
    merged = np.where(labels == least, int(distances.argmin()), labels)
    whole: Array = np.unique(merged, return_inverse=True)[1]
    return whole


def _split_widest(values: Array, labels: Array) -> Array | None:
    """One speaker more: the widest one is split, or the largest one where all points of each are equal.

    None when every speaker has one window.
    """
    sizes = np.bincount(labels)
    means = np.array([values[labels == k].mean(axis=0) for k in range(len(sizes))])
    spread = np.bincount(labels, ((values - means[labels]) ** 2).sum(axis=1))
    widest = max(range(len(sizes)), key=lambda k: (spread[k], sizes[k]))
    if sizes[widest] < 2:
        return None
    mine = np.flatnonzero(labels == widest)
    side = _two_means(values[mine])
    if not side.any() or side.all():
        side = np.arange(len(mine)) >= len(mine) / 2  # by time
    parted = labels.copy()
    parted[mine[side]] = len(sizes)
    return parted


def _two_means(points: Array) -> Array:
    """Bool (n,): the first of two clusters, by 2-means started at the ends of the longest axis."""
    centred = points - points.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    side: Array = centred @ axis > 0
    for _ in range(KMEANS_ITERATIONS):
        if not side.any() or side.all():
            break
        one, other = points[side].mean(axis=0), points[~side].mean(axis=0)
        nearer = ((points - one) ** 2).sum(axis=1) < ((points - other) ** 2).sum(axis=1)
        if (nearer == side).all():
            break
        side = nearer
    return side


@dataclass(frozen=True, slots=True)
class DoubtfulSpeaker:
    """A speaker who may not be a separate person: ``seconds`` in total; ``nearest``: the speaker to merge
    with; ``reason``: one sentence.
    """

    speaker: str
    seconds: float
    nearest: str | None
    reason: str


def find_doubtful_speakers(
    annotation: Annotation, alternatives: Alternatives | None = None
) -> tuple[DoubtfulSpeaker, ...]:
    """Speakers with a few seconds in a long recording, and whom each would be merged with."""
    seconds = {name: float(np.diff(annotation.intervals(name)).sum()) for name in annotation.speakers}
    total = sum(seconds.values())
    if total < DOUBTFUL_MIN_SPEECH:
        return ()
    return tuple(
        DoubtfulSpeaker(
            name, spoken, near, f"{spoken:.1f} s of {total:.0f} s of speech, too little to recognise a voice"
        )
        for name, spoken in seconds.items()
        if spoken < DOUBTFUL_SECONDS and spoken < DOUBTFUL_SHARE * total
        for near in [_nearest(name, annotation, alternatives)]
    )


def _nearest(name: str, annotation: Annotation, alternatives: Alternatives | None) -> str | None:
    """The speaker who takes over the time for a smaller number of speakers, or else the most frequent
    runner-up.
    """
    fewer = [k for k in alternatives.labels if k < len(annotation.speakers)] if alternatives else []
    for k in sorted(fewer, reverse=True):
        owners = alternatives._owners(annotation, k) if alternatives else {}
        others = [each for each in owners if each != name and owners[each] == owners.get(name)]
        if others:
            return max(others, key=lambda each: float(np.diff(annotation.intervals(each)).sum()))
    rivals = [t.runner_up for t in annotation.turns if t.speaker == name and t.runner_up]
    return max(rivals, key=rivals.count) if rivals else None
