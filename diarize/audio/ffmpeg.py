"""The same containers through the ``ffmpeg`` program, when it is installed and PyAV is not."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from diarize.audio.backend import CHUNK, CONTAINERS, Backend, Header, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["FFMPEG"]


def _command(path: Path) -> list[str]:
    """Decode the first audio stream to Sun audio (a header of 24 bytes, big-endian floats) on a pipe."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise UnreadableError("the ffmpeg program is not installed")
    source = ["-protocol_whitelist", "file,pipe", "-format_whitelist", CONTAINERS, "-i", f"file:{path}"]
    result = ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    return [program, "-v", "error", "-nostdin", *source, *result]


def _complaint(errors: IO[bytes]) -> str:
    """The last line that the program wrote."""
    errors.seek(0)
    lines = errors.read(100_000).decode(errors="replace").strip().splitlines()
    return lines[-1].lower() if lines else "damaged data"


@contextmanager
def _decoded(path: Path) -> Iterator[tuple[IO[bytes], Header]]:
    """The program's samples and what it says about them; it ends with the context."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(_command(path), stdout=subprocess.PIPE, stderr=errors) as process,  # noqa: S603
    ):
        output = cast("IO[bytes]", process.stdout)  # a pipe was asked for
        try:
            start = output.read(24)
            if len(start) < 24 or start[:4] != b".snd":
                process.wait()
                raise UnreadableError(_complaint(errors))
            _, offset, _, _, rate, channels = struct.unpack(">4s5I", start)
            output.read(offset - 24)
            yield output, Header("FFMPEG", rate, channels, None)
        finally:
            process.kill()


def _header(path: Path) -> Header:
    with _decoded(path) as (_, header):
        return header


def _chunks(path: Path, first: int) -> Iterator[Array]:
    skip = first
    with _decoded(path) as (output, header):
        frame = 4 * header.channels
        while data := output.read(CHUNK * frame):
            whole = np.frombuffer(data[: len(data) // frame * frame], dtype=">f4")
            chunk = whole.astype(np.float32).reshape(-1, header.channels)
            if skip < len(chunk):
                yield chunk[skip:]
            skip = max(0, skip - len(chunk))


FFMPEG = Backend(_header, _chunks)
