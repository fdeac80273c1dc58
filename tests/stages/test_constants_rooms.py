"""Where further numbers of the accuracy path tip, on data whose truth is known or counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from diarize.clustering import gaussians, vbx
from diarize.clustering.confusable import are_all_distinct
from diarize.clustering.initialization import initialize_clusters
from diarize.config import ClusteringConfig, ResegmentationConfig
from diarize.embedding import campplus
from diarize.embedding.two_covariance import (
    fit_two_covariance,
    log_likelihood_ratio,
    mean_variance,
    mutual_information,
)
from diarize.mixtures import GMM, fit_gmm
from diarize.networks.local_activity import LocalActivity
from diarize.resegmentation import overlap
from diarize.resegmentation.frames import turn_posteriors
from diarize.resegmentation.pauses import move_to_pauses
from diarize.speech import SpeechActivity
from diarize.types import FrameGrid, Posteriors, SpeechMask

from .builders import mask_of, planted_points, points_at


def clock(n_frames):
    """Cells of 10 ms from sample 0 on."""
    return FrameGrid(16_000, 160, 160, 0, n_frames)


class TestClustering:
    @pytest.mark.parametrize(("farther", "apart"), [(0.98, False), (1.02, True)])
    def test_a_glimpse_of_a_speaker_counts_for_three_tenths_of_a_window(self, farther, apart):
        """Its mean is no surer, and no less sure, than that: the ratio is where it would be then."""
        psi, many = np.full(8, 3.0), 40
        variances = (np.array([3 / many + 0.15]), np.array([3 / 0.3 + 0.15]))
        wanted, low, high = 0.35 * mutual_information(variances, psi), 0.0, 100.0
        for _ in range(60):
            middle = (low + high) / 2
            mean = middle * np.eye(8)[0]
            near = log_likelihood_ratio(mean, -mean, variances, psi) > wanted
            low, high = (middle, high) if near else (low, middle)
        places = farther * low * np.repeat([1.0, -1.0], [many, 1])
        points = points_at(np.outer(places, np.eye(8)[0]), psi)
        points = replace(points, weights=np.r_[np.ones(many), 0.14])
        assert are_all_distinct(points, np.eye(2)[np.r_[np.zeros(many, int), 1]], 0.0) is apart

    def test_a_lone_window_is_two_samples(self):
        """Of one, BIC would have no penalty at all."""
        assert gaussians.independent_windows(points_at(np.eye(1), np.ones(1))) == 2
        assert gaussians.independent_windows(points_at(np.eye(3), np.ones(3))) == 3

    def test_the_pair_that_is_merged_is_that_of_ward(self):
        """By hand: two rare components 3 apart cost .225, two frequent ones 2 apart .9."""
        means = np.array([[0.0], [3.0], [10.0], [12.0]])
        gmm = GMM(np.array([0.05, 0.05, 0.45, 0.45]), means, np.array(1.0), "tied_spherical")
        assert gaussians._closest(gmm) == (0, 1)

    def test_half_a_window_counts_half_in_every_step_of_the_search(self):
        """The mean of one speaker is that of the windows by their weights."""
        points, _ = planted_points(1, 2, n=40)
        points = replace(points, weights=np.linspace(0.1, 1.0, 40))
        *_, last = gaussians._merge_path(points, initialize_clusters(points.values, 4, 0), "tied_spherical")
        wanted = np.average(points.values, axis=0, weights=points.weights)
        np.testing.assert_allclose(last.means_[0], wanted, atol=1e-9)

    def test_windows_that_are_all_the_same_have_a_density(self):
        """As those of a tone: a variance of nothing would have none."""
        gmm = gaussians._gmm_of(points_at(np.zeros((4, 3)), np.ones(3)), np.ones((4, 1)))
        assert gmm.covariances_ > 0
        assert np.isfinite(gmm.score(np.zeros((4, 3))))

    def test_the_search_settles_to_a_thousandth_of_a_nat_a_window(self):
        """A further step would gain less at every number, and hardly less at some."""
        points, _ = planted_points(4, 3, n=60, distance=0.3)
        path = gaussians._merge_path(points, initialize_clusters(points.values, 8, 0), "tied_spherical")
        gains = []
        for gmm in path:
            more, _ = fit_gmm(
                points.values, gmm.n_components, "tied_spherical", tol=0, max_iter=1, init_params=gmm
            )
            gains.append(more.score(points.values) - gmm.score(points.values))
        assert 0.8e-3 < max(gains) < 1e-3

    def test_the_search_makes_twenty_steps_at_most(self, monkeypatch):
        """After the start and after each merge, however much more there is to gain."""
        made = []

        def fit(*args, **kwargs):
            found = fit_gmm(*args, **(kwargs | {"tol": 0.0}))
            made.append(len(found[1].lower_bounds_) - 1)
            return found

        monkeypatch.setattr(gaussians, "fit_gmm", fit)
        points, _ = planted_points(0, 3, n=60, distance=0.3)
        assert (
            len(
                list(
                    gaussians._merge_path(points, initialize_clusters(points.values, 8, 0), "tied_spherical")
                )
            )
            > 9
        )
        assert max(made) == 20

    def test_windows_scatter_by_a_hundredth_of_all_at_least(self):
        """As where a jingle is played twice: its windows are alike to the bit, and no Gaussian vanishes."""
        points, _ = planted_points(1, 1, n=60)
        alike = replace(points, values=points.values[np.repeat([0, 1], 30)])
        shares = np.eye(2)[np.repeat([0, 1], 30)]
        spread = alike.values.var(axis=0).mean()
        for gmm in (
            gaussians._gmm_of(alike, shares),
            gaussians._best_of_starts(alike, ClusteringConfig(), 0)[2],
        ):
            np.testing.assert_allclose(gmm.covariances_, 0.01 * spread, rtol=1e-6)

    def test_the_search_starts_with_no_more_than_differ(self):
        """Three windows, each of them heard fifteen times, are three speakers at most."""
        points, _ = planted_points(1, 3, n=45)
        alike = replace(points, values=points.values[np.repeat([0, 20, 40], 15)])
        assert max(gaussians._best_of_starts(alike, ClusteringConfig(), 0)) == 3

    @pytest.mark.parametrize(("size", "tells"), [(7e-10, False), (1.5e-9, True)])
    def test_windows_that_differ_by_rounding_alone_are_alike(self, size, tells):
        """A billionth of their size: what is above may tell speakers."""
        points, _ = planted_points(1, 2, n=40)
        unit = points.values / points.values.std(axis=0)
        assert (
            bool(gaussians._best_of_starts(replace(points, values=1 + size * unit), ClusteringConfig(), 0))
            is tells
        )

    def test_vbx_settles_to_a_hundredth_of_a_nat(self):
        """The bound rises by less in the last step, and by more in all before."""
        points, _ = planted_points(5, 3, distance=0.45)
        shares = initialize_clusters(points.values, 8, 0)[:, :2] + 1e-6
        shares = shares / shares.sum(axis=1, keepdims=True)
        stay = np.full(len(shares), 0.9)
        fit = vbx.fit_vbx(points.values, points.weights / 4, points.between, stay, shares, 200, keep_all=True)
        steps = np.diff(fit.bounds)
        assert 0.006 < steps[-1] < 0.01 < steps[:-1].min() < 0.02


class TestEmbedding:
    def test_means_of_windows_scatter_as_the_model_says(self):
        """Windows of three steps every step, and a manner that lasts through a recording, drawn many times.

        How much lasts was measured on recordings (0.15 of the variance within a speaker); it is planted here.
        """
        rng = np.random.default_rng(0)
        for n in (40, 400):
            steps = rng.normal(size=(4000, n + 2))
            windows = (steps[:, 2:] + steps[:, 1:-1] + steps[:, :-2]) / np.sqrt(3)
            means = windows.mean(axis=1) + np.sqrt(0.15) * rng.normal(size=4000)
            assert means.var() == pytest.approx(mean_variance(n), rel=0.1)

    def test_within_a_speaker_a_quarter_is_a_sphere(self):
        """By hand: moments of few voices, drawn to a sphere of the same trace, are 1 when projected."""
        rng = np.random.default_rng(1)
        values = rng.normal(size=(60, 5)) * (5, 1, 0.2, 0.1, 0.05) + np.repeat(
            rng.normal(size=(6, 5)), 10, axis=0
        )
        speakers = np.repeat(np.arange(6), 10)
        unit = values / np.linalg.norm(values, axis=1, keepdims=True)
        left = unit - np.stack([unit[speakers == s].mean(axis=0) for s in speakers])
        within = left.T @ left / 54
        for shrinkage, share in ((None, 0.25), (0.0, 0.0)):
            model = fit_two_covariance(values, speakers, 5, *(() if shrinkage is None else (shrinkage,)))
            drawn = (1 - share) * within + (share + 1e-4) * np.trace(within) / 5 * np.eye(5)
            np.testing.assert_allclose(model.projection.T @ drawn @ model.projection, np.eye(5), atol=1e-6)

    def test_what_few_intervals_scatter_is_no_difference_of_voices(self):
        """Voices that differ as much as their intervals do, two of each: half of that is in their means."""
        rng = np.random.default_rng(3)
        voices, speakers = rng.normal(size=(600, 3)), np.repeat(np.arange(600), 2)
        values = np.column_stack((np.full(1200, 60.0), voices[speakers] + rng.normal(size=(1200, 3))))
        assert fit_two_covariance(values, speakers, 3, 0.0).between.mean() == pytest.approx(1, abs=0.15)

    def test_voices_differ_by_a_thousandth_at_least(self):
        """Drawn from one voice, some directions have less between speakers than chance; none has nothing."""
        rng = np.random.default_rng(2)
        model = fit_two_covariance(rng.normal(size=(40, 6)), np.repeat(np.arange(8), 5), 6)
        assert model.between.min() == 1e-3

    def test_activations_that_do_not_move_deviate_by_a_ten_thousandth(self):
        """As of digital silence; rounding would make less than nothing of it."""
        pooled = campplus._StatisticsPooling(1)
        pooled.add(np.full((9, 512), 0.1, np.float32), 0, np.array([0]), np.array([9]))
        np.testing.assert_allclose(pooled.statistics()[1], 1e-4 * np.sqrt(9 / 8), rtol=1e-6)

    def test_windows_have_the_moments_of_their_activations(self):
        """However these come: here one of a window's alone first, as where a piece of the network ends."""
        values = np.random.default_rng(0).normal(size=(30, 512)).astype(np.float32)
        first, last = np.array([0, 4, 9]), np.array([9, 30, 12])
        pooled = campplus._StatisticsPooling(3)
        for begin, end in ((0, 10), (10, 17), (17, 30)):
            pooled.add(values[begin:end], begin, first, last)
        for i, (a, b) in enumerate(zip(first, last, strict=True)):
            np.testing.assert_allclose(pooled.mean[i], values[a:b].mean(axis=0), atol=1e-6)
            np.testing.assert_allclose(pooled.deviation[i], values[a:b].std(axis=0, ddof=1), rtol=1e-5)

    @pytest.mark.parametrize("size", [7, 100, 3000])
    def test_a_run_of_the_network_has_fifty_activations_of_context_on_either_side(self, size):
        """Two energies each, as far as there is sound; after its end there is no run."""
        rows = np.repeat(np.arange(1000, dtype=np.float32)[:, None], 80, axis=1)
        parts = (rows[a : a + size] for a in range(0, 1000, size))
        spans = [(0, 10), (150, 160), (470, 480), (600, 610)]
        found = [(int(part[0, 0]), int(part[-1, 0]) + 1) for part in campplus._energies(parts, spans)]
        assert found == [(0, 120), (200, 420), (840, 1000)]

    @pytest.mark.parametrize(("samples", "activations"), [(1, 2), (640, 2), (960, 3)])
    def test_the_shortest_interval_has_two_activations(self, samples, activations):
        """One has no deviation."""
        first, last = campplus._activation_bounds(np.array([[200, 200 + samples]]))
        assert last[0] - first[0] == activations


