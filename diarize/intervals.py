"""Operations on sets of half-open time intervals: float64 (n, 2) arrays of seconds.

Every function takes rows in any order, overlapping or not, and returns sorted rows that neither overlap nor
touch. Empty rows are dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Intervals = NDArray[np.float64]

__all__ = [
    "collars",
    "duration",
    "empty",
    "gaps",
    "intersect",
    "is_covered",
    "subtract",
    "union",
    "windows_around",
]


def empty() -> Intervals:
    """The empty set, (0, 2)."""
    return np.empty((0, 2))


def _rows(intervals: ArrayLike) -> Intervals:
    rows = np.asarray(intervals, dtype=np.float64).reshape(-1, 2)
    return rows[rows[:, 1] > rows[:, 0]]


def union(*sets: ArrayLike) -> Intervals:
    """Union of all sets."""
    rows = np.concatenate([_rows(s) for s in sets]) if sets else empty()
    if not len(rows):
        return empty()
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    reach = np.maximum.accumulate(rows[:, 1])
    first = np.concatenate(([True], rows[1:, 0] > reach[:-1]))
    last = np.concatenate((first[1:], [True]))
    return np.column_stack((rows[first, 0], reach[last]))


def gaps(intervals: ArrayLike, start: float, end: float) -> Intervals:
    """Complement of the rows within ``start`` to ``end``."""
    merged = union(intervals)
    edges = np.concatenate(([start], np.clip(merged, start, end).ravel(), [end]))
    return _rows(edges.reshape(-1, 2))


def intersect(a: ArrayLike, b: ArrayLike) -> Intervals:
    """Intersection of two sets."""
    a, b = union(a), union(b)
    if not len(a) or not len(b):
        return empty()
    low, high = min(a[0, 0], b[0, 0]), max(a[-1, 1], b[-1, 1])
    return gaps(np.concatenate((gaps(a, low, high), gaps(b, low, high))), low, high)


def subtract(a: ArrayLike, b: ArrayLike) -> Intervals:
    """Difference: time in ``a`` and not in ``b``."""
    a = union(a)
    return intersect(a, gaps(b, a[0, 0], a[-1, 1])) if len(a) else empty()


def duration(intervals: ArrayLike) -> float:
    """Seconds covered, overlap counted once."""
    merged = union(intervals)
    return float(np.sum(merged[:, 1] - merged[:, 0]))


def windows_around(times: ArrayLike, margin: float) -> Intervals:
    """``margin`` seconds on each side of every time."""
    times = np.asarray(times, dtype=np.float64).ravel()
    return union(np.column_stack((times - margin, times + margin)))


def collars(intervals: ArrayLike, margin: float) -> Intervals:
    """Time removed by a forgiveness collar of ``margin`` seconds *per side* around every boundary (NIST)."""
    return windows_around(_rows(intervals), margin)


def is_covered(times: ArrayLike, intervals: ArrayLike) -> NDArray[np.bool_]:
    """For each time, whether it lies in the set."""
    edges = union(intervals).ravel()
    inside: NDArray[Any] = np.searchsorted(edges, np.asarray(times, dtype=np.float64), side="right") % 2 == 1
    return inside
