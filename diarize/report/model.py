"""The content of a page. Unknown parts are None, and their panels are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diarize.annotation.alternatives import find_doubtful_speakers

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.annotation.alternatives import DoubtfulSpeaker
    from diarize.clustering.outliers import Outliers
    from diarize.pipeline import Diarization
    from diarize.report.sound import PageSound
    from diarize.results import Provenance, Result
    from diarize.transcripts import Transcript
    from diarize.types import Posteriors

__all__ = ["Report"]

MAX_SPEAKERS = 10  # selectable on the page


@dataclass(frozen=True, slots=True)
class Report:
    """One recording: its ``result`` and further data.

    ``provenance``: settings and versions; ``posteriors`` and ``outliers``: on a clock that begins at the
    start of the result; ``transcript``: words with speakers; ``media``: the file name of the recording.
    """

    result: Result
    provenance: Provenance | None = None
    posteriors: Posteriors | None = None
    outliers: Outliers | None = None
    sound: PageSound | None = None
    transcript: Transcript | None = None
    media: str | None = None

    @classmethod
    def from_result(
        cls,
        found: Diarization,
        *,
        sound: PageSound | None = None,
        transcript: Transcript | None = None,
        media: str | None = None,
    ) -> Report:
        """A report from a result of the pipeline, with a transcript if given."""
        return cls(
            found.to_result(), found.provenance, found.posteriors, found.outliers, sound, transcript, media
        )

    @property
    def annotation(self) -> Annotation:
        """The turns, in seconds of the file."""
        return self.result.annotation

    @property
    def alternatives(self) -> dict[int, Annotation]:
        """The turns for other numbers of speakers."""
        kept = self.result.alternatives
        numbers = [k for k in kept.labels if k <= MAX_SPEAKERS] if kept else []
        return {k: kept.annotation(k, self.annotation) for k in numbers} if kept else {}

    @property
    def doubts(self) -> tuple[DoubtfulSpeaker, ...]:
        """Doubtful speakers, from the result or else from its turns."""
        return find_doubtful_speakers(self.annotation) if self.result.doubts is None else self.result.doubts

    @property
    def end(self) -> float:
        """Second at which the timeline ends, at least one after its start."""
        start, duration = self.result.start, self.result.duration
        ends = [turn.end for turn in self.annotation.turns]
        sound = [self.sound.start + self.sound.duration] if self.sound else []
        known = [start + duration] if duration else []
        return max([*ends, *sound, *known, start + 1.0])
