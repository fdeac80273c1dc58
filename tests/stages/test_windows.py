"""Windows of speech: by hand and by law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from diarize.resegmentation.pauses import move_to_pauses

from . import LAW


@pytest.mark.parametrize(
    ("cut", "place"),
    [(10, 10), (12, 10), (14, 16), (13, 10), (8, 10), (5, 5), (7, 10), (16, 16), (19, 16), (20, 20)],
)
def test_a_cut_near_a_pause_moves_to_the_nearest(cut, place):
    """Up to three away, to the earlier of two as near, and stays where none is near."""
    assert_array_equal(move_to_pauses(np.array([cut]), np.array([10, 16]), 3), [place])


def test_without_pauses_cuts_stay():
    """Nothing to move to."""
    assert_array_equal(move_to_pauses(np.array([3, 9]), np.array([], dtype=int), 3), [3, 9])


@LAW
@given(
    cuts=st.sets(st.integers(0, 80), max_size=12),
    pauses=st.sets(st.integers(0, 80), max_size=8),
    far=st.integers(0, 20),
)
def test_moved_cuts_are_at_pauses_or_have_none_near(cuts, pauses, far):
    """In the same order, none farther than allowed, and moving them once more changes nothing."""
    before, places = np.array(sorted(cuts), dtype=int), np.array(sorted(pauses), dtype=int)
    moved = move_to_pauses(before, places, far)
    assert (np.abs(moved - before) <= far).all()
    assert (np.diff(moved) >= 0).all()
    for old, new in zip(before, moved, strict=True):
        distances = np.abs(places - old)
        assert new == old if not len(places) or distances.min() > far else abs(new - old) == distances.min()
    assert_array_equal(move_to_pauses(moved, places, far), moved)
