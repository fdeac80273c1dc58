"""The interfaces of a speaker embedding (``embed``) and a segmentation network (``segment``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from diarize.networks.activity import LocalActivity

    Array = NDArray[Any]

__all__ = ["EmbeddingExtractor", "Segmenter"]


class EmbeddingExtractor(Protocol):
    """Whose voice a window of speech has, as a vector."""

    @property
    def name(self) -> str:
        """What it is called in results."""
        ...

    @property
    def rate(self) -> int:
        """Hz of the samples that it wants."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        ...

    @property
    def checksum(self) -> str:
        """SHA-256 of its weights."""
        ...

    def embed(self, blocks: Iterable[Array], bounds: Array) -> Array:
        """Vectors float32 (m, dimension), one for each of the ``bounds``.

        ``blocks``: consecutive float32 (n_i,) samples at ``rate``; ``bounds``: int64 (m, 2) in samples,
        sorted by start; they may overlap. Streams: the recording is never held as a whole.
        """
        ...


class Segmenter(Protocol):
    """Who of a few local voices talks when, window by window."""

    @property
    def name(self) -> str:
        """What it is called in results."""
        ...

    @property
    def rate(self) -> int:
        """Hz of the samples that it wants."""
        ...

    @property
    def checksum(self) -> str:
        """SHA-256 of its weights."""
        ...

    def segment(self, blocks: Iterable[Array]) -> LocalActivity:
        """Of consecutive float32 (n_i,) samples at ``rate``; streams."""
        ...
