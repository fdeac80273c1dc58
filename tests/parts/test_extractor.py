"""Embeddings are fed as their makers feed them, window by window, however the recording comes in."""

from __future__ import annotations

from dataclasses import replace

import kaldi_native_fbank
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarize.errors import PartError
from diarize.parts import load_embedding
from diarize.parts.cutting import cut_pieces

from . import builders

WIDE = np.array([[0, 24000], [8000, 32000], [16000, 40000], [30000, 47000]])
CLOSE = {"rtol": 1e-3, "atol": 1e-3}


def kaldi(samples, rate=16000, window="povey", **more):
    """Filter-bank energies (frames, 80) by Kaldi's own code."""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = rate
    options.frame_opts.dither = 0
    options.frame_opts.window_type = window
    options.mel_opts.num_bins = 80
    options.mel_opts.low_freq = more.get("low", 20)
    options.mel_opts.is_librosa = more.get("slaney", False)
    options.frame_opts.remove_dc_offset = more.get("remove_dc", True)
    online = kaldi_native_fbank.OnlineFbank(options)
    online.accept_waveform(rate, samples.tolist())
    online.input_finished()
    return np.array([online.get_frame(i) for i in range(online.num_frames_ready)])


def centred(features):
    """Without the mean of each band."""
    return features - features.mean(axis=0)


@pytest.mark.parametrize(
    ("metadata", "rate", "window", "scale"),
    [
        (builders.SHERPA, 16000, "povey", 1),
        ({**builders.SHERPA, "normalize_samples": 0}, 16000, "povey", 32768),
        ({**builders.SHERPA, "sample_rate": 8000}, 8000, "povey", 1),
        ({"framework": "wespeaker", "normalize_features": 0}, 16000, "hamming", 32768),
        ({}, 16000, "povey", 1),
    ],
)
def test_features_are_those_of_the_framework(tmp_path, metadata, rate, window, scale):
    """By Kaldi's code on each window's own samples, the mean taken off."""
    extractor = load_embedding(builders.embedding(tmp_path / "a.onnx", metadata=metadata))
    sound = builders.voice(3, rate)
    bounds = np.array([[0, 12000], [4000, 16000]])
    found = extractor.embed([sound], bounds)
    wanted = [builders.embedded(centred(kaldi(scale * sound[a:b], rate, window))) for a, b in bounds]
    assert extractor.rate == rate
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, **CLOSE)


def test_a_file_without_normalisation_gets_the_energies_as_they_are(tmp_path):
    """Where its metadata say so."""
    metadata = {**builders.SHERPA, "feature_normalize_type": ""}
    extractor = load_embedding(builders.embedding(tmp_path / "a.onnx", metadata=metadata))
    sound = builders.voice(1.5)
    found = extractor.embed([sound], np.array([[0, 24000]]))
    np.testing.assert_allclose(found[0], builders.embedded(kaldi(sound)), **CLOSE)


def test_nemo_gets_normalised_bands_and_their_number_of_frames(tmp_path):
    """As sherpa-onnx computes them."""
    extractor = load_embedding(builders.nemo(tmp_path / "a.onnx"))
    sound = builders.voice(1.5)
    (found,) = extractor.embed([sound], np.array([[0, 24000]]))
    features = centred(kaldi(sound, window="hanning", low=0, slaney=True, remove_dc=False))
    features /= features.std(axis=0) + 1e-5
    wanted = np.mean(features**2, axis=0) @ builders.weights(80, 5)
    np.testing.assert_allclose(found, [*wanted, 148], **CLOSE)


def redimnet_features(sound):
    """Energies of 72 bands as ReDimNet computes them: (frames, 72), written out frame by frame."""
    scaled = (sound - sound.mean()) / (sound.std() + 1e-8)
    emphasised = np.append(scaled[0] - 0.97 * scaled[1], scaled[1:] - 0.97 * scaled[:-1])
    padded = np.pad(emphasised.astype(np.float64), 80)
    n = (len(padded) - 400) // 160 + 1
    angles = 2 * np.pi * np.outer(np.arange(256), np.arange(400)) / 512
    mel = 2595 * np.log10(1 + np.linspace(0, 8000, 256) / 700)
    edges = np.linspace(*(2595 * np.log10(1 + np.array([20, 7600]) / 700)), 74)
    rows = []
    for i in range(n):
        frame = padded[160 * i : 160 * i + 400] * np.hamming(400)
        power = (np.cos(angles) @ frame) ** 2 + (np.sin(angles) @ frame) ** 2
        bands = [power @ np.interp(mel, edges[j : j + 3], [0, 1, 0]) for j in range(72)]
        rows.append(np.log(np.maximum(bands, 1e-8)))
    return np.array(rows)


def test_redimnet_gets_its_own_bands_in_groups_of_four_frames(tmp_path):
    """150 frames of a second and a half become 148."""
    extractor = load_embedding(builders.redimnet(tmp_path / "a.onnx"))
    sound = builders.voice(1.5)
    (found,) = extractor.embed([sound], np.array([[0, 24000]]))
    features = centred(redimnet_features(sound)[:148])
    np.testing.assert_allclose(found, [*np.mean(features**2, axis=0), 148], **CLOSE)


def test_redimnet_emphasises_the_first_sample_against_the_second(tmp_path):
    """In a window that is one click at its beginning nothing else is heard in the first frame."""
    extractor = load_embedding(builders.redimnet(tmp_path / "a.onnx"))
    click = np.zeros((1, 24000), dtype="f")
    click[0, :2] = 0.5, 0.6
    features = redimnet_features(click[0])[:148]
    np.testing.assert_allclose(extractor._features(click)[0], centred(features), atol=1e-3)


