"""A speaker embedding in an ONNX file, with the features that its authors use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import PartError
from diarize.features import fbank_of
from diarize.parts.cutting import check_bounds, cut_pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from diarize.parts.recognition import EmbeddingFormat
    from diarize.parts.session import Session

    Array = NDArray[Any]

__all__ = ["OnnxEmbedding"]

BATCH_SECONDS: Final = 12.0
"""Seconds of sound in one batch: more is not faster on one core and only takes memory."""
N_BATCHES: Final = 16
"""Batches whose windows are put together by length."""
MIN_DEVIATION: Final = 1e-5
ENERGY_FLOOR: Final = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class OnnxEmbedding:
    """An `EmbeddingExtractor` from a loaded file and its input format."""

    name: str
    dimension: int
    format: EmbeddingFormat
    session: Session

    @property
    def rate(self) -> int:
        """Sampling rate in Hz."""
        return self.format.rate

    @property
    def checksum(self) -> str:
        """SHA-256 of the file."""
        return self.session.file.checksum

    def embed(self, blocks: Iterable[Array], bounds: Array) -> Array:
        """Vectors float32 (m, dimension) of the windows ``bounds`` (m, 2), as `EmbeddingExtractor` has it.

        A window that is too short for the file is repeated until it is long enough; a window that is too long
        is cut into equal parts, and their vectors are averaged. The result does not depend on the block
        length. Raises PartError.
        """
        bounds = check_bounds(bounds)
        rows, pieces = self._pieces(bounds)
        total = np.zeros((len(bounds), self.dimension), dtype=np.float64)
        for chosen, samples in self._gather(rows, pieces, blocks):
            np.add.at(total, chosen, self._check_shape(self.vectors(samples)))
        counts = np.bincount(rows, minlength=len(bounds))[:, None]
        return (total / np.maximum(counts, 1)).astype(np.float32)

    def _pieces(self, bounds: Array) -> tuple[Array, Array]:
        """Rows of ``bounds`` (n,) and bounds (n, 2) of parts that are not too long, sorted by start."""
        counts = np.maximum(1, -(-(bounds[:, 1] - bounds[:, 0]) // self.format.most))
        edges = [
            np.linspace(start, end, n + 1).astype(np.int64)
            for (start, end), n in zip(bounds, counts, strict=True)
        ]
        rows = np.repeat(np.arange(len(bounds)), counts)
        pieces = [np.column_stack((each[:-1], each[1:])) for each in edges]
        found = np.concatenate([np.empty((0, 2), dtype=np.int64), *pieces])
        order = np.argsort(found[:, 0], kind="stable")
        return rows[order], found[order]

    def _gather(self, rows: Array, pieces: Array, blocks: Iterable[Array]) -> Iterator[tuple[Array, Array]]:
        """Rows (n,) and samples (n, length) of pieces of one length, few enough to be run at once."""
        room = round(BATCH_SECONDS * self.rate)
        waiting: list[tuple[int, Array]] = []
        held = 0
        for row, samples in zip(rows.tolist(), cut_pieces(blocks, pieces), strict=True):
            long_enough = np.resize(samples, max(len(samples), self.format.least))
            waiting.append((row, long_enough))
            held += len(long_enough)
            if held >= N_BATCHES * room:
                yield from _batches(waiting, room)
                waiting, held = [], 0
        yield from _batches(waiting, room)

    def vectors(self, samples: Array) -> Array:
        """Vectors float32 (n, D) of samples (n, length) of an allowed length."""
        values = self._input(samples)
        size = self.format.batch or len(values)
        found = [self._run(values[first : first + size], size) for first in range(0, len(values), size)]
        return np.concatenate(found)

    def _run(self, values: Array, size: int) -> Array:
        """Run one batch, padded with copies if the file allows one size only."""
        n = len(values)
        feeds = {self.format.input: np.resize(values, (size, *values.shape[1:]))}
        if self.format.lengths is not None:
            feeds[self.format.lengths] = self._lengths(size, values)
        vectors = self.session.run(self.format.output, feeds)
        if vectors.ndim != 2 or len(vectors) != size:
            raise self._shape_error(vectors, size)
        return vectors[:n]

    def _lengths(self, size: int, values: Array) -> Array:
        """Frames of each of ``size`` equally long pieces, of the type that the file wants."""
        ports = self.session.signature.inputs
        kind = next(port.kind for port in ports if port.name == self.format.lengths)
        frames = values.shape[1 if self.format.layout == "BTF" else -1]
        return np.full(size, frames, dtype=np.int32 if "int32" in kind else np.int64)

    def _check_shape(self, vectors: Array) -> Array:
        if vectors.shape[1] != self.dimension:
            raise self._shape_error(vectors, len(vectors))
        return vectors

    def _shape_error(self, vectors: Array, n: int) -> PartError:
        return PartError(
            f"{self.session.file.path}: gives numbers of shape {vectors.shape} for {n} windows; it is not "
            "a speaker embedding"
        )

    def _input(self, samples: Array) -> Array:
        """The input of the file, float32, for samples (n, length)."""
        layout = self.format.layout
        if not self.format.n_mels:
            return samples[:, None] if layout == "B1S" else samples
        features = self._features(samples)
        if layout == "BTF":
            return features
        turned = np.ascontiguousarray(features.transpose(0, 2, 1))
        return turned[:, None] if layout == "B1FT" else turned

    def _features(self, samples: Array) -> Array:
        """Normalised energies (n, n_frames, n_mels)."""
        if self.format.framework == "redimnet2":
            samples = _standardize(samples)
        values = fbank_of(samples, self.rate, self.format.n_mels, **self.format.bank)
        values = values[:, : values.shape[1] // self.format.multiple * self.format.multiple]
        if self.format.normalize:
            values -= values.mean(axis=1, keepdims=True)
        if self.format.normalize == "deviation":
            values /= values.std(axis=1, keepdims=True) + np.float32(MIN_DEVIATION)
        return values


def _batches(waiting: list[tuple[int, Array]], room: int) -> Iterator[tuple[Array, Array]]:
    """Batches of pieces of equal length, the longest last, otherwise in order."""
    lengths = np.array([len(samples) for _, samples in waiting], dtype=np.int64)
    for length in np.unique(lengths).tolist():
        alike = np.flatnonzero(lengths == length)
        size = max(1, room // length)
        for first in range(0, len(alike), size):
            chosen = [waiting[i] for i in alike[first : first + size]]
            yield np.array([row for row, _ in chosen]), np.stack([samples for _, samples in chosen])


def _standardize(samples: Array) -> Array:
    """ReDimNet's samples (n, length): mean 0, deviation 1, emphasised, half a hop of zeros on both sides.

    The first is emphasised against the second, as by padding with a reflection.
    """
    centred = samples - samples.mean(axis=1, keepdims=True)
    scaled = centred / (centred.std(axis=1, keepdims=True) + np.float32(ENERGY_FLOOR))
    before = np.concatenate((scaled[:, 1:2], scaled[:, :-1]), axis=1)
    return np.pad(scaled - np.float32(0.97) * before, ((0, 0), (80, 80)))
