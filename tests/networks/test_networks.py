"""The two included networks, against PyTorch (golden/README.md)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import lfilter

from diarize.networks import campplus, pyannet, store

GOLDEN = np.load(Path(__file__).parent / "golden" / "pytorch.npz")


def energies():
    """Log energies (150, 80) that golden/pytorch.npz was made from."""
    rng = np.random.default_rng(20)
    walk = rng.normal(size=(150, 80)).cumsum(axis=0) * 0.2
    return walk + np.linspace(6, 12, 80) + rng.normal(size=(150, 80))


def voice(rng, pitch, throat):
    """Pulses (160 000,) through four resonances that change with every syllable."""
    n = pyannet.WINDOW
    seconds = np.arange(n) / pyannet.RATE
    phase = np.cumsum(pitch * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * seconds)) / pyannet.RATE)
    pulses, said = np.diff(np.floor(phase), prepend=0.0), np.zeros(n)
    radius = np.exp(-np.pi * 100 / pyannet.RATE)
    for start in range(0, n, n // 50):
        syllable = pulses[start : start + n // 50]
        for resonance in throat * rng.uniform([300, 900, 2200, 3400], [800, 1900, 2900, 3800]):
            cosine = np.cos(2 * np.pi * resonance / pyannet.RATE)
            syllable = lfilter([1.0], [1.0, -2 * radius * cosine, radius**2], syllable)
        said[start : start + n // 50] = syllable / syllable.std() * np.hanning(len(syllable))
    return said


def ten_seconds():
    """Samples (160 000,) that golden/pytorch.npz was made from: two voices, from 4 to 5.2 s both."""
    rng = np.random.default_rng(29)
    seconds = np.arange(pyannet.WINDOW) / pyannet.RATE
    low, high = voice(rng, 110, 0.95), voice(rng, 210, 1.1)
    talk = low * ((seconds > 1) & (seconds < 5.2)) + high * ((seconds > 4) & (seconds < 8.5))
    return (0.05 * talk + 0.001 * rng.normal(size=pyannet.WINDOW)).astype(np.float32)


def embedding_of(values, weights):
    """One embedding of all frames."""
    frames = campplus.frame_activations(values, weights)
    return campplus.pool_embeddings(frames.mean(axis=0)[None], frames.std(axis=0, ddof=1)[None], weights)[0]


def test_campplus_with_means_over_the_window_is_the_published_one(monkeypatch):
    """Moving means as wide as the window are those of the published network; only rounding is left."""
    monkeypatch.setattr(campplus, "MEAN_WIDTH", 1 << 20)
    monkeypatch.setattr(campplus, "MASK_WIDTH", 1 << 20)
    found = embedding_of(
        energies(), campplus.prepare_weights(store.load_included_network("campplus").weights)
    )
    assert np.corrcoef(found, GOLDEN["embedding"])[0, 1] > 0.995
    assert_allclose(np.linalg.norm(found), np.linalg.norm(GOLDEN["embedding"]), rtol=0.02)


def test_moving_means_change_the_embedding_but_little():
    """Frame layers that run once give nearly what the published network gives a window of its own."""
    found = embedding_of(
        energies(), campplus.prepare_weights(store.load_included_network("campplus").weights)
    )
    assert 0.8 < np.corrcoef(found, GOLDEN["embedding"])[0, 1] < 0.9999


def test_pyannet_is_what_pytorch_makes_of_its_weights():
    """Probabilities of ten seconds; nobody, one, the other and both are likeliest in turn."""
    found = pyannet.class_probabilities(ten_seconds()[None], store.load_included_network("pyannet").weights)[
        0
    ]
    assert found.shape == GOLDEN["probabilities"].shape == (589, len(pyannet.CLASSES))
    assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert_allclose(found, GOLDEN["probabilities"], atol=1e-4)
    likeliest = GOLDEN["probabilities"].argmax(axis=1)
    assert {0, 2, 3, 6} <= set(likeliest)


def test_windows_do_not_know_of_each_other():
    """In a batch, a window is what it is alone."""
    weights = store.load_included_network("pyannet").weights
    sound = ten_seconds()
    both = pyannet.class_probabilities(np.stack((sound, sound[::-1])), weights)
    alone = pyannet.class_probabilities(sound[None], weights)
    assert_allclose(both[:1], alone, atol=1e-5)
    assert np.abs(both[0] - both[1]).max() > 0.1


@pytest.mark.parametrize(("name", "most"), [("campplus", 7.0), ("pyannet", 1.5)])
def test_networks_are_small_and_finite(name, most):
    """A few megabytes, read once, with the checksum of the file."""
    network = store.load_included_network(name)
    assert (store.DATA / f"{name}.npz").stat().st_size < most * 1e6
    assert all(
        np.isfinite(values).all() and values.dtype == np.float32 for values in network.weights.values()
    )
    assert store.load_included_network(name) is network
    assert len(network.checksum) == 64


def test_filters_attenuate_sound_outside_of_their_bands():
    """What is below 600 Hz passes a filter of a high band weaker by 60 dB: speech falls by 50 dB to there."""
    filters = store.load_included_network("pyannet").weights["sinc_w"]
    gains = np.abs(np.fft.rfft(filters, 4096, axis=0))
    hertz = np.fft.rfftfreq(4096, 1 / pyannet.RATE)
    for gain in gains.T[hertz[gains.argmax(axis=0)] > 2500]:
        assert 20 * np.log10(gain[hertz < 600].max() / gain.max()) < -60


def test_exact_weights_are_not_rounded():
    """A matrix that is named comes back to the bit."""
    weights = {"filters": np.random.default_rng(3).normal(size=(251, 80)).astype(np.float32)}
    packed = store.pack_weights(weights, exact=("filters",))
    assert list(packed) == ["filters"]
    assert_array_equal(packed["filters"], weights["filters"])


def test_packing_keeps_weights_to_a_part_of_the_largest():
    """Small arrays stay as they are; of others, each column keeps its weights to half a step."""
    rng = np.random.default_rng(1)
    weights = {
        "big": rng.normal(size=(200, 50)).astype(np.float32),
        "bias": rng.normal(size=7).astype(np.float32),
    }
    packed = store.pack_weights(weights)
    assert_array_equal(packed["bias"], weights["bias"])
    assert packed["big"].dtype == np.int8
    back = packed["big"] * packed["big" + store.FACTOR]
    steps = packed["big" + store.FACTOR][0]
    clipped = np.abs(packed["big"]) == store.LEVELS
    assert (
        np.abs(back - weights["big"])[~clipped] <= (0.5001 * np.broadcast_to(steps, back.shape))[~clipped]
    ).all()
    assert clipped.mean() < 0.02


def test_the_same_input_gives_the_same_bytes_again():
    """The other tests compute an output once; this is why they may."""
    voice = campplus.prepare_weights(store.load_included_network("campplus").weights)
    for function, values, weights in (
        (campplus.frame_activations, energies(), voice),
        (pyannet.class_probabilities, ten_seconds()[None], store.load_included_network("pyannet").weights),
    ):
        first = function(values, weights)
        function(values[::-1, ::-1].copy(), weights)
        assert_array_equal(function(values.copy(), weights), first)