class TestResegmentation:
    @pytest.mark.parametrize(("n_shared", "speaker"), [(70, 0), (140, 1)])
    def test_fifty_frames_with_others_count_like_one_alone(self, n_shared, speaker):
        """Who a local speaker is, two frames alone and many with another voice say differently."""
        voices, shares = np.zeros((400, 3)), np.zeros((400, 3))
        voices[:2, 0] = shares[:2, 0] = 1
        voices[2 : 2 + n_shared, [0, 2]] = shares[2 : 2 + n_shared, 1] = 1
        voices[300:, 2] = shares[300:, 2] = 1
        assert dict(overlap._match_voices(voices, shares))[0] == speaker

    @pytest.mark.parametrize(("heard", "named"), [(2.6, False), (3.4, True)])
    def test_a_second_speaker_has_a_chance_of_a_hundredth(self, heard, named):
        """Of three hundred frames around, shared by four; no local speaker is theirs."""
        n = 900
        values = np.zeros((n, 2), np.float32)
        values[:, 0] = 1
        values[440:444] = (1 - heard / 4, heard / 4)
        voices = np.zeros((1, n, 3), np.float32)
        voices[0, :, 0] = 1
        both = np.zeros(n, np.float32)
        both[450] = 0.9
        local = LocalActivity(voices, np.ones((1, n), np.float32), both[None], np.array([0]), 160, 80, 16_000)
        activity = SpeechActivity(SpeechMask(np.ones(n, bool), clock(n)), both, None, local)
        posteriors = Posteriors(values, clock(n), ("SPEAKER_00", "SPEAKER_01"))
        assert bool(overlap.second_speakers(posteriors, activity, 0.5).any()) is named

    def changes(self, n, at, pause=None, sure=2.0):
        """Frames at which the likeliest speaker changes when what is heard does ``at`` a frame."""
        spans = ((0, n),) if pause is None else ((0, pause[0]), (pause[1], n))
        mask = mask_of(n, *spans)
        scores = np.where(np.arange(n)[:, None] < at, (sure, 0), (0, sure))[mask.values]
        config = ResegmentationConfig(min_turn=0.05, likelihood_scale=1.0)
        found = turn_posteriors(scores, mask, config).values[mask.values].argmax(axis=1)
        return (np.flatnonzero(np.diff(found)) + 1).tolist()

    def test_speakers_change_every_twentieth_of_a_second(self):
        """A change at a multiple of five frames is found to the frame, one between is moved to such."""
        assert self.changes(200, 105) == [105]
        assert self.changes(200, 107) in ([105], [110])

    @pytest.mark.parametrize(("late", "moved"), [(20, True), (25, False)])
    def test_a_change_a_fifth_of_a_second_from_a_pause_is_at_it(self, late, moved):
        """Farther on it stays."""
        assert self.changes(300, 150 + late, (100, 150)) == [100 if moved else 100 + late]

    def test_a_second_of_pause_is_as_good_as_an_hour(self):
        """Who speaks behind it depends on how long it was, up to there."""

        def doubt(pause):
            mask = mask_of(200 + pause, (0, 100), (100 + pause, 200 + pause))
            scores = np.zeros((200, 2))
            scores[:100, 0] = 1
            found = turn_posteriors(scores, mask, ResegmentationConfig(likelihood_scale=1.0))
            return found.values[-1, 1]

        short, shorter, long, longer = map(doubt, (90, 60, 120, 180))
        assert shorter < short < long == longer

    def test_of_two_pauses_as_near_the_earlier_is_taken(self):
        """And the nearer of two otherwise."""
        pauses = np.array([3, 7])
        assert [int(move_to_pauses(np.array([at]), pauses, 4)[0]) for at in (4, 5, 6)] == [3, 3, 7]

    def test_overlap_is_cut_where_the_first_speaker_changes(self):
        """Each part has a second speaker of its own."""
        both, likeliest = np.ones(10, bool), np.repeat([0, 1], [4, 6])
        assert overlap._split_by_leader(both, likeliest) == [(0, 4), (4, 10)]
        some, leaders = mask_of(12, (3, 7)).values, np.repeat([0, 1, 0, 1], [1, 4, 5, 2])
        assert overlap._split_by_leader(some, leaders) == [(3, 5), (5, 7)]
