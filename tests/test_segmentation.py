"""Speaker changes: ΔBIC by hand and against a direct computation, and the laws of both methods."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from diarize.audio import read
from diarize.config import AcousticConfig
from diarize.errors import ConfigError
from diarize.features import compute_cepstra
from diarize.formats import read_file
from diarize.resegmentation.changes import (
    BicSettings,
    bic_features,
    changes_by_bic,
    changes_by_posteriors,
    delta_bic,
    running_sums,
)
from diarize.types import Features, FrameGrid, Posteriors, SpeechMask

SAMPLES = Path(__file__).parent.parent / "audio_samples"
GRID = FrameGrid(16_000, 160, 400, -120, 1000)  # hundred frames a second


def posteriors(*intervals, silent=()):
    """Posteriors of (seconds, shares) one after the other; ``silent`` intervals of seconds are pauses."""
    rows = [np.tile(shares, (round(100 * seconds), 1)) for seconds, shares in intervals]
    values = np.concatenate(rows).astype(np.float32)
    for start, end in silent:
        values[round(100 * start) : round(100 * end)] = 0
    names = tuple("ABCDEF"[: values.shape[1]])
    return Posteriors(values, replace(GRID, n_frames=len(values)), names)


def sound(*intervals, seed=0, d=3):
    """Features of frames drawn around (seconds, mean, deviation), and a mask that takes all."""
    rng = np.random.default_rng(seed)
    rows = [rng.normal(mean, deviation, (round(100 * seconds), d)) for seconds, mean, deviation in intervals]
    values = np.concatenate(rows)
    grid = replace(GRID, n_frames=len(values))
    features = Features(values, grid, tuple(f"x{i}" for i in range(d)))
    return features, SpeechMask(np.ones(len(values), bool), grid)


def direct(before, after, penalty):
    """ΔBIC as it is written in the paper, with the logarithms of maximised likelihoods."""

    def best(x):
        centred = x - x.mean(axis=0)
        sigma = centred.T @ centred / len(x)
        squares = np.einsum("ni,ij,nj->n", centred, np.linalg.inv(sigma), centred)
        return -0.5 * float(np.sum(x.shape[1] * np.log(2 * np.pi) + np.log(np.linalg.det(sigma)) + squares))

    both, d = np.concatenate((before, after)), before.shape[1]
    extra = d + d * (d + 1) / 2
    return best(before) + best(after) - best(both) - penalty * 0.5 * extra * np.log(len(both))


def test_delta_bic_by_hand():
    """0 and 2 before, 10 and 12 after: variances 1, 1 and 26, two more numbers to describe."""
    before, after = running_sums(np.array([[0.0], [2.0]]))[-1], running_sums(np.array([[10.0], [12.0]]))[-1]
    assert delta_bic(before, after, 1.0) == pytest.approx(2 * np.log(26) - np.log(4), abs=1e-4)
    assert delta_bic(before, after, 0.0) == pytest.approx(2 * np.log(26), abs=1e-4)
    assert delta_bic(before, before, 1.0) == pytest.approx(-np.log(4), abs=1e-4)


@pytest.mark.parametrize("d", [1, 2, 5, 12, 19])
def test_delta_bic_is_the_direct_computation(d):
    """Every cut of an interval, from running sums and from the likelihoods themselves."""
    rng = np.random.default_rng(d)
    x = rng.normal(size=(90, d)) @ rng.normal(size=(d, d)) / np.sqrt(d)
    sums, cuts = running_sums(x), np.arange(30, 60, 7)
    fast = delta_bic(sums[cuts], sums[-1] - sums[cuts], 1.3)
    slow = [direct(x[:cut], x[cut:], 1.3) for cut in cuts]
    np.testing.assert_allclose(fast, slow, rtol=1e-2, atol=0.5)
    well = rng.normal(size=(90, d))  # where no direction is so flat that the floor shows
    sums = running_sums(well)
    np.testing.assert_allclose(
        delta_bic(sums[40], sums[-1] - sums[40], 1.0), direct(well[:40], well[40:], 1.0), rtol=0, atol=0.02
    )


def test_delta_bic_is_the_same_in_reverse_and_after_an_affine_map():
    """Neither the direction of time nor the units of cepstra matter."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(80, 3))
    a, b = running_sums(x[:30])[-1], running_sums(x[30:])[-1]
    assert delta_bic(a, b, 1.0) == pytest.approx(delta_bic(b, a, 1.0), rel=1e-12)
    y = 3 + x @ np.array([[2.0, 0, 0], [1, 3, 0], [0, -1, 1]])
    c, d = running_sums(y[:30])[-1], running_sums(y[30:])[-1]
    assert delta_bic(c, d, 1.0) == pytest.approx(delta_bic(a, b, 1.0), abs=1e-2)


