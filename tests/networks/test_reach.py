"""How far the networks hear, what their floors are, and where their frames lie, counted by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from diarize.errors import DiarizeError
from diarize.networks import campplus, pyannet
from diarize.networks.local_activity import LocalActivity
from diarize.networks.store import load_included_network
from diarize.types import FrameGrid


class HeardError(Exception):
    """What the front end is given."""


def test_three_seconds_of_energies_are_the_mean_that_is_subtracted(monkeypatch):
    """150 frames before a frame and 149 after it; of fewer at the ends."""

    def stop(x, weights):
        raise HeardError(x)

    monkeypatch.setattr(campplus, "_front_end", stop)
    energies = np.random.default_rng(0).normal(size=(700, 80)).astype(np.float32)
    with pytest.raises(HeardError) as caught:
        campplus.frame_activations(energies, {})
    (heard,) = caught.value.args
    for t, first, last in ((350, 200, 500), (0, 0, 150), (699, 549, 700)):
        assert_allclose(heard[t], energies[t] - energies[first:last].mean(axis=0), atol=1e-5)


@pytest.mark.parametrize("dilation", [1, 2])
def test_a_mask_depends_on_a_second_and_a_half(dilation):
    """By hand: a mask of zeros is a half; 37 frames before a frame and 37 after it move the mask."""
    growth, t = campplus.GROWTH, 100
    weights = {
        "k_joined": np.zeros((2, 4 * growth), np.float32),
        "k_c1b": np.zeros(growth, np.float32),
        "k_c2w": np.eye(growth, dtype=np.float32),
        "k_c2b": np.zeros(growth, np.float32),
    }
    before, middle, after, mask = (weights["k_joined"][:, k * growth : (k + 1) * growth] for k in range(4))
    before[0], middle[0], after[0] = 1.0, 10.0, 100.0
    mask[1] = 75.0
    x = np.zeros((200, 2), np.float32)
    x[t, 0] = 1
    found = campplus._masked_convolution(x, "k", dilation, weights)
    assert_allclose(found[[t - dilation, t, t + dilation], 0], [50, 5, 0.5], rtol=1e-6)
    assert np.count_nonzero(found[:, 0]) == 3
    x[:, 0], x[t, 1] = 1, 1
    moved = campplus._masked_convolution(x, "k", dilation, weights)[:, 0] > 56
    assert_array_equal(np.flatnonzero(moved), np.arange(t - 37, t + 38))


def test_what_every_layer_hands_on_comes_as_many_frames_later_as_the_blocks_have(monkeypatch):
    """By hand: weights that only shift; twelve layers by one frame, twenty-four by two, sixteen by two."""
    growth, weights = campplus.GROWTH, {}
    pick = {"least": np.full(1, -np.inf, np.float32), "most": np.zeros(0, np.int64), "b": np.float32(0)}
    size = 1
    for block, n_layers in enumerate((12, 24, 16)):
        for layer in range(n_layers):
            key = f"b{block}l{layer}"
            weights |= {f"{key}_{name}": value for name, value in pick.items()}
            newest = size - growth if layer else 0
            weights[f"{key}_w"] = np.eye(size, dtype=np.float32)[:, [newest]]
            weights[f"{key}_joined"] = np.eye(1, 4 * growth, dtype=np.float32)
            weights |= {f"{key}_c1b": np.zeros(growth, np.float32), f"{key}_c2w": np.zeros((growth, growth))}
            weights[f"{key}_c2b"] = np.full(growth, 60.0)
            size += growth
        weights |= {f"b{block}t_{name}": value for name, value in pick.items()}
        weights[f"b{block}t_w"], size = np.eye(size, dtype=np.float32)[:, [size - growth]], 1
    weights |= {"tdnn_w": np.eye(5, dtype=np.float32)[:, [2]], "tdnn_b": np.float32(0)}
    weights |= {"out_least": pick["least"], "out_most": pick["most"], "out_g": 1.0, "out_o": 0.0}
    monkeypatch.setattr(campplus, "_front_end", lambda x, weights: (np.arange(len(x)) == 20)[:, None] * 1.0)
    found = campplus.frame_activations(np.zeros((300, 80), np.float32), weights)
    assert_array_equal(np.flatnonzero(found[:, 0]), [10 + 12 * 1 + 24 * 2 + 16 * 2])


def test_the_front_end_does_not_depend_on_the_blocks(monkeypatch):
    """Ten frames beside a piece are enough, and its first and last rows are those of the whole."""
    weights = campplus.prepare_weights(load_included_network("campplus").weights)
    energies = np.random.default_rng(1).normal(size=(60, 80)).astype(np.float32)
    whole = campplus._front_end(energies, weights)
    monkeypatch.setattr(campplus, "BATCH_SIZE", 20)
    assert_allclose(campplus._front_end(energies, weights), whole, atol=1e-4 * np.abs(whole).max())


def test_normalisation_before_a_layer_is_part_of_the_layer():
    """max(g x + o, 0) @ w for factors of either sign, with and without a bias; "out" has no layer."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(50, 6)).astype(np.float32)
    for factor in (rng.uniform(0.5, 2, 6), rng.uniform(0.5, 2, 6) * (1, -1, 1, 1, -1, 1)):
        stored = {"a_g": factor, "a_o": rng.normal(size=6), "a_w": rng.normal(size=(6, 3))}
        wanted = np.maximum(factor * x + stored["a_o"], 0)
        for bias in ({}, {"a_b": rng.normal(size=3)}):
            ready = campplus.prepare_weights({**stored, **bias})
            found = campplus._rectify(x, ready, "a") @ ready["a_w"] + ready["a_b"]
            assert_allclose(found, wanted @ stored["a_w"] + bias.get("a_b", 0), atol=1e-5)
        ready = campplus.prepare_weights({"out_g": factor, "out_o": stored["a_o"]})
        found = campplus._rectify(x, ready, "out") * ready["out_g"] + ready["out_o"]
        assert_allclose(found, wanted, atol=1e-5)


