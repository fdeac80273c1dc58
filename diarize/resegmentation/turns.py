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
    """Sort speakers by the first frame in which they are most likely.

    Parameters
    ----------
    found : who speaks in each frame

    Returns
    -------
    Posteriors of ``SPEAKER_00``, ``SPEAKER_01`` … Speakers that are never the most likely ones are dropped,
    and the rows of speech sum to 1 again.

    """
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
    """The most likely speaker of every frame of speech, as turns.

    The confidence of a turn is the mean posterior of its frames.

    Parameters
    ----------
    posteriors : who speaks in each frame, (n_frames, K)
    mask : speech, on the same frames
    recording : its name in the annotation
    span : second of the recording at which the frames begin, and their length in seconds, at which the last
        turn is cut
    second : (n_frames, K), probability of each speaker as the second of two, 0 where it is not; it is the
        confidence of those turns. No overlap unless given

    Returns
    -------
    The turns in seconds of the recording, with confidence and runner-up.

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
    """Cut long turns into equal parts.

    Parameters
    ----------
    annotation : the turns
    longest : longest turn that is kept whole, and longest part, seconds; more than 0

    Returns
    -------
    The same speech in turns of at most ``longest`` seconds.

    """
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
