"""Annotation files: one table of formats, one function to read a file and one to write it.

Input: a file. Output: Annotations, or whole results where the file is JSON; and the reverse. Each format is a
module with ``read`` and ``write`` and a row in ``table``. Every room after it may import it.

>>> read_file("meeting.rttm")                                       # doctest: +SKIP
{'meeting': Annotation(recording='meeting', turns=(Turn(...), ...))}
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from diarize.annotation import Annotation
from diarize.errors import FormatError
from diarize.files import read_text, write_bytes, write_folder, write_text
from diarize.formats import eaf, lines, posteriors, textgrid, uem
from diarize.formats.posteriors import StoredPosteriors
from diarize.formats.table import FORMATS, Format, Options, format_of
from diarize.results import Result, parse_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from diarize.intervals import Intervals

__all__ = [
    "FORMATS",
    "Format",
    "Options",
    "StoredPosteriors",
    "format_of",
    "read_file",
    "read_posteriors",
    "read_results",
    "read_uem",
    "read_words",
    "write_file",
    "write_uem",
]


def read_file(path: str | Path, format: str | None = None) -> dict[str, Annotation]:
    """Read annotations from a file.

    Parameters
    ----------
    path : the file
    format : name of its format; known by the suffix unless given

    Returns
    -------
    Annotations by recording, in order of appearance. If the format has no names of recordings, the name of
    the file is used.

    Raises
    ------
    FormatError
        For an unknown format, one that is only written, or a file that does not follow it.

    """
    known = format_of(path, format, reading=True)
    if known.read is None:
        readable = ", ".join(each.name for each in FORMATS.values() if each.read)
        raise FormatError(f"{path}: {known.name} is only written, not read; {readable} are read")
    return dict(known.read(read_text(path), Path(path).name))


def read_results(path: str | Path, format: str | None = None) -> dict[str, Result]:
    """Read all that a file says about recordings.

    Parameters
    ----------
    path : the file
    format : name of its format; known by the suffix unless given

    Returns
    -------
    Results by recording: complete ones from JSON, turns only from other formats.

    Raises
    ------
    FormatError
        As ``read_file`` does.

    """
    if format_of(path, format, reading=True).name == "json":
        return parse_document(read_text(path), Path(path).name).by_recording
    return {name: Result(each) for name, each in read_file(path, format).items()}


def write_file(
    path: str | PathLike[str],
    annotations: Annotation | Sequence[Annotation],
    format: str | None = None,
    *,
    overwrite: bool = False,
    options: Options | None = None,
) -> Path:
    """Write annotations to a file that is either complete or absent.

    Parameters
    ----------
    path : the file to write; a folder for formats of several files (kaldi)
    annotations : one, or several for formats that can store several
    format : name of the format; known by the suffix unless given
    overwrite : replace the file if it exists
    options : additional data for the writer

    Returns
    -------
    The path.

    Raises
    ------
    FormatError
        For an unknown format, and for several recordings in a format for one.
    OutputError
        When the file exists and ``overwrite`` is false, or cannot be written.

    """
    known = format_of(path, format)
    path, each = Path(path), [annotations] if isinstance(annotations, Annotation) else list(annotations)
    found = known.write(each, options or Options())
    whole = found.get("")
    if isinstance(whole, bytes):
        return write_bytes(path, whole, overwrite=overwrite)
    texts = {name: text for name, text in found.items() if isinstance(text, str)}
    if whole is not None:
        return write_text(path, whole, overwrite=overwrite)
    return write_folder(path, texts, overwrite=overwrite)


def read_words(path: str | Path) -> Annotation | None:
    """Read the words of a TextGrid or ELAN file that has tiers of words besides tiers of turns.

    Parameters
    ----------
    path : the file

    Returns
    -------
    Words as turns with a text, or None for files without such tiers.

    Raises
    ------
    FormatError
        For a file that does not follow its format.

    """
    tiers = {".textgrid": textgrid.read_tiers, ".eaf": eaf.read_tiers}.get(Path(path).suffix.lower())
    if tiers is None:
        return None
    found = tiers(read_text(path), Path(path).name)
    names = {name for name, _ in found}
    words = [
        replace(turn, speaker=name.removesuffix(lines.WORDS))
        for name, turns in found
        if lines.are_words(name, names)
        for turn in turns
    ]
    return Annotation(lines.recording_name(Path(path).name), tuple(words)) if words else None


def read_posteriors(path: str | Path) -> StoredPosteriors:
    """Read the posteriors of every frame.

    Parameters
    ----------
    path : an npz file that ``run`` or ``batch`` wrote

    Returns
    -------
    The recording, its posteriors (n_frames, K), and the second at which they start.

    Raises
    ------
    FormatError
        For any other file.

    """
    return posteriors.load(path)


def read_uem(path: str | Path) -> dict[str, Intervals]:
    """Read the parts of recordings that are evaluated.

    Parameters
    ----------
    path : a UEM file

    Returns
    -------
    Intervals by recording, each float64 (n, 2) seconds.

    Raises
    ------
    FormatError
        For a file that is not UEM.

    """
    return uem.load(read_text(path), Path(path).name)


def write_uem(path: str | Path, intervals: Mapping[str, Intervals], *, overwrite: bool = False) -> Path:
    """Write the parts of recordings that are evaluated.

    Parameters
    ----------
    path : the file to write
    intervals : intervals by recording, each (n, 2) seconds
    overwrite : replace the file if it exists

    Returns
    -------
    The path.

    Raises
    ------
    OutputError
        When the file exists and ``overwrite`` is false, or cannot be written.

    """
    return write_text(path, uem.dump(intervals), overwrite=overwrite)
