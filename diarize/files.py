"""Files on disk: read text in any usual encoding, and write files atomically."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from diarize.annotation.names import replace_surrogates
from diarize.errors import FormatError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "LARGEST",
    "make_folder",
    "read_text",
    "remove_leftovers",
    "write_bytes",
    "write_folder",
    "write_text",
]

LARGEST = 100_000_000
"""Bytes: an annotation of ten thousand hours is smaller, so a larger file is some other kind of file."""

OLD = 600
"""Seconds after which a file that is still half-written belongs to nobody: no write takes so long."""

_BYTE_ORDER_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


def read_text(path: str | Path) -> str:
    """Read a text file with lines that end in a newline.

    Parameters
    ----------
    path : the file, in UTF-8, or in UTF-16 with a byte order mark

    Returns
    -------
    The text without byte order mark.

    Raises
    ------
    FormatError
        When the file cannot be read or is not text.

    """
    path = Path(path)
    data = _read_bytes(path)
    encoding = next(
        (name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), _decode_unmarked(data)
    )
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError(
            f"{path.name}:{line}: not {encoding.upper()} text; save it as UTF-8 and try again"
        ) from None
    if "\0" in text:
        raise FormatError(f"{path.name}: binary data, not an annotation; give a text file such as RTTM")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode_unmarked(data: bytes) -> str:
    """Decode UTF-8, or UTF-16 where every other byte of the beginning is 0, as in ASCII text."""
    start = data[:64]
    if len(start) >= 16 and len(data) % 2 == 0:
        for zeros, letters, name in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):
            if not any(start[zeros::2]) and all(start[letters::2]):
                return name
    return "utf-8"


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise FormatError(
                f"{path.name}: {size} bytes; an annotation of at most {LARGEST} bytes is read; "
                "split it by recording"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file; check the spelling and the folder") from None
    except IsADirectoryError:
        raise FormatError(f"{path}: a folder; name one file in it") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({_reason(error)}); check its permissions") from None


def write_text(path: str | Path, text: str, *, overwrite: bool = False) -> Path:
    """Write text in UTF-8, as ``write_bytes`` writes bytes.

    Parameters
    ----------
    path : the file to write; its folder must exist
    text : what to write; a lone surrogate becomes U+FFFD
    overwrite : replace the file if it exists

    Returns
    -------
    The path.

    Raises
    ------
    OutputError
        As ``write_bytes`` does.

    """
    return write_bytes(path, replace_surrogates(text).encode(), overwrite=overwrite)


def write_bytes(path: str | Path, data: bytes, *, overwrite: bool = False) -> Path:
    """Write a temporary file and rename it, so that the file is either complete or absent.

    Old temporary files that a killed process left for the same file are removed.

    Parameters
    ----------
    path : the file to write; its folder must exist
    data : what to write
    overwrite : replace the file if it exists

    Returns
    -------
    The path.

    Raises
    ------
    OutputError
        When the file exists and ``overwrite`` is false, is not a regular file, or cannot be written. No
        partial file is left.

    """
    path = Path(path)
    _refuse(path, overwrite=overwrite)
    beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        remove_leftovers(path, beside.stat().st_mtime - OLD)
        beside.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({_reason(error)}); choose another folder or free some space"
        ) from None
    finally:
        _delete_quietly(beside)
    return path


def make_folder(path: str | Path, *, parents: bool = True) -> Path:
    """Make a folder if it does not exist.

    Parameters
    ----------
    path : the folder
    parents : make its parents, too

    Returns
    -------
    The path.

    Raises
    ------
    OutputError
        When it cannot be made.

    """
    path = Path(path)
    try:
        path.mkdir(parents=parents, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be made a folder ({_reason(error)}); choose another") from None
    return path


def write_folder(path: str | Path, texts: Mapping[str, str], *, overwrite: bool = False) -> Path:
    """Write several texts into one folder, which is made if it does not exist.

    Parameters
    ----------
    path : the folder
    texts : text by name of file
    overwrite : replace files that exist

    Returns
    -------
    The path.

    Raises
    ------
    OutputError
        As ``write_bytes`` does; no text is written if one of them cannot be.

    """
    path = make_folder(path, parents=False)
    for name in texts:
        _refuse(path / name, overwrite=overwrite)
    for name, text in texts.items():
        write_text(path / name, text, overwrite=overwrite)
    return path


def _refuse(path: Path, *, overwrite: bool) -> None:
    for problem in _problems(path, overwrite=overwrite):
        raise OutputError(f"{path}: {problem}")


def _problems(path: Path, *, overwrite: bool) -> Iterator[str]:
    if not path.parent.is_dir():
        yield f"the folder {path.parent} does not exist; make it first or choose another"
    elif path.is_dir():
        yield "a folder; name a file"
    elif path.exists() and not path.is_file():
        yield "not a regular file; name one"
    elif path.exists() and not overwrite:
        yield "exists already; overwrite it (--overwrite, overwrite=True) or choose another name"


def remove_leftovers(path: str | Path, before: float = float("inf")) -> None:
    """Remove temporary files that killed processes left.

    Parameters
    ----------
    path : a file, for which they were made, or a folder of such files
    before : remove only those last changed before this time, in seconds by the clock of the file system;
        without it, the caller must be the only process that writes there

    """
    path = Path(path)
    folder, name = (path, "*") if path.is_dir() else (path.parent, escape(path.name[:100]))
    for left in folder.glob(f".{name}.????????.part"):
        with suppress(OSError):
            if left.stat().st_mtime < before:
                left.unlink()


def _delete_quietly(beside: Path) -> None:
    with suppress(OSError):
        beside.unlink(missing_ok=True)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
