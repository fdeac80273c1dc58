"""Over-dispersion of windows: by hand, by simulation and by law."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from diarize.models.dispersion import dispersions
from diarize.models.factors import Statistics

from . import LAW

K, D = 6, 8


def made(seed, n=200, scatter=1.0, frame=0.2):
    """Statistics of frames drawn from the background, noise times ``scatter``, a frame counting ``frame``."""
    rng = np.random.default_rng(seed)
    frames = rng.uniform(5, 40, (n, K))
    noise = scatter * np.sqrt(frames)[..., None] * rng.normal(size=(n, K, D))
    return Statistics(frame * frames, frame * noise)


def test_two_components_of_two_numbers_by_hand():
    # f² = 9 + 1 + 4 + 0 = 14; a frame counts ½, so 6 in all expect ½ · 2 · 6 = 6
    statistics = Statistics(np.array([[4.0, 2.0]]), np.array([[[3.0, 1.0], [2.0, 0.0]]]))
    assert_allclose(dispersions(statistics, 0.5), [14 / 6], rtol=1e-12)


@pytest.mark.parametrize("scatter", [1.0, 1.5, 2.5])
def test_frames_of_the_background_scatter_as_they_should(scatter):
    found = dispersions(made(1, scatter=scatter), 0.2)
    assert_allclose(found.mean(), scatter**2, rtol=0.05)
    assert found.std() < scatter**2 * 0.3


def test_nothing_heard_is_no_dispersion():
    nobody = Statistics(np.zeros((3, K)), np.zeros((3, K, D)))
    assert dispersions(nobody, 0.2).tolist() == [1.0, 1.0, 1.0]
    assert dispersions(Statistics(np.zeros((0, K)), np.zeros((0, K, D))), 0.2).shape == (0,)


@LAW
@given(seed=st.integers(0, 1000), factor=st.floats(0.1, 10))
def test_what_a_frame_counts_does_not_matter_and_a_longer_shift_does(seed, factor):
    statistics = made(seed, n=20)
    expected = dispersions(statistics, 0.2)
    again = Statistics(factor * statistics.counts, factor * statistics.sums)
    assert_allclose(dispersions(again, 0.2 * factor), expected, rtol=1e-9)
    farther = Statistics(statistics.counts, factor * statistics.sums)
    assert_allclose(dispersions(farther, 0.2), factor**2 * expected, rtol=1e-9)


@LAW
@given(seed=st.integers(0, 1000))
def test_every_window_has_its_own_whatever_the_order(seed):
    statistics = made(seed, n=30)
    order = np.random.default_rng(seed).permutation(30)
    mixed = Statistics(statistics.counts[order], statistics.sums[order])
    assert_allclose(dispersions(mixed, 0.2), dispersions(statistics, 0.2)[order], rtol=1e-12)
