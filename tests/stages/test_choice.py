"""The choice of a number at its edges: hardly any windows, margins of belief, solutions that are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from diarize.clustering import cluster_windows, gaussians, no_speakers
from diarize.clustering.confusable import are_all_distinct
from diarize.clustering.count import choose_count
from diarize.clustering.evidence import compute_evidence
from diarize.config import ClusteringConfig
from diarize.errors import SpeakerCountError
from diarize.mixtures import GMM

from .builders import planted_points, points_at


@pytest.mark.parametrize("n", [0, 1])
def test_less_than_two_windows_are_one_speaker_without_any_criterion(n):
    """There is nothing to compare; who asks for two speakers is told that there cannot be two."""
    points = points_at(np.ones((n, 3)), np.ones(3))
    for criterion in ("bic", "evidence"):
        found = cluster_windows(points, ClusteringConfig(criterion=criterion), 0)
        assert (found.criterion, found.counts, found.values) == ("too little speech", (1,), (0.0,))
        assert (found.chosen, found.equivalent) == (1, (1,))
        np.testing.assert_array_equal(found.responsibilities, np.ones((n, 1)))
    with pytest.raises(SpeakerCountError, match=f"for {n} at most"):
        cluster_windows(points, ClusteringConfig(min_speakers=2), 0)


def test_nobody_has_a_curve_of_one_point():
    """At nothing, and its line says so."""
    assert (no_speakers().counts, no_speakers().values) == ((0,), (0.0,))
    assert no_speakers().explanation == "0: there is no speech"
    assert replace(no_speakers(), criterion="BIC", chosen=1).explanation == "1: no other number was found"


def test_who_is_chosen_has_no_margin_of_belief():
    """That is for the numbers which are nearly as good."""
    solutions = {k: np.full((6, k), 1 / k) for k in (1, 2, 3)}
    values = {1: 50.0, 2: 10.0, 3: 9.0}

    def believable(shares, margin):
        return shares.shape[1] < 3 or margin > 0.05

    found = choose_count("BIC", solutions, values, ClusteringConfig(equivalent=3.0), believable)
    assert (found.chosen, found.equivalent, found.confusable) == (2, (2, 3), (3,))


@pytest.mark.parametrize("criterion", ["bic", "evidence"])
def test_a_solution_that_merging_came_to_is_kept_when_so_many_are_asked_for(criterion):
    """A start of its own is only for numbers that merging passed by."""
    points, _ = planted_points(1, 4, n=60, distance=0.6)
    free, asked = (
        cluster_windows(points, ClusteringConfig(criterion=criterion, min_speakers=k), 0) for k in (1, 2)
    )
    assert free.counts[:3] == (1, 2, 3)
    np.testing.assert_array_equal(asked.solutions[1], free.solutions[1])
    assert asked.counts == free.counts


def test_points_without_a_model_are_distinct_and_have_no_evidence():
    """What two speakers of them have in common is not known."""
    points, labels = planted_points(1, 1)
    shares = np.eye(2)[labels + np.arange(len(labels)) % 2]
    assert not are_all_distinct(points, shares, 0.0)
    for gone in ({"weights": None}, {"between": None}, {"weights": None, "between": None}):
        bare = replace(points, **gone)
        assert are_all_distinct(bare, shares, 0.0)
        with pytest.raises(TypeError, match="without a model"):
            compute_evidence(bare, shares)


@pytest.mark.parametrize("criterion", ["bic", "evidence"])
def test_of_several_starts_the_best_is_kept_for_every_number(criterion):
    """Whichever it is: neither the first nor the last is the best for all."""
    points, _ = planted_points(4, 8, n=60, distance=0.8)

    def curve(seed, n_starts):
        config = ClusteringConfig(criterion=criterion, n_starts=n_starts, max_speakers=6)
        found = cluster_windows(points, config, seed)
        return dict(zip(found.counts, found.values, strict=True))

    alone, together = [curve(seed, 1) for seed in (0, 1, 2)], curve(0, 3)
    best = {k: min(each[k] for each in alone if k in each) for k in {k for each in alone for k in each}}
    assert together == pytest.approx(best, rel=1e-12)
    for start in (alone[0], alone[-1]):
        assert max(start[k] - best[k] for k in start) > 0.05


def test_four_windows_tell_as_much_as_one_that_does_not_overlap():
    """By hand, for one speaker: the integral over the place, dimension by dimension."""
    points, _ = planted_points(2, 1, n=20)
    weights, psi = np.full(20, 0.25), points.between
    known = 1 + psi * weights.sum()
    linear = np.sqrt(psi) * (weights @ points.values)
    wanted = 0.5 * (linear**2 / known - np.log(known)).sum()
    assert compute_evidence(points, np.ones((20, 1))) == pytest.approx(-wanted, rel=1e-9)


class TestMixtures:
    def test_a_speaker_without_windows_has_a_place_and_moves_nobody(self):
        """By hand: one window each, and a third speaker of none."""
        points = points_at(np.array([[1.0, 2.0], [3.0, 5.0]]), np.ones(2))
        gmm = gaussians._gmm_of(points, np.eye(3)[:2])
        np.testing.assert_allclose(gmm.means_[:2], points.values, rtol=1e-10)
        assert np.isfinite(gmm.means_).all()
        np.testing.assert_allclose(gmm.weights_, [0.5, 0.5, 0], atol=1e-9)

    def test_windows_that_do_not_differ_at_all_have_the_least_variance(self):
        """By hand: a millionth of a millionth, for four windows of three numbers."""
        gmm = gaussians._gmm_of(points_at(np.zeros((4, 3)), np.ones(3)), np.ones((4, 1)))
        np.testing.assert_allclose(gmm.covariances_, 1e-12 / 12, rtol=1e-6)

    def test_a_start_with_less_than_half_a_window_is_none(self):
        """Some of the speakers of a start have nothing but the doubt of others."""
        points, _ = planted_points(1, 1, n=40)
        for part, kept in ((0.45, 1), (0.55, 2)):
            shares = np.tile([1 - part / 40, part / 40], (40, 1))
            assert next(gaussians._merge_path(points, shares, "tied_spherical")).n_components == kept

    def test_components_of_no_weight_are_merged_first(self):
        """However far apart they are."""
        means = np.array([[0.0], [90.0], [10.0]])
        assert gaussians._closest(GMM(np.array([0.0, 0.0, 1.0]), means, np.array(1.0), "tied_spherical")) == (
            0,
            1,
        )

    def test_two_frequent_components_are_merged_if_they_are_nearer_by_ward(self):
        """By hand: 0.036 against 0.225, though the product of the weights is larger."""
        means = np.array([[0.0], [3.0], [10.0], [10.4]])
        gmm = GMM(np.array([0.05, 0.05, 0.45, 0.45]), means, np.array(1.0), "tied_spherical")
        assert gaussians._closest(gmm) == (2, 3)

    def test_without_weights_every_window_is_full(self):
        """The value of one solution is that of full windows."""
        points, labels = planted_points(1, 2, n=40)
        shares = np.eye(2)[labels]
        bare = replace(points, weights=None)
        assert gaussians.compute_bic(bare, shares) == gaussians.compute_bic(points, shares)
