"""Starts, outliers and frames at their edges: no window, windows of no length, turns of no time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from diarize.clustering.outliers import find_outliers
from diarize.clustering.starts import kmeans_start, start_wide
from diarize.config import ResegmentationConfig
from diarize.resegmentation.frames import adapted_posteriors, turn_posteriors
from diarize.types import SpeakerPoints

from .made import grid, mask_of, mixture, planted_points


class TestStarts:
    def test_only_directions_part_windows_however_short_they_are(self):
        """A ten-billionth as long is as far; one of no length is a direction of its own."""
        places = np.array([[1, 0], [3, 0], [1e-10, 0], [0, 2], [0, 1e-10], [0, 0]], dtype=np.float64)
        labels = kmeans_start(places, 3, 0).argmax(axis=1)
        assert labels[0] == labels[1] == labels[2]
        assert labels[3] == labels[4]
        assert len({*labels[[0, 3, 5]]}) == 3

    def test_a_search_among_two_windows_starts_with_one_speaker(self):
        """Half as many as there are windows."""
        assert start_wide(np.eye(2), 8, 0).shape == (2, 1)

    def test_more_speakers_than_directions_leave_some_without_windows(self):
        """Of two directions asked for four: each window has one speaker, and two have none."""
        shares = kmeans_start(np.eye(2)[[0, 1, 0, 1, 1]], 4, 0)
        assert shares.shape == (5, 4)
        assert len({*shares.argmax(axis=1)}) == 2
        assert_allclose(shares.sum(axis=1), 1)


class TestOutliers:
    def test_two_windows_in_a_hundred_are_flagged(self):
        """Those that fit least, whatever the rest is like."""
        points, labels = planted_points(3, 2, n=400)
        found = find_outliers(points, np.eye(2)[labels])
        assert_array_equal(np.flatnonzero(found.flagged), np.sort(np.argsort(found.log_density)[:8]))


class TestFrames:
    def test_speech_without_any_window_teaches_nobody(self):
        """Every stretch is too short for a window: all are as likely, in every round."""
        none = SpeakerPoints(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, bool), grid(40))
        mask = mask_of(40, (0, 8), (20, 28))
        values = np.random.default_rng(0).normal(size=(40, 2))
        for rounds in (0, 1, 2):
            config = ResegmentationConfig(rounds=rounds)
            found = adapted_posteriors(values, mask, none, np.zeros((0, 2)), mixture(), config).values
            assert_allclose(found[mask.values], 0.5, rtol=1e-6)
            assert not found[~mask.values].any()

    @pytest.mark.parametrize("shortest", [0.0, 0.01, 0.05])
    def test_turns_may_be_as_short_as_a_block(self, shortest):
        """Without a minimum, a block among others, far from any pause, is a turn."""
        owners = (np.arange(160) // 5 == 15).astype(int)
        mask = mask_of(160, (0, 160))
        found = turn_posteriors(1e3 * np.eye(2)[owners], mask, ResegmentationConfig(min_turn=shortest))
        assert_array_equal(found.values.argmax(axis=1), owners)

    def test_speech_that_is_shorter_than_a_turn_is_one_turn(self):
        """By hand: two blocks that differ, and a minimum of a minute."""
        scores = np.repeat([[3.0, 0.0], [0.0, 1.0]], 5, axis=0)
        config = ResegmentationConfig(min_turn=60.0, likelihood_scale=1.0)
        found = turn_posteriors(scores, mask_of(10, (0, 10)), config).values
        assert_allclose(found[:, 0], 1 / (1 + np.exp(5 - 15)), rtol=1e-5)
