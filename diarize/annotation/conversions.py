"""Methods of annotations for interactive use: pictures, tables and other packages."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self, overload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from pathlib import Path

    from diarize.annotation import Annotation, Turn

__all__ = ["AnnotationMethods", "format_clock", "import_room"]

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d00", "#6a3d9a")
_WIDTH, _ROW = 720, 18  # pixels


def import_room(name: str) -> Any:
    """Import a later room by name. Only methods for interactive use do this, never the package itself."""
    return import_module(f"diarize.{name}")


def format_clock(seconds: float) -> str:
    """``m:ss``, or ``h:mm:ss`` from an hour on."""
    minutes, second = divmod(int(seconds + 0.5), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}" if minutes >= 60 else f"{minutes}:{second:02d}"


class AnnotationMethods:
    """Methods of an Annotation for interactive use."""

    __slots__ = ()
    if TYPE_CHECKING:
        recording: str
        turns: tuple[Turn, ...]

        @property
        def speakers(self) -> tuple[str, ...]:
            """Names by first appearance."""

    def __len__(self) -> int:
        """Number of turns."""
        return len(self.turns)

    def __iter__(self) -> Iterator[Turn]:
        """The turns in order of time."""
        return iter(self.turns)

    @overload
    def __getitem__(self, key: int) -> Turn: ...
    @overload
    def __getitem__(self, key: str) -> Self: ...
    def __getitem__(self, key: int | str) -> Turn | Self:
        """The turns of a speaker, or one turn by its number. KeyError for a speaker who is not there."""
        if isinstance(key, int):
            return self.turns[key]
        if key not in self.speakers:
            near = get_close_matches(str(key), self.speakers, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self.speakers)}"
            message = f"no speaker is called {key!r}; {hint}"
            raise KeyError(message)
        return replace(self, turns=tuple(t for t in self.turns if t.speaker == key))  # type: ignore[type-var]

    def __repr__(self) -> str:
        return f"<Annotation {self.recording!r}: {self._counts}>"

    @property
    def _counts(self) -> str:
        end = max((turn.end for turn in self.turns), default=0.0)
        return f"{len(self.turns)} turns of {len(self.speakers)} speakers to {format_clock(end)}"

    def _repr_html_(self) -> str:
        """A small timeline for notebooks, one row per speaker."""
        end = max((turn.end for turn in self.turns), default=0.0) or 1.0
        place = {name: i for i, name in enumerate(self.speakers)}
        bars = "".join(
            f'<rect x="{_WIDTH * t.start / end:.1f}" y="{_ROW * place[t.speaker] + 3}" '
            f'width="{max(1.0, _WIDTH * (t.end - t.start) / end):.1f}" height="{_ROW - 6}" '
            f'fill="{_COLOURS[place[t.speaker] % len(_COLOURS)]}"><title>{escape(t.speaker)} '
            f"{t.start:.2f}–{t.end:.2f} s</title></rect>"
            for t in self.turns
        )
        names = "".join(
            f'<text x="{_WIDTH + 8}" y="{_ROW * i + 13}" fill="currentColor">{escape(name)}</text>'
            for name, i in place.items()
        )
        height = _ROW * max(1, len(place))
        return (
            f"<div><b>{escape(self.recording)}</b> {self._counts}<br>"
            f'<svg width="{_WIDTH + 180}" height="{height}" font-family="sans-serif" font-size="12">'
            f"{bars}{names}</svg></div>"
        )

    def crop(self, start: float, end: float) -> Self:
        """Keep a part; turns that cross its bounds are cut.

        Parameters
        ----------
        start, end : seconds from the start of the recording

        Returns
        -------
        The same recording with turns at the same times; empty where nobody speaks between the bounds.

        """
        inside = (t for t in self.turns if t.end > start and t.start < end)
        cut = (replace(t, start=max(t.start, start), end=min(t.end, end)) for t in inside)
        return replace(self, turns=tuple(cut))  # type: ignore[type-var]

    def plot(self, **more: Any) -> Any:
        """The timeline as a Matplotlib Figure.

        Parameters
        ----------
        **more : as for ``diarize.plots.plot_timeline``

        Returns
        -------
        The figure, which `savefig` writes.

        """
        return import_room("plots").plot_timeline(self, **more)

    def write(
        self, path: str | PathLike[str], format: str | None = None, *, overwrite: bool = False, **options: Any
    ) -> Path:
        """Write the turns in any format.

        Parameters
        ----------
        path : file to write
        format : as for ``diarize.formats.write_file``; by the suffix of the path unless given
        overwrite : whether an existing file is replaced
        **options : those of ``diarize.formats.Options``

        Returns
        -------
        The path.

        Raises
        ------
        FormatError
            For an unknown suffix or format, and for what the format cannot hold.
        OutputError
            When the file exists or cannot be written.

        """
        formats = import_room("formats")
        known = formats.Options(**options)
        written: Path = formats.write_file(path, self, format, overwrite=overwrite, options=known)
        return written

    def to_dataframe(self) -> Any:
        """A pandas DataFrame with one row per turn.

        Returns
        -------
        Columns recording, start and end in seconds, speaker, confidence, runner_up, text, channel.

        Raises
        ------
        ImportError
            When pandas is not installed.

        """
        import pandas as pd  # type: ignore[import-untyped,import-not-found,unused-ignore]

        columns = ("start", "end", "speaker", "confidence", "runner_up", "text", "channel")
        rows = [[getattr(turn, name) for name in columns] for turn in self.turns]
        frame = pd.DataFrame(rows, columns=list(columns))
        frame.insert(0, "recording", self.recording)
        return frame

    def to_pyannote(self) -> Any:
        """A ``pyannote.core.Annotation`` with the same turns; tracks are numbered.

        Returns
        -------
        The annotation, its ``uri`` the name of the recording.

        Raises
        ------
        ImportError
            When pyannote.core is not installed.

        """
        from pyannote.core import Annotation as Theirs  # type: ignore[import-untyped,import-not-found,unused-ignore]
        from pyannote.core import Segment

        found = Theirs(uri=self.recording)
        for i, turn in enumerate(self.turns):
            found[Segment(turn.start, turn.end), i] = turn.speaker
        return found

    @classmethod
    def from_pyannote(cls, annotation: Any, recording: str | None = None) -> Annotation:
        """From a ``pyannote.core.Annotation``; what lies before 0 s and empty segments are left out.

        Parameters
        ----------
        annotation : of pyannote.core
        recording : the name of the recording; the ``uri`` of the annotation unless given

        Returns
        -------
        The same turns, with labels as names of speakers.

        """
        values = import_room("annotation")
        rows = annotation.itertracks(yield_label=True)
        turns = tuple(
            values.Turn(max(0.0, segment.start), segment.end, str(label))
            for segment, _, label in rows
            if segment.end > max(0.0, segment.start)
        )
        found: Annotation = values.Annotation(recording or annotation.uri or "recording", turns)
        return found
