"""Algebra on sets of time: by hand, and against sets of milliseconds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarize import intervals

ROWS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=8).map(
    lambda rows: np.array([(a, a + d) for a, d in rows], dtype=float).reshape(-1, 2)
)


def ticks(rows):
    """The same set as whole numbers: tick t is the interval from t to t + 1."""
    return {t for start, end in np.asarray(rows).astype(int) for t in range(start, end)}


def test_union_by_hand():
    """Sorted; overlapping, contained and touching rows become one; rows of no length or backwards vanish."""
    rows = [[5, 6], [1, 4], [2, 3], [6, 7], [9, 9], [12, 11]]
    assert intervals.union(rows).tolist() == [[1, 4], [5, 7]]


def test_half_open():
    """A start is inside, an end is not."""
    assert intervals.is_covered([0.9, 1, 1.9, 2, 2.5], [[1, 2]]).tolist() == [False, True, True, False, False]


def test_collars_are_per_side():
    """0.25 s before and after each boundary of each row, also where rows touch."""
    assert intervals.collars([[1, 2], [2, 5]], 0.25).tolist() == [[0.75, 1.25], [1.75, 2.25], [4.75, 5.25]]
    assert intervals.windows_around([3.0], 0.5).tolist() == [[2.5, 3.5]]


def test_gaps_reach_to_both_ends():
    """And rows outside do not matter."""
    assert intervals.gaps([[2, 3], [5, 6], [20, 30]], 0, 10).tolist() == [[0, 2], [3, 5], [6, 10]]
    assert intervals.gaps([[-5, 20]], 0, 10).tolist() == []
    assert intervals.gaps([], 0, 10).tolist() == [[0, 10]]


@pytest.mark.parametrize("nothing", [[], np.empty((0, 2)), [[3, 3]]])
def test_nothing_is_a_set_too(nothing):
    """Of the right shape."""
    some = [[1.0, 2.0]]
    for result in (
        intervals.empty(),
        intervals.union(nothing),
        intervals.union(),
        intervals.intersect(some, nothing),
        intervals.intersect(nothing, some),
        intervals.subtract(nothing, some),
        intervals.collars(nothing, 1.0),
    ):
        assert result.shape == (0, 2)
    assert intervals.subtract(some, nothing).tolist() == some
    assert intervals.duration(nothing) == 0
    assert intervals.is_covered([1.0], nothing).tolist() == [False]


@given(ROWS, ROWS)
def test_operations_are_those_of_sets(a, b):
    """Of ticks of one second."""
    assert ticks(intervals.union(a, b)) == ticks(a) | ticks(b)
    assert ticks(intervals.intersect(a, b)) == ticks(a) & ticks(b)
    assert ticks(intervals.subtract(a, b)) == ticks(a) - ticks(b)
    assert ticks(intervals.gaps(a, 3, 50)) == set(range(3, 50)) - ticks(a)
    assert intervals.duration(a) == len(ticks(a))
    assert intervals.is_covered(np.arange(80) + 0.5, a).tolist() == [t in ticks(a) for t in range(80)]


@given(ROWS, ROWS)
def test_results_are_sorted_and_apart(a, b):
    """Rows neither overlap nor touch, and none is empty."""
    for result in (intervals.union(a, b), intervals.intersect(a, b), intervals.subtract(a, b)):
        edges = result.ravel()
        assert (np.diff(edges) > 0).all()


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e3)), max_size=8), st.floats(0, 1e5))
def test_parts_add_up(rows, where):
    """What is inside and outside of any row makes the whole, in floating point."""
    a = np.array([(s, s + d) for s, d in rows]).reshape(-1, 2)
    b = [[where, where + 100.0]]
    inside, outside = intervals.intersect(a, b), intervals.subtract(a, b)
    assert intervals.duration(inside) + intervals.duration(outside) == pytest.approx(intervals.duration(a))
    assert np.array_equal(intervals.union(inside, outside), intervals.union(a))


def test_whole_numbers_are_seconds_too():
    """And give float64."""
    assert intervals.union([(1, 2)]).dtype == np.float64
    assert intervals.windows_around([1, 2], 1).tolist() == [[0, 3]]


def test_arguments_are_left_alone():
    """Nothing is sorted or clipped in place."""
    rows = np.array([[5.0, 6.0], [1.0, 2.0]])
    kept = rows.copy()
    intervals.union(rows)
    intervals.gaps(rows, 1.5, 5.5)
    intervals.subtract(rows, rows)
    assert np.array_equal(rows, kept)
