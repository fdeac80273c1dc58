"""Where the search for changes by ΔBIC looks, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.resegmentation import changes
from diarize.resegmentation.changes import BicSettings
from diarize.types import Features, Posteriors, SpeechMask

from .builders import grid


@pytest.fixture
def windows(monkeypatch):
    """Numbers of frames of the windows that are searched, one after the other."""
    found, search = [], changes._best_cut

    def best_cut(sums, *settings):
        found.append(len(sums) - 1)
        return search(sums, *settings)

    monkeypatch.setattr(changes, "_best_cut", best_cut)
    return found


def searched(values, **settings):
    """Cuts of frames, a hundred a second."""
    return list(changes._search(values, BicSettings(**settings), grid(1).frames_in))


def test_a_window_of_three_seconds_grows_by_half_a_second_up_to_twenty(windows):
    """Then it moves by half a second, and the search ends with one that reaches the end."""
    level = np.tile([[1.0], [-1.0]], (1080, 1))  # 21.6 seconds in which nothing changes
    assert searched(level) == []
    assert windows == [*range(300, 2000, 50), 2000, 2000, 2000, 2000, 1960]


def test_no_window_is_longer_than_the_longest(windows):
    """By hand: the second one grows by a fifth of a second only, and does not reach the end."""
    assert searched(np.tile([[1.0], [-1.0]], (170, 1)), longest=3.2) == []
    assert windows == [300, 320, 290]


def test_a_cut_is_moved_between_its_neighbours_as_far_as_the_longest_window(windows):
    """On either side: 20 seconds, or to the cut before and behind it."""
    values = np.random.default_rng(0).normal(size=(6000, 1))
    assert len(changes._refine_cuts(values, [3000], BicSettings(), grid(1))) == 3
    assert windows == [4000]
    changes._refine_cuts(
        np.repeat([0.0, 9, 0], [1000, 900, 4100])[:, None], [1000, 1900], BicSettings(), grid(1)
    )
    assert windows[1:] == [1900, 900 + 2000]


def test_the_first_cut_is_half_a_second_after_the_beginning():
    """By hand: the change is before it."""
    values = np.repeat([0.0, 50.0], [45, 255])[:, None] + np.arange(300)[:, None] % 2
    assert searched(values) == [50]


@pytest.mark.parametrize("d", [1, 2, 3, 12, 60])
def test_sums_tell_how_many_numbers_a_frame_has(d):
    """One, the numbers, and their products."""
    assert changes._dims(changes.running_sums(np.zeros((2, d)))) == d


def test_after_a_change_the_next_window_begins_at_it(windows):
    """Three seconds again; by hand: what is left behind the second change is too short for two pieces."""
    values = np.repeat([0.0, 50.0, 0.0], [150, 170, 90])[:, None] + np.tile([[1.0], [-1.0]], (205, 1))
    assert searched(values) == [150, 320]
    assert windows == [300, 260]


def test_cuts_are_tried_every_tenth_of_a_second_and_then_every_frame(monkeypatch):
    """No nearer to the ends than half a second, however long the window is."""
    tried, gains = [], changes._gains

    def record(sums, cuts, penalty):
        tried.append(cuts.tolist())
        return gains(sums, cuts, penalty)

    monkeypatch.setattr(changes, "_gains", record)
    values = np.repeat([0.0, 50.0], [173, 127])[:, None] + np.arange(300)[:, None] % 2
    assert searched(values) == [173]
    assert tried[:2] == [list(range(50, 251, 10)), list(range(161, 180))]


def test_settings_may_be_at_their_limits():
    """A window of two shortest pieces, and one that does not grow beyond it."""
    BicSettings(penalty=0.0, window=1.0, longest=1.0, margin=0.5)
    for wrong in ({"margin": 0.0}, {"window": 21.0}, {"growth": -1.0}):
        with pytest.raises(changes.ConfigError, match="needed"):
            BicSettings(**wrong)


@pytest.mark.parametrize(("nats", "n_changes"), [(0.05, 1), (-0.05, 0)])
def test_a_change_that_pays_a_twentieth_of_a_nat_is_one(nats, n_changes):
    """Found by bisection: a step in the middle of eight seconds."""
    level, low, high = np.tile([[1.0], [-1.0]], (400, 1)), 0.0, 5.0
    step = np.repeat([[0.0], [1.0]], 400, axis=0)
    for _ in range(60):
        middle = (low + high) / 2
        sums = changes.running_sums(level + middle * step)
        dear = changes.delta_bic(sums[400], sums[-1] - sums[400], 2.0) < nats
        low, high = (middle, high) if dear else (low, middle)
    clock = grid(800)
    mask = SpeechMask(np.ones(800, bool), clock)
    found = changes.changes_by_bic(Features(level + low * step, clock, ("x0",)), mask)
    assert [each.time for each in found] == pytest.approx([clock.seconds(400)] * n_changes)


def test_one_speaker_on_both_sides_of_a_pause_is_no_change():
    """A tenth of a second of another one before it belongs to the pause, however little is asked for."""
    values = np.repeat(np.float32([[1, 0], [0, 1], [0, 0], [1, 0]]), [190, 10, 100, 300], axis=0)
    posteriors = Posteriors(values, grid(600), ("A", "B"))
    for least in (0.0, 0.05):
        assert changes.changes_by_posteriors(posteriors, min_probability=least) == ()


def test_two_shortest_pieces_can_be_parted():
    """A second that changes in the middle; a frame less has no place to cut."""
    values = np.repeat([0.0, 50.0], [50, 50])[:, None] + np.arange(100)[:, None] % 2
    assert searched(values) == [50]
    assert searched(values[:-1]) == []


def test_a_window_that_reaches_the_end_is_the_last(windows):
    """Three seconds in which nothing changes."""
    assert searched(np.tile([[1.0], [-1.0]], (150, 1))) == []
    assert windows == [300]


@pytest.mark.parametrize(("at", "second"), [(240, 300), (241, 350)])
def test_a_window_grows_if_its_best_cut_is_near_its_end(windows, at, second):
    """Nearer than half a second and the tenth between the places that are tried first."""
    values = np.repeat([0.0, 50.0], [at, 600 - at])[:, None] + np.arange(600)[:, None] % 2
    assert searched(values) == [at]
    assert windows[:2] == [300, second]


def gain_of(values, cut, penalty):
    """ΔBIC of a cut of one number a frame (n,), by its definition."""
    parts = values, values[:cut], values[cut:]
    costs = [0.5 * len(part) * np.log(part.var() + 1e-6) for part in parts]
    return costs[0] - costs[1] - costs[2] - penalty * np.log(len(values))


def test_every_frame_on_both_sides_counts():
    """The first and the last frames of both pieces differ from all others."""
    values = np.random.default_rng(0).normal(size=400) + np.repeat([0.0, 4.0], [180, 220])
    values[[0, -1]] += (9, -9)
    values[[179, 180]] += (-9, 9)
    place, gain = changes._best_cut(changes.running_sums(values[:, None]), 50, 10, 2.0)
    assert gain == pytest.approx(max(gain_of(values, cut, 2.0) for cut in range(50, 351)), rel=1e-9)
    assert gain == pytest.approx(gain_of(values, place, 2.0), rel=1e-9)
    mask = SpeechMask(np.ones(400, bool), grid(400))
    (found,) = changes.changes_by_bic(Features(values[:, None], grid(400), ("x0",)), mask)
    assert found.time == grid(400).seconds(place)
    scaled = (values - values.mean()) / values.std()
    assert found.delta_bic == pytest.approx(gain_of(scaled, place, 2.0), rel=1e-5)
