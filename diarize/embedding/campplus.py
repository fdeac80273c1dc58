"""The extractor that ships with the package: CAM++ in NumPy, frame layers run once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.embedding.two_covariance import TwoCovariance
from diarize.features.fbank import filter_bank
from diarize.networks import campplus
from diarize.networks.store import shipped_network

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["CampplusExtractor"]

N_MELS: Final = 80
HOP: Final = 320  # samples from activation to activation
CENTRE: Final = 200  # samples before the middle of what activation 0 is of
# Activations that are made in one piece and kept, and how many on either side are made and thrown away: the
# moving means and the convolutions see about a second beside a frame.
KEPT: Final = 800
ASIDE: Final = 50
LEAST: Final = 2  # activations of the shortest stretch: one has no deviation
LEAST_VARIANCE: Final = 1e-8


class CampplusExtractor:
    """As `networks.protocols.EmbeddingExtractor`, at 16 kHz, with the ``model`` of what its embeddings do.

    The network runs over pieces of sixteen seconds, each with a second on either side, that lie where they
    lie however the blocks are cut; only pieces with a stretch in them are looked at.
    """

    name = "campplus"
    rate = 16000
    dimension = 192

    def __init__(self) -> None:
        network = shipped_network("campplus")
        self.checksum = network.checksum
        self._weights = campplus.prepare_weights(network.weights)
        model = (network.weights[f"model_{part}"] for part in ("mean", "projection", "between"))
        self.model = TwoCovariance(*(part.astype(np.float64) for part in model))

    def embed(self, blocks: Iterable[Array], bounds: Array) -> Array:
        """Embeddings (m, 192) of stretches ``bounds`` (m, 2) of samples in ``blocks``.

        Stretches of under 40 ms are widened to that.
        """
        first, last = _activations(bounds)
        pooled = _Pooled(len(bounds))
        needed = _pieces_with(first, last)
        for piece, energies in _pieces(filter_bank(self.rate, N_MELS).stream(blocks)):
            if piece in needed:
                begin = piece * KEPT
                values = campplus.frame_activations(energies, self._weights)
                values = values[begin - max(0, begin - ASIDE) :][:KEPT]
                pooled.add(values, begin, first, last)
        return campplus.pooled_embeddings(*pooled.statistics(), self._weights)


def _activations(bounds: Array) -> tuple[Array, Array]:
    """First and last + 1 activation of every stretch (m, 2) of samples: those whose middle it holds."""
    first = np.maximum(0, -(-(bounds[:, 0] - CENTRE) // HOP))
    last = -(-(bounds[:, 1] - CENTRE) // HOP)
    return first, np.maximum(last, first + LEAST)


def _pieces_with(first: Array, last: Array) -> set[int]:
    """Numbers of the pieces that any stretch lies in."""
    spans = zip(first // KEPT, (last - 1) // KEPT, strict=True)
    return {piece for a, b in spans for piece in range(int(a), int(b) + 1)}


def _pieces(parts: Iterable[Array]) -> Iterator[tuple[int, Array]]:
    """Number and energies of every piece, with what there is within a second on either side of it."""
    stride = campplus.STRIDE
    held, start, piece = np.zeros((0, N_MELS), np.float32), 0, 0  # energies from ``start`` on
    for part in parts:
        held = np.concatenate((held, part))
        while start + len(held) >= stride * ((piece + 1) * KEPT + ASIDE):
            begin = max(0, stride * (piece * KEPT - ASIDE))
            held, start = held[begin - start :], begin
            yield piece, held[: stride * ((piece + 1) * KEPT + ASIDE) - start]
            piece += 1
    while len(held) and start + len(held) > stride * piece * KEPT:
        begin = max(0, stride * (piece * KEPT - ASIDE))
        held, start = held[begin - start :], begin
        yield piece, held[: stride * ((piece + 1) * KEPT + ASIDE) - start]
        piece += 1


class _Pooled:
    """Sums over every stretch of its activations and their squares, as pieces come in."""

    def __init__(self, n: int) -> None:
        self.counts = np.zeros(n, dtype=np.int64)
        self.mean = np.zeros((n, campplus.N_HIDDEN), np.float32)
        self.deviation = np.zeros((n, campplus.N_HIDDEN), np.float32)
        self._open: dict[int, Array] = {}

    def add(self, values: Array, begin: int, first: Array, last: Array) -> None:
        """Add activations ``values`` from number ``begin`` on."""
        end = begin + len(values)
        total = np.zeros((len(values) + 1, 2 * campplus.N_HIDDEN))
        np.cumsum(np.concatenate((values, values**2), axis=1), axis=0, dtype=np.float64, out=total[1:])
        for i in np.flatnonzero((first < end) & (last > begin)):
            a, b = max(first[i], begin) - begin, min(last[i], end) - begin
            sums = total[b] - total[a] + self._open.pop(int(i), 0.0)
            self.counts[i] += b - a
            if last[i] > end:
                self._open[int(i)] = sums
            self._finish(int(i), sums)

    def _finish(self, i: int, sums: Array) -> None:
        n, size = self.counts[i], campplus.N_HIDDEN
        mean = sums[:size] / n
        variance = np.maximum(sums[size:] / n - mean**2, LEAST_VARIANCE) * (n / max(n - 1, 1))
        self.mean[i], self.deviation[i] = mean, np.sqrt(variance)

    def statistics(self) -> tuple[Array, Array]:
        """Means and standard deviations (n, 512); 0 for stretches without an activation."""
        return self.mean, self.deviation
