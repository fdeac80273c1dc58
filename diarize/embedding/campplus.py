"""The included extractor: CAM++ in NumPy, frame layers run once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.embedding.two_covariance import TwoCovariance
from diarize.features.fbank import filter_bank
from diarize.networks import campplus
from diarize.networks.store import load_included_network

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["CampplusExtractor"]

N_MELS: Final = 80
HOP: Final = 320  # samples from activation to activation
CENTRE: Final = 200  # samples before the centre of activation 0
# Activations computed in one piece, and context on either side that is computed and discarded: moving means
# and convolutions have a receptive field of about a second on each side.
PIECE: Final = 800
CONTEXT: Final = 50
MIN_ACTIVATIONS: Final = 2  # least activations of a window: one has no standard deviation
MIN_VARIANCE: Final = 1e-8


class CampplusExtractor:
    """An `networks.protocols.EmbeddingExtractor` at 16 kHz; ``model`` is the two-covariance model of its
    embeddings. The network runs only over the given windows, in pieces of at most sixteen seconds with a
    second of context on either side. The result does not depend on how the samples are cut into blocks.
    """

    name = "campplus"
    rate = 16000
    dimension = 192

    def __init__(self) -> None:
        network = load_included_network("campplus")
        self.checksum = network.checksum
        self._weights = campplus.prepare_weights(network.weights)
        model = (network.weights[f"model_{part}"] for part in ("mean", "projection", "between"))
        self.model = TwoCovariance(*(part.astype(np.float64) for part in model))

    def embed(self, blocks: Iterable[Array], bounds: Array) -> Array:
        """Embeddings of windows of speech.

        Windows shorter than 40 ms are widened.

        Parameters
        ----------
        blocks : consecutive samples float32 (n_i,) at 16 kHz, of any lengths, which do not change the result
        bounds : int64 (m, 2), start and end of every window in samples, sorted by start; windows may overlap

        Returns
        -------
        Float32 (m, 192), in the order of ``bounds``; not scaled to length one.

        References
        ----------
        Wang et al. 2023, "CAM++: A fast and efficient network for speaker verification using context-aware
        masking", arXiv:2303.00332.

        """
        first, last = _activation_bounds(bounds)
        pooled = _StatisticsPooling(len(bounds))
        spans = _spans(first, last)
        parts = filter_bank(self.rate, N_MELS).stream(blocks)
        for (begin, end), energies in zip(spans, _energies(parts, spans), strict=False):
            values = campplus.frame_activations(energies, self._weights)
            pooled.add(values[min(begin, CONTEXT) :][: end - begin], begin, first, last)
        return campplus.pool_embeddings(*pooled.statistics(), self._weights)


def _activation_bounds(bounds: Array) -> tuple[Array, Array]:
    """First and last + 1 activation of every window (m, 2) of samples: those whose centre is in it."""
    first = -(-(bounds[:, 0] - CENTRE) // HOP)  # 0 from sample 0 on
    last = -(-(bounds[:, 1] - CENTRE) // HOP)
    return first, np.maximum(last, first + MIN_ACTIVATIONS)


def _spans(first: Array, last: Array) -> list[tuple[int, int]]:
    """First and last + 1 activation of each run of the network: the windows, joined where a gap would save
    nothing, in pieces of at most ``PIECE``.
    """
    joined: list[tuple[int, int]] = []
    for a, b in sorted(zip(first.tolist(), last.tolist(), strict=True)):
        if joined and a - joined[-1][1] <= 2 * CONTEXT:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    return [(start, min(start + PIECE, b)) for a, b in joined for start in range(a, b, PIECE)]


def _energies(parts: Iterable[Array], spans: list[tuple[int, int]]) -> Iterator[Array]:
    """Mel energies of every span, with up to ``CONTEXT`` activations of context on either side."""
    stride = campplus.STRIDE
    held, start = np.zeros((0, N_MELS), np.float32), 0  # energies from ``start`` on
    parts = iter(parts)
    for a, b in spans:
        begin, end = max(0, stride * (a - CONTEXT)), stride * (b + CONTEXT)
        while start + len(held) < end and (part := next(parts, None)) is not None:
            unneeded = min(begin - start, len(held))
            held, start = np.concatenate((held[unneeded:], part)), start + unneeded
        if start + len(held) > stride * a:
            yield held[begin - start : end - start]


class _StatisticsPooling:
    """Running sums of the activations and their squares for every window."""

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
        variance = np.maximum(sums[size:] / n - mean**2, MIN_VARIANCE) * (n / max(n - 1, 1))
        self.mean[i], self.deviation[i] = mean, np.sqrt(variance)

    def statistics(self) -> tuple[Array, Array]:
        """Means and standard deviations (n, 512); 0 for windows without an activation."""
        return self.mean, self.deviation
