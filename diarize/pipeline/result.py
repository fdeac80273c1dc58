"""The result of one recording."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from diarize.annotation.alternatives import find_doubtful_speakers
from diarize.annotation.conversions import format_clock, import_room
from diarize.formats import Options, write_file
from diarize.pipeline.speakers import Speaker, speakers_of
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
    from diarize.results import VoiceStatistics
    from diarize.types import Match, Posteriors, SpeechMask

    Array = NDArray[Any]

__all__ = ["Diarization"]


@dataclass(frozen=True, slots=True, repr=False)
class Diarization:
    """Who spoke when in one recording, and how that was decided.

    ``annotation``: the turns, with times in seconds from the start of the file; ``posteriors``: soft shares
    of every frame; ``selection``: how many speakers, and what the other numbers were worth; ``speech``: the
    frames that were taken for speech; ``band``: which acoustic model served; ``duration`` in seconds;
    ``notes``: what was odd about the recording; ``config``, ``versions``: what is needed to do it again;
    ``outliers``: how well each window fits the speakers, None where the space does not tell; ``matches``:
    known voices that the speakers have, where they were compared (``identity.named``); ``start``: second of
    the file at which the clock of ``posteriors`` and ``speech`` begins; ``alternatives``: whose the windows
    are for every other number of speakers, None where nobody speaks; ``places``: mean and covariance of each
    voice of ``posteriors`` in the space of voices; ``voices``: what naming and linking need of them, None
    where the space has no model of speakers.
    """

    annotation: Annotation
    posteriors: Posteriors
    selection: Clustering
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
    places: tuple[tuple[Array, Array], ...] = ()
    voices: VoiceStatistics | None = None

    def to_result(self, audio: str | None = None, files: Mapping[str, str] | None = None) -> Result:
        """What is kept of it in JSON: the same without frames; ``audio``, ``files``: the recording, and what
        was written.
        """
        return Result(
            self.annotation,
            audio=audio,
            start=self.start,
            duration=self.duration,
            speech_seconds=self.speech.seconds,
            band=self.band,
            count=self.selection.summary,
            matches=self.matches,
            doubts=find_doubtful_speakers(self.annotation, self.alternatives),
            notes=self.notes,
            files=files,
            alternatives=self.alternatives,
            voices=self.voices,
        )

    @property
    def provenance(self) -> Provenance:
        """The settings and versions that it was made with."""
        return Provenance(asdict(self.config), self.config.digest, self.versions)

    def options(self, **more: Any) -> Options:
        """What writers of formats may know of it, beside its turns."""
        known: dict[str, Any] = {
            "duration": self.duration,
            "posteriors": self.posteriors,
            "start": self.start,
            "channel": self.config.audio.channel or 1,
            "document": Document((self.to_result(),), self.provenance),
        }
        return Options(**(known | more))

    @property
    def speakers(self) -> dict[str, Speaker]:
        """What is known of each speaker, by name: seconds, turns, and where the voice lies, how surely."""
        known = dict(zip(self.posteriors.speakers, self.places, strict=False))
        return speakers_of(self.annotation, known)

    def __repr__(self) -> str:
        length, why = format_clock(self.duration), self.selection.explanation
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
        text = report.render_page(report.Report.of_result(self, sound=sound))
        written: Path = formats.write_text(path, text, overwrite=overwrite)
        return written
