"""How cepstra change: regression slopes over a few frames (Furui 1986)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from diarize.types import Features

__all__ = ["with_deltas"]

REACH = 4  # frames on either side: 90 ms in all, the customary span


def with_deltas(features: Features, orders: int) -> Features:
    """Features with slopes (and slopes of slopes) of every column appended, named ``d1c0`` …, ``d2c0`` …"""
    columns, names, last = [features.values], list(features.names), features.values
    for order in range(1, orders + 1):
        last = _slopes(last)
        columns.append(last)
        names += [f"d{order}{name}" for name in features.names]
    return replace(features, values=np.concatenate(columns, axis=1), names=tuple(names))


def _slopes(values: np.ndarray) -> np.ndarray:
    """Least-squares slope per frame over ±REACH frames; the ends repeat the outermost frame."""
    padded = np.pad(values, ((REACH, REACH), (0, 0)), mode="edge").astype(np.float64)
    n, norm = len(values), 2 * sum(k * k for k in range(1, REACH + 1))
    ahead = (k * (padded[REACH + k : REACH + k + n] - padded[REACH - k : REACH - k + n]) for k in range(1, REACH + 1))
    return np.asarray(sum(ahead) / norm, dtype=np.float32)
