"""The files of a result: choose their names, and check before any work that they may be written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from diarize.errors import OutputError
from diarize.files import make_folder, write_bytes, write_text
from diarize.formats import format_of, write_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.pipeline import Diarization
    from diarize.transcripts import Transcript

__all__ = ["PAGE", "ResultFiles", "draw_timeline", "find_clashes", "plan_result_files", "write_results"]

PAGE: Final = ".report.html"
"""What the page about a recording is called after its name."""


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """Output files of one recording: ``annotations`` by format name; ``picture`` and ``page``, None for none;
    ``overwrite``: whether existing files may be replaced.
    """

    annotations: dict[str, Path]
    picture: Path | None
    page: Path | None
    overwrite: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files to write."""
        more = (path for path in (self.page, self.picture) if path)
        return (*self.annotations.values(), *more)


def plan_result_files(
    recording: Path,
    folder: Path | None = None,
    formats: Sequence[str] = ("rttm",),
    *,
    picture: bool = True,
    page: bool = False,
    overwrite: bool = False,
) -> ResultFiles:
    """Plan the files of a recording: next to it or in a folder, which is made.

    Raises OutputError when a file exists and must not be overwritten, and when the folder cannot be made or
    written to.
    """
    if folder is not None:
        make_folder(folder)
    name = recording.stem if recording.stem.strip(".") else recording.name  # "." and ".." are folders
    place = folder or recording.parent
    if place.is_dir() and not os.access(place, os.W_OK):
        raise OutputError(f"{place}: cannot be written to; choose another folder")
    plan = ResultFiles(
        {each: place / (name + format_of("", each).suffix) for each in formats},
        place / f"{name}.png" if picture else None,
        place / (name + PAGE) if page else None,
        overwrite,
    )
    for path in () if overwrite else plan.paths:
        if os.path.lexists(path):
            raise OutputError(
                f"{path}: exists already; --overwrite replaces it, or choose another folder (--output)"
            )
    return plan


def find_clashes(plans: Sequence[ResultFiles]) -> tuple[Path, ...]:
    """Paths that several recordings would be written to."""
    seen: set[str] = set()
    twice: list[Path] = []
    for plan in plans:
        for path in plan.paths:
            key = os.path.normcase(path.absolute())
            if key in seen:
                twice.append(path)
            seen.add(key)
    return tuple(twice)


def write_results(
    result: Diarization, plan: ResultFiles, recording: Path, page: str = "", spoken: Transcript | None = None
) -> tuple[Path, ...]:
    """Write the results, each file atomically; returns the paths.

    Raises OutputError. ``page``: the text of the page, if planned; ``spoken``: the words with speakers, for
    formats with words.
    """
    for name, path in plan.annotations.items():
        options = result.options(media=_link(recording, path))
        if spoken and _holds_words(name):
            from diarize.transcripts import write_transcript

            write_transcript(path, spoken, name, overwrite=plan.overwrite, options=options)
        else:
            write_file(path, result.annotation, name, overwrite=plan.overwrite, options=options)
    if plan.page:
        write_text(plan.page, page, overwrite=plan.overwrite)
    if plan.picture:
        write_bytes(plan.picture, draw_timeline(result), overwrite=plan.overwrite)
    return plan.paths


def _holds_words(name: str) -> bool:
    from diarize.transcripts import WRITABLE

    return name in WRITABLE


def _link(recording: Path, result: Path) -> str:
    """The path from a file of results to the recording, relative if both are on one drive."""
    try:
        return Path(os.path.relpath(recording.absolute(), result.absolute().parent)).as_posix()
    except ValueError:  # another drive of Windows
        return recording.absolute().as_uri()


def draw_timeline(result: Diarization) -> bytes:
    """The timeline as the bytes of a PNG."""
    from diarize import plots

    figure = plots.plot_timeline(result.annotation, start=result.start, duration=result.duration)
    return plots.to_png(figure)
