"""The interfaces of a speaker embedding (``embed``) and a segmentation network (``segment``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from diarize.networks.local_activity import LocalActivity

    Array = NDArray[Any]

__all__ = ["EmbeddingExtractor", "Segmenter"]


class EmbeddingExtractor(Protocol):
    """Computes a vector that represents the voice in a window of speech."""

    @property
    def name(self) -> str:
        """Its name in results."""
        ...

    @property
    def rate(self) -> int:
        """Sample rate of its input, Hz."""
        ...

    @property
    def dimension(self) -> int:
        """Size of a vector."""
        ...

    @property
    def checksum(self) -> str:
        """SHA-256 of its weights."""
        ...

    def embed(self, blocks: Iterable[Array], bounds: Array) -> Array:
        """Vectors float32 (m, dimension), one for each of the ``bounds``.

        ``blocks``: consecutive float32 (n_i,) samples at ``rate``; ``bounds``: int64 (m, 2) in samples,
        sorted by start; they may overlap. Streams: never holds the whole recording in memory.
        """
        ...


class Segmenter(Protocol):
    """Finds which of a few local speakers speak when, window by window."""

    @property
    def name(self) -> str:
        """Its name in results."""
        ...

    @property
    def rate(self) -> int:
        """Sample rate of its input, Hz."""
        ...

    @property
    def checksum(self) -> str:
        """SHA-256 of its weights."""
        ...

    def segment(self, blocks: Iterable[Array]) -> LocalActivity:
        """Activity in consecutive ``blocks`` of float32 (n_i,) samples at ``rate``; streams."""
        ...
