"""Voice features: cepstra of the telephone band and, in wide-band recordings, of the band above it.

One transform over the whole band would mix the upper band into every coefficient. With two transforms,
microphones, noise and fricatives in the upper band do not change the lower coefficients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import ConfigError
from diarize.features.noise import denoise
from diarize.features.normalize import normalize_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.config import AcousticConfig
    from diarize.types import Features

    Array = NDArray[Any]

__all__ = ["compute_voice_features", "select_voice_cepstra"]


def compute_voice_features(features: Features, speech: Array, band: str, config: AcousticConfig) -> Array:
    """Voice features of every frame, float32 (n_frames, D): denoised and normalised cepstra.

    ``features``: cepstra of ``config``; ``speech``: bool (n_frames,), the frames that the statistics are
    taken from. Used for recordings and training examples alike.
    """
    values = select_voice_cepstra(denoise(features, speech, config), band, config)
    return normalize_features(values, speech, features.grid.frame_rate, config)


def select_voice_cepstra(features: Features, band: str, config: AcousticConfig) -> Array:
    """Columns (n_frames, D) of ``cepstra`` for the speaker space of a ``band``, "wide" or "narrow".

    c1 … c{n_voice} in both bands; in the wide band also u0 − c0, the level of the upper band relative to the
    lower (both are scaled by the root of their number of filters, so some loudness is left), and u1 …
    u{n_upper}. Raises ConfigError where there are fewer than n_voice.
    """
    cepstra, upper = features.columns("c"), features.columns("u")
    if config.n_voice >= cepstra.shape[1]:
        raise ConfigError(
            f"n_voice = {config.n_voice} of n_mfcc = {cepstra.shape[1] - 1} coefficients; choose fewer"
        )
    lower = cepstra[:, 1 : 1 + config.n_voice]
    if band == "narrow":
        return lower
    return np.column_stack((lower, upper[:, :1] - cepstra[:, :1], upper[:, 1 : 1 + config.n_upper]))
