"""The result of one recording."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from diarize.annotation.alternatives import find_doubtful_speakers
from diarize.annotation.conversions import format_clock, import_room
from diarize.formats import Options, write_file
from diarize.pipeline.speakers import Speaker, describe_speakers
from diarize.results import Document, Provenance, Result

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from pathlib import Path

    from numpy.typing import NDArray

    from diarize.annotation import Annotation
    from diarize.annotation.alternatives import Alternatives
    from diarize.clustering import Clustering
    from diarize.clustering.outliers import Outliers
    from diarize.config import Config
    from diarize.results import SpeakerCount, VoiceStatistics
    from diarize.types import Match, Posteriors, SpeechMask

    Array = NDArray[Any]

__all__ = ["Diarization"]


@dataclass(frozen=True, slots=True, repr=False)
class Diarization:
    """Who spoke when in one recording, and how that was decided.

    Attributes
    ----------
    annotation
        The turns, in seconds from the start of the file.
    posteriors
        Probability of each speaker in every frame.
    clustering
        The windows shared out among speakers, for every number of speakers, and the chosen number.
    speech
        The frames that were taken for speech.
    band
        The background model that was used, "wide" or "narrow".
    duration
        Seconds.
    notes
        Remarks about the recording, a line each.
    config, versions
        Settings and versions that reproduce the result.
    outliers
        How well each window fits the speakers; None where the speaker space has no densities.
    matches
        Known voices of the speakers, where names were asked for (``identity.name_speakers``).
    start
        Second of the file at which the clock of ``posteriors`` and ``speech`` begins.
    alternatives
        The speaker of each window for every other number of speakers; None without speech.
    voices
        Mean of each voice in the speaker space, for naming and linking; None where the space has no model of
        speakers.
    """

    annotation: Annotation
    posteriors: Posteriors
    clustering: Clustering
    speech: SpeechMask
    band: str
    duration: float
    notes: tuple[str, ...]
    config: Config
    versions: dict[str, str]
    outliers: Outliers | None = None
    matches: tuple[Match, ...] = ()
    start: float = 0.0
    alternatives: Alternatives | None = None
    voices: VoiceStatistics | None = None

    def to_result(self, audio: str | None = None, files: Mapping[str, str] | None = None) -> Result:
        """The result without frames, for JSON.

        ``audio``: path of the recording; ``files``: written files by format.
        """
        return Result(
            self.annotation,
            audio=audio,
            start=self.start,
            duration=self.duration,
            speech_seconds=self.speech.seconds,
            band=self.band,
            count=self.count,
            matches=self.matches,
            doubts=find_doubtful_speakers(self.annotation, self.alternatives),
            notes=self.notes,
            files=files,
            alternatives=self.alternatives,
            voices=self.voices,
        )

    @property
    def provenance(self) -> Provenance:
        """Settings and versions that reproduce the result."""
        return Provenance(asdict(self.config), self.config.digest, self.versions)

    def options(self, **more: Any) -> Options:
        """Data for writers of formats besides the turns."""
        known: dict[str, Any] = {
            "duration": self.duration,
            "posteriors": self.posteriors,
            "start": self.start,
            "channel": self.config.audio.channel or 1,
            "document": Document((self.to_result(),), self.provenance),
        }
        return Options(**(known | more))

    @property
    def count(self) -> SpeakerCount:
        """How the number of speakers was chosen: the criterion, its values, and the reason in words."""
        return self.clustering.count

    @property
    def speakers(self) -> dict[str, Speaker]:
        """Each speaker by name: speaking time, turns, and the voice as a point with its variance."""
        return describe_speakers(self.annotation, self.voices)

    def __repr__(self) -> str:
        length, why = format_clock(self.duration), self.clustering.explanation
        return f"<Diarization of {length}: {self.annotation!r}, {why}>"

    def _repr_html_(self) -> str:
        """The timeline of the turns, for notebooks."""
        return self.annotation._repr_html_()

    def plot(self, **more: Any) -> Any:
        """The timeline as a Matplotlib Figure; arguments as of ``diarize.plots.timeline``."""
        return import_room("plots").timeline(
            self.annotation, start=self.start, duration=self.duration, **more
        )

    def to_rttm(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the turns as NIST RTTM; OutputError when the file exists and ``overwrite`` is false."""
        return self.write(path, "rttm", overwrite=overwrite)

    def write(
        self, path: str | PathLike[str], format: str | None = None, *, overwrite: bool = False, **options: Any
    ) -> Path:
        """Write the result in any format, known by suffix unless it is named; npz holds the posteriors.

        ``options`` are those of ``diarize.formats.Options``. Raises FormatError and OutputError.
        """
        known = self.options(**options)
        return write_file(path, self.annotation, format, overwrite=overwrite, options=known)

    def report(
        self, path: str | PathLike[str], audio: str | PathLike[str] | None = None, *, overwrite: bool = False
    ) -> Path:
        """Write the page about the recording, with the sound of ``audio`` in it. Raises as ``write`` does."""
        report, formats = import_room("report"), import_room("formats")
        sound = None
        if audio is not None:
            end = self.start + self.duration
            audio_settings = self.config.audio
            opened = import_room("audio").open_recording(
                audio,
                rate=report.RATE,
                channel=audio_settings.channel or None,
                track=audio_settings.track,
                start=self.start,
                end=end,
            )
            sound = report.embed_sound(opened)
        text = report.render_page(report.Report.from_result(self, sound=sound))
        written: Path = formats.write_text(path, text, overwrite=overwrite)
        return written
