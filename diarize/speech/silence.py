"""Digital silence: frames of constant samples, as recorders write them without input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.types import runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import Features

    Array = NDArray[Any]

__all__ = ["digital_silence"]

# Cepstra above c0 are rounding errors in digital silence, and larger for any sound.
SILENCE_CEPSTRA: Final = 1e-2


def digital_silence(features: Features, shortest: int) -> Array:
    """Frames of digital silence that lasts ``shortest`` frames or more, bool (n_frames,)."""
    fine = features.columns("c")[:, 1:]
    flat: Array = np.maximum(fine.max(axis=1), -fine.min(axis=1)) < SILENCE_CEPSTRA
    for start, end in runs(flat):
        flat[start:end] = end - start >= shortest
    return flat
