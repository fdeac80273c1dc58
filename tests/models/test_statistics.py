"""Sufficient statistics of stretches of frames, against the slow loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from diarize.mixtures import GMM
from diarize.models import statistics
from diarize.models.statistics import accumulated

from . import LAW

RNG = np.random.default_rng(5)
UBM = GMM(np.array([0.5, 0.3, 0.2]), RNG.normal(size=(3, 2)) * 2, RNG.uniform(0.3, 2.0, (3, 2)), "diag")
X = RNG.normal(size=(300, 2)).astype(np.float32) * 2


def slow(x, used, bounds, scale=1.0):
    """One frame after the other."""
    counts, sums = np.zeros((len(bounds), 3)), np.zeros((len(bounds), 3, 2))
    for i, (start, end) in enumerate(bounds):
        for t in range(start, end):
            if used[t]:
                shares = scale * UBM.predict_proba(x[t : t + 1])[0]
                counts[i] += shares
                sums[i] += shares[:, None] * (x[t] - UBM.means_) / np.sqrt(UBM.covariances_)
    return counts, sums


@st.composite
def stretches(draw):
    """Half-open bounds in 300 frames, of any length from 1, that may overlap."""
    pairs = draw(st.lists(st.tuples(st.integers(0, 299), st.integers(1, 80)), min_size=1, max_size=6))
    return np.array([(start, min(300, start + n)) for start, n in pairs])


@LAW
@given(bounds=stretches(), seed=st.integers(0, 1000), scale=st.sampled_from([1.0, 0.08]))
def test_they_are_those_of_the_slow_loop(bounds, seed, scale):
    """Whatever the stretches, their overlap and the frames that are used."""
    used = np.random.default_rng(seed).random(300) < 0.8
    counts, sums = accumulated(UBM, X, used, bounds, scale)
    wanted_counts, wanted_sums = slow(X, used, bounds, scale)
    assert counts.dtype == sums.dtype == np.float32
    assert_allclose(counts, wanted_counts, rtol=1e-4, atol=1e-5)
    assert_allclose(sums, wanted_sums, rtol=1e-3, atol=1e-3)


def test_counts_sum_to_the_frames_that_are_used():
    """Every frame is shared out exactly once, times the scale."""
    used = np.arange(300) % 4 > 0
    counts, _ = accumulated(UBM, X, used, np.array([[0, 300], [10, 14]]), 0.5)
    assert_allclose(counts.sum(axis=1), [0.5 * 225, 0.5 * 3], rtol=1e-5)


def test_a_scale_multiplies_both():
    """Half a frame's worth is half of both statistics."""
    bounds, used = np.array([[0, 50], [40, 200]]), np.ones(300, bool)
    one, half = accumulated(UBM, X, used, bounds), accumulated(UBM, X, used, bounds, 0.5)
    assert_allclose(half.counts, one.counts / 2, rtol=1e-6)
    assert_allclose(half.sums, one.sums / 2, rtol=1e-4, atol=1e-5)


def test_frames_not_used_do_not_count():
    """Whatever stands in them."""
    used = np.ones(300, bool)
    used[30:60] = False
    other = X.copy()
    other[30:60] = 1e3
    for one, two in zip(
        accumulated(UBM, X, used, np.array([[0, 100], [30, 60]])),
        accumulated(UBM, other, used, np.array([[0, 100], [30, 60]])),
        strict=True,
    ):
        assert_array_equal(one, two)
        assert_array_equal(one[1], np.zeros_like(one[1]))


def test_neighbouring_stretches_add_up_to_the_whole():
    """Statistics are sums over frames."""
    parts = accumulated(UBM, X, np.ones(300, bool), np.array([[0, 90], [90, 91], [91, 300], [0, 300]]))
    for each in parts:
        assert_allclose(each[:3].sum(axis=0), each[3], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("at_once", [1, 2, 7])
def test_how_many_are_held_at_a_time_changes_nothing(monkeypatch, at_once):
    """Neither where the cuts between batches lie nor how long the longest of a batch is."""
    bounds = np.array([[0, 5], [2, 120], [119, 300], [7, 8], [299, 300]])
    whole = accumulated(UBM, X, np.ones(300, bool), bounds)
    monkeypatch.setattr(statistics, "AT_ONCE", at_once)
    for one, two in zip(whole, accumulated(UBM, X, np.ones(300, bool), bounds), strict=True):
        assert_allclose(two, one, rtol=1e-5, atol=1e-5)


def test_no_stretches_at_all():
    """Empty, in the right shapes."""
    counts, sums = accumulated(UBM, X, np.ones(300, bool), np.zeros((0, 2), int))
    assert (counts.shape, sums.shape) == ((0, 3), (0, 3, 2))
