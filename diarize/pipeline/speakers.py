"""What a result says of each speaker: speaking time, and the place of the voice in the speaker space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.annotation.alternatives import FEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from diarize.annotation import Annotation
    from diarize.config import ClusteringConfig
    from diarize.types import Posteriors, SpeakerPoints

    Array = NDArray[Any]
    Place = tuple[Array, Array]

LITTLE: Final = 0.5  # of an equal share of all speech

__all__ = ["Speaker", "note_little_speech", "places_of", "speakers_of"]


@dataclass(frozen=True, slots=True)
class Speaker:
    """One speaker of a recording: ``name``; ``seconds`` and ``n_turns``; ``vector`` (d,): where the voice
    lies, None where nothing is known; ``covariance`` (d, d): how surely.
    """

    name: str
    seconds: float
    n_turns: int
    vector: Array | None = None
    covariance: Array | None = None

    def __repr__(self) -> str:
        return f"<Speaker {self.name}: {self.seconds:.1f} s in {self.n_turns} turns>"


def speakers_of(annotation: Annotation, places: Mapping[str, Place]) -> dict[str, Speaker]:
    """Every speaker by name, in order of appearance, with the ``places`` that are known."""
    return {
        name: Speaker(
            name,
            float(np.diff(annotation.intervals(name)).sum()),
            sum(turn.speaker == name for turn in annotation.turns),
            *places.get(name, (None, None)),
        )
        for name in annotation.speakers
    }


def note_little_speech(
    annotation: Annotation, names: tuple[str, ...], asked: ClusteringConfig
) -> tuple[str, ...]:
    """A note where no more speakers than asked for are there and some of ``names`` say little or nothing."""
    least, most = asked.min_speakers, asked.max_speakers
    if least < 2 or len(annotation.speakers) > least:
        return ()
    seconds = {name: float(np.diff(annotation.intervals(name)).sum()) for name in names}
    limit = min(FEW, LITTLE * sum(seconds.values()) / len(seconds))
    few = [f"{name} {spoken:.1f} s" for name, spoken in seconds.items() if spoken < limit]
    wanted = f"{least} speakers asked for" if most == least else f"at least {least} speakers asked for"
    return (f"{wanted}, but little speech was found for {', '.join(few)}; listen to it",) if few else ()


def places_of(points: SpeakerPoints, posteriors: Posteriors) -> tuple[Place, ...]:
    """Mean point (d,) of every speaker, and the covariance (d, d) of that mean, in the order of
    ``posteriors``, which share out the windows.
    """
    if not len(points.values):
        return ()
    totals = np.concatenate((np.zeros((1, posteriors.values.shape[1])), np.cumsum(posteriors.values, axis=0)))
    lengths = np.maximum(1, np.diff(points.bounds, axis=1))
    shares = (totals[points.bounds[:, 1]] - totals[points.bounds[:, 0]]) / lengths
    return tuple(_place(points.values, weights) for weights in shares.T)


def _place(values: Array, weights: Array) -> Place:
    """The weighted mean of points, and the covariance of this mean."""
    total = max(float(weights.sum()), 1e-12)
    mean = weights @ values / total
    centred = values - mean
    return mean, (weights * centred.T) @ centred / total / max(total, 1.0)
