"""Exponentials without subnormal numbers, which processors work on up to a hundred times slower.

The responsibility of a distant component can be a subnormal number (IEEE 754), which would cost more time
than all others. Here it becomes zero, or the least number whose products with ordinary numbers stay normal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from diarize.mixtures.validation import Float64Array, Points

__all__ = ["exp_flush_to_zero", "exp_normal"]

_SPARE = 0.6  # part of the exponent range for responsibilities; the rest is for their products
_MARGIN = 30.0  # nats above the least normal number below which an exponential becomes zero


def exp_normal(logs: Points) -> None:
    """Exponentials in place of ``logs``, of which the largest are near 0; none is less than e.g. 1e-22 in
    float32.

    This changes sums by less than rounding.
    """
    np.maximum(logs, _SPARE * _least(logs.dtype), out=logs)
    np.exp(logs, out=logs)


def exp_flush_to_zero(logs: Float64Array) -> Float64Array:
    """Exponentials of ``logs``; those that are hardly normal numbers become 0."""
    least = _least(np.dtype(np.float64)) + _MARGIN
    kept = np.where(logs < least, -np.inf, logs)
    return np.asarray(np.exp(kept, out=kept), dtype=np.float64)


def _least(dtype: np.dtype[Any]) -> float:
    """The logarithm of the least normal number."""
    return float(np.log(np.finfo(dtype).tiny))
