"""The clock of a container: every piece of sound is placed by its time stamp, and gaps become silence.

Decoders give samples without the gaps between them. But a track may begin later than the video, packets may
be missing while a microphone was muted, and an edit may join recordings with different clocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.audio.backend import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from diarize.audio.backend import Tell

    Array = NDArray[Any]

__all__ = ["MIN_NOTED_GAP", "origin", "place_on_clock", "silence_spans"]

TOLERANCE = (
    0.015  # seconds that time stamps may be off: containers round them, and live writers are not exact
)
MAX_GAP = 3600.0  # seconds of silence at a time; a longer one is another clock, such as that of a broadcast
MIN_NOTED_GAP = 0.05  # seconds of missing sound from which there is a note
MAX_STEP_BACK = 1.0  # seconds: a larger step back begins another clock, a smaller one repeats samples
FROM_ZERO = ("mov", "mp4", "matroska", "webm")  # in these, a late start is intended


def origin(container: str, start: float | None) -> float:
    """The time stamp that is second 0 of a file whose first stamp is ``start``.

    0 in files whose clock begins at 0. The first stamp of any stream in files that keep the sender's clock
    (MPEG-TS, OGG, FLV …), and in files that would begin with more than an hour of silence.
    """
    first = start or 0.0
    own = any(name in FROM_ZERO for name in container.lower().split(","))
    return 0.0 if own and first <= MAX_GAP else first


def place_on_clock(
    pieces: Iterable[tuple[float | None, Array]], rate: int, zero: float, tell: Tell
) -> Iterator[Array]:
    """Samples float32 (n, channels) on the clock whose second 0 is the stamp ``zero``.

    ``pieces``: time stamp in seconds, None for directly after the last piece, and samples (n, channels).
    """
    position, missing = 0, 0
    for stamp, samples in pieces:
        late = 0 if stamp is None else round((stamp - zero) * rate) - position
        if position and (late > MAX_GAP * rate or late < -MAX_STEP_BACK * rate):
            zero += late / rate
            tell(
                f"another clock from {position / rate:.1f} s on: its time stamps jump by {late / rate:.1f} s"
            )
            late = 0
        if position and abs(late) <= TOLERANCE * rate:
            late = 0
        if late > 0:
            yield from _silence(late, samples.shape[1])
            missing += late if position else 0
        kept = samples[max(0, -late) :]
        position += max(late, 0) + len(kept)
        if len(kept):
            yield kept
    if missing >= MIN_NOTED_GAP * rate:
        tell(f"parts of its sound are missing ({missing / rate:.1f} s); silence is in their place")


def silence_spans(
    chunks: Iterable[Array], rate: int, spans: Iterable[tuple[float, float]]
) -> Iterator[Array]:
    """The chunks (n, channels) in order, with zeros in some spans of seconds."""
    edges = [(round(start * rate), round(end * rate)) for start, end in spans]
    position = 0
    for chunk in chunks:
        for start, end in edges:
            chunk[max(0, start - position) : max(0, end - position)] = 0
        position += len(chunk)
        yield chunk


def _silence(n: int, channels: int) -> Iterator[Array]:
    for start in range(0, n, CHUNK):
        yield np.zeros((min(CHUNK, n - start), channels), dtype=np.float32)
