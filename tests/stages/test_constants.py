"""Where numbers of the accuracy path tip: a little less on one side, a little more on the other."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.clustering.confusable import are_all_distinct
from diarize.clustering.evidence import _chain
from diarize.clustering.initialization import initialize_by_kmeans, initialize_clusters
from diarize.config import SpaceConfig
from diarize.embedding.points import split_speech
from diarize.embedding.two_covariance import log_likelihood_ratio, mean_variance, mutual_information
from diarize.embedding.windows import overlapping_windows
from diarize.networks.local_activity import LocalActivity
from diarize.resegmentation import overlap
from diarize.resegmentation.turns import posteriors_to_turns
from diarize.speech import SpeechActivity, network
from diarize.types import FrameGrid, Posteriors

from .builders import mask_of, planted_points, points_at


def clock(n_frames):
    """Cells of 10 ms from sample 0 on."""
    return FrameGrid(16_000, 160, 160, 0, n_frames)


def two_speakers(apart, n=40, dims=8, psi=3.0):
    """Windows of two speakers so far either side of 0 in the first dimension, and whose they are."""
    side = np.repeat([1.0, -1.0], n)
    return points_at(np.outer(apart * side, np.eye(dims)[0]), np.full(dims, psi)), np.eye(2)[
        np.repeat([0, 1], n)
    ]


def distance_of(share, n=40, dims=8, psi=3.0):
    """How far apart they are when their ratio is that share of what it is for one speaker, by bisection."""
    variances, between = 2 * (mean_variance(np.float64(n)),), np.full(dims, psi)
    wanted, low, high = share * mutual_information(variances, between), 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        mean = middle * np.eye(dims)[0]
        near = log_likelihood_ratio(mean, -mean, variances, between) > wanted
        low, high = (middle, high) if near else (low, middle)
    return low


@pytest.mark.parametrize(("share", "apart"), [(0.30, True), (0.40, False)])
def test_two_speakers_are_confusable_from_a_share_of_what_one_would_have(share, apart):
    """About a third of the mean log likelihood ratio of one speaker."""
    points, whose = two_speakers(distance_of(share))
    assert are_all_distinct(points, whose, 0.0) is apart


@pytest.mark.parametrize(("part", "apart"), [(0.9, False), (1.1, True)])
def test_so_many_nats_more_are_granted(part, apart):
    """What two speakers have over the share may be as much as the margin: nearly as good is near."""
    points, whose = two_speakers(distance_of(0.40))
    over = 0.05 * mutual_information(2 * (mean_variance(np.float64(40)),), np.full(8, 3.0))
    assert are_all_distinct(points, whose, part * float(over)) is apart


def test_a_search_starts_with_twenty_and_little_doubt():
    """Or with half as many as there are windows, or as many as are allowed."""
    points = planted_points(0, 3)[0].values
    assert [
        initialize_clusters(points[:n], most, 0).shape[1] for n, most in ((100, 8), (10, 8), (100, 30))
    ] == [
        20,
        5,
        30,
    ]
    np.testing.assert_allclose(np.unique(initialize_by_kmeans(points, 4, 0)), [0.00025, 0.99925], rtol=1e-9)


def test_a_chain_stays_nine_times_in_ten_and_half_the_time_after_a_pause():
    """As docs/architecture.md says."""
    points = planted_points(0, 2)[0]
    assert set(_chain(points)[3][points.first]) == {0.5}
    assert set(_chain(points)[3][~points.first]) == {0.9}


@pytest.mark.parametrize(("frames", "windows"), [(19, 0), (20, 1)])
def test_a_fifth_of_a_second_is_the_shortest_window(frames, windows):
    """Less says nothing about a voice."""
    clean = np.zeros(200, bool)
    clean[50 : 50 + frames] = True
    assert len(overlapping_windows(clean, np.zeros(0, int), clock(200), 1.5, 0.5, 0.3)[0]) == windows


@pytest.mark.parametrize(("probability", "windows"), [(0.27, 1), (0.33, 2)])
def test_where_two_probably_speak_there_is_no_window(probability, windows):
    """From three tenths on; what is before and behind it are windows of their own."""
    both = np.zeros(140, np.float32)
    both[60:80] = probability
    activity = SpeechActivity(mask_of(140, (0, 140)), both)
    assert len(split_speech(activity, SpaceConfig())[0]) == windows


@pytest.mark.parametrize(("share", "named"), [(0.007, None), (0.013, "SPEAKER_01")])
def test_a_hundredth_is_worth_naming_a_runner_up(share, named):
    """Less is nobody."""
    values = np.tile(np.float32([1 - share, share]), (100, 1))
    mask = mask_of(100, (0, 100))
    (turn,) = posteriors_to_turns(
        Posteriors(values, mask.grid, ("SPEAKER_00", "SPEAKER_01")), mask, "a"
    ).turns
    assert turn.runner_up == named


@pytest.mark.parametrize(("height", "changes"), [(0.45, []), (0.55, [30])])
def test_a_change_is_one_when_it_is_likelier_than_not(height, changes):
    """At its likeliest frame."""
    change = np.zeros(60)
    change[28:33] = height - 0.02
    change[30] = height
    assert network._peaks(change).tolist() == changes


def test_local_voices_are_compared_a_tenth_of_a_second_to_either_side():
    """So a sudden change is seen for a fifth."""
    voices = np.zeros((1, 300, 3), np.float32)
    voices[0, :150, 0] = voices[0, 150:, 1] = 1
    one, two = np.ones((1, 300), np.float32), np.zeros((1, 300), np.float32)
    local = LocalActivity(voices, one, two, np.array([0]), 160, 80, 16_000)
    assert np.flatnonzero(network.frame_means(local, clock(300))[2] > 0.5).tolist() == list(range(140, 160))


@pytest.mark.parametrize(
    ("frames", "active", "named"), [(4, 1.0, 1), (5, 1.0, 2), (5, 0.45, 1), (5, 0.5, 1), (5, 0.55, 2)]
)
def test_a_local_voice_of_a_few_frames_is_none(frames, active, named):
    """Fewer than five, in which it is likelier active than not, are a slip of the network."""
    voices, shares = np.zeros((100, 3)), np.zeros((100, 2))
    voices[:90, 0] = shares[:90, 0] = 1
    voices[90 : 90 + frames, 1] = active
    shares[90:, 1] = 1
    assert len(overlap._match_voices(voices, shares)) == named


@pytest.mark.parametrize(("at", "first", "last"), [(300, 151, 450), (5, 0, 155), (595, 446, 599)])
def test_a_speaker_within_a_second_and_a_half_may_be_second(at, first, last):
    """And nobody who is farther off, at the ends of the recording either."""
    grid = clock(600)
    values = np.zeros((600, 2), np.float32)
    values[:, 0] = 1
    values[at] = (0, 1)
    around = overlap._local_presence(Posteriors(values, grid, ("SPEAKER_00", "SPEAKER_01")))[:, 1]
    assert np.flatnonzero(np.abs(around) > 1e-9).tolist() == list(range(first, last + 1))
