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

    The network runs over the stretches alone, where they are long in pieces of sixteen seconds, each with a
    second on either side, however the blocks are cut.
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
        first, last = _activation_bounds(bounds)
        pooled = _StatisticsPooling(len(bounds))
        spans = _spans(first, last)
        parts = filter_bank(self.rate, N_MELS).stream(blocks)
        for (begin, end), energies in zip(spans, _energies(parts, spans), strict=False):
            values = campplus.frame_activations(energies, self._weights)
            pooled.add(values[min(begin, ASIDE) :][: end - begin], begin, first, last)
        return campplus.pooled_embeddings(*pooled.statistics(), self._weights)


def _activation_bounds(bounds: Array) -> tuple[Array, Array]:
    """First and last + 1 activation of every stretch (m, 2) of samples: those whose middle it holds."""
    first = np.maximum(0, -(-(bounds[:, 0] - CENTRE) // HOP))
    last = -(-(bounds[:, 1] - CENTRE) // HOP)
    return first, np.maximum(last, first + LEAST)


def _spans(first: Array, last: Array) -> list[tuple[int, int]]:
    """First and last + 1 activation of what the network runs over: the stretches, joined where nothing would
    be saved between them, in pieces of ``KEPT`` at most.
    """
    joined: list[tuple[int, int]] = []
    for a, b in sorted(zip(first.tolist(), last.tolist(), strict=True)):
        if joined and a - joined[-1][1] <= 2 * ASIDE:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    return [(start, min(start + KEPT, b)) for a, b in joined for start in range(a, b, KEPT)]


def _energies(parts: Iterable[Array], spans: list[tuple[int, int]]) -> Iterator[Array]:
    """Mel energies of every span, with what there is within ``ASIDE`` activations on either side of it."""
    stride = campplus.STRIDE
    held, start = np.zeros((0, N_MELS), np.float32), 0  # energies from ``start`` on
    parts = iter(parts)
    for a, b in spans:
        begin, end = max(0, stride * (a - ASIDE)), stride * (b + ASIDE)
        while start + len(held) < end and (part := next(parts, None)) is not None:
            unneeded = min(max(0, begin - start), len(held))
            held, start = np.concatenate((held[unneeded:], part)), start + unneeded
        if start + len(held) > stride * a:
            yield held[max(0, begin - start) : end - start]


class _StatisticsPooling:
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
