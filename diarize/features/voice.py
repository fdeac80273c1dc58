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
    """Voice features of every frame: cepstra with the noise subtracted, normalised against the channel.

    They are the same for recordings and for training examples.

    Parameters
    ----------
    features : cepstra of the recording, computed with ``config``
    speech : bool (n_frames,), the frames of speech; the statistics of the normalisation are computed from
        them, and the noise is estimated from audible pauses, or else from the quietest speech
    band : "wide" or "narrow"
    config : the acoustic settings

    Returns
    -------
    Float32 (n_frames, D), columns as ``select_voice_cepstra`` gives them.

    Raises
    ------
    ConfigError
        As ``select_voice_cepstra`` and ``normalize_features`` do.

    References
    ----------
    Boll 1979, "Suppression of acoustic noise in speech using spectral subtraction"; Berouti, Schwartz &
    Makhoul 1979, "Enhancement of speech corrupted by acoustic noise" (the floor relative to the signal).

    """
    values = select_voice_cepstra(denoise(features, speech, config), band, config)
    return normalize_features(values, speech, features.grid.frame_rate, config)


def select_voice_cepstra(features: Features, band: str, config: AcousticConfig) -> Array:
    """The cepstra that describe a voice in a band.

    c1 … c{n_voice} in both bands; in the wide band also u0 − c0, the level of the upper band relative to the
    lower (both are scaled by the root of their number of filters, so some loudness is left), and u1 …
    u{n_upper}.

    Parameters
    ----------
    features : cepstra of the recording, with columns c0 … and u0 …
    band : "wide" or "narrow"
    config : its ``n_voice`` and ``n_upper``

    Returns
    -------
    (n_frames, D): D is n_voice in the narrow band, n_voice + 1 + n_upper in the wide band.

    Raises
    ------
    ConfigError
        Where there are fewer than n_voice coefficients above c0.

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
