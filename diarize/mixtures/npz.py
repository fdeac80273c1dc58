"""Named arrays in an npz file without pickle; sizes and types are checked in the headers before any data is
read.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import tokenize
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib import format as npy

from diarize.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from diarize.mixtures.validation import Float64Array

__all__ = ["load_arrays", "pack_arrays", "save_arrays"]

_MAGIC = "diarize-models-1"
MAX_BYTES: Final = 1 << 30
# Exceptions of zipfile, zlib and NumPy for a damaged or malicious archive.
_DAMAGE: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError, LookupError, ValueError, TypeError,
    AttributeError, SyntaxError, EOFError, RuntimeError, ArithmeticError, MemoryError,
)  # fmt: skip


def save_arrays(path: str | PathLike[str], kind: str, arrays: Mapping[str, Float64Array]) -> None:
    """Write float64 arrays under their names, with the kind of model they make up. Raises ModelError if
    it cannot.
    """
    data = pack_arrays(kind, arrays)
    try:
        with open(path, "wb") as file:  # noqa: PTH123 (a path of any type)
            file.write(data)
    except OSError as error:
        raise ModelError(f"cannot write {path}: {error.strerror}; choose another place") from error


def pack_arrays(kind: str, arrays: Mapping[str, Float64Array]) -> bytes:
    """The bytes that `save_arrays` writes, for callers that write files atomically."""
    data = io.BytesIO()
    np.savez(data, allow_pickle=False, header=np.array(f"{_MAGIC}:{kind}"), **dict(arrays))
    return data.getvalue()


def load_arrays(
    path: str | PathLike[str], names: Sequence[str], most: int = MAX_BYTES
) -> tuple[str, dict[str, Float64Array]]:
    """The kind of model in the file and its float64 arrays, finite all of them.

    Raises ModelError for a file that is missing, is not such an npz, lacks a name, or has more than ``most``
    bytes, which is checked before memory is allocated.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 (a path of any type)
            raise ModelError(f"cannot read {path}: not a regular file; check the path")
        with zipfile.ZipFile(path) as archive:
            sizes = [_check_size(archive, name, "f8") for name in names]
            if _check_size(archive, "header", "U") > 4096 or sum(sizes) > most:
                raise ModelError(f"{path} claims {sum(sizes)} bytes; allowed are {most}; it is not a model")
            kind = _read(archive, "header").item()
            if not kind.startswith(f"{_MAGIC}:"):
                raise ModelError(f"{path} is of format {kind[:40]!r}; allowed is {_MAGIC!r}; save it again")
            return kind.partition(":")[2], {name: _check_finite(_read(archive, name), name) for name in names}
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}; check the path") from error
    except KeyError as error:
        raise ModelError(
            f"{path} is not a saved model of this kind and version (parts are missing); make it again, or "
            "choose another"
        ) from error
    except _DAMAGE as error:
        raise ModelError(
            f"{path} is not a saved model ({type(error).__name__}); choose one that diarize wrote"
        ) from error


def _check_size(archive: zipfile.ZipFile, name: str, wanted: str) -> int:
    """Bytes of one member according to its header, which must agree with its size in the archive."""
    with archive.open(f"{name}.npy") as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
        header = file.tell()
    if not (dtype.kind == wanted if wanted == "U" else dtype == np.dtype(np.float64)):
        raise ValueError(name)
    size = dtype.itemsize
    for length in shape:
        size *= length
    if header + size != archive.getinfo(f"{name}.npy").file_size:
        raise ValueError(name)
    return int(size)


def _check_finite(array: np.ndarray, name: str) -> np.ndarray:
    if not np.isfinite(array).all():
        raise ValueError(name)
    return array


def _read(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(f"{name}.npy") as file:
        return np.asarray(npy.read_array(file, allow_pickle=False))
