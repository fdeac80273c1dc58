"""Choosing K and the covariance: the curve, its minimum, honest ties, blocks, and independent points."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from diarize.errors import ModelError
from diarize.mixtures import (
    GMM,
    HeldOut,
    Selection,
    blocked_folds,
    effective_sample_size,
    fit_gmm,
    held_out_likelihood,
    select_gmm,
)
from diarize.mixtures.gaussian import full_covariances, total_moments
from diarize.mixtures.split_merge import merge_components, split_component

from . import LAW
from .test_gmm import random_gmm

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")


def three_clusters(n_points: int = 600, spread: float = 8.0) -> np.ndarray:
    rng = np.random.default_rng(21)
    centres = spread * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    return centres[rng.integers(0, 3, n_points)] + rng.normal(size=(n_points, 2))


@pytest.mark.parametrize("sweep", ["both", "split", "merge", "fresh"])
@pytest.mark.parametrize("criterion", ["bic", "aic", "icl", "held-out"])
def test_every_sweep_and_criterion_finds_three_clusters(sweep: str, criterion: str) -> None:
    found = select_gmm(three_clusters(), range(1, 6), "spherical", criterion=criterion, sweep=sweep, n_init=2)
    near = [c.gmm.n_components for c in found.near]
    assert found.n_components == 3 or (criterion in ("aic", "held-out") and 3 in near)
    counts, values = found.curve()
    assert counts == (1, 2, 3, 4, 5)
    assert_array_equal(values, found.values)
    assert found.best.value(criterion) == values.min()
    assert found.parameter_counts == tuple(c.gmm.n_parameters for c in found.candidates)


def test_criteria_are_those_of_the_mixture() -> None:
    x = three_clusters()
    found = select_gmm(x, [2, 3], "full", n_samples=100.0, n_init=1)
    for c in found.candidates:
        assert_allclose(c.bic, c.gmm.bic(x, n_samples=100.0), rtol=1e-12)
        assert_allclose(c.aic, c.gmm.aic(x, n_samples=100.0), rtol=1e-12)
        assert_allclose(c.icl, c.gmm.icl(x, n_samples=100.0), rtol=1e-12)
        assert_allclose(c.log_likelihood, len(x) * c.gmm.score(x), rtol=1e-12)
    assert found.n_samples == 100.0


def test_the_covariance_is_chosen_too() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(800, 3)) @ np.array([[1.0, 0.9, 0.0], [0.0, 0.4, 0.0], [0.0, 0.0, 3.0]])
    found = select_gmm(x, [1, 2], COVARIANCE_TYPES, n_init=1)
    assert found.best.gmm.covariance_type in ("full", "tied")  # the same family when K is 1
    assert found.n_components == 1
    assert len(found.candidates) == 8


def test_more_components_never_fit_worse_in_a_sweep() -> None:
    found = select_gmm(three_clusters(spread=2.0), range(1, 7), "full", sweep="both", tol=1e-6, max_iter=1000)
    fits = [c.log_likelihood for c in found.candidates]
    assert np.all(np.diff(fits) >= -1e-3 * np.abs(fits[0]))
    assert found.candidates[0].origin.startswith(("fresh", "components"))
    assert any("split" in c.origin or "merged" in c.origin for c in found.candidates)


def test_sweeping_both_ways_keeps_the_likelier_at_every_k() -> None:
    x = three_clusters(300, spread=3.0)
    fits = {
        sweep: np.array(
            [c.log_likelihood for c in select_gmm(x, range(1, 7), "diag", sweep=sweep, n_init=1).candidates]
        )
        for sweep in ("split", "merge", "both")
    }
    assert np.abs(fits["split"] - fits["merge"]).max() > 0.1
    assert np.all(fits["both"] >= np.maximum(fits["split"], fits["merge"]) - 0.1)


def test_a_plateau_is_reported_with_its_evidence() -> None:
    x = three_clusters()
    found = select_gmm(x, [2, 3, 4], "spherical", n_init=1)
    one, two = (
        found.candidates[1],
        dataclasses.replace(found.candidates[2], bic=found.candidates[1].bic + 2.5),
    )
    tied = Selection((found.candidates[0], one, two), "bic", 600.0, "both")
    assert [c.gmm.n_components for c in tied.near] == [3, 4]
    assert (
        tied.explanation == "K = 3 and K = 4 are nearly equivalent by bic (K = 3: +0 of 6, K = 4: +2.5 of 6)"
    )
    apart = dataclasses.replace(two, bic=one.bic + 6.5)
    clear = Selection((found.candidates[0], one, apart), "bic", 600.0, "both")
    assert clear.explanation == "K = 3 is best by bic; the next is 6.5 behind"


def test_held_out_ties_are_within_a_standard_error_of_the_difference() -> None:
    x = three_clusters()
    a, b = select_gmm(x, [2, 3], "spherical", n_init=1).candidates
    sizes = np.ones(4)
    best = dataclasses.replace(b, held_out=HeldOut(np.array([-1.0, -2.0, -3.0, -4.0]), sizes))
    # differences 0.2, -0.1, 0.3, 0.0: mean 0.1, standard error 0.0913; then the same with half the mean
    behind = dataclasses.replace(a, held_out=HeldOut(np.array([-1.2, -1.9, -3.3, -4.0]), sizes))
    level = dataclasses.replace(a, held_out=HeldOut(np.array([-1.15, -1.85, -3.25, -3.95]), sizes))
    assert len(Selection((behind, best), "held-out", 600.0, "fresh").near) == 1
    assert len(Selection((level, best), "held-out", 600.0, "fresh").near) == 2


def test_selection_without_candidates_or_with_unknown_names_is_refused() -> None:
    x = three_clusters(60)
    for bad in (
        {"n_components": []},
        {"criterion": "luck"},
        {"sweep": "up"},
        {"covariance_types": ()},
        {"covariance_types": "round"},
    ):
        said = "no number of components or no covariance" if [] in bad.values() or () in bad.values() else "."
        with pytest.raises(ModelError, match=said):
            select_gmm(x, **{"n_components": [1, 2], **bad})
    with pytest.raises(ModelError, match="0 candidates"):
        Selection((), "bic", 1.0, "both")
    with pytest.raises(ModelError, match="not computed"):
        select_gmm(x, [1], "diag", n_init=1).best.value("held-out")


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_splitting_keeps_the_moments_and_merging_undoes_it(covariance_type: str) -> None:
    gmm = random_gmm(covariance_type)
    parted = split_component(gmm, 1)
    assert parted.n_components == 4
    mean, cov = total_moments(gmm.parameters)
    assert_allclose(total_moments(parted.parameters)[0], mean, rtol=1e-12)
    if covariance_type == "full":
        assert_allclose(total_moments(parted.parameters)[1], cov, rtol=1e-10, atol=1e-12)
    longest = np.linalg.eigvalsh(full_covariances(gmm.covariances_, covariance_type, 3, 4)[1])[-1]
    assert_allclose(np.linalg.norm(parted.means_[3] - parted.means_[1]), np.sqrt(longest), rtol=1e-10)
    back = merge_components(parted, 1, 3)
    assert_allclose(back.weights_, gmm.weights_, rtol=1e-12)
    assert_allclose(back.means_, gmm.means_, rtol=1e-12)
    assert_allclose(back.covariances_, gmm.covariances_, rtol=1e-10, atol=1e-12)
    swapped = merge_components(parted, 3, 1)
    assert_allclose(np.sort(swapped.weights_), np.sort(gmm.weights_), rtol=1e-12)
    assert_allclose(total_moments(swapped.parameters)[0], mean, rtol=1e-12)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_components_without_weight_merge_half_and_half(covariance_type: str) -> None:
    gmm = random_gmm(covariance_type)
    empty = GMM([0.0, 1.0, 0.0], gmm.means_, gmm.covariances_, covariance_type)
    both = merge_components(empty, 0, 2)
    assert_array_equal(both.weights_, [0.0, 1.0])
    assert_allclose(both.means_[0], (gmm.means_[0] + gmm.means_[2]) / 2, rtol=1e-12)
    half = GMM([0.25, 0.5, 0.25], gmm.means_, gmm.covariances_, covariance_type)
    assert_allclose(both.covariances_, merge_components(half, 0, 2).covariances_, rtol=1e-12)


@LAW
@given(n_points=st.integers(20, 500), n_folds=st.integers(2, 6), length=st.integers(1, 9))
def test_folds_are_made_of_blocks(n_points: int, n_folds: int, length: int) -> None:
    if length * (n_folds - 1) >= n_points:
        with pytest.raises(ModelError):
            blocked_folds(n_points, n_folds, length)
        return
    folds = blocked_folds(n_points, n_folds, length)
    assert set(folds) == set(range(n_folds))
    edges = np.flatnonzero(np.diff(folds)) + 1
    assert_array_equal(edges % length, np.zeros_like(edges))
    assert np.all(np.diff(edges) == length)


def test_held_out_likelihood_is_what_it_says() -> None:
    x = three_clusters(200)
    folds = blocked_folds(200, 2, 50)
    result = held_out_likelihood(x, 1, "full", folds=folds, gap=5)
    # held-out blocks are 0..49 and 100..149, and five frames on either side of them are left out of training
    trained = x[[*range(55, 95), *range(155, 200)]]
    gmm = GMM([1.0], [trained.mean(axis=0)], [np.cov(trained.T, bias=True)], "full")
    assert_allclose(result.scores[0], gmm.score_samples(x[folds == 0]).mean(), rtol=1e-9)
    assert_allclose(result.mean, result.scores.mean(), rtol=1e-12)


def test_shuffled_folds_flatter_a_model_of_slowly_changing_frames() -> None:
    rng = np.random.default_rng(4)
    x = np.repeat(rng.normal(size=(30, 2)) * 3.0, 20, axis=0) + 0.1 * rng.normal(size=(600, 2))
    blocked = held_out_likelihood(x, 12, "spherical", folds=blocked_folds(600, 5, 60), n_init=1)
    shuffled = held_out_likelihood(x, 12, "spherical", folds=rng.permutation(np.arange(600) % 5), n_init=1)
    assert shuffled.mean > blocked.mean + 1.0


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_effective_size_of_a_known_process(rho: float) -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(40_000, 2))
    x = np.empty_like(noise)
    x[0] = noise[0]
    for t in range(1, len(x)):
        x[t] = rho * x[t - 1] + np.sqrt(1.0 - rho**2) * noise[t]
    # a first-order autoregression of coefficient rho carries n (1 - rho) / (1 + rho) points' worth
    assert_allclose(effective_sample_size(x * [1.0, 1e6] + 5.0), 40_000 * (1 - rho) / (1 + rho), rtol=0.1)


def test_effective_size_counts_repeats_once_and_stays_in_range() -> None:
    x = np.random.default_rng(0).normal(size=(2_000, 3))
    assert_allclose(effective_sample_size(np.repeat(x, 10, axis=0)), 2_000.0, rtol=0.15)
    assert effective_sample_size(x[:2]) == 2.0
    assert 1.0 <= effective_sample_size(np.linspace(0.0, 1.0, 500)[:, None]) <= 500.0
    with pytest.raises(ModelError, match="constant"):
        effective_sample_size(np.ones((10, 2)))


def test_correlated_frames_want_fewer_components_once_they_are_counted() -> None:
    """The point of an effective sample size: repeating every frame must not buy components."""
    rng = np.random.default_rng(9)
    x = rng.standard_t(4, size=(300, 1))
    repeated = np.repeat(x, 30, axis=0)
    naive = select_gmm(repeated, range(1, 6), "diag", n_init=2)
    honest = select_gmm(repeated, range(1, 6), "diag", n_init=2, n_samples=effective_sample_size(repeated))
    plain = select_gmm(x, range(1, 6), "diag", n_init=2)
    assert naive.n_components > honest.n_components
    assert abs(honest.n_components - plain.n_components) <= 1


def test_weights_are_replication_for_the_whole_selection() -> None:
    x = three_clusters(150)
    times = np.random.default_rng(1).integers(1, 4, size=150)
    start = select_gmm(x, [3], "full", n_init=1).best.gmm
    a, _ = fit_gmm(x, 3, "full", init_params=start, sample_weight=times, max_iter=3, tol=-np.inf)
    b, _ = fit_gmm(np.repeat(x, times, axis=0), 3, "full", init_params=start, max_iter=3, tol=-np.inf)
    assert_allclose(a.criteria(x, times), b.criteria(np.repeat(x, times, axis=0)), rtol=1e-9)


def test_held_out_weights_are_replication_and_points_without_weight_do_not_count() -> None:
    x = three_clusters(200)
    times = np.random.default_rng(0).integers(0, 3, 200)
    folds = blocked_folds(200, 4, 25)
    a = held_out_likelihood(x, 1, "full", folds=folds, sample_weight=times)
    b = held_out_likelihood(np.repeat(x, times, axis=0), 1, "full", folds=np.repeat(folds, times))
    assert_allclose(a.scores, b.scores, rtol=1e-9)
    assert_array_equal(a.sizes, b.sizes)


@pytest.mark.parametrize("emptied", [0, 1])
def test_a_fold_without_weight_is_refused(emptied: int) -> None:
    """It can neither be tested on nor trained on."""
    x = three_clusters(100)
    folds = blocked_folds(100, 2, 10)
    weights = np.where(folds == emptied, 0.0, 1.0)
    with pytest.raises(ModelError, match="fold 0 leaves nothing to train or test on"):
        held_out_likelihood(x, 1, "full", folds=folds, sample_weight=weights)


def test_a_candidate_that_was_never_held_out_is_near_only_by_being_best() -> None:
    """Without folds there is no standard error to allow."""
    a, b = select_gmm(three_clusters(), [2, 3], "spherical", n_init=1).candidates
    best = dataclasses.replace(b, held_out=HeldOut(np.array([-1.0, -2.0]), np.ones(2)))
    level = dataclasses.replace(a, held_out=HeldOut(np.array([-1.5, -1.501]), np.ones(2)))
    chosen = Selection((level, best), "held-out", 600.0, "fresh")
    assert len(chosen.near) == 2
    assert chosen._margin(dataclasses.replace(a, held_out=None)) == 0.0


def test_folds_of_a_selection_are_those_asked_for() -> None:
    """Their number, their blocks and the gap around them reach what is held out."""
    x = three_clusters(300)
    for n_folds, length, gap in ((2, 30, 0), (3, 30, 0), (3, 10, 0), (3, 30, 4)):
        asked = {"n_folds": n_folds, "block_length": length, "gap": gap}
        (one,) = select_gmm(x, [1], "full", criterion="held-out", n_init=1, **asked).candidates
        folds = blocked_folds(300, n_folds, length)
        wanted = held_out_likelihood(x, 1, "full", folds=folds, gap=gap, n_init=1)
        assert_allclose(one.held_out.scores, wanted.scores, rtol=1e-9)
