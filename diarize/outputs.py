"""Where the results of a recording go, and whose the files are that lie there already.

A picture carries, as text inside the PNG, the checksums of the files that were written with it. So a later
run knows its own unchanged files and may replace them; another program's files and corrected ones stay.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from diarize.errors import OutputError
from diarize.formats import Options, format_of, made_folder, write_bytes, write_file, write_text
from diarize.transcripts import WRITABLE, write_transcript

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diarize.pipeline import Diarization
    from diarize.transcripts import Transcript

__all__ = ["PAGE", "Target", "clashes", "picture", "target", "written"]

KEYWORD: Final = b"diarize"  # of the text in a picture
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
HEADER_END: Final = 33  # bytes of signature and IHDR, which comes first
SECOND: Final = ".diarize"  # appended to a name that somebody else has taken
PAGE: Final = ".report.html"  # what the page about a recording is called after its name


@dataclass(frozen=True, slots=True)
class Target:
    """Where one recording's results go: ``annotations`` by format name; ``picture`` and ``page``, None for
    none; ``replaceable``: what may go if it exists; ``note``: why names are not the usual ones, or "".
    """

    stem: Path
    annotations: dict[str, Path]
    picture: Path | None
    replaceable: frozenset[Path]
    note: str = ""
    page: Path | None = None

    @property
    def vouched(self) -> tuple[Path, ...]:
        """What is written besides the picture, which carries the checksums of it."""
        return (*self.annotations.values(), *([self.page] if self.page else []))

    @property
    def paths(self) -> tuple[Path, ...]:
        """Everything that will be written."""
        return (*self.vouched, *([self.picture] if self.picture else []))


def _named(stem: Path, formats: Sequence[str], *, picture: bool, page: bool) -> Target:
    annotations = {name: stem.with_name(stem.name + format_of("", name).suffix) for name in formats}
    html = stem.with_name(stem.name + PAGE) if page else None
    return Target(stem, annotations, _image(stem) if picture else None, frozenset(), page=html)


def _image(stem: Path) -> Path:
    return stem.with_name(stem.name + ".png")


def target(
    recording: Path,
    folder: Path | None = None,
    formats: Sequence[str] = ("rttm",),
    *,
    picture: bool = True,
    page: bool = False,
    overwrite: bool = False,
) -> Target:
    """Where the results of a recording go: beside it or into a folder, which is made.

    Beside the recording, where names are taken by files that are not our own, ``NAME.diarize`` serves in
    place of ``NAME``. Raises OutputError when files there are neither ours and unchanged nor to be
    overwritten, and when the folder cannot be made or written to.
    """
    if folder is not None:
        made_folder(folder)
    name = recording.stem if recording.stem.strip(".") else recording.name  # "." and ".." are folders
    stem = (folder or recording.parent) / name
    plan = _named(stem, formats, picture=picture, page=page)
    _check_writable(stem.parent)
    foreign = [] if overwrite else list(_foreign(plan))
    if foreign and folder is None:
        note = f"{foreign[0].name} is not diarize's own unchanged file and stays as it is"
        plan = _named(stem.with_name(stem.name + SECOND), formats, picture=picture, page=page)
        foreign = list(_foreign(plan))
    else:
        note = ""
    if foreign:
        raise OutputError(
            f"{foreign[0]}: exists already, and no picture beside it says that it is diarize's own unchanged "
            "file; overwrite it (--overwrite) or choose another folder"
        )
    there = frozenset(path for path in plan.paths if overwrite or os.path.lexists(path))
    return replace(plan, replaceable=there, note=note)


def clashes(plans: Sequence[Target]) -> tuple[Path, ...]:
    """Paths that more than one recording would be written to."""
    seen: set[str] = set()
    twice: list[Path] = []
    for plan in plans:
        for path in plan.paths:
            key = os.path.normcase(path.absolute())
            if key in seen:
                twice.append(path)
            seen.add(key)
    return tuple(twice)


def _check_writable(folder: Path) -> None:
    if folder.is_dir() and not os.access(folder, os.W_OK):
        raise OutputError(f"{folder}: may not be written to; choose another folder")


def _foreign(plan: Target) -> Iterator[Path]:
    """Files in the way that we did not write, or that were changed since."""
    image = _image(plan.stem)
    marks = _marks(image)
    for path in plan.paths:
        if not os.path.lexists(path) or (path == image and marks is not None):
            continue
        if marks is None or marks.get(path.name) != _checksum(path):
            yield path


def _checksum(path: Path) -> str | None:
    """SHA-256 of a file, or of the files of a folder but hidden ones; None when it cannot be read."""
    total = hashlib.sha256()
    try:
        for each in sorted(path.glob("[!.]*")) if path.is_dir() else [path]:
            total.update(each.name.encode("utf-8", "replace") + b"\0" + each.read_bytes())
    except OSError:
        return None
    return total.hexdigest()


def _marks(image: Path) -> dict[str, str] | None:
    """Checksums by file name out of a picture of ours; None when it is none."""
    try:
        with image.open("rb") as file:
            data = file.read(1 << 16)
        marks = json.loads(_chunk(data)[8 + len(KEYWORD) + 1 : -4])
    except (OSError, struct.error, ValueError):
        return None
    return marks if isinstance(marks, dict) else None


def _chunk(png: bytes) -> bytes:
    """Our chunk of a picture, with its length before and its checksum behind; empty when there is none."""
    start = png[HEADER_END : HEADER_END + 8]
    if (
        not png.startswith(SIGNATURE)
        or png[HEADER_END + 4 :][: 5 + len(KEYWORD)] != b"tEXt" + KEYWORD + b"\0"
    ):
        return b""
    (length,) = struct.unpack(">I", start[:4])
    return png[HEADER_END : HEADER_END + length + 12]


def _marked(png: bytes, marks: dict[str, str]) -> bytes:
    """A picture with checksums in a text chunk right after its header (PNG specification, 11.3.3)."""
    body = b"tEXt" + KEYWORD + b"\0" + json.dumps(marks, sort_keys=True).encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:HEADER_END] + chunk + png[HEADER_END + len(_chunk(png)) :]


def written(
    result: Diarization, plan: Target, recording: Path, page: str = "", spoken: Transcript | None = None
) -> tuple[Path, ...]:
    """Write the results, each file whole or not at all; the paths, the picture last. Raises OutputError.

    ``page``: the text of the page, where one is planned; ``spoken``: who said what, for formats with words.
    """
    png = picture(result) if plan.picture else None
    options = Options(
        duration=result.duration, media=recording.name, posteriors=result.posteriors, start=result.start
    )
    for name, path in plan.annotations.items():
        replacing = path in plan.replaceable
        if spoken and name in WRITABLE:
            write_transcript(path, spoken, name, overwrite=replacing, options=options)
        else:
            write_file(path, result.annotation, name, overwrite=replacing, options=options)
    if plan.page:
        write_text(plan.page, page, overwrite=plan.page in plan.replaceable)
    _write_picture(plan, png)
    return plan.paths


def _write_picture(plan: Target, png: bytes | None) -> None:
    """The new picture, or ours of an earlier run, with the checksums that are true now."""
    image = _image(plan.stem)
    known = _marks(image)
    if png is None and known is None:
        return
    new = {path.name for path in plan.vouched}
    names = {*(known or {}), *new}
    sums = {name: _checksum(image.with_name(name)) for name in sorted(names)}
    marks = {
        name: found for name, found in sums.items() if found and (name in new or found == (known or {})[name])
    }
    data = _marked(image.read_bytes() if png is None else png, marks)
    write_bytes(image, data, overwrite=png is None or image in plan.replaceable)


def picture(result: Diarization) -> bytes:
    """The timeline as the bytes of a PNG."""
    from diarize import plots

    figure = plots.timeline(result.annotation, start=result.start, duration=result.duration)
    return plots.drawn(figure)
