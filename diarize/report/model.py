"""What a page can tell of a recording; what is not known stays None and its panel out of the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from diarize.annotation.alternatives import doubts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarize.annotation import Annotation
    from diarize.annotation.alternatives import Doubt
    from diarize.clustering import Clustering
    from diarize.clustering.outliers import Outliers
    from diarize.pipeline import Diarization
    from diarize.report.sound import Sound
    from diarize.transcripts import Transcript
    from diarize.types import Posteriors

__all__ = ["Curve", "Report"]

MOST_SPEAKERS = 10  # that the page can be set to


@dataclass(frozen=True, slots=True)
class Curve:
    """How the number of speakers was chosen: ``values`` of the criterion in nats for ``counts``, smaller is
    better; ``equivalent``: counts nearly as good as the ``chosen``; ``explanation`` and
    ``why_no_more``, why the next number lost, for people.
    """

    criterion: str
    counts: tuple[int, ...]
    values: tuple[float, ...]
    chosen: int
    equivalent: tuple[int, ...]
    explanation: str
    why_no_more: str = ""

    @classmethod
    def of(cls, found: Clustering) -> Curve:
        """The curve without the solutions behind it."""
        return cls(
            found.criterion,
            found.counts,
            found.values,
            found.chosen,
            found.equivalent,
            found.explanation,
            found.why_no_more,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """One recording: its turns, in seconds of the file, and whatever else is known.

    ``start``: second of the file at which ``posteriors`` and ``outliers`` begin; ``duration``: seconds from
    there; ``speech_seconds``, ``band``, ``notes``, ``config``, ``digest`` and ``versions``: as in a
    Diarization and its settings; ``alternatives``: the turns for other numbers of speakers; ``transcript``:
    what was said, words with speakers; ``media``: the file name of the recording; ``doubts``: speakers
    who may be nobody of their own, None to tell it by the turns.
    """

    annotation: Annotation
    start: float = 0.0
    duration: float | None = None
    speech_seconds: float | None = None
    band: str | None = None
    posteriors: Posteriors | None = None
    curve: Curve | None = None
    outliers: Outliers | None = None
    sound: Sound | None = None
    notes: tuple[str, ...] = ()
    config: Mapping[str, Any] | None = None
    digest: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    alternatives: Mapping[int, Annotation] = field(default_factory=dict)
    transcript: Transcript | None = None
    media: str | None = None
    doubts: tuple[Doubt, ...] | None = None

    @classmethod
    def of_result(
        cls,
        result: Diarization,
        *,
        sound: Sound | None = None,
        transcript: Transcript | None = None,
        media: str | None = None,
    ) -> Report:
        """Everything that a result of the pipeline knows, and what was said where that is given."""
        kept = result.alternatives
        others = [k for k in kept.labels if k <= MOST_SPEAKERS] if kept else []
        return cls(
            result.annotation,
            result.start,
            result.duration,
            result.speech.seconds,
            result.band,
            result.posteriors,
            Curve.of(result.selection),
            result.outliers,
            sound,
            result.notes,
            asdict(result.config),
            result.config.digest,
            result.versions,
            {k: kept.annotation(k, result.annotation) for k in others} if kept else {},
            transcript,
            media,
            doubts(result.annotation, kept),
        )

    @property
    def end(self) -> float:
        """Second at which the timeline ends, at least one after its start."""
        ends = [turn.end for turn in self.annotation.turns]
        sound = [self.sound.start + self.sound.duration] if self.sound else []
        known = [self.start + self.duration] if self.duration else []
        return max([*ends, *sound, *known, self.start + 1.0])
