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
    """A network that comes with the package; read once per process.

    Parameters
    ----------
    name : "campplus" or "pyannet"

    Returns
    -------
    Its weights and checksum.

    Raises
    ------
    FileNotFoundError
        For another name.

    """
    return read_network(DATA / f"{name}.npz")


@lru_cache(maxsize=4)
def read_network(path: Path) -> Network:
    """A network from a file; read once per process.

    Parameters
    ----------
    path : an npz file of the arrays that ``pack_weights`` gives; nothing in it is executed

    Returns
    -------
    Its weights, float32, and checksum.

    Raises
    ------
    OSError
        When the file cannot be read.

    """
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    weights = {
        name: values.astype(np.float32) * arrays.get(name + FACTOR, np.float32(1)).astype(np.float32)
        for name, values in arrays.items()
        if not name.endswith(FACTOR)
    }
    return Network(weights, hashlib.sha256(path.read_bytes()).hexdigest())


def pack_weights(weights: Mapping[str, Array], exact: Collection[str] = ()) -> dict[str, Array]:
    """The arrays to store for the weights of a network, most matrices as 8-bit integers.

    Parameters
    ----------
    weights : float arrays by name
    exact : names of the weights that are not rounded to 8 bits

    Returns
    -------
    Arrays by name. ``read_network`` restores those in ``exact``, and small ones, in float32 as they are,
    large vectors to the precision of float16, and others to about one part in 250 of the largest weight of
    each column.

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
