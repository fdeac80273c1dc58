"""Over-dispersion of windows: by hand, by simulation and by law."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from diarize.models.dispersion import ENOUGH, LEAST, dispersion
from diarize.models.factors import Statistics

from . import LAW

K, D, R, Q = 6, 8, 2, 2


def made(seed, n=200, scatter=1.0, frame=0.2):
    """Statistics drawn from the model, noise times ``scatter``, a frame counting ``frame``; loadings."""
    rng = np.random.default_rng(seed)
    speaker, window = rng.normal(size=(K, D, R)) * 0.4, rng.normal(size=(K, D, Q)) * 0.3
    frames = rng.uniform(5, 40, (n, K))
    means = np.einsum("kdr,nr->nkd", speaker, rng.normal(size=(n, R)))
    means += np.einsum("kdq,nq->nkd", window, rng.normal(size=(n, Q)))
    noise = scatter * np.sqrt(frames)[..., None] * rng.normal(size=(n, K, D))
    return Statistics(frame * frames, frame * (frames[..., None] * means + noise)), speaker, window


def test_one_number_of_one_window_by_hand():
    # N = 4, f = 6, v = 0.5, u = 1: posterior means 6 (0.5, 1) / (1 + 4 · 1.25) = (0.5, 1) explain
    # 4 · 1.25 = 5 of f; the residual is 1, and 1² / 4 over a frame that counts ½ is 0.5
    statistics = Statistics(np.array([[4.0]]), np.array([[[6.0]]]))
    found = dispersion(statistics, np.array([[[0.5]]]), np.array([[[1.0]]]), 0.5)
    assert_allclose(found, 0.5, rtol=1e-12)


@pytest.mark.parametrize("scatter", [1.0, 1.5, 2.5])
def test_windows_of_the_model_scatter_as_they_should(scatter):
    # four free factors take up to 4 of the 48 numbers of a window
    found = dispersion(*made(1, scatter=scatter), 0.2)
    assert scatter**2 * (1 - 4 / 48) * 0.95 < found < scatter**2 * 1.05


def test_nothing_to_tell_it_from_is_no_dispersion():
    _, speaker, window = made(2)
    none = Statistics(np.zeros((0, K)), np.zeros((0, K, D)))
    few = Statistics(np.full((3, K), 0.9 * LEAST * 0.2), np.ones((3, K, D)))
    assert dispersion(none, speaker, window, 0.2) == 1.0
    assert dispersion(few, speaker, window, 0.2) == 1.0


def test_components_with_hardly_a_frame_do_not_count():
    statistics, speaker, window = made(3)
    counts, sums = statistics.counts.copy(), statistics.sums.copy()
    speaker[0], window[0] = 0, 0
    counts[:, 0], sums[:, 0] = 0.99 * LEAST * 0.2, 1e6
    quiet = sums.copy()
    quiet[:, 0] = 0
    loud = dispersion(Statistics(counts, sums), speaker, window, 0.2)
    assert loud == dispersion(Statistics(counts, quiet), speaker, window, 0.2)
    counts[:, 0] = LEAST * 0.2
    assert dispersion(Statistics(counts, sums), speaker, window, 0.2) > 10 * loud


@LAW
@given(seed=st.integers(0, 1000), factor=st.floats(0.1, 10))
def test_without_factors_it_is_the_mean_square_and_what_a_frame_counts_does_not_matter(seed, factor):
    statistics, speaker, window = made(seed, n=20)
    nothing = 0 * speaker, 0 * window
    expected = np.mean(statistics.sums**2 / statistics.counts[..., None]) / 0.2
    assert_allclose(dispersion(statistics, *nothing, 0.2), expected, rtol=1e-9)
    scaled = Statistics(factor * statistics.counts, factor * statistics.sums)
    assert_allclose(dispersion(scaled, *nothing, 0.2 * factor), expected, rtol=1e-9)


@LAW
@given(seed=st.integers(0, 1000))
def test_the_order_of_windows_does_not_matter(seed):
    statistics, speaker, window = made(seed, n=30)
    order = np.random.default_rng(seed).permutation(30)
    mixed = Statistics(statistics.counts[order], statistics.sums[order])
    assert_allclose(
        dispersion(mixed, speaker, window, 0.2), dispersion(statistics, speaker, window, 0.2), rtol=1e-9
    )


def test_of_many_windows_a_part_is_enough():
    statistics, speaker, window = made(4, n=8 * ENOUGH)
    part = Statistics(statistics.counts[:ENOUGH], statistics.sums[:ENOUGH])
    assert_allclose(
        dispersion(statistics, speaker, window, 0.2), dispersion(part, speaker, window, 0.2), rtol=0.05
    )