def test_bic_finds_a_change_to_the_frame_and_none_where_there_is_none():
    """Mean or spread alone are enough; the cell of frame t begins where the clock says."""
    for second in ((4, 3, 1), (4, 0, 3)):
        features, mask = sound((5, 0, 1), second)
        (change,) = changes_by_bic(features, mask)
        assert change.time == pytest.approx(5.0, abs=0.021)
        assert change.delta_bic > 0
        assert (change.probability, change.before, change.after) == (None, None, None)
    assert changes_by_bic(*sound((30, 0, 1))) == ()
    for second in (2.07, 2.43, 2.81, 5.07, 5.3):  # no multiples of the coarse step, some near a window's end
        (between,) = changes_by_bic(*sound((second, 0, 1), (4, 9, 1)))
        assert between.time == pytest.approx(second, abs=1e-9)


def test_bic_leaves_out_what_is_weak_between_its_neighbours():
    """Noise in which a low penalty sees changes has none under the usual one."""
    noise = changes_by_bic(*sound((60, 0, 1), d=4), BicSettings(penalty=0.6))
    assert [change for change in noise if change.delta_bic <= 0] == []
    assert changes_by_bic(*sound((60, 0, 1), d=4)) == ()


@pytest.mark.parametrize("band", ["wide", "narrow"])
def test_bic_sees_twelve_numbers_and_not_the_level(band):
    """Twenty decibels less change nothing that normalisation leaves; blocks do not matter."""
    noise = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    config, blocks = AcousticConfig(), ([noise], iter([noise[:9999] / 10, noise[9999:] / 10]))
    loud, soft = (bic_features(compute_cepstra(each, 16_000, config), band, config) for each in blocks)
    assert loud.values.shape == (200, 12)
    difference = loud.values - soft.values
    np.testing.assert_allclose(difference - difference.mean(axis=0), 0, rtol=0, atol=1e-2)


def test_bic_differs_between_the_bands():
    """What is above 4 kHz counts in the wide band only."""
    noise = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    found = compute_cepstra([noise], 16_000, AcousticConfig())
    wide, narrow = (bic_features(found, band, AcousticConfig()).values for band in ("wide", "narrow"))
    assert np.abs(wide - narrow).max() > 1


def test_bic_finds_changes_in_windows_that_grow_and_slide():
    """Pieces shorter than the first window, and one longer than the longest."""
    pieces = ((1.5, 0, 1), (1.2, 4, 1), (30, 0, 2), (2, 5, 1), (0.8, -3, 1))
    found = [change.time for change in changes_by_bic(*sound(*pieces, d=6))]
    assert found == pytest.approx([1.5, 2.7, 32.7, 34.7], abs=0.021)


def test_a_larger_penalty_finds_fewer_changes():
    """And one of nothing finds some in noise."""
    scene = sound((6, 0, 1), (6, 0.4, 1), (6, 0, 1.2), d=4)
    counts = [len(changes_by_bic(*scene, BicSettings(penalty=penalty))) for penalty in (0, 1, 3, 30)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 3
    assert counts[-1] == 0


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.99, 1.0, 1.3])
def test_bic_has_nothing_to_say_about_almost_nothing(seconds):
    """Not even two shortest pieces, or just those."""
    assert changes_by_bic(*sound((seconds, 0, 1))) == ()


def test_bic_of_constant_frames_is_finite():
    """A digital silence that is taken for speech has no covariance; nothing is not finite."""
    features, mask = sound((3, 0, 0), (3, 1, 0))
    assert [round(change.time, 2) for change in changes_by_bic(features, mask)] == [3.0]
    assert changes_by_bic(*sound((6, 2, 0))) == ()


def test_pauses_take_no_time_and_a_change_after_one_is_where_speech_begins_again():
    """The change is at 4 s of speech, which is 6 s on the clock."""
    features, mask = sound((4, 0, 1), (2, 9, 9), (4, 3, 1))
    spoken = mask.values.copy()
    spoken[400:600] = False
    (change,) = changes_by_bic(features, SpeechMask(spoken, mask.grid))
    assert change.time == pytest.approx(6.0, abs=1e-9)


def test_probability_of_a_change_by_hand():
    """1 − (0.9·0.2 + 0.1·0.8) = 0.74."""
    (change,) = changes_by_posteriors(posteriors((2, (0.9, 0.1)), (3, (0.2, 0.8))))
    assert change.time == pytest.approx(2.0)
    assert change.probability == pytest.approx(0.74, abs=1e-6)
    assert (change.before, change.after, change.delta_bic) == ("A", "B", None)


def test_a_soft_change_is_as_probable_as_a_hard_one():
    """What is unsure about the moment is not unsure about the fact."""
    slope = [(0.1, (1 - k / 10, k / 10)) for k in range(1, 10)]
    (change,) = changes_by_posteriors(posteriors((5, (1.0, 0.0)), *slope, (5, (0.0, 1.0))))
    assert change.probability > 0.9


