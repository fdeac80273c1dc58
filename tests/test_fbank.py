"""Filter-bank energies against Kaldi's own code, and in blocks of any size."""

from __future__ import annotations

import kaldi_native_fbank
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarize.errors import ConfigError
from diarize.features.fbank import MIN_ENERGY, fbank_of, filter_bank

# float32 on both sides, in logarithms: 1e-3 is a thousandth of what a tenth of a decibel is to a model.
CLOSE = 1e-3


def speech_like(seconds, rate, seed=0):
    """A voice of made pulses in noise with a constant offset, float32."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    pulses = np.sin(2 * np.pi * 120 * t + 3 * np.sin(2 * np.pi * 2 * t)) ** 31
    return (0.3 * pulses * (np.sin(2 * np.pi * t) > 0) + 0.01 * rng.standard_normal(len(t)) + 0.01).astype(
        "f"
    )


def kaldi(samples, rate, n_mels, window, *, low=20.0, high=0.0, remove_dc=True, slaney=False):
    """What Kaldi's code says of the same samples."""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = rate
    options.frame_opts.dither = 0
    options.frame_opts.window_type = window
    options.frame_opts.snip_edges = True
    options.frame_opts.remove_dc_offset = remove_dc
    options.mel_opts.num_bins = n_mels
    options.mel_opts.low_freq = low
    options.mel_opts.high_freq = high
    options.mel_opts.is_librosa = slaney
    online = kaldi_native_fbank.OnlineFbank(options)
    online.accept_waveform(rate, samples.tolist())
    online.input_finished()
    return np.array([online.get_frame(i) for i in range(online.num_frames_ready)])


@pytest.mark.parametrize("scale", [1, 32768])
@pytest.mark.parametrize("window", ["povey", "hamming"])
@pytest.mark.parametrize(("rate", "n_mels"), [(16000, 80), (16000, 72), (16000, 40), (8000, 64), (8000, 40)])
def test_energies_are_kaldis(rate, n_mels, window, scale):
    """Windows, rates, bands and the range of the samples."""
    samples = speech_like(3, rate)
    ours = fbank_of(samples, rate, n_mels, window=window, scale=scale)
    theirs = kaldi(samples * scale, rate, n_mels, window)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < CLOSE


@pytest.mark.parametrize(("low", "high"), [(0, 8000), (20, 7600), (60, 4000)])
def test_edges_are_as_asked(low, high):
    """The lowest and highest frequency."""
    samples = speech_like(1, 16000)
    ours = fbank_of(samples, 16000, 40, low=low, high=high)
    assert np.abs(ours - kaldi(samples, 16000, 40, "povey", low=low, high=high)).max() < CLOSE


def test_librosas_filters_without_offset_removed_are_nemos():
    """NeMo's features as sherpa-onnx computes them for its models."""
    samples = speech_like(2, 16000)
    ours = fbank_of(samples, 16000, 80, window="hann", low=0, remove_dc=False, mel="slaney")
    theirs = kaldi(samples, 16000, 80, "hanning", low=0, remove_dc=False, slaney=True)
    assert np.abs(ours - theirs).max() < CLOSE


def test_silence_is_the_floor_and_not_minus_infinity():
    """A machine's silence has no logarithm."""
    assert np.all(fbank_of(np.zeros(1600, dtype="f"), 16000) == np.float32(np.log(MIN_ENERGY)))


@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(0, 9000), max_size=8))
def test_blocks_of_any_size_give_the_same(cuts):
    """A frame depends on its own samples alone."""
    samples = speech_like(9000 / 16000, 16000)
    blocks = np.split(samples, sorted(cuts))
    whole = fbank_of(samples, 16000)
    streamed = np.concatenate(list(filter_bank(16000).stream(blocks)))
    assert np.allclose(streamed, whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("n", "frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2)])
def test_only_whole_frames_count(n, frames):
    """Kaldi's snip-edges."""
    assert fbank_of(np.ones(n, dtype="f"), 16000).shape == (frames, 80)
    assert filter_bank(16000).n_frames(n) == frames


@pytest.mark.parametrize(("n_samples", "n_fft"), [(511, 512), (512, 512), (513, 1024)])
def test_a_transform_is_the_next_power_of_two(n_samples, n_fft):
    """A frame that is as long as one has no zeros behind it."""
    assert filter_bank(16000, frame_length=n_samples / 16000).n_fft == n_fft


def test_many_pieces_at_once_are_each_by_itself():
    """(m, n) samples give (m, frames, bands)."""
    pieces = speech_like(3, 16000).reshape(3, -1)
    assert np.array_equal(fbank_of(pieces, 16000), np.stack([fbank_of(each, 16000) for each in pieces]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": "kaiser"}, "window 'kaiser' is not known; choose from povey, hamming, hann"),
        ({"mel": "bark"}, "mel scale 'bark' is not known"),
        ({"high": 9000.0}, "filters from 20 to 9000 Hz at 16000 Hz"),
        ({"low": 8000.0}, "filters from 8000 to 8000 Hz"),
    ],
)
def test_what_cannot_be_is_refused(options, said):
    """One line that says what is allowed."""
    with pytest.raises(ConfigError, match=said):
        fbank_of(np.zeros(1600, dtype="f"), 16000, **options)
