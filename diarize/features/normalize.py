"""Normalisation of cepstra against the channel: mean and variance, or warping of ranks.

Viikki & Laurila 1998 (sliding mean and variance); Pelecanos & Sridharan 2001 (feature warping).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.config import AcousticConfig

    Array = NDArray[Any]

__all__ = ["cmvn", "normalize_features", "sliding_cmvn", "warp_features"]

BATCH_SIZE = 1 << 16  # frames that are held in double precision at a time
SMALLEST_DEVIATION = 1e-3  # in cepstral units (dB): a coefficient that varies less is constant


def normalize_features(values: Array, used: Array, frame_rate: float, config: AcousticConfig) -> Array:
    """Normalise features against the channel, with statistics of the used frames.

    "none" changes nothing. Sliding windows are counted in used frames, so pauses do not count; the other
    frames are normalised by mean and variance of all used frames. If no frame is used, all frames are, with
    one mean and variance.

    Parameters
    ----------
    values : (T, D)
    used : bool (T,), the frames from which the statistics are computed
    frame_rate : frames per second
    config : its ``normalization`` and, for moving windows, ``sliding_window`` in seconds

    Returns
    -------
    Float32 (T, D).

    Raises
    ------
    ConfigError
        For an unknown ``config.normalization``.

    References
    ----------
    Viikki & Laurila 1998, "Cepstral domain segmental feature vector normalization for noise robust speech
    recognition" (sliding mean and variance); Pelecanos & Sridharan 2001, "Feature warping for robust speaker
    verification".

    """
    if config.normalization == "recording" or not used.any():
        return cmvn(values, used)
    if config.normalization == "none":
        return values.astype(np.float32)
    width = max(1, round(config.sliding_window * frame_rate))
    methods = {"sliding": sliding_cmvn, "warping": warp_features}
    if config.normalization not in methods:
        raise ConfigError(f"no normalization {config.normalization!r}; see features.normalization")
    result = cmvn(values, used)
    result[used] = methods[config.normalization](values[used], width)
    return result


def cmvn(values: Array, used: Array) -> Array:
    """Cepstral mean and variance normalisation with one mean and variance for the whole recording.

    Parameters
    ----------
    values : (T, D)
    used : bool (T,), the frames from which mean and variance are computed; all frames if none is True

    Returns
    -------
    Float32 (T, D): the used frames have mean 0 and variance 1 in every column, or less variance in a column
    with a standard deviation below 0.001.

    """
    mean, deviation = _moments(values, used if used.any() else ~used)
    scaled = np.empty(values.shape, dtype=np.float32)
    for part in _parts(len(values)):
        scaled[part] = (values[part] - mean) / np.maximum(deviation, SMALLEST_DEVIATION)
    return scaled


def _moments(values: Array, used: Array) -> tuple[Array, Array]:
    """Mean and standard deviation (D,) of the ``used`` frames, in float64 whatever the values are."""
    count = np.count_nonzero(used)
    mean = sum(values[part][used[part]].sum(axis=0, dtype=np.float64) for part in _parts(len(values))) / count
    squares = (((values[part][used[part]] - mean) ** 2).sum(axis=0) for part in _parts(len(values)))
    return mean, np.sqrt(sum(squares) / count)


def _parts(n: int) -> list[slice]:
    return [slice(start, start + BATCH_SIZE) for start in range(0, n, BATCH_SIZE)]


def sliding_cmvn(values: Array, width: int) -> Array:
    """Mean and variance over ``width`` frames around each frame (cut at the ends), float32 (T, D)."""
    centred = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    low, high = _window_bounds(len(values), width)
    count = (high - low)[:, None]
    mean = _window_sums(centred, low, high) / count
    spread = np.maximum(_window_sums(centred**2, low, high) / count - mean**2, SMALLEST_DEVIATION**2)
    scaled: Array = ((centred - mean) / np.sqrt(spread)).astype(np.float32)
    return scaled


def warp_features(values: Array, width: int) -> Array:
    """Each value replaced by the normal quantile of its rank in the ``width`` frames around it, float32."""
    from scipy.special import ndtri

    low, high = _window_bounds(len(values), width)
    ranks = np.empty(values.shape, dtype=np.float64)
    for t, (start, end) in enumerate(zip(low, high, strict=True)):
        around = values[start:end]
        below = (around < values[t]).sum(axis=0) + 0.5 * (around == values[t]).sum(axis=0)
        ranks[t] = below / (end - start)
    quantiles: Array = ndtri(ranks).astype(np.float32)
    return quantiles


def _window_bounds(n: int, width: int) -> tuple[Array, Array]:
    centres = np.arange(n)
    low = np.maximum(0, centres - width // 2)
    return low, np.minimum(n, centres + width - width // 2)


def _window_sums(values: Array, low: Array, high: Array) -> Array:
    total = np.concatenate((np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)))
    sums: Array = total[high] - total[low]
    return sums
