"""From posteriors to turns: the most likely speaker of every frame."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import ceil, inf
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.annotation import Annotation, Turn
from diarize.types import Posteriors, runs, speaker_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import SpeechMask

    Array = NDArray[Any]

__all__ = ["posteriors_to_turns", "relabel_by_first_appearance", "split_long_turns"]

# Least mean posterior of a runner-up.
MIN_RUNNER_UP: Final = 0.01


def relabel_by_first_appearance(found: Posteriors) -> Posteriors:
    """Sort speakers by the first frame in which they are most likely; speakers that never are get dropped."""
    spoken = np.flatnonzero(found.values.any(axis=1))
    labels = found.values[spoken].argmax(axis=1)
    present, first = np.unique(labels, return_index=True)
    order = present[np.argsort(first)]
    values = found.values[:, order]
    sums = values.sum(axis=1, keepdims=True)
    shares = np.divide(values, sums, out=np.zeros_like(values), where=sums > 0)
    return Posteriors(shares, found.grid, tuple(speaker_name(k) for k in range(len(order))))


def posteriors_to_turns(
    posteriors: Posteriors,
    mask: SpeechMask,
    recording: str,
    span: tuple[float, float] = (0.0, inf),
    second: Array | None = None,
) -> Annotation:
    """The most likely speaker of every frame of speech as turns; confidence is the mean posterior.

    ``span``: second of the recording at which the clock begins, and its length in seconds, at which the last
    turn is cut. ``second`` (n_frames, K): probability of each as second speaker, 0 where inactive; it is the
    confidence of those turns.
    """
    speaking = _active_speakers(posteriors.values, mask.values, second)
    shares = posteriors.values if second is None else np.maximum(posteriors.values, second)
    start, duration = span
    edges = np.clip(posteriors.grid.edges(), 0.0, duration) + start
    found = []
    for k, name in enumerate(posteriors.speakers):
        for a, b in runs(speaking[:, k]):
            means = shares[a:b].mean(axis=0, dtype=np.float64)
            found.append(_turn(edges[a], edges[b], name, means, k, posteriors.speakers))
    return Annotation(recording, tuple(found))


def split_long_turns(annotation: Annotation, longest: float) -> Annotation:
    """The annotation with turns longer than ``longest`` seconds cut into equal parts."""
    found = []
    for turn in annotation.turns:
        parts = max(1, ceil((turn.end - turn.start) / longest - 1e-9))
        edges = np.linspace(turn.start, turn.end, parts + 1)
        found += [replace(turn, start=float(a), end=float(b)) for a, b in pairwise(edges)]
    return Annotation(annotation.recording, tuple(found))


def _active_speakers(values: Array, speech: Array, second: Array | None) -> Array:
    """Active speakers of every frame, bool (n_frames, K): the most likely one, and the second if any."""
    frames, speaking = np.arange(len(values)), np.zeros(values.shape, dtype=bool)
    speaking[frames, values.argmax(axis=1)] = speech
    if second is not None:
        speaking |= speech[:, None] & (second > 0)
    return speaking


def _turn(start: float, end: float, name: str, means: Array, k: int, speakers: tuple[str, ...]) -> Turn:
    others = [j for j in np.argsort(-means, kind="stable") if j != k]
    runner_up = speakers[others[0]] if others and means[others[0]] >= MIN_RUNNER_UP else None
    return Turn(float(start), float(end), name, min(1.0, float(means[k])), runner_up)
