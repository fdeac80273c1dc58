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
        """Vectors of windows of speech; the whole recording is never in memory.

        Parameters
        ----------
        blocks : consecutive samples float32 (n_i,) at ``rate``, of any lengths
        bounds : int64 (m, 2), start and end of every window in samples, sorted by start; windows may overlap

        Returns
        -------
        Float32 (m, dimension), in the order of ``bounds``.

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
        """Activity of local speakers in overlapping windows; the whole recording is never in memory.

        Parameters
        ----------
        blocks : consecutive samples float32 (n_i,) at ``rate``, of any lengths

        Returns
        -------
        Probabilities of every local speaker, of speech and of overlap.

        """
        ...