def test_channels_that_hardly_move_are_not_blown_up():
    """By hand: to the variance of a channel a hundred-thousandth is added; one that never moves is 0."""
    x = np.sqrt(1e-5) * np.array([[1.0, 0.0], [-1.0, 0.0]], np.float32)
    weights = {"n_g": np.float32([3.0, 3.0]), "n_o": np.float32([1.0, 1.0])}
    found = pyannet._normalize(x + np.float32([0, 2]), weights, "n")
    assert_allclose(found, [[1 + 3 / np.sqrt(2), 1], [1 - 3 / np.sqrt(2), 1]], rtol=1e-4)


def test_pooling_is_the_largest_of_three_rows():
    """By hand: the first, the second, the third; a row that is left over is dropped."""
    rows = np.float32([7, 3, 1, 2, 5, 4, 0, 6, 8, 9])[:, None]
    assert pyannet._max_pool(rows).ravel().tolist() == [7, 5, 8]


def test_frames_lie_where_the_receptive_field_says():
    """By hand: 251 samples at every tenth, pooled by three, and twice five frames, pooled by three."""
    seen, step = pyannet.KERNEL, pyannet.STRIDE
    for frames in (None, 5, 5):
        seen += 0 if frames is None else (frames - 1) * step
        seen += (pyannet.POOL - 1) * step
        step *= pyannet.POOL
    assert (step, seen) == (pyannet.STEP, 991)
    assert (seen - 1) // 2 == pyannet.FIRST_CENTRE
    assert pyannet.WINDOW == 10 * pyannet.RATE == 160_000
    assert (pyannet.WINDOW - seen) // step + 1 == pyannet.OUTPUT[0] == 589
    assert pyannet.OUTPUT[1] == len(pyannet.CLASSES) == 7


def test_classes_are_the_sets_of_at_most_two_of_three_voices():
    """Fewer voices first, and each set in order, as the published network has them."""
    assert tuple(each for n in range(3) for each in combinations(range(3), n)) == pyannet.CLASSES


def local_of(n_windows, n_frames, starts, speech=None, overlap=None):
    """Local activity of zeros, frames of 160 samples with their centres at 80."""
    flat = np.zeros((n_windows, n_frames))
    speech, overlap = flat if speech is None else speech, flat if overlap is None else overlap
    return LocalActivity(np.zeros((n_windows, n_frames, 3)), speech, overlap, starts, 160, 80, 16_000)


def test_activity_whose_parts_differ_in_size_is_refused():
    """A start too many, speech or overlap of other frames."""
    local_of(2, 4, [0, 9])
    wrong = np.zeros((2, 3))
    for starts, other in (([0], {}), ([0, 9], {"speech": wrong}), ([0, 9], {"overlap": wrong})):
        with pytest.raises(DiarizeError, match="local activity of shapes"):
            local_of(2, 4, starts, **other)


def test_every_frame_within_half_a_frame_of_a_window_is_in_it():
    """By hand: cells of 10 ms, frames whose centres lie in cells 10 to 13, and cells of a quarter of that."""
    window = local_of(1, 4, [1600])
    inside, nearest = window.window_frames(0, FrameGrid(16_000, 160, 160, 0, 30))
    assert (inside, nearest.tolist()) == (slice(10, 14), [0, 1, 2, 3])
    inside, nearest = window.window_frames(0, FrameGrid(16_000, 40, 40, 0, 90))
    assert (inside, nearest.tolist()) == (slice(40, 56), [k for k in range(4) for _ in range(4)])
    between = local_of(1, 4, [1680]).window_frames(
        0, FrameGrid(16_000, 160, 160, 0, 30)
    )  # half a frame beside
    assert (between[0], between[1].tolist()) == (slice(10, 14), [0, 0, 2, 2])
    late = window.window_frames(0, FrameGrid(8_000, 80, 80, 16, 30))[1]
    assert late.tolist() == [0, 1, 2, 3]
