"""What comes of one recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diarize.annotation.conversions import clock, room
from diarize.pipeline.speakers import Speaker, speakers_of

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from numpy.typing import NDArray

    from diarize.annotation import Annotation
    from diarize.annotation.alternatives import Alternatives
    from diarize.clustering import Clustering
    from diarize.clustering.outliers import Outliers
    from diarize.config import Config
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
    voice of ``posteriors`` in the space of voices.
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

    @property
    def speakers(self) -> dict[str, Speaker]:
        """What is known of each speaker, by name: seconds, turns, and where the voice lies, how surely."""
        known = dict(zip(self.posteriors.speakers, self.places, strict=False))
        return speakers_of(self.annotation, known)

    def __repr__(self) -> str:
        return f"<Diarization of {clock(self.duration)}: {self.annotation!r}, {self.selection.explanation}>"

    def _repr_html_(self) -> str:
        """The timeline of the turns, for notebooks."""
        return self.annotation._repr_html_()

    def plot(self, **more: Any) -> Any:
        """The timeline as a Matplotlib Figure; arguments as of ``diarize.plots.timeline``."""
        return room("plots").timeline(self.annotation, start=self.start, duration=self.duration, **more)

    def to_rttm(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the turns as NIST RTTM; OutputError when the file exists and ``overwrite`` is false."""
        return self.write(path, "rttm", overwrite=overwrite)

    def write(
        self, path: str | PathLike[str], format: str | None = None, *, overwrite: bool = False, **options: Any
    ) -> Path:
        """Write the result in any format, known by suffix unless it is named; npz holds the posteriors.

        ``options`` are those of ``diarize.formats.Options``. Raises FormatError and OutputError.
        """
        told = {
            "duration": self.duration,
            "posteriors": self.posteriors,
            "start": self.start,
            "alternatives": self.alternatives.fields if self.alternatives else None,
            "channel": self.config.audio.channel or 1,
        }
        return self.annotation.write(path, format, overwrite=overwrite, **(told | options))

    def report(
        self, path: str | PathLike[str], audio: str | PathLike[str] | None = None, *, overwrite: bool = False
    ) -> Path:
        """Write the page about the recording, with the sound of ``audio`` in it. Raises as ``write`` does."""
        report, formats = room("report"), room("formats")
        sound = None
        if audio is not None:
            end = self.start + self.duration
            heard = self.config.audio
            opened = room("audio").open_recording(
                audio,
                rate=report.RATE,
                channel=heard.channel or None,
                track=heard.track,
                start=self.start,
                end=end,
            )
            sound = report.heard(opened)
        text = report.rendered(report.Report.of_result(self, sound=sound))
        written: Path = formats.write_text(path, text, overwrite=overwrite)
        return written
