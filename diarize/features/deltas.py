"""Deltas of cepstra: regression slopes over a few frames (Furui 1986)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import Features

    Array = NDArray[Any]

__all__ = ["append_deltas", "compute_deltas"]

REACH = 4  # frames on either side: 90 ms in all, the customary span


def append_deltas(features: Features, orders: int) -> Features:
    """Append the slopes of every column, and slopes of slopes.

    Parameters
    ----------
    features : (n_frames, D), any columns
    orders : 1 for slopes, 2 for slopes of slopes as well; 0 appends nothing

    Returns
    -------
    Features (n_frames, (1 + orders) D); the new columns are named ``d1c0`` …, ``d2c0`` …

    References
    ----------
    Furui 1986, "Speaker-independent isolated word recognition using dynamic features of speech spectrum".

    """
    columns, names, last = [features.values], list(features.names), features.values
    for order in range(1, orders + 1):
        last = compute_deltas(last, REACH)
        columns.append(last)
        names += [f"d{order}{name}" for name in features.names]
    return replace(features, values=np.concatenate(columns, axis=1), names=tuple(names))


def compute_deltas(values: Array, reach: int) -> Array:
    """Slope of every column around each frame: Σ k (x_{t+k} − x_{t−k}) / (2 Σ k²), k from 1 to ``reach``.

    This is the slope of the line with the least squared error. Before the first frame and after the last one,
    these are repeated.

    Parameters
    ----------
    values : (T, D), T of 1 or more
    reach : frames on either side, 1 or more

    Returns
    -------
    Change per frame, float32 (T, D).

    References
    ----------
    Furui 1986, "Speaker-independent isolated word recognition using dynamic features of speech spectrum".

    """
    padded = np.pad(values.astype(np.float64), ((reach, reach), (0, 0)), mode="edge")
    n, norm = len(values), 2 * sum(k * k for k in range(1, reach + 1))
    total = np.zeros(values.shape)
    for k in range(1, reach + 1):
        total += k * (padded[reach + k : reach + k + n] - padded[reach - k : reach - k + n])
    return (total / norm).astype(np.float32)
