"""Stages at their edges: no window, windows of no length, turns of no time, silence, tones, batches."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from diarize.clustering.initialization import initialize_by_kmeans, initialize_clusters
from diarize.clustering.outliers import find_outliers
from diarize.config import ResegmentationConfig
from diarize.embedding import campplus
from diarize.embedding.windows import overlapping_windows
from diarize.networks import pyannet
from diarize.networks.local_activity import LocalActivity
from diarize.resegmentation.frames import adapted_posteriors, turn_posteriors
from diarize.speech import network, tones
from diarize.speech.silence import digital_silence
from diarize.types import Features, SpeakerPoints

from .builders import grid, mask_of, mixture, planted_points


class TestStarts:
    def test_only_directions_part_windows_however_short_they_are(self):
        """A ten-billionth as long is as far; one of no length is a direction of its own."""
        places = np.array([[1, 0], [3, 0], [1e-10, 0], [0, 2], [0, 1e-10], [0, 0]], dtype=np.float64)
        labels = initialize_by_kmeans(places, 3, 0).argmax(axis=1)
        assert labels[0] == labels[1] == labels[2]
        assert labels[3] == labels[4]
        assert len({*labels[[0, 3, 5]]}) == 3

    def test_a_search_among_two_windows_starts_with_one_speaker(self):
        """Half as many as there are windows."""
        assert initialize_clusters(np.eye(2), 8, 0).shape == (2, 1)

    def test_more_speakers_than_directions_leave_some_without_windows(self):
        """Of two directions asked for four: each window has one speaker, and two have none."""
        shares = initialize_by_kmeans(np.eye(2)[[0, 1, 0, 1, 1]], 4, 0)
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
        """Every interval is too short for a window: all are as likely, in every round."""
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


@pytest.mark.parametrize(("size", "silent"), [(0.009, True), (0.011, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_digital_silence_has_cepstra_of_a_hundredth(size, silent, sign):
    """Above c0, and in either direction."""
    values = np.zeros((20, 4), np.float32)
    values[:, 0], values[5:15, 2] = -50, sign * size
    found = digital_silence(Features(values, grid(20), ("c0", "c1", "c2", "c3")), 3)
    assert_array_equal(found, np.ones(20, bool) if silent else np.arange(20) // 5 % 3 == 0)


class TestWindows:
    @pytest.mark.parametrize(
        ("pause", "bounds"), [(5, [[0, 150], [27, 177], [55, 205]]), (6, [[0, 100], [106, 206]])]
    )
    def test_a_pause_that_is_short_is_part_of_a_window(self, pause, bounds):
        """By hand: a twentieth of a second is, a little more parts two windows."""
        clean = mask_of(206, (0, 100), (100 + pause, 200 + pause)).values
        found, first = overlapping_windows(clean, np.zeros(0, int), grid(206), 1.5, 0.5, 0.05)
        assert_array_equal(found, bounds)
        assert first.tolist() == ([True, False, False] if pause == 5 else [True, True])


class TestEmbedding:
    def test_activations_are_in_a_window_by_their_centres(self):
        """By hand: those are at 200, 520 and 840 samples, and so on."""
        bounds = np.array([[0, 841], [200, 840], [201, 841], [520, 1161]])
        assert np.column_stack(campplus._activation_bounds(bounds)).tolist() == [
            [0, 3],
            [0, 2],
            [1, 3],
            [1, 4],
        ]

    def test_runs_of_the_network_are_joined_over_two_seconds_and_last_sixteen(self):
        """By hand, in activations of 20 ms; a window inside another one adds nothing."""
        first, last = np.array([0, 10, 200, 401, 900]), np.array([100, 20, 300, 500, 2000])
        spans = [(0, 300), (401, 500), (900, 1700), (1700, 2000)]
        assert campplus._spans(first, last) == spans

    def test_no_more_is_read_than_a_window_needs(self):
        """Sound streams: energies of one second at a time, here as far as 60 activations."""
        read = []
        parts = (read.append(k) or np.zeros((100, 80), np.float32) for k in range(50))
        assert len(next(campplus._energies(parts, [(0, 10), (900, 910)]))) == 120
        assert read == [0, 1]

    def test_a_window_has_the_mean_of_its_own_activations(self, monkeypatch):
        """A network whose activations are their numbers, at both ends, alone, and over two runs."""
        rows = np.repeat(np.arange(4000, dtype=np.float32)[:, None] / 2, 80, axis=1)

        class Numbers:
            def stream(self, blocks):
                return iter(np.split(rows, 40))

        monkeypatch.setattr(campplus, "filter_bank", lambda *_: Numbers())
        monkeypatch.setattr(
            campplus.campplus, "frame_activations", lambda x, _: np.tile(x[::2, :1], (1, 512))
        )
        monkeypatch.setattr(campplus.campplus, "pool_embeddings", lambda mean, *_: mean)
        firsts = np.array([0, 30, 75, 400, 500, 1150, 1950])
        bounds = 200 + 320 * np.column_stack((firsts, firsts + np.array([50, 60, 40, 1000, 75, 80, 50])))
        found = campplus.CampplusExtractor().embed([], bounds)
        wanted = [(a + b - 1) / 2 for a, b in (bounds - 200) / 320]
        assert_allclose(found[:, 0], wanted, rtol=1e-6)


class TestTones:
    def test_a_peak_is_five_bins(self):
        """By hand, in the middle and at the upper end."""
        power = np.ones((2, 40))
        power[0, 20] = power[1, 39] = 10
        highest, taken = tones._take_peak(power)
        assert (highest.tolist(), np.flatnonzero(power[0] == 0).tolist()) == ([20, 39], [18, 19, 20, 21, 22])
        assert taken[0] == 14

    @pytest.mark.parametrize(("share", "heard"), [(0.016, False), (0.024, True)])
    def test_a_second_tone_has_a_fiftieth_of_the_power(self, share, heard):
        """A weaker one is not one that must be held."""
        t = np.arange(16_000) / 16_000
        low, high = (np.sin(2 * np.pi * 15.625 * k * t) for k in (30, 60))
        sound = np.float32(np.sqrt(1 - share) * low + np.sqrt(share) * high)
        peaks = tones.ToneDetector(16_000)._peaks(sound)
        assert_array_equal(np.unique(peaks, axis=0), [[30, 60 if heard else 30]])

    def test_a_tone_after_a_long_block_is_where_it_is(self):
        """Spectra of twelve seconds come in parts, each of them once."""
        noise = np.float32(np.random.default_rng(0).normal(size=24 * 16_000))
        tone = np.float32(np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000))
        noise[14 * 16_000 : 15 * 16_000] = tone
        watch = tones.ToneDetector(16_000)
        assert sum(len(block) for block in watch.watch([noise[: 12 * 16_000], noise[12 * 16_000 :]])) > 0
        (found,) = grid(2400).intervals(watch.mask(grid(2400)))
        assert_allclose(found, [14, 15], atol=0.05)

    def test_a_tone_at_the_end_does_not_shorten_the_beginning(self):
        """Nothing is before the first frame."""
        speech, tone = np.arange(50) < 5, np.arange(50) >= 45
        assert_array_equal(tones.remove_tones(speech, tone, 30), speech)


class TestNetwork:
    @pytest.mark.parametrize("n_windows", [1, 2, 3, 4, 5, 8, 9])
    def test_windows_come_in_full_batches_and_each_of_them_once(self, n_windows, monkeypatch):
        """Every five seconds, whether or not the last batch is full."""
        monkeypatch.setattr(network, "BATCH_SIZE", 4)
        n = pyannet.WINDOW + (n_windows - 1) * 80_000
        sound = np.arange(n, dtype=np.float32)
        batches = list(network._window_batches([sound]))
        assert [start for starts, _ in batches for start in starts] == list(range(0, n, 80_000))[:n_windows]
        sizes = [len(windows) for _, windows in batches]
        assert sum(sizes) == n_windows
        assert all(size == 4 for size in sizes[:-1])
        assert sizes[-1] <= 4

    def test_local_voices_that_are_hardly_sure_are_voices(self):
        """Shares are of what is heard, and of nothing where there is nothing."""
        voices = np.zeros((9, 2))
        voices[:6] = (1e-4, 0)
        assert_allclose(network._change(voices, 1), [0, 0, 0, 0, 0, 1, 1, 1, 1], atol=1e-9)

    def test_a_frame_has_the_mean_of_its_windows(self):
        """By hand: one window hears somebody and the other nobody."""
        sure = np.array([np.ones(40), np.zeros(40)])
        local = LocalActivity(np.ones((2, 40, 3)), sure, sure, [0, 20 * 160], 160, 80, 16_000)
        for found in network.frame_means(local, grid(60))[:2]:
            assert_array_equal(found, np.repeat([1, 0.5, 0], 20))

    def test_frames_behind_all_windows_have_no_speech(self):
        """And those in one have its mean."""
        one = np.ones((1, 40))
        local = LocalActivity(np.ones((1, 40, 3)), one, one, [0], 160, 80, 16_000)
        speech, overlap, _ = network.frame_means(local, grid(60))
        for found in (speech, overlap):
            assert_array_equal(found, np.arange(60) < 40)
