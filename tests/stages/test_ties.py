"""Ties, ends and neighbours: cases that differ only in one comparison, one frame or one window."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from diarize.clustering import Clustering, cluster_windows, gaussians
from diarize.clustering.confusable import are_all_distinct
from diarize.clustering.initialization import initialize_clusters
from diarize.clustering.vbx import fit_vbx
from diarize.config import ClusteringConfig, ResegmentationConfig, SpaceConfig, SpeechConfig
from diarize.embedding import campplus
from diarize.embedding.points import split_speech
from diarize.embedding.two_covariance import TwoCovariance, fit_two_covariance
from diarize.embedding.windows import overlapping_windows
from diarize.errors import ModelError
from diarize.networks import pyannet
from diarize.networks.local_activity import LocalActivity
from diarize.resegmentation import overlap
from diarize.resegmentation.frames import turn_posteriors
from diarize.speech import (
    PyanNetSegmenter,
    SpeechActivity,
    detect_by_mixtures,
    detect_by_network,
    durations,
    modulation_features,
    network,
    tones,
)
from diarize.speech.silence import digital_silence
from diarize.types import Features, Posteriors, runs

from .builders import grid, mask_of, planted_points, points_at
from .test_speech import ALL_IS_TALK, LOUD, N_MELS, QUIET, leveled

NO_CHANGES = np.zeros(0, np.int64)


class TestClustering:
    @pytest.mark.parametrize("criterion", ["BIC", "evidence"])
    def test_two_windows_are_compared(self, criterion):
        """One window is too little; two have a criterion."""
        points = points_at(9 * np.eye(2), np.ones(2))
        found = cluster_windows(points, ClusteringConfig(criterion=criterion.lower()), 0)
        assert (found.criterion, found.chosen) == (criterion, 1)

    def test_where_speakers_do_not_differ_two_are_one(self):
        """Without variance between speakers the ratio and its mean are both 0."""
        points = points_at(np.zeros((4, 3)), np.zeros(3))
        assert not are_all_distinct(points, np.eye(2)[[0, 0, 1, 1]], 0.0)

    @pytest.mark.parametrize("criterion", ["bic", "evidence"])
    def test_a_number_that_is_asked_for_exactly_is_taken_from_the_search(self, criterion):
        """Its solution is the one that merging found, with the same value."""
        points, _ = planted_points(1, 4, n=60, distance=0.6)
        free, exact = (
            cluster_windows(points, ClusteringConfig(criterion=criterion, min_speakers=a, max_speakers=b), 0)
            for a, b in ((1, 20), (2, 2))
        )
        assert exact.values[exact.counts.index(2)] == free.values[free.counts.index(2)]
        assert_array_equal(exact.solutions[exact.counts.index(2)], free.solutions[free.counts.index(2)])

    def test_one_start_is_one_search(self):
        """The values are those of the mixtures merged from the start of this seed."""
        points, _ = planted_points(4, 8, n=60, distance=0.8)
        found = cluster_windows(points, ClusteringConfig(max_speakers=6, n_starts=1), 0)
        path = gaussians._merge_path(points, initialize_clusters(points.values, 6, 0), "tied_spherical")
        wanted = {gmm.n_components: gmm.bic(points.values, points.weights, 60) / 2 for gmm in path}
        assert dict(zip(found.counts, found.values, strict=True)) == pytest.approx(wanted, rel=1e-12)

    def test_a_dimension_in_which_nothing_varies_does_not_matter(self):
        """Two speakers are two, also where another dimension is constant."""
        points, _ = planted_points(2, 2)
        flat = np.column_stack((points.values, np.ones(len(points.values))))
        found = cluster_windows(replace(points, values=flat, between=np.full(9, 3.0)), ClusteringConfig(), 0)
        assert found.chosen == 2

    @pytest.mark.parametrize("place", [(0.0, 0.0), (1.0, 0.0)])
    def test_windows_alike_up_to_rounding_have_no_mixtures(self, place):
        """Rounding is relative to the largest value; where all values are 0 there is none."""
        noise = 1e-10 * np.random.default_rng(0).normal(size=(40, 2)) * max(place)
        points = points_at(place + noise, np.ones(2))
        assert gaussians._best_of_starts(points, ClusteringConfig(), 0) == {}

    def test_the_evidence_is_that_of_the_last_step(self):
        """Two distant speakers, by hand: both draws of the first window are equally likely."""
        psi, values = np.full(2, 400.0), np.repeat([[30.0, 0.0], [0.0, 30.0]], 3, axis=0)
        stay = np.full(6, 0.9)
        start = np.tile([0.6, 0.4], (6, 1)) * np.repeat([[1.0, 0.9], [0.9, 1.0]], 3, axis=0)
        start = start / start.sum(axis=1, keepdims=True)
        fit = fit_vbx(values, np.ones(6), psi, stay, start, 50)
        linear = 20 * 3 * 30.0
        alone = 0.5 * linear**2 / (1 + 3 * 400) - np.log(1 + 3 * 400)
        chain = np.log([0.5, 0.95, 0.95, 0.05, 0.95, 0.95]).sum()
        assert fit.log_evidence == pytest.approx(2 * alone + chain + np.log(2), abs=0.1)
        assert fit.bounds[0] < fit.bounds[-1] - 1

    def test_a_tie_is_neither_better_nor_refused(self):
        """The smaller of two numbers with one value is chosen, and the larger is no better."""
        solutions = tuple(np.ones((1, k)) for k in (1, 2))
        tie = Clustering("BIC", (1, 2), (5.0, 5.0), 1, (1, 2), solutions)
        assert tie.why_no_more == "2 is worse by only 0 nats: listen before you trust 1"
        assert tie.explanation == "1 by BIC; nearly as good: 2"
        assert replace(tie, chosen=2).explanation == "2 by BIC; nearly as good: 1"
        better = replace(tie, values=(5.0, 4.0))
        assert (
            better.explanation == "1 by BIC, because with 2 two speakers may be one person; nearly as good: 2"
        )
        assert replace(tie, equivalent=(1,)).why_no_more.startswith("2 was not chosen: it is worse by 0 nats")


class TestWindows:
    def test_an_interval_as_long_as_a_window_is_one(self):
        """A second and a half, to the frame; a frame more makes two windows."""
        for n, bounds in ((150, [[20, 170]]), (151, [[20, 170], [21, 171]])):
            clean = mask_of(300, (20, 20 + n)).values
            found, _ = overlapping_windows(clean, NO_CHANGES, grid(300), 1.5, 0.5, 0.3)
            assert found.tolist() == bounds

    def test_windows_that_touch_are_of_one_interval(self):
        """A change parts them, a pause before the third makes it a first one."""
        clean = mask_of(300, (0, 100), (200, 300)).values
        found, first = overlapping_windows(clean, np.array([50]), grid(300), 1.5, 0.5, 0.3)
        assert found.tolist() == [[0, 50], [50, 100], [200, 300]]
        assert first.tolist() == [True, False, True]

    @pytest.mark.parametrize(
        ("changes", "n_windows"), [((50, 70), 2), ((49, 70), 3), ((50, 71), 3), ((49, 71), 3)]
    )
    def test_a_piece_with_one_frame_of_speech_is_no_pause(self, changes, n_windows):
        """A pause of a fifth of a second, and changes at its edges or a frame beside them."""
        clean = mask_of(120, (0, 50), (70, 120)).values
        found, _ = overlapping_windows(clean, np.array(changes), grid(120), 1.5, 0.5, 0.3)
        assert len(found) == n_windows

    @pytest.mark.parametrize(("probability", "n_windows"), [(0.2999, 1), (0.3, 2)])
    def test_overlap_begins_at_three_tenths(self, probability, n_windows):
        """Windows end there and go on behind it."""
        both = np.zeros(140, np.float32)
        both[60:80] = probability
        activity = SpeechActivity(mask_of(140, (0, 140)), both)
        assert len(split_speech(activity, SpaceConfig())[0]) == n_windows


class TestEmbedding:
    def test_pieces_of_the_network_end_where_windows_do(self):
        """By hand: exactly one piece, a piece and one activation, two pieces."""
        for n, spans in ((800, [(0, 800)]), (801, [(0, 800), (800, 801)]), (1600, [(0, 800), (800, 1600)])):
            assert campplus._spans(np.array([0]), np.array([n])) == spans

    def test_no_block_is_read_that_begins_where_a_window_ends(self):
        """The context ends at 200 energies; blocks have 100."""
        read = []
        parts = (read.append(k) or np.zeros((100, 80), np.float32) for k in range(50))
        assert len(next(campplus._energies(parts, [(0, 50)]))) == 200
        assert read == [0, 1]

    def test_a_window_that_ends_or_begins_with_a_piece_has_its_own_moments(self):
        """Its activations are all in one piece; the other piece adds nothing."""
        values = np.random.default_rng(0).normal(size=(20, 512)).astype(np.float32)
        first, last = np.array([2, 10, 0]), np.array([10, 15, 20])
        pooled = campplus._StatisticsPooling(3)
        pooled.add(values[:10], 0, first, last)
        pooled.add(values[10:], 10, first, last)
        for i, (a, b) in enumerate(zip(first, last, strict=True)):
            assert_allclose(pooled.mean[i], values[a:b].mean(axis=0), atol=1e-6)

    def test_one_number_that_is_none_spoils_a_model(self):
        """Among many that are finite."""
        projection = np.eye(3)
        projection[1, 1] = np.nan
        with pytest.raises(ModelError, match="NaN"):
            TwoCovariance(np.zeros(3), projection, np.ones(3))

    def test_two_voices_are_enough_for_a_model(self):
        """With several windows each: they differ in one direction."""
        values = np.random.default_rng(0).normal(size=(20, 3)) + np.repeat([[5, 0, 0], [0, 5, 0]], 10, axis=0)
        assert fit_two_covariance(values, np.repeat([0, 1], 10), 3).between.shape == (1,)


class TestSpeech:
    @pytest.mark.parametrize(("column", "silent"), [(0, True), (1, False), (2, False), (3, False)])
    def test_every_cepstrum_above_c0_tells_sound_from_silence(self, column, silent):
        """The first and the last of them, too."""
        values = np.zeros((9, 4), np.float32)
        values[:, column] = -1.0
        found = digital_silence(Features(values, grid(9), ("c0", "c1", "c2", "c3")), 3)
        assert found.all() == found.any() == silent

    @pytest.mark.parametrize(("n", "silent"), [(2, False), (3, True)])
    def test_digital_silence_lasts_as_long_as_is_asked_or_longer(self, n, silent):
        """Three frames."""
        values = np.ones((9, 2), np.float32)
        values[4 : 4 + n, 1] = 0
        found = digital_silence(Features(values, grid(9), ("c0", "c1")), 3)
        assert_array_equal(found, (values[:, 1] == 0) & silent)

    def test_a_hole_is_silence_if_it_is_as_long_as_a_pause(self):
        """And not if it is only as long as the shortest speech."""
        features = leveled(np.zeros(300))
        values = features.values.copy()
        values[100:120, 1:] = 0
        holes = Features(values, features.grid, features.names)
        for pause, silent in ((0.3, 0), (0.2, 20)):
            config = SpeechConfig(min_speech=0.05, min_pause=pause, padding=0.0)
            found = detect_by_mixtures(holes, LOUD, QUIET, ALL_IS_TALK, config, N_MELS)
            assert np.flatnonzero(~found.values).tolist() == list(range(100, 100 + silent))

    def test_three_seconds_have_one_row(self):
        """Exactly one segment."""
        assert modulation_features(leveled(np.zeros(300)), N_MELS).shape == (1, 65)

    def test_a_tone_is_where_it_is_however_many_spectra_are_held(self, monkeypatch):
        """Seven at a time: none is lost and none is counted twice."""
        monkeypatch.setattr(tones, "BATCH_SIZE", 7)
        sound = np.float32(np.random.default_rng(0).normal(size=4 * 16_000))
        sound[3 * 16_000 :] = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
        watch = tones.ToneDetector(16_000)
        assert len(list(watch.watch([sound]))) == 1
        (found,) = grid(400).intervals(watch.mask(grid(400)))
        assert_allclose(found, [3, 4], atol=0.05)

    def test_blocks_of_a_thousandth_of_a_second_are_as_good_as_one(self):
        """No sample between two of three thousand blocks is lost."""
        sound = np.float32(np.random.default_rng(0).normal(size=48_000))
        sound[32_000:40_000] = np.sin(2 * np.pi * 440 * np.arange(8_000) / 16_000)
        masks = []
        for n_blocks in (1, 3000):
            watch = tones.ToneDetector(16_000)
            assert len(list(watch.watch(np.split(sound, n_blocks)))) == n_blocks
            masks.append(watch.mask(grid(300)))
        assert masks[0].any()
        assert_array_equal(*masks)

    @pytest.mark.parametrize(("n_spectra", "found"), [(4, False), (5, True)])
    def test_five_spectra_of_a_tone_are_enough(self, n_spectra, found):
        """Of 64 ms, every 20 ms; the sound has no more."""
        watch = tones.ToneDetector(16_000)
        sound = np.sin(2 * np.pi * 440 * np.arange(1024 + 320 * (n_spectra - 1)) / 16_000)
        assert len(list(watch.watch([np.float32(sound)]))) == 1
        assert watch.mask(grid(14)).any() == found

    @pytest.mark.parametrize(("n", "kept"), [(2, False), (3, True)])
    def test_speech_after_a_tone_is_as_long_as_is_asked_or_longer(self, n, kept):
        """Three frames are not less than three."""
        tone, speech = np.arange(9) < 3, np.arange(9) < 3 + n
        assert_array_equal(tones.remove_tones(speech, tone, 3), speech & ~tone & kept)

    @pytest.mark.parametrize(("pause", "found"), [(0.10, [[10, 40], [50, 80]]), (0.11, [[10, 80]])])
    def test_a_pause_of_the_least_duration_is_one(self, pause, found):
        """Ten frames are; if eleven are asked for, they are filled."""
        config = SpeechConfig(min_speech=0.05, min_pause=pause)
        mask = durations.enforce_durations(mask_of(90, (10, 40), (50, 80)).values, grid(90), config)
        assert runs(mask).tolist() == found

    def test_speech_begins_and_changes_do_not_at_one_half(self):
        """A frame that is as likely speech as not is speech; a change as likely as not is none."""
        even = LocalActivity(
            np.full((1, 90, 3), 0.2), np.full((1, 90), 0.5), np.zeros((1, 90)), [0], 160, 80, 16_000
        )
        segmenter = SimpleNamespace(rate=16_000, segment=lambda blocks: even)
        assert detect_by_network([], segmenter, grid(90), SpeechConfig()).mask.values.all()
        assert network._peaks(np.full(9, 0.5)).tolist() == []

    def test_the_network_tells_one_voice_from_two(self, monkeypatch):
        """Seven classes: nobody, one of three, two of three; by hand."""
        classes = np.float32([[0.1, 0.2, 0.05, 0.15, 0.25, 0.05, 0.2]])
        monkeypatch.setattr(pyannet, "class_probabilities", lambda windows, weights: classes[None])
        found = PyanNetSegmenter().segment([np.zeros(pyannet.WINDOW, np.float32)])
        assert_allclose(found.speech, [[0.9]], rtol=1e-6)
        assert_allclose(found.overlap, [[0.5]], rtol=1e-6)
        assert_allclose(found.values, [[[0.5, 0.5, 0.4]]], rtol=1e-6)


class TestResegmentation:
    def test_changes_are_those_of_the_likeliest_speaker(self):
        """Of three: the least likely one is the same before and after a change near a pause."""
        scores = np.repeat([[1.0, 0.0, -1.0], [0.0, 1.0, -1.0]], [190, 210], axis=0)
        config = ResegmentationConfig(min_turn=0.05, likelihood_scale=1.0)
        found = turn_posteriors(scores, mask_of(500, (0, 200), (300, 500)), config).values
        assert (found[190:200].argmax(axis=1) == 0).all()

    def talk(self, heard):
        """Posteriors of A, B and C, and the activity of local speakers in two windows of two seconds.

        A speaks and is joined in frames 100 to 104; ``heard`` (n, 2): how active the local speakers of B and
        C are from frame 98 on. B and C speak alone for equally long, so nothing else tells them apart.
        """
        owner = np.zeros(200, int)
        owner[:40], owner[160:] = 1, 2
        local = np.eye(3)[owner]
        local[98 : 98 + len(heard), 1:] = heard
        both = np.zeros(200, np.float32)
        both[100:104] = 0.9
        posteriors = Posteriors(np.eye(3)[owner].astype(np.float32), grid(200), ("A", "B", "C"))
        activity = LocalActivity(local[None], np.ones((1, 200)), both[None], [0], 160, 80, 16_000)
        return posteriors, SpeechActivity(mask_of(200, (0, 200)), both, None, activity)

    @pytest.mark.parametrize(
        ("heard", "second"),
        [
            ([(0, 0), (0, 1), (0.9, 0), (0, 0.2), (0, 0.2), (0, 0.2), (0, 1)], 1),
            ([(0, 0), (0, 1), (0, 0.2), (0, 0.2), (0, 0.2), (0.9, 0), (0, 1)], 1),
            ([(0, 0), (0, 0), (0.2, 0), (0.2, 0), (0.2, 0), (0, 0.9), (0, 0)], 2),
        ],
    )
    def test_the_second_speaker_is_who_is_most_active_in_the_interval(self, heard, second):
        """Its first and its last frame count, the frames beside it do not."""
        found = overlap.second_speakers(*self.talk(np.array(heard)), 0.5)
        wanted = np.zeros((200, 3), np.float32)
        wanted[100:104, second] = 0.9
        assert_array_equal(found, wanted)

    @pytest.mark.parametrize(("threshold", "n"), [(0.9, 4), (0.9001, 0)])
    def test_overlap_as_likely_as_asked_is_overlap(self, threshold, n):
        """The least probability is one of those that count."""
        posteriors, activity = self.talk(np.full((7, 2), (0.5, 0.0)))
        exact = replace(activity, overlap=activity.overlap.astype(np.float64).round(1))
        assert (overlap.second_speakers(posteriors, exact, threshold) > 0).sum() == n

    @pytest.mark.parametrize(("n", "named"), [(3, False), (4, True)])
    def test_a_hundredth_of_the_surroundings_is_too_little_for_a_second_speaker(self, n, named):
        """Three frames of three hundred; no local speaker is active."""
        values = np.zeros((900, 2), np.float32)
        values[:, 0] = 1
        values[440 : 440 + n] = (0, 1)
        both = np.zeros(900, np.float32)
        both[450] = 0.9
        nobody = LocalActivity(np.zeros((1, 900, 3)), np.ones((1, 900)), both[None], [0], 160, 80, 16_000)
        activity = SpeechActivity(mask_of(900, (0, 900)), both, None, nobody)
        found = overlap.second_speakers(Posteriors(values, grid(900), ("A", "B")), activity, 0.5)
        assert found.any() == named
