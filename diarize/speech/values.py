"""What speech activity finds: a mask, and where a network tells, two voices, changes and local voices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.networks.activity import LocalActivity
    from diarize.types import SpeechMask

    Array = NDArray[Any]

__all__ = ["SpeechActivity"]


@dataclass(frozen=True, slots=True)
class SpeechActivity:
    """Where speech is: ``mask``; where a detector tells, ``overlap`` float32 (n_frames,),
    the probability that two people speak, ``changes`` int64 (n,), boundaries before the frames from which
    somebody else speaks, and ``local``, which local voice speaks.
    """

    mask: SpeechMask
    overlap: Array | None = None
    changes: Array | None = None
    local: LocalActivity | None = None
