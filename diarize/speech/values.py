"""The result of speech detection: a mask and, from a network, overlap, changes and local speakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.networks.local_activity import LocalActivity
    from diarize.types import SpeechMask

    Array = NDArray[Any]

__all__ = ["SpeechActivity"]


@dataclass(frozen=True, slots=True)
class SpeechActivity:
    """Speech activity: ``mask``, and from some detectors ``overlap`` float32 (n_frames,), the probability
    that two people speak; ``changes`` int64 (n,), frames at which another person begins to speak; and
    ``local``, the activity of local speakers.
    """

    mask: SpeechMask
    overlap: Array | None = None
    changes: Array | None = None
    local: LocalActivity | None = None
