"""The result of one recording."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diarize.annotation.alternatives import find_doubtful_speakers
from diarize.annotation.conversions import format_clock, import_room
from diarize.files import write_text
from diarize.formats import Options, write_file
from diarize.pipeline.speakers import Speaker, describe_speakers
from diarize.results import Document, Provenance, Result

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

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
        """The result without its frames, for JSON.

        Parameters
        ----------
        audio : path of the recording
        files : path of each written file by its format

        Returns
        -------
        What ``diarize.results`` converts to JSON and reads back.

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
        """What the writers of formats need besides the turns.

        Parameters
        ----------
        **more : fields of ``diarize.formats.Options``, which replace those of the result

        Returns
        -------
        Options for ``diarize.formats.write_file``.

        """
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
        """The timeline as a Matplotlib figure.

        Parameters
        ----------
        **more : arguments of ``diarize.plots.plot_timeline``

        Returns
        -------
        A ``matplotlib.figure.Figure``.

        """
        return import_room("plots").plot_timeline(
            self.annotation, start=self.start, duration=self.duration, **more
        )

    def to_rttm(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the turns as NIST RTTM.

        Parameters
        ----------
        path : the file to write
        overwrite : replace the file if it exists

        Returns
        -------
        The path.

        Raises
        ------
        OutputError
            When the file exists and ``overwrite`` is false, or cannot be written.

        """
        return self.write(path, "rttm", overwrite=overwrite)

    def write(
        self, path: str | PathLike[str], format: str | None = None, *, overwrite: bool = False, **options: Any
    ) -> Path:
        """Write the result in any format.

        Parameters
        ----------
        path : the file to write
        format : name of the format ('npz' stores the posteriors of frames); known by the suffix unless
            given
        overwrite : replace the file if it exists
        **options : fields of ``diarize.formats.Options``

        Returns
        -------
        The path.

        Raises
        ------
        FormatError
            For an unknown format or suffix.
        OutputError
            When the file exists and ``overwrite`` is false, or cannot be written.

        """
        known = self.options(**options)
        return write_file(path, self.annotation, format, overwrite=overwrite, options=known)

    def report(
        self, path: str | PathLike[str], audio: str | PathLike[str] | None = None, *, overwrite: bool = False
    ) -> Path:
        """Write the report page of the recording.

        Parameters
        ----------
        path : the HTML file to write
        audio : the recording, whose sound becomes part of the page; a page without sound unless given
        overwrite : replace the file if it exists

        Returns
        -------
        The path.

        Raises
        ------
        AudioError
            When ``audio`` cannot be read.
        OutputError
            When the file exists and ``overwrite`` is false, or cannot be written.

        """
        report = import_room("report")
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
        return write_text(Path(path), text, overwrite=overwrite)
