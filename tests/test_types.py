"""The values that flow: what they refuse, what they keep, and the clock that turns frames into seconds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarize.annotation import Annotation, Turn
from diarize.errors import AudioError, DiarizeError, FormatError
from diarize.types import (
    Features,
    FrameGrid,
    Posteriors,
    Score,
    SpeakerPoints,
    SpeechMask,
    Waveform,
    runs,
    speaker_name,
)

GRID = FrameGrid(rate=16000, hop=160, window=400, offset=0, n_frames=4)


@st.composite
def grids(draw):
    """Any clock, with windows that may start before the recording."""
    hop = draw(st.integers(1, 1000))
    window = hop + draw(st.integers(0, 2000))
    return FrameGrid(
        draw(st.sampled_from([8000, 11025, 16000, 44100])),
        hop,
        window,
        draw(st.integers(-window, window)),
        draw(st.integers(0, 200)),
    )


def test_speakers_are_numbered_from_zero():
    """With two digits, more where needed."""
    assert [speaker_name(i) for i in (0, 7, 123)] == ["SPEAKER_00", "SPEAKER_07", "SPEAKER_123"]


def test_waveform_keeps_a_read_only_float32_view():
    """And knows its seconds."""
    wave = Waveform(np.zeros(8000), 16000)
    assert (wave.samples.dtype, wave.duration) == (np.float32, 0.5)
    with pytest.raises(ValueError, match="read-only"):
        wave.samples[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        wave.rate = 8000


@pytest.mark.parametrize(
    ("samples", "rate", "problem"),
    [
        (np.zeros((2, 9)), 8000, "one channel"),
        ([0, np.nan], 8000, "NaN"),
        ([0, np.inf], 8000, "infinity"),
        ([0], 0, "positive"),
    ],
)
def test_waveform_refuses(samples, rate, problem):
    """More channels, values that are no numbers, rates that are none."""
    with pytest.raises(AudioError, match=problem):
        Waveform(np.asarray(samples, dtype=float), rate)


def test_grid_by_hand():
    """Frame 0 looks at samples 0 to 400 and owns the middle 160."""
    assert GRID.origin == 120
    assert GRID.edges().tolist() == [0.0075, 0.0175, 0.0275, 0.0375, 0.0475]
    assert (GRID.frame_rate, GRID.duration, GRID.frames_in(0.026), GRID.frames_in(0)) == (100, 0.04, 3, 1)
    assert [GRID.boundary(t) for t in (-1, 0.0075, 0.0124, 0.0125, 0.0126, 9)] == [0, 0, 0, 1, 1, 4]


def test_grid_refuses_what_cannot_run():
    """A hop of nothing."""
    for broken in ({"hop": 0}, {"rate": 0}, {"window": 0}, {"n_frames": -1}):
        with pytest.raises(DiarizeError, match="must be positive"):
            dataclasses.replace(GRID, **broken)


@given(grids())
def test_boundaries_are_equal_after_conversion_to_seconds_and_back(grid):
    """Whatever the rate, hop and offset: no frame is lost to rounding."""
    assert [grid.boundary(t) for t in grid.edges()] == list(range(grid.n_frames + 1))
    assert [grid.seconds(i) for i in range(grid.n_frames + 1)] == pytest.approx(grid.edges().tolist())
    assert np.diff(grid.edges()) == pytest.approx(grid.hop / grid.rate)


@given(grids(), st.data())
def test_masks_are_equal_after_conversion_to_intervals_and_back(grid, data):
    """So a mask may be written as UEM and read again."""
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=grid.n_frames, max_size=grid.n_frames)), dtype=bool
    )
    rows = grid.intervals(mask)
    assert np.array_equal(grid.mask(rows), mask)
    speech = SpeechMask(mask, grid)
    assert speech.seconds == pytest.approx(float(np.sum(rows[:, 1] - rows[:, 0])))
    assert np.array_equal(speech.intervals, rows)


def test_runs_by_hand():
    """Half-open, and none where nothing is true."""
    assert runs([True, False, True, True]).tolist() == [[0, 1], [2, 4]]
    assert runs([]).shape == (0, 2)
    assert runs([False]).shape == (0, 2)


def test_features_by_hand():
    """Columns by the start of their name; shape and numbers are checked."""
    features = Features(np.arange(12).reshape(4, 3), GRID, ("mfcc1", "mfcc2", "energy"))
    assert features.columns("mfcc").tolist() == [[0, 1], [3, 4], [6, 7], [9, 10]]
    with pytest.raises(DiarizeError, match="4 frames of 2 names"):
        Features(np.zeros((4, 3)), GRID, ("a", "b"))
    with pytest.raises(DiarizeError, match="NaN"):
        Features(np.full((4, 1), np.nan), GRID, ("a",))


def test_mask_and_points_fit_their_clock():
    """Or are refused."""
    with pytest.raises(DiarizeError, match="4 frames"):
        SpeechMask(np.ones(5, dtype=bool), GRID)
    first = [True, False]
    points = SpeakerPoints(np.zeros((2, 3)), [[0, 1], [1, 2]], first, GRID)
    assert (points.bounds.dtype, points.first.dtype, points.weights) == (np.int64, np.bool_, None)
    with pytest.raises(DiarizeError, match="1 bounds for 2 windows"):
        SpeakerPoints(np.zeros((2, 3)), [[0, 1]], first, GRID)
    with pytest.raises(DiarizeError, match="3 weights for 2 windows"):
        SpeakerPoints(np.zeros((2, 3)), [[0, 1], [1, 2]], first, GRID, np.ones(3))


def test_posteriors_sum_to_one_or_are_silent():
    """Anything else is refused."""
    Posteriors([[0.5, 0.5], [0, 0], [1, 0], [0.25, 0.75]], GRID, ("a", "b"))
    with pytest.raises(DiarizeError, match="sum to 1"):
        Posteriors([[0.5, 0.4], [0, 0], [1, 0], [0.25, 0.75]], GRID, ("a", "b"))
    with pytest.raises(DiarizeError, match=r"posteriors for 4 . 3"):
        Posteriors(np.zeros((4, 2)), GRID, ("a", "b", "c"))


@pytest.mark.parametrize(
    "fields",
    [
        (-1, 2, "A"),
        (2, 2, "A"),
        (3, 2, "A"),
        (float("nan"), 2, "A"),
        (0, float("inf"), "A"),
        (0, 1, ""),
        (0, 1, "A", 1.5),
    ],
)
def test_turns_refuse_impossible_times(fields):
    """Before zero, of no length, backwards, endless; nobody; more than sure."""
    with pytest.raises(FormatError):
        Turn(*fields)


def test_annotation_by_hand():
    """Turns are sorted; speakers are named by first appearance; overlap is kept."""
    annotation = Annotation("r", (Turn(5, 6, "A", 0.5, "B"), Turn(0, 7, "B"), Turn(0, 2, "C")))
    assert [turn.start for turn in annotation.turns] == [0, 0, 5]
    assert annotation.speakers == ("C", "B", "A")
    assert annotation.intervals().tolist() == [[0, 2], [0, 7], [5, 6]]
    assert annotation.intervals("B").tolist() == [[0, 7]]
    assert annotation.intervals("nobody").shape == (0, 2)
    other = annotation.rename({"B": "Bob", "C": "A"})
    assert other.speakers == ("A", "Bob")
    assert other.turns[-1].runner_up == "Bob"
    assert annotation.speakers == ("C", "B", "A")


def test_score_pools_and_never_divides_by_nothing():
    """None, not 0, where nothing is scored."""
    pooled = Score.pooled([Score(10, 1, 2, 3), Score(10, 0, 0, 0)])
    assert pooled == Score(20, 1, 2, 3)
    assert pooled.der == pytest.approx(0.3)
    assert Score(0, 0, 5, 0).der is None
    assert Score.pooled([]) == Score()
