"""Layers of the networks against plain loops and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.signal import correlate2d
from scipy.special import expit

from diarize.networks.layers import (
    conv2d,
    conv2d_weights,
    leaky_relu,
    lstm,
    moving_mean,
    pad_frame,
    relu,
    sigmoid,
)

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("stride", [1, 2])
@given(seed=SEEDS, n_bands=st.integers(1, 19), n_frames=st.integers(1, 9))
def test_convolution_is_that_of_scipy(stride, seed, n_bands, n_frames):
    """Every output channel is the sum over input channels of correlations with zeros around, rectified."""
    n_bands *= stride  # the network only ever halves even numbers
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_bands, n_frames, 2)).astype(np.float32)
    weight = rng.normal(size=(3, 2, 3, 3)).astype(np.float32)
    bias = rng.normal(size=3).astype(np.float32)
    planes = [
        sum(correlate2d(x[:, :, i], weight[o, i], "same") for i in range(2))[::stride] + bias[o]
        for o in range(3)
    ]
    beside = rng.normal(size=(n_bands // stride, n_frames, 3)).astype(np.float32)
    expected = np.maximum(np.stack(planes, axis=2) + beside, 0)
    found = conv2d(pad_frame(x), conv2d_weights(weight), bias, stride, beside)
    assert_allclose(found, pad_frame(expected), atol=2e-5)
    alone = conv2d(pad_frame(x), conv2d_weights(weight), bias, stride)
    assert_allclose(alone[1:-1, 1:-1], np.maximum(np.stack(planes, axis=2), 0), atol=2e-5)


@given(seed=SEEDS, n=st.integers(1, 40), width=st.integers(1, 60))
def test_moving_mean_is_the_mean_of_the_rows_around(seed, n, width):
    """Of ``width`` rows, the middle one among them, or of those that there are."""
    x = np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)
    expected = [x[max(0, t - width // 2) : t - width // 2 + width].mean(axis=0) for t in range(n)]
    assert_allclose(moving_mean(x, width), expected, atol=1e-5)


@given(seed=SEEDS, n_frames=st.integers(1, 6), n_batch=st.integers(1, 3))
def test_lstm_is_the_recurrence_written_out(seed, n_frames, n_batch):
    """Gates by the logistic function, one direction after the other."""
    rng = np.random.default_rng(seed)
    d, h = 3, 2
    x = rng.normal(size=(n_frames, n_batch, d)).astype(np.float32)
    w_input, w_hidden, bias = (
        rng.normal(size=s).astype(np.float32) for s in ((2, d, 4 * h), (2, h, 4 * h), (2, 4 * h))
    )
    halves = np.repeat([0.5, 0.5, 0.5, 1.0], h).astype(np.float32)
    found = lstm(x, w_input * halves, w_hidden * halves, bias * halves)
    for direction, order in ((0, range(n_frames)), (1, reversed(range(n_frames)))):
        hidden, cell = np.zeros((n_batch, h)), np.zeros((n_batch, h))
        for t in order:
            z = x[t] @ w_input[direction] + hidden @ w_hidden[direction] + bias[direction]
            entered, forgot, shown = (expit(z[:, k * h : (k + 1) * h]) for k in range(3))
            cell = forgot * cell + entered * np.tanh(z[:, 3 * h :])
            hidden = shown * np.tanh(cell)
            assert_allclose(found[t, :, direction * h : (direction + 1) * h], hidden, atol=1e-5)


def test_activations_by_hand():
    """Rectifiers and the logistic function at values that one can check."""
    x = np.array([-100.0, -1.0, 0.0, 2.0, 100.0], np.float32)
    assert_allclose(relu(x.copy()), [0, 0, 0, 2, 100])
    assert_allclose(leaky_relu(x.copy()), [-1, -0.01, 0, 2, 100])
    assert_allclose(sigmoid(x.copy()), [0, 1 / (1 + np.e), 0.5, 1 / (1 + np.exp(-2)), 1], atol=1e-6)
