"""Check ONNX files before they are run: read the file, compute its checksum, and refuse external data.

An ONNX file is one protocol buffers message. The parser here only reads field numbers and lengths, to check
that the file is complete and does not refer to other files.
"""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from diarize.errors import PartError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_BYTES", "OnnxFile", "read_onnx"]

MAX_BYTES: Final = 1 << 30
"""Protocol buffers end at 2 GB, embeddings and segmentation networks at some hundred MB."""

# Numbers of fields, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
GRAPH = 7
NODE, INITIALIZER = 1, 5
ATTRIBUTE = 5
TENSOR, SUBGRAPH = 5, 6
DATA_LOCATION, EXTERNAL = 14, 1
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """``data``: all bytes of the file at ``path``; ``checksum``: their SHA-256."""

    path: Path
    data: bytes
    checksum: str


def read_onnx(path: str | Path) -> OnnxFile:
    """Read a complete ONNX file that needs no other file. Raises PartError otherwise."""
    path = Path(path)
    data = _read_bytes(path)
    _refuse_other_kinds(path, data)
    try:
        _refuse_external(path, memoryview(data))
    except (ValueError, IndexError, RecursionError):
        raise PartError(
            f"{path}: not an ONNX file, or one that was cut short ({len(data)} bytes); get it again "
            "and compare its size and SHA-256"
        ) from None
    return OnnxFile(path, data, hashlib.sha256(data).hexdigest())


def _read_bytes(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise PartError(f"{path}: not a regular file; name an ONNX file")
        if found.st_size > MAX_BYTES:
            raise PartError(
                f"{path}: {found.st_size / 1e9:.1f} GB; an ONNX file of at most {MAX_BYTES / 1e9:.1f} GB is "
                "read; choose a smaller model, speaker embeddings have some hundred MB at most"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise PartError(f"{path}: no such file; check the path, or see 'diarize parts list'") from None
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "too little memory"
        raise PartError(f"{path}: cannot be read ({reason.lower()}); check its permissions") from None


def _refuse_other_kinds(path: Path, data: bytes) -> None:
    """Refuse files that are typical results of a failed download."""
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise PartError(f"{path}: a web page, not an ONNX file; the download went wrong, get it again")
    if head.startswith(b"version https://git-lfs"):
        raise PartError(f"{path}: a pointer of Git LFS, not the file itself; fetch it with 'git lfs pull'")
    if head.startswith((b"bzh", b"\x1f\x8b", b"pk\x03\x04")):
        raise PartError(f"{path}: an archive; unpack it and name the .onnx file in it")


def _refuse_external(path: Path, data: memoryview) -> None:
    """Raise ValueError for an incomplete message and PartError for weights in other files."""
    graphs = [value for number, value in _fields(data) if number == GRAPH and isinstance(value, memoryview)]
    if not graphs:
        raise ValueError(path)
    for tensor in _tensors(graphs[-1]):
        if any(number == DATA_LOCATION and value == EXTERNAL for number, value in _fields(tensor)):
            raise PartError(
                f"{path}: its weights lie in another file (external data), which is not read; save it "
                "as one file, onnx.save(onnx.load(FILE), NEW)"
            )


def _tensors(graph: memoryview) -> Iterator[memoryview]:
    """Weights of a graph, those of nodes and of the graphs in them too."""
    for number, value in _fields(graph):
        if not isinstance(value, memoryview):
            continue
        if number == INITIALIZER:
            yield value
        elif number == NODE:
            for attribute in _inner(value, ATTRIBUTE):
                yield from _inner(attribute, TENSOR)
                for below in _inner(attribute, SUBGRAPH):
                    yield from _tensors(below)


def _inner(message: memoryview, wanted: int) -> Iterator[memoryview]:
    return (value for number, value in _fields(message) if number == wanted and isinstance(value, memoryview))


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Numbers and values of the fields of a message. Raises ValueError where it is damaged."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, wire = key >> 3, key & 7
        value: int | memoryview
        if wire == VARINT:
            value, position = _varint(message, position)
        elif wire in (BYTES, FIXED32, FIXED64):
            size = {FIXED32: 4, FIXED64: 8}.get(wire, 0)
            if wire == BYTES:
                size, position = _varint(message, position)
            value, position = message[position : position + size], position + size
        else:
            raise ValueError(wire)
        if number == 0 or position > len(message):
            raise ValueError(position)
        yield number, value


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """A number of variable length, and the position after it."""
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError(position)