@pytest.mark.parametrize("shape", [("B", "T"), ("B", 1, "T"), (1, 1, "T"), (1, 24000)])
def test_a_waveform_goes_in_as_it_is(tmp_path, shape):
    """With or without an axis for channels, one at a time or several."""
    extractor = load_embedding(builders.waveform(tmp_path / "a.onnx", shape))
    sound = builders.voice(3)
    found = extractor.embed([sound], WIDE[:3])
    wanted = [[np.mean(sound[a + 1 : b] ** 2), np.mean(np.diff(sound[a:b]) ** 2)] for a, b in WIDE[:3]]
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, 48000), max_size=6))
def test_blocks_of_any_size_give_the_same_bits(tmp_path_factory, cuts):
    """Windows overlap and have several lengths."""
    extractor = _shared(tmp_path_factory)
    sound = builders.voice(3)
    whole = extractor.embed([sound], WIDE)
    assert np.array_equal(extractor.embed(np.split(sound, sorted(cuts)), WIDE), whole)


_KEPT = {}


def _shared(factory):
    if "extractor" not in _KEPT:
        _KEPT["extractor"] = load_embedding(builders.embedding(factory.mktemp("one") / "a.onnx"))
    return _KEPT["extractor"]


@pytest.mark.slow
def test_the_vector_of_a_window_does_not_depend_on_other_windows(tmp_path):
    """Alone or among hundreds of other lengths."""
    extractor = load_embedding(builders.embedding(tmp_path / "a.onnx"))
    sound = builders.voice(40)
    starts = np.arange(0, 600_000, 2000)
    bounds = np.column_stack((starts, starts + 8000 + 1600 * (np.arange(len(starts)) % 11)))
    found = extractor.embed([sound], bounds)
    for i in (0, 7, 150, 299):
        np.testing.assert_allclose(found[i], extractor.embed([sound], bounds[i : i + 1])[0], rtol=1e-4)


def test_a_file_for_one_window_at_a_time_gives_the_same(tmp_path):
    """A batch of one, and one of three."""
    sound = builders.voice(3)
    results = [
        load_embedding(builders.embedding(tmp_path / f"{batch}.onnx", batch=batch)).embed([sound], WIDE)
        for batch in ("B", 1, 3)
    ]
    np.testing.assert_allclose(results[1], results[0], rtol=1e-4)
    np.testing.assert_allclose(results[2], results[0], rtol=1e-4)


def test_a_short_window_is_repeated(tmp_path):
    """A fifth of a second becomes three tenths: the same again from its beginning."""
    extractor = load_embedding(builders.embedding(tmp_path / "a.onnx"))
    sound = builders.voice(1)
    (found,) = extractor.embed([sound], np.array([[1600, 4800]]))
    wanted = builders.embedded(centred(kaldi(np.append(sound[1600:4800], sound[1600:3200]))))
    np.testing.assert_allclose(found, wanted, **CLOSE)


def test_a_long_window_is_the_mean_of_its_parts(tmp_path):
    """So that its memory does not grow."""
    extractor = load_embedding(builders.embedding(tmp_path / "a.onnx"))
    short = replace(extractor, format=replace(extractor.format, most=16000))
    sound = builders.voice(4)
    (found,) = short.embed([sound], np.array([[100, 36100]]))
    parts = extractor.embed([sound], np.array([[100, 12100], [12100, 24100], [24100, 36100]]))
    np.testing.assert_allclose(found, parts.mean(axis=0), rtol=1e-4)


def test_a_file_of_fixed_frames_gets_them(tmp_path):
    """Shorter windows are repeated, longer ones are cut in equal parts."""
    extractor = load_embedding(builders.embedding(tmp_path / "a.onnx", frames=98))
    sound = builders.voice(3)
    exact, short, long = extractor.embed([sound], np.array([[0, 15920], [0, 12000], [0, 31840]]))
    np.testing.assert_allclose(exact, builders.embedded(centred(kaldi(sound[:15920]))), **CLOSE)
    np.testing.assert_allclose(
        short, builders.embedded(centred(kaldi(np.append(sound[:12000], sound[:3920])))), **CLOSE
    )
    halves = [builders.embedded(centred(kaldi(part))) for part in (sound[:15920], sound[15920:31840])]
    np.testing.assert_allclose(long, np.mean(halves, axis=0), **CLOSE)


def test_no_windows_give_no_vectors(tmp_path):
    """(0, dimension)."""
    extractor = load_embedding(builders.embedding(tmp_path / "a.onnx"))
    assert extractor.embed([builders.voice(1)], np.empty((0, 2))).shape == (0, 6)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ([[100, 100]], "must have samples"),
        ([[-1, 100]], "must have samples"),
        ([[500, 900], [400, 800]], "sorted by start"),
        ([[0, 100], [20000, 30000]], "of a recording of 16000 samples"),
    ],
)
def test_windows_that_cannot_be_are_refused(tmp_path, bounds, said):
    """Empty, before the beginning, out of order, behind the end."""
    extractor = load_embedding(builders.embedding(tmp_path / "a.onnx"))
    with pytest.raises(PartError, match=said):
        extractor.embed([builders.voice(1)], np.array(bounds))


def test_no_more_of_the_recording_is_asked_for_than_is_needed():
    """A window is there once its last sample is; what lies between windows is not kept."""
    taken = []

    def blocks():
        for i in range(100):
            taken.append(i)
            yield np.full(1000, i, dtype="f")

    pieces = cut_pieces(blocks(), np.array([[1500, 2500], [1600, 2000], [50_200, 50_300]]))
    assert next(pieces).tolist() == [1] * 500 + [2] * 500
    assert len(taken) == 3
    assert next(pieces).tolist() == [1] * 400
    assert next(pieces).tolist() == [50] * 100
    assert len(taken) == 51
