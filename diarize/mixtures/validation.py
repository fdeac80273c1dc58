"""Validation of points (n, D) and weights, and iteration over slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diarize.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

__all__ = ["BoolArray", "Float64Array", "IntArray", "Points", "as_points", "as_weights", "freeze", "slices"]

Float64Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
Points = NDArray[np.floating[Any]]

_CHECK_BATCH_SIZE = 1 << 16  # rows looked at together, so that checking never allocates an (n, D) mask


def as_points(x: ArrayLike, n_dims: int | None = None) -> Points:
    """`x` as a finite (n, D) array: float32 stays float32, every other real type becomes float64.

    Raises ModelError for another shape, no points, no dimensions, a type that is not real, or NaN and
    infinity.
    """
    array = np.asarray(x)
    if array.ndim != 2:
        raise ModelError(
            f"x has shape {array.shape}; allowed is (points, dimensions); for one feature pass x[:, None]"
        )
    if array.size == 0:
        raise ModelError(
            f"x has shape {array.shape}; allowed is at least one point and one dimension; add data"
        )
    if n_dims is not None and array.shape[1] != n_dims:
        raise ModelError(
            f"x has {array.shape[1]} dimensions; this model has {n_dims}; pass the features it was fitted to"
        )
    if array.dtype.kind not in "fiub":
        raise ModelError(f"x has type {array.dtype}; allowed are real numbers; convert it to float64")
    points = array if array.dtype == np.float32 else np.asarray(array, dtype=np.float64)
    _require_finite(points)
    return points


def _require_finite(points: Points) -> None:
    for part in slices(len(points), _CHECK_BATCH_SIZE):
        good = np.isfinite(points[part])
        if not good.all():
            row, column = np.argwhere(~good)[0]
            raise ModelError(
                f"x[{part.start + row}, {column}] is {points[part][row, column]}; "
                "allowed are finite numbers; remove or fill such points"
            )


def as_weights(weights: ArrayLike | None, n_points: int) -> Float64Array | None:
    """The weights as float64 (n,), or None where every point counts once.

    Raises ModelError unless there is one finite weight of at least zero per point, and not all are zero.
    """
    if weights is None:
        return None
    array = np.asarray(weights, dtype=np.float64)
    if array.shape != (n_points,):
        raise ModelError(
            f"weights have shape {array.shape}; allowed is ({n_points},); pass one for every point"
        )
    if not np.isfinite(array).all() or (array < 0).any() or not array.any():
        raise ModelError(
            "weights hold a negative, NaN or infinite value, or are all zero; pass counts or 0..1"
        )
    return array


def freeze(values: ArrayLike) -> Float64Array:
    """A read-only float64 copy."""
    array = np.array(values, dtype=np.float64, order="C")
    array.flags.writeable = False
    return array


def slices(n_points: int, size: int) -> Iterator[slice]:
    """Consecutive slices of at most `size` that cover 0..n_points."""
    for start in range(0, n_points, size):
        yield slice(start, min(start + size, n_points))
