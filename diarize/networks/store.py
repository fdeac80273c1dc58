"""Weights on disk: npz without pickle; most matrices as 8-bit integers with one scale factor per column."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["DATA", "Network", "load_included_network", "pack_weights", "read_network"]

DATA: Final = Path(__file__).parent.parent / "data"
"""Folder of the networks included in the package."""
FACTOR: Final = ".factor"
"""Suffix of the name under which the factors of a matrix are stored."""
LEVELS: Final = 127
SMALL: Final = 3000
"""Arrays with fewer elements are stored as float32."""
CLIPPINGS: Final = (1.0, 0.9, 0.8, 0.7, 0.6)
"""Candidate ranges of a column, as shares of its largest weight; the one with the least squared error is
used, and larger weights are clipped."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """``weights``: float32 arrays by name; ``checksum``: SHA-256 of their file."""

    weights: Mapping[str, Array]
    checksum: str


def load_included_network(name: str) -> Network:
    """A network included in the package, "campplus" or "pyannet"; read once per process."""
    return read_network(DATA / f"{name}.npz")


@lru_cache(maxsize=4)
def read_network(path: Path) -> Network:
    """A network from a file of arrays from ``pack_weights``; read once per process."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    weights = {
        name: values.astype(np.float32) * arrays.get(name + FACTOR, np.float32(1)).astype(np.float32)
        for name, values in arrays.items()
        if not name.endswith(FACTOR)
    }
    return Network(weights, hashlib.sha256(path.read_bytes()).hexdigest())


def pack_weights(weights: Mapping[str, Array], exact: Collection[str] = ()) -> dict[str, Array]:
    """The arrays to store for float ``weights``. ``read_network`` restores those called ``exact`` as they
    are in float32, others to about one part in 250 of the largest weight of each column.
    """
    packed: dict[str, Array] = {}
    for name, values in weights.items():
        if name in exact:
            packed[name] = values.astype(np.float32)
            continue
        if values.ndim < 2 or values.size < SMALL:
            packed[name] = values.astype(np.float32 if values.size < SMALL else np.float16)
            continue
        factor = _best_factor(values)
        packed[name] = np.clip(np.round(values / factor), -LEVELS, LEVELS).astype(np.int8)
        packed[name + FACTOR] = factor
    return packed


def _best_factor(values: Array) -> Array:
    """The step between integer levels with the least squared error, float32 (…, 1, n): one per column."""
    widest = np.maximum(np.abs(values).max(axis=-2, keepdims=True), 1e-8) / LEVELS
    factors = np.stack([widest * share for share in CLIPPINGS])
    levels = np.clip(np.round(values / factors), -LEVELS, LEVELS)
    errors = np.square(levels * factors - values).sum(axis=-2, keepdims=True)
    best = np.take_along_axis(factors, errors.argmin(axis=0)[None], axis=0)[0]
    factor: Array = best.astype(np.float32)
    return factor
