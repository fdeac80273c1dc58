"""What a result says of each speaker: speaking time, and the voice as a point of the speaker space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.annotation.alternatives import DOUBTFUL_SECONDS
from diarize.embedding.two_covariance import mean_variance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.annotation import Annotation
    from diarize.config import ClusteringConfig
    from diarize.results import VoiceStatistics

    Array = NDArray[Any]

LITTLE_SHARE: Final = 0.5  # of an equal share of all speech

__all__ = ["Speaker", "describe_speakers", "note_little_speech"]


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


def note_little_speech(
    annotation: Annotation, names: tuple[str, ...], asked: ClusteringConfig
) -> tuple[str, ...]:
    """A note where no more speakers than asked for are there and some of ``names`` say little or nothing."""
    least, most = asked.min_speakers, asked.max_speakers
    if least < 2 or len(annotation.speakers) > least:
        return ()
    seconds = {name: float(np.diff(annotation.intervals(name)).sum()) for name in names}
    limit = min(DOUBTFUL_SECONDS, LITTLE_SHARE * sum(seconds.values()) / len(seconds))
    few = [f"{name} {spoken:.1f} s" for name, spoken in seconds.items() if spoken < limit]
    wanted = f"{least} speakers asked for" if most == least else f"at least {least} speakers asked for"
    return (f"{wanted}, but little speech was found for {', '.join(few)}; listen to it",) if few else ()
