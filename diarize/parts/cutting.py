"""Cut pieces from a stream of samples, with at most the longest piece in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import PartError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["check_bounds", "cut_pieces", "cut_windows"]


def check_bounds(bounds: Array) -> Array:
    """Check that bounds int64 (m, 2) have 0 <= start < end and are sorted by start. Raises PartError."""
    found = np.asarray(bounds, dtype=np.int64).reshape(-1, 2)
    start, end = found.T
    if (start < 0).any() or (end <= start).any() or (np.diff(start) < 0).any():
        raise PartError("windows to embed must have samples in them and be sorted by start; sort them")
    return found


def cut_pieces(blocks: Iterable[Array], bounds: Array) -> Iterator[Array]:
    """Samples of each of the ``bounds`` (m, 2), sorted by start, from consecutive ``blocks``.

    Pieces are cut at the end of the recording. Raises PartError for a piece entirely beyond it.
    """
    held, first, stream = np.empty(0, dtype=np.float32), 0, iter(blocks)
    for start, end in bounds.tolist():
        while first + len(held) < end and (block := next(stream, None)) is not None:
            kept = held[min(max(start - first, 0), len(held)) :]
            first += len(held) - len(kept)
            held = np.concatenate((kept, np.asarray(block, dtype=np.float32)))
        piece = held[max(0, start - first) : end - first]
        if not len(piece):
            raise PartError(
                f"a window from sample {start} to {end} of a recording of {first + len(held)} samples; give "
                "windows within it"
            )
        yield piece


def cut_windows(blocks: Iterable[Array], size: int, hop: int) -> Iterator[tuple[int, Array, int]]:
    """Windows of ``size`` samples every ``hop``: first sample, samples (size,), how many samples came so far.

    The last window is the first one that reaches the end, padded with zeros. Without samples there is none.
    """
    held, first, end = np.empty(0, dtype=np.float32), 0, 0
    covered = 0
    for block in blocks:
        held = np.concatenate((held, np.asarray(block, dtype=np.float32)))
        end += len(block)
        while len(held) >= size:
            yield first, held[:size], end
            covered = first + size
            held, first = held[hop:], first + hop
    if end > covered:
        yield first, np.pad(held, (0, size - len(held))), end
