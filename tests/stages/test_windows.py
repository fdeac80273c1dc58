"""Windows of speech: by hand and by law."""

from __future__ import annotations

import numpy as np
import pytest
from diarize.windows import tiled
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from diarize.resegmentation.pauses import moved_to_pauses
from diarize.types import SpeechMask, runs

from . import LAW
from .made import grid, mask_of


class TestByHand:
    def test_a_stretch_is_cut_into_nearly_equal_parts(self):
        """3.4 s in windows of 1.5 s are two of 1.7 s."""
        bounds, first = tiled(mask_of(500, (10, 350)), 1.5, 0.15)
        assert_array_equal(bounds, [[10, 180], [180, 350]])
        assert_array_equal(first, [True, False])

    def test_the_nearest_number_of_windows(self):
        """2.2 s stay one window, 2.3 s are two."""
        assert_array_equal(tiled(mask_of(300, (0, 220)), 1.5, 0.15)[0], [[0, 220]])
        assert_array_equal(tiled(mask_of(300, (0, 230)), 1.5, 0.15)[0], [[0, 115], [115, 230]])

    def test_a_pause_of_just_the_limit_is_bridged_and_one_frame_more_is_not(self):
        """0.15 s is 15 frames."""
        assert_array_equal(tiled(mask_of(200, (0, 60), (75, 100)), 1.5, 0.15)[0], [[0, 100]])
        bounds, first = tiled(mask_of(200, (0, 60), (76, 100)), 1.5, 0.15)
        assert_array_equal(bounds, [[0, 60], [76, 100]])
        assert_array_equal(first, [True, True])

    def test_less_than_a_fifth_of_a_second_says_nothing(self):
        """20 frames are a window, 19 are none."""
        assert_array_equal(tiled(mask_of(200, (5, 24), (100, 120)), 1.5, 0.15)[0], [[100, 120]])

    def test_short_stretches_with_short_pauses_are_one_stretch(self):
        """Three of 0.1 s, 0.1 s apart."""
        assert_array_equal(tiled(mask_of(200, (0, 10), (20, 30), (40, 50)), 1.5, 0.15)[0], [[0, 50]])

    def test_no_speech_no_windows(self):
        """Empty arrays of the right shapes and types."""
        bounds, first = tiled(mask_of(100), 1.5, 0.15)
        assert (bounds.shape, bounds.dtype, first.shape, first.dtype) == ((0, 2), np.int64, (0,), np.bool_)


@st.composite
def masks(draw):
    """Stretches and pauses of 1 to 400 frames."""
    lengths = draw(st.lists(st.integers(1, 400), min_size=1, max_size=12))
    values = np.repeat(np.arange(len(lengths)) % 2 == draw(st.integers(0, 1)), lengths)
    return SpeechMask(values, grid(len(values)))


@LAW
@given(mask=masks(), length=st.sampled_from([0.25, 0.7, 1.5, 10.0]), pause=st.sampled_from([0.0, 0.15, 1.0]))
def test_windows_tile_the_speech(mask, length, pause):
    """In order, without overlap; no pause over the limit inside; nothing of a long stretch left out."""
    bounds, _ = tiled(mask, length, pause)
    assert (bounds[:, 1] > bounds[:, 0]).all()
    assert (bounds[1:, 0] >= bounds[:-1, 1]).all()
    within = np.zeros(len(mask.values), bool)
    for start, end in bounds:
        assert mask.values[start] or start in bounds[:, 1]
        inner = mask.values[start:end]
        pauses = [b - a for a, b in runs(~inner)]
        assert max(pauses, default=0) <= round(100 * pause)
        within[start:end] = True
    for start, end in runs(mask.values):
        assert within[start:end].all() or (end - start < 20 and not within[start:end].any())


@LAW
@given(mask=masks(), length=st.sampled_from([0.25, 0.7, 1.5]))
def test_windows_of_a_stretch_have_the_same_length(mask, length):
    """To a frame; of the wanted length, as nearly as whole windows allow; the first of each is marked."""
    bounds, first = tiled(mask, length, 0.15)
    touches = np.concatenate(([False], bounds[1:, 0] == bounds[:-1, 1])) if len(bounds) else first
    assert_array_equal(first, ~touches)
    for group in np.split(np.diff(bounds, axis=1)[:, 0], np.flatnonzero(first)[1:]) if len(bounds) else []:
        assert np.ptp(group) <= 1
        n, wanted = len(group), 100 * length
        assert n == 1 or abs(group.sum() / wanted - n) <= 0.5


@pytest.mark.parametrize(
    ("cut", "place"),
    [(10, 10), (12, 10), (14, 16), (13, 10), (8, 10), (5, 5), (7, 10), (16, 16), (19, 16), (20, 20)],
)
def test_a_cut_near_a_pause_moves_to_the_nearest(cut, place):
    """Up to three away, to the earlier of two as near, and stays where none is near."""
    assert_array_equal(moved_to_pauses(np.array([cut]), np.array([10, 16]), 3), [place])


def test_without_pauses_cuts_stay():
    """Nothing to move to."""
    assert_array_equal(moved_to_pauses(np.array([3, 9]), np.array([], dtype=int), 3), [3, 9])


@LAW
@given(
    cuts=st.sets(st.integers(0, 80), max_size=12),
    pauses=st.sets(st.integers(0, 80), max_size=8),
    far=st.integers(0, 20),
)
def test_moved_cuts_are_at_pauses_or_have_none_near(cuts, pauses, far):
    """In the same order, none farther than allowed, and moving them once more changes nothing."""
    before, places = np.array(sorted(cuts), dtype=int), np.array(sorted(pauses), dtype=int)
    moved = moved_to_pauses(before, places, far)
    assert (np.abs(moved - before) <= far).all()
    assert (np.diff(moved) >= 0).all()
    for old, new in zip(before, moved, strict=True):
        distances = np.abs(places - old)
        assert new == old if not len(places) or distances.min() > far else abs(new - old) == distances.min()
    assert_array_equal(moved_to_pauses(moved, places, far), moved)
