"""Whether a recording has sound above the telephone band: measured, because headers are often wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.features.level import audible_frames

if TYPE_CHECKING:
    from diarize.types import Features

__all__ = ["choose_band", "measure_band"]

# Measured on fricatives: the tenth of the loud frames with the most energy above the band. There, telephone
# recordings stay at least 42 dB below the band (leakage of the window), others come within 33 dB.
NARROW_TILT: Final = -38.0


def measure_band(features: Features, n_mels: int) -> str:
    """``"narrow"`` when the louder frames have almost no energy above 4.2 kHz, else ``"wide"``.

    ``features``: cepstra of ``n_mels`` filters.
    """
    level, tilt = features.columns("c0")[:, 0], features.columns("tilt")[:, 0]
    loud = level >= np.percentile(level[audible_frames(features, n_mels)], 70)
    return "narrow" if float(np.percentile(tilt[loud], 90)) < NARROW_TILT else "wide"


def choose_band(features: Features, band: str, n_mels: int) -> str:
    """The requested band or, for "auto", the measured one.

    Parameters
    ----------
    features : cepstra of the recording, as ``compute_cepstra`` gives them
    band : "wide", "narrow", or "auto" to measure it
    n_mels : mel filters of the telephone band from which the cepstra were computed

    Returns
    -------
    ``band`` as given or, for "auto", "narrow" where the louder frames have almost no energy above 4.2 kHz,
    else "wide".

    """
    return measure_band(features, n_mels) if band == "auto" else band
