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
    """Features with slopes (and slopes of slopes) of every column appended, named ``d1c0`` …, ``d2c0`` …"""
    columns, names, last = [features.values], list(features.names), features.values
    for order in range(1, orders + 1):
        last = compute_deltas(last, REACH)
        columns.append(last)
        names += [f"d{order}{name}" for name in features.names]
    return replace(features, values=np.concatenate(columns, axis=1), names=tuple(names))


def compute_deltas(values: Array, reach: int) -> Array:
    """Least-squares slope per frame over ±``reach`` frames of (T, D), float32; the ends repeat."""
    padded = np.pad(values.astype(np.float64), ((reach, reach), (0, 0)), mode="edge")
    n, norm = len(values), 2 * sum(k * k for k in range(1, reach + 1))
    total = np.zeros(values.shape)
    for k in range(1, reach + 1):
        total += k * (padded[reach + k : reach + k + n] - padded[reach - k : reach - k + n])
    return (total / norm).astype(np.float32)
