"""What a result says of each speaker: speaking time, and the voice as a point of the speaker space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.embedding.two_covariance import mean_variance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.annotation import Annotation
    from diarize.results import VoiceStatistics

    Array = NDArray[Any]

__all__ = ["Speaker", "describe_speakers"]


@dataclass(frozen=True, slots=True)
class Speaker:
    """One speaker of a recording.

    Attributes
    ----------
    name
        The label of the turns.
    seconds, n_turns
        Speaking time and number of turns.
    vector
        (d,) mean of the windows in which the speaker is alone, in the speaker space; None where there are no
        such windows, or the space has no model of speakers.
    variance
        Variance of ``vector`` about the true voice, the same in every dimension: c/n + s for n windows
        (``embedding.two_covariance``).
    """

    name: str
    seconds: float
    n_turns: int
    vector: Array | None = None
    variance: float | None = None

    def __repr__(self) -> str:
        return f"<Speaker {self.name}: {self.seconds:.1f} s in {self.n_turns} turns>"


def describe_speakers(annotation: Annotation, voices: VoiceStatistics | None) -> dict[str, Speaker]:
    """Every speaker by name, in order of appearance, with the ``voices`` that are known."""
    known = {each.speaker: each for each in voices.speakers} if voices else {}
    return {
        name: Speaker(
            name,
            float(np.diff(annotation.intervals(name)).sum()),
            sum(turn.speaker == name for turn in annotation.turns),
            known[name].mean if name in known else None,
            float(mean_variance(known[name].windows)) if name in known else None,
        )
        for name in annotation.speakers
    }
