"""Frame posteriors as npz without pickle: who speaks in every frame, for other programs.

Arrays, format version 1::

    format       text     "diarize/posteriors 1"
    recording    text     name of the recording
    speakers     text (K,)           names, in the order of the columns
    posteriors   float32 (T, K)      rows sum to 1 on speech and are 0 elsewhere
    times        float64 (T + 1,)    seconds of the file: frame t lasts from times[t] to times[t + 1]
    grid         int64 (5,)          rate in Hz, hop, window, offset in samples, T: the clock, exactly
    start        float64             seconds of the file at which the clock of ``grid`` begins
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.lib import format as npy

from diarize.errors import DiarizeError, FormatError
from diarize.types import FrameGrid, Posteriors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["StoredPosteriors", "dump", "load"]

FORMAT: Final = "diarize/posteriors 1"
KINDS: Final = {
    "format": "U", "recording": "U", "speakers": "U",
    "posteriors": "f", "times": "f", "grid": "i", "start": "f",
}  # fmt: skip
LARGEST: Final = 1 << 30  # bytes unpacked: a day of ten speakers


class StoredPosteriors(NamedTuple):
    """Content of a file: ``posteriors`` of ``recording``, whose clock begins at second ``start``."""

    recording: str
    posteriors: Posteriors
    start: float


def dump(stored: StoredPosteriors) -> bytes:
    """The bytes of a file, the same for the same posteriors."""
    recording, posteriors, start = stored
    grid, data = posteriors.grid, io.BytesIO()
    np.savez_compressed(
        data,
        allow_pickle=False,
        format=np.array(FORMAT),
        recording=np.array(recording),
        speakers=np.array(posteriors.speakers, dtype=np.str_),
        posteriors=posteriors.values,
        times=grid.edges() + start,
        grid=np.array([grid.rate, grid.hop, grid.window, grid.offset, grid.n_frames], dtype=np.int64),
        start=np.array(float(start)),
    )
    return data.getvalue()


def load(path: str | Path) -> StoredPosteriors:
    """Read such a file. Raises FormatError for another or damaged file, and for more than 1 GiB."""
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {name: _array(archive, name) for name in _check_size(archive, path)}
        return _to_stored(arrays)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror or error}); check the path") from None
    except FormatError:
        raise
    except (
        zipfile.BadZipFile, zlib.error, DiarizeError, KeyError, ValueError, TypeError, EOFError, SyntaxError,
        NotImplementedError, RuntimeError, OverflowError,
    ) as error:  # fmt: skip
        raise FormatError(
            f"{path.name}: not posteriors of this version ({type(error).__name__}); write them with "
            "diarize run --format npz"
        ) from None


def _check_size(archive: zipfile.ZipFile, path: Path) -> tuple[str, ...]:
    """Check that all arrays exist and are not too large in total; returns their names."""
    size = sum(archive.getinfo(f"{name}.npy").file_size for name in KINDS)
    if size > LARGEST:
        raise FormatError(f"{path.name}: claims {size} bytes; at most {LARGEST} are read")
    return tuple(KINDS)


def _array(archive: zipfile.ZipFile, name: str) -> Array:
    """One array. Its header must agree with its size in the archive before memory is allocated."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as file:
        if npy.read_magic(file) != (1, 0):
            raise ValueError(name)
        shape, _, dtype = npy.read_array_header_1_0(file)
        if dtype.kind != KINDS[name] or file.tell() + math.prod(shape) * dtype.itemsize != info.file_size:
            raise ValueError(name)
    with archive.open(info) as file:
        return np.asarray(npy.read_array(file, allow_pickle=False))


def _to_stored(arrays: dict[str, Array]) -> StoredPosteriors:
    if arrays["format"].item() != FORMAT:
        raise ValueError(arrays["format"])
    grid = FrameGrid(*(int(each) for each in arrays["grid"]))
    start = float(arrays["start"].item())
    if len(arrays["times"]) != grid.n_frames + 1 or not np.allclose(
        arrays["times"], grid.edges() + start, rtol=0, atol=1e-6
    ):
        raise ValueError(start)
    speakers = tuple(str(name) for name in arrays["speakers"].reshape(-1))
    return StoredPosteriors(
        str(arrays["recording"].item()), Posteriors(arrays["posteriors"], grid, speakers), start
    )