def test_a_change_within_a_fifth_of_a_second_of_a_pause_is_at_the_pause():
    """Before the pause and after it, but not farther away."""
    for turned, expected in ((1.85, 3.0), (3.15, 3.0), (1.7, 1.7), (3.3, 3.3)):
        soft = posteriors((turned, (1.0, 0.0)), (6 - turned, (0.0, 1.0)), silent=[(2.0, 3.0)])
        (change,) = changes_by_posteriors(soft)
        assert change.time == pytest.approx(expected, abs=1e-9), turned


def test_the_same_speaker_after_a_pause_is_no_change():
    """Nor is speech that begins late."""
    assert changes_by_posteriors(posteriors((6, (0.8, 0.2)), silent=[(0.0, 1.0), (2.0, 3.0)])) == ()


def test_unlikely_changes_are_left_out_and_their_pieces_joined():
    """The doubtful second in the middle belongs to A; with threshold 0 it is B's."""
    doubtful = posteriors((4, (0.95, 0.05)), (1, (0.45, 0.55)), (3, (0.95, 0.05)), (3, (0.05, 0.95)))
    assert [change.time for change in changes_by_posteriors(doubtful, min_probability=0.0)] == pytest.approx(
        [4, 5, 8]
    )
    (kept,) = changes_by_posteriors(doubtful, min_probability=0.55)
    assert kept.time == pytest.approx(8.0)
    before = (7 * 0.95 + 0.45) / 8
    assert kept.probability == pytest.approx(1 - before * 0.05 - (1 - before) * 0.95, abs=1e-6)
    certain = posteriors((2, (1.0, 0.0)), (2, (0.0, 1.0)))
    assert changes_by_posteriors(certain, min_probability=0.99)[0].probability == 1.0
    assert changes_by_posteriors(certain, min_probability=1.0) == ()


def test_each_change_begins_with_the_speaker_that_the_last_one_ended_with():
    """And no change is between one speaker and the same, whatever the threshold."""
    rng = np.random.default_rng(5)
    soft = posteriors(*((0.5, rng.dirichlet(np.full(4, 0.7))) for _ in range(200)))
    everything = changes_by_posteriors(soft, min_probability=0.0)
    for threshold in (0.0, 0.4, 0.6, 0.65):
        found = changes_by_posteriors(soft, min_probability=threshold)
        assert all(a.after == b.before for a, b in pairwise(found))
        assert all(change.before != change.after and change.probability > threshold for change in found)
        assert {change.time for change in found} <= {change.time for change in everything}
        assert [change.time for change in found] == sorted(change.time for change in found)
    assert len(everything) > len(found) > 0


def test_nobody_and_one_speaker_never_change():
    """No columns, no speech, one column."""
    assert changes_by_posteriors(posteriors((3, ()))) == ()
    assert changes_by_posteriors(posteriors((3, (1.0, 0.0)), silent=[(0, 3)])) == ()
    assert changes_by_posteriors(posteriors((3, (1.0,)))) == ()


def test_settings_that_cannot_be_are_refused_in_one_line():
    """A message names what was given."""
    with pytest.raises(ConfigError, match=r"min_probability of 1\.5"):
        changes_by_posteriors(posteriors((1, (1.0,))), min_probability=1.5)
    for wrong in ({"penalty": -1.0}, {"penalty": float("nan")}, {"margin": 2.0}, {"growth": 0.0}):
        with pytest.raises(ConfigError) as caught:
            BicSettings(**wrong)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("offset", "times"), [(0.055, ()), (0.068, (40.0,))])
def test_bic_pays_twice_for_a_change_within_twenty_seconds(offset, times):
    """By hand: a step of the squared size s in the middle of N frames of variance 1 is N/2 log(1 + s/4).

    That is twice the penalty log N for s = 0.061 in the longest window; with more frames it would be less.
    """
    level = np.tile([1.0, -1.0], 4000)
    level[4000:] += np.sqrt(offset)
    features, mask = sound((80, 0, 1), d=1)
    found = changes_by_bic(replace(features, values=level[:, None]), mask)
    assert tuple(change.time for change in found) == times


@pytest.mark.parametrize(("seconds", "time"), [(0.6, 3.0), (0.4, 2.9)])
def test_bic_cuts_no_piece_of_less_than_half_a_second(seconds, time):
    """What is shorter takes some of its neighbour with it."""
    (change,) = changes_by_bic(*sound((3, 0, 1), (seconds, 9, 1)))
    assert change.time == pytest.approx(time, abs=1e-9)


def test_bic_moves_cuts_to_where_their_neighbours_leave_them():
    """Windows that end soon after a change cut too early: of a planted meeting, four less are found."""
    config, truth = AcousticConfig(), read_file(SAMPLES / "references" / "meeting.rttm")["meeting"]
    samples = read(SAMPLES / "meeting.flac", rate=16_000).samples
    features = bic_features(compute_cepstra([samples], 16_000, config), "wide", config)
    mask = SpeechMask(features.grid.mask(truth.intervals()), features.grid)
    times = np.array([change.time for change in changes_by_bic(features, mask)])
    starts = [turn.start for turn in truth.turns[1:]]
    assert sum(np.abs(times - start).min() < 0.25 for start in starts) >= 20
