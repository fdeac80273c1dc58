"""Two Gaussians that share a covariance: by hand, by the laws, and beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from diarize.errors import ModelError
from diarize.mixtures.discriminant import Discriminant, fit_discriminant


def classes(seed, n=(60, 90), d=3):
    """Points of two classes, (n, d) each."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(d, d)) + 2 * np.eye(d)
    return rng.normal(size=(n[0], d)) @ mixing + 1.5, rng.normal(size=(n[1], d)) @ mixing - 0.5


class TestDiscriminant:
    def test_one_dimension_by_hand(self):
        """Means of 3 and 1, a variance of 1 each: w = 2, and 2 is undecided."""
        found = fit_discriminant(np.array([[2.0], [4.0]]), np.array([[0.0], [2.0]]))
        assert_allclose(found.weights, [2.0], rtol=1e-5)
        assert_allclose(found.log_odds(np.array([[2.0], [3.0], [0.0]])), [0.0, 2.0, -4.0], rtol=0, atol=1e-4)

    def test_scikit_learn_says_the_same(self):
        """With equal priors and classes of one size, where both pool covariances alike."""
        one, other = classes(0, n=(80, 80))
        x, y = np.concatenate((one, other)), np.repeat([1, 0], 80)
        reference = LinearDiscriminantAnalysis(solver="lsqr", priors=(0.5, 0.5)).fit(x, y)
        found = fit_discriminant(one, other)
        assert_allclose(found.weights, reference.coef_[0], rtol=1e-4)
        assert_allclose(found.log_odds(x), reference.decision_function(x), rtol=1e-4, atol=1e-4)

    @given(st.integers(0, 99))
    def test_the_other_way_round_is_the_opposite(self, seed):
        """Of the log odds."""
        one, other = classes(seed)
        x = np.concatenate((one, other))
        forth, back = fit_discriminant(one, other), fit_discriminant(other, one)
        assert_allclose(forth.log_odds(x), -back.log_odds(x), rtol=0, atol=1e-9)

    @given(st.integers(0, 99), st.floats(0.01, 100), st.floats(-50, 50))
    def test_units_and_origin_do_not_matter(self, seed, scale, shift):
        """The same points in other units have the same odds."""
        one, other = classes(seed)
        there = fit_discriminant(scale * one + shift, scale * other + shift)
        odds = fit_discriminant(one, other).log_odds(one)
        assert_allclose(there.log_odds(scale * one + shift), odds, rtol=1e-3, atol=1e-3)

    @given(st.integers(0, 99), st.integers(2, 4))
    def test_a_class_that_is_there_several_times_counts_once(self, seed, times):
        """How many points a class has does not matter."""
        one, other = classes(seed)
        found, plain = fit_discriminant(np.tile(one, (times, 1)), other), fit_discriminant(one, other)
        assert_allclose(found.weights, plain.weights, rtol=1e-9)
        assert_allclose(found.offset, plain.offset, rtol=1e-9)

    def test_what_never_varies_is_no_trouble(self):
        """A number that is always the same tells nothing."""
        one, other = classes(1)
        found = fit_discriminant(np.pad(one, ((0, 0), (0, 1))), np.pad(other, ((0, 0), (0, 1))))
        assert_allclose(found.weights[:-1], fit_discriminant(one, other).weights, rtol=1e-5)
        assert found.weights[-1] == 0

    def test_a_class_without_points_is_refused(self):
        """In one line."""
        with pytest.raises(ModelError, match="classes of 60 and 0 points"):
            fit_discriminant(classes(0)[0], np.zeros((0, 3)))

    def test_points_of_another_width_are_refused(self):
        """With what is given and what is wanted."""
        with pytest.raises(ModelError, match=r"shape \(2,\) cannot tell points of 3 numbers"):
            Discriminant(np.ones(2), 0.0).log_odds(np.ones((4, 3)))
