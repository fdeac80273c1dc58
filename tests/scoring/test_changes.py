"""Speaker changes by hand, and the laws of their figures."""

from __future__ import annotations

import drawn
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarize.annotation import Annotation, Turn
from diarize.errors import ConfigError
from diarize.scoring import ChangeScore, change_points, score_changes
from diarize.scoring.changes import count_matches

TALK = Annotation(
    "r", (Turn(0, 4, "A"), Turn(4, 7, "B"), Turn(8, 10, "A"), Turn(10.2, 12, "A"), Turn(11, 13, "B"))
)


def test_changes_are_where_another_speaker_starts():
    """Not at the end of a pause of the same speaker; after a pause, where the next one starts."""
    assert change_points(TALK).tolist() == [4, 8, 11]
    assert change_points(Annotation("r")).tolist() == []


def test_figures_by_hand():
    """4 is found a little late, 8 is missed, 11 is found, 1 is invented."""
    result = score_changes(TALK, [1.0, 4.2, 11.0], tolerance=0.25)
    assert (result.true, result.found, result.matched) == (3, 3, 2)
    assert (result.precision, result.recall, result.f1) == pytest.approx((2 / 3,) * 3)


def test_purity_and_coverage_by_hand():
    """One cut a second late in ten seconds."""
    talk = Annotation("r", (Turn(0, 6, "A"), Turn(6, 10, "B")))
    late = score_changes(talk, [7.0])
    assert (late.purity, late.coverage) == pytest.approx((0.9, 0.9))
    none = score_changes(talk, [])
    assert (none.purity, none.coverage, none.precision, none.recall, none.f1) == (0.6, 1, None, 0, 0)
    many = score_changes(talk, np.arange(1, 10))
    assert many.purity == pytest.approx(1)
    assert many.coverage == pytest.approx(0.2)


def test_a_tolerance_met_exactly_counts():
    """0.7 + 0.1 is a little less than 0.8 in floating point."""
    assert 0.7 + 0.1 < 0.8
    assert count_matches(np.array([0.7]), np.array([0.8]), 0.1) == 1
    assert count_matches(np.array([0.8]), np.array([0.7]), 0.1) == 1
    assert count_matches(np.array([0.7]), np.array([0.801]), 0.1) == 0


def test_a_found_change_is_used_once():
    """Two true changes near one found."""
    assert count_matches(np.array([1.0, 1.2]), np.array([1.1]), 0.5) == 1


def test_nothing_on_either_side():
    """No speech, no changes: nothing to divide."""
    empty = score_changes(Annotation("r"), [])
    assert empty == ChangeScore()
    assert (empty.f1, empty.purity, empty.coverage) == (None, None, None)


def test_changes_found_where_nobody_speaks():
    """Count as found, and cut nothing."""
    assert score_changes(Annotation("r"), [1.0, 2.0]) == ChangeScore(found=2)


def test_times_may_be_whole_numbers_in_any_order():
    """A list of times is a set of them."""
    assert score_changes(TALK, [11, 4, 4]) == score_changes(TALK, [4.0, 11.0])


def test_pauses_of_one_speaker_are_filled_when_shorter_than_given():
    """A pause of just that length is not."""
    talk = Annotation("r", (Turn(0, 2, "A"), Turn(2.5, 4, "A"), Turn(4.25, 5, "A")))
    assert [score_changes(talk, [], fill=fill).seconds for fill in (0.0, 0.25, 0.5, 0.75)] == [
        4.25,
        4.25,
        4.5,
        5,
    ]


def test_by_default_pauses_under_half_a_second_are_filled_and_a_quarter_off_is_right():
    """The defaults that the reference tells."""
    talk = Annotation("r", (Turn(0, 2, "A"), Turn(2.4, 4, "A"), Turn(4.5, 5, "A"), Turn(5, 6, "B")))
    assert score_changes(talk, [5.25]) == score_changes(talk, [5.25], tolerance=0.25, fill=0.5)
    assert score_changes(talk, []).seconds == pytest.approx(5.5)
    assert [score_changes(talk, [time]).matched for time in (4.74, 4.75, 5.25, 5.26)] == [0, 1, 1, 0]


def test_pooling_adds_counts():
    """Not rates."""
    one = score_changes(TALK, [4.0])
    assert ChangeScore.pooled([one, one, ChangeScore()]) == ChangeScore(
        6, 2, 2, 2 * one.seconds, 2 * one.pure, 2 * one.covered
    )


def test_negative_seconds_are_refused():
    """With what is allowed."""
    with pytest.raises(ConfigError, match="0 or more"):
        score_changes(TALK, TALK, tolerance=-1)


@given(drawn.annotations())
def test_perfect_changes_are_perfect(reference):
    """F1 is 1 and so is coverage: no true piece is cut by its own changes, unless people overlap."""
    result = score_changes(reference, reference, fill=0)
    assert result.f1 in (None, 1)
    assert result.matched == result.true == result.found


@given(drawn.annotations(), st.lists(st.floats(0, 60), max_size=20), st.floats(0, 60))
def test_one_more_cut_never_makes_pieces_less_pure(reference, times, more):
    """Nor better covering."""
    before, after = score_changes(reference, times), score_changes(reference, [*times, more])
    assert after.pure >= before.pure - 1e-9
    assert after.covered <= before.covered + 1e-9


@given(*[st.lists(st.floats(0, 60), max_size=20).map(np.unique)] * 2, st.floats(0, 5), st.floats(0, 5))
def test_more_tolerance_never_loses_many(truth, found, small, more):
    """Matches are at most the smaller side, and none are lost by allowing all."""
    assert count_matches(truth, found, small) <= min(len(truth), len(found))
    assert count_matches(truth, found, small) == count_matches(found, truth, small)
    assert (
        count_matches(truth, found, 1000.0)
        == min(len(truth), len(found))
        >= count_matches(truth, found, small + more)
    )


@pytest.mark.parametrize(
    ("truth", "found", "pairs"),
    [
        ([1.0, 1.4], [1.05, 1.5], 2),
        ([1.0, 1.4], [1.25, 1.6], 1),  # 1.25 goes to 1.4, which is nearer than 1.6, and so 1.0 goes without
        ([1.0, 1.3], [0.8, 1.1], 1),
        ([1.0, 1.2], [1.2, 1.42], 1),
    ],
)
def test_nearest_pairs_come_first(truth, found, pairs):
    """From whichever end they are counted; that can cost a pair of others."""
    truth, found = np.array(truth), np.array(found)
    assert count_matches(truth, found, 0.25) == pairs
    assert count_matches(20 - truth[::-1], 20 - found[::-1], 0.25) == pairs
