"""What turns sound into speaker embeddings, whichever network is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from diarize.models.two_covariance import TwoCovariance

    Array = NDArray[Any]

__all__ = ["Extractor"]


class Extractor(Protocol):
    """``rate`` in Hz of the samples that it takes; ``checksum``: SHA-256 of its weights; ``model``: what its
    embeddings do.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def rate(self) -> int: ...  # noqa: D102
    @property
    def checksum(self) -> str: ...  # noqa: D102
    @property
    def model(self) -> TwoCovariance: ...  # noqa: D102

    def embed(self, blocks: Iterable[Array], bounds: Array) -> Array:
        """Embeddings float32 (m, D) of stretches ``bounds`` (m, 2) in samples, sorted by their starts, of
        consecutive ``blocks`` of float32 (n,) samples.
        """
        ...
