"""Features for speech detection: levels, cepstra and slopes relative to the recording, so that level and
channel hardly matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from diarize.types import Features

    Array = NDArray[Any]

__all__ = ["activity_features", "activity_parts", "slopes_in"]

# Cepstra that separate speech from noise; higher ones mainly separate speakers.
N_CEPSTRA: Final = 13
# Frames on either side over which a slope, the level and its spread are taken.
SLOPE_REACH: Final = 4
LEVEL_REACHES: Final = (10, 30)
SPREAD_REACH: Final = 15
# Frames processed at a time.
BATCH_SIZE: Final = 1 << 16


def activity_features(features: Features, n_mels: int) -> Array:
    """Features for speech detection, relative to the recording: level, cepstra and slopes.

    They are the level relative to loud and to quiet frames, cepstra minus their mean over the louder part of
    the frames, slopes, and the mean and spread of the level around each frame.

    Parameters
    ----------
    features : cepstra of the recording, with the columns c0 to c12
    n_mels : mel filters from which the cepstra were computed

    Returns
    -------
    Float32 (n_frames, 2·13 + 4).

    """
    return np.concatenate(list(activity_parts(features, n_mels)))


def activity_parts(features: Features, n_mels: int) -> Iterator[Array]:
    """``activity_features`` in parts, because the whole table would be larger than the cepstra."""
    cepstra, level = features.columns("c")[:, :N_CEPSTRA], features.values[:, 0].astype(np.float64)
    quiet, middle, loud = np.percentile(level[_audible(features, n_mels)], (10, 60, 95))
    usual = cepstra[level >= middle, 1:].mean(axis=0, dtype=np.float64)
    around = [_mean_around(level, reach) - loud for reach in LEVEL_REACHES]
    centred = level - level.mean()
    variance = _mean_around(centred**2, SPREAD_REACH) - _mean_around(centred, SPREAD_REACH) ** 2
    spread = np.sqrt(np.maximum(variance, 0))
    for part in _split_frames(len(level)):
        before = (level[part] - loud, level[part] - quiet, cepstra[part, 1:] - usual)
        after = (slopes_in(cepstra, part), *(mean[part] for mean in around), spread[part])
        yield np.column_stack((*before, *after)).astype(np.float32)


def _split_frames(n_frames: int) -> Iterator[slice]:
    """Slices of frames that are processed at a time."""
    return (slice(start, start + BATCH_SIZE) for start in range(0, n_frames, BATCH_SIZE))


def slopes_in(values: Array, part: slice) -> Array:
    """Slopes of the frames of a part, with context from the neighbouring frames."""
    from diarize.features import compute_deltas

    begin = max(0, part.start - SLOPE_REACH)
    found = compute_deltas(values[begin : part.stop + SLOPE_REACH], SLOPE_REACH)
    return found[part.start - begin :][: part.stop - part.start]


def _mean_around(values: Array, reach: int) -> Array:
    """Mean over ``reach`` frames on either side (the ends repeat), (n,)."""
    total = np.cumsum(np.pad(values, (reach + 1, reach), mode="edge"))
    mean: Array = (total[2 * reach + 1 :] - total[: -2 * reach - 1]) / (2 * reach + 1)
    return mean


def _audible(features: Features, n_mels: int) -> Array:
    from diarize.features import audible_frames

    return audible_frames(features, n_mels)
