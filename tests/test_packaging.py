"""How a recording is packed says nothing of who speaks: exact laws exactly, the others nearly."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import butter, sosfiltfilt
from shared import shared

import diarize
from diarize import audio, scoring, synth
from diarize.annotation import Annotation
from diarize.config import AcousticConfig
from diarize.features import audible_frames, compute_cepstra
from diarize.features.bandwidth import measure_band
from diarize.parts.calibration import included_voices
from diarize.pipeline import speech_mask
from diarize.types import Waveform

RATE = 16_000
N_MELS = AcousticConfig().n_mels


@cache
def talk(seconds=40.0):
    """Samples float32 (n,) of three readers of the package, in noise, and who spoke when."""
    config = synth.SynthConfig(duration=seconds, snr=25.0, overlap_probability=0.0)
    voices = {}
    for name, (path,) in sorted(included_voices().items())[:3]:
        said = audio.read(path, rate=RATE).samples
        voices[name] = [
            Waveform(said[a : a + 3 * RATE], RATE) for a in range(0, len(said) - 3 * RATE, 3 * RATE)
        ]
    sound, truth = synth.simulate_conversation(voices, config, seed=5, recording="talk")
    return sound.samples, truth


@cache
def plain():
    """The result for them as they are."""
    return shared("packaging", lambda: diarize.diarize(Waveform(talk()[0], RATE, "talk")))


def found(samples):
    """The result for other samples."""
    return diarize.diarize(Waveform(np.asarray(samples, np.float32), RATE, "talk"))


def moved(annotation, seconds):
    """Everything that much later."""
    turns = (replace(t, start=t.start + seconds, end=t.end + seconds) for t in annotation.turns)
    return Annotation(annotation.recording, tuple(turns))


def difference(one, two):
    """Share of speech on which two annotations differ, as an error rate."""
    return scoring.score(one, two).score.der


def features(samples):
    """Wide-band features."""
    return compute_cepstra([np.asarray(samples, np.float32)], RATE, AcousticConfig())


@pytest.mark.slow
def test_there_is_something_to_change():
    """Two speakers or more are found, and nearly all of the speech is right."""
    assert len(plain().annotation.speakers) >= 2
    assert difference(talk()[1], plain().annotation) < 0.35


def test_polarity_does_not_change_the_result():
    """The power of a spectrum has no sign, nor, but for a constant that it adds, has what a network sees."""
    turned = found(-talk()[0])
    assert turned.annotation.speakers == plain().annotation.speakers
    assert difference(plain().annotation, turned.annotation) < 0.005


@pytest.mark.slow
def test_both_channels_the_same_is_one(tmp_path):
    """At any number of channels that is a power of two, the mean is exact."""
    results = []
    for channels in (1, 2, 4):
        audio.write(tmp_path / "talk.wav", Waveform(talk()[0], RATE), channels=channels)
        results.append(diarize.diarize(tmp_path / "talk.wav"))
    for other in results[1:]:
        assert other.annotation == results[0].annotation
        assert_array_equal(other.posteriors.values, results[0].posteriors.values)


@pytest.mark.slow
@pytest.mark.parametrize("power", [-7, -2, 3])
def test_a_gain_does_not_change_the_result(power):
    """A power of two is exact in every sample; what is left is the rounding of logarithms."""
    scaled = found(talk()[0] * np.float32(2.0**power))
    assert scaled.annotation.speakers == plain().annotation.speakers
    assert scaled.clustering.chosen == plain().clustering.chosen
    assert difference(plain().annotation, scaled.annotation) < 0.002


@pytest.mark.slow
@pytest.mark.parametrize("samples", [1, -1, 80])
def test_a_moment_earlier_or_later_hardly_matters(samples):
    """Frames see other samples; half a frame is the most that anything can differ by."""
    sound = talk()[0]
    later = np.pad(sound, (samples, 0)) if samples > 0 else sound[-samples:]
    result = found(later)
    assert len(result.annotation.speakers) == len(plain().annotation.speakers)
    assert difference(moved(plain().annotation, 0.0), result.annotation) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("offset", [-0.02, 0.1, 0.9])
def test_a_bad_converter_adds_a_constant_that_is_taken_off_again(offset):
    """At any size."""
    result = found(talk()[0] + np.float32(offset))
    assert result.annotation.speakers == plain().annotation.speakers
    assert difference(plain().annotation, result.annotation) < 0.005


def test_a_short_rest_has_the_constant_of_the_piece_before_and_a_faint_one_is_left():
    """Half a minute each; the mean of the last tenth of a second would say little."""
    noise = 0.1 * np.random.default_rng(0).standard_normal(round(30.1 * RATE))
    noise -= noise[: 30 * RATE].mean()
    clean = features(noise).values
    assert_allclose(features(noise + 0.5).values, clean, rtol=0, atol=2e-3)
    assert np.abs(features(noise + 0.004).values - clean).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_silence_that_was_put_around_changes_nothing(level):
    """Digital or nearly so, twice as long as the recording, before and behind."""
    seconds = 40.0
    around = level * np.random.default_rng(1).standard_normal((2, round(seconds * RATE)))
    result = found(np.concatenate((around[0], talk()[0], around[1])))
    assert len(result.annotation.speakers) == len(plain().annotation.speakers)
    assert difference(moved(plain().annotation, seconds), result.annotation) < 0.03


def test_frames_that_only_fill_are_distinguished_from_those_of_a_quiet_room():
    """Speech with pauses 30 dB under it is all of the recording; silence of a machine is none of it."""
    rng = np.random.default_rng(2)
    room = rng.standard_normal(4 * RATE) * np.repeat([0.1, 0.003, 0.1, 0.003], RATE)
    sound = np.concatenate((np.zeros(12 * RATE), room, 1e-5 * rng.standard_normal(RATE)))
    heard = audible_frames(features(sound), N_MELS)
    assert_array_equal(np.flatnonzero(np.diff(heard.astype(int))) // 10, [119, 160])
    assert audible_frames(features(np.zeros(RATE)), N_MELS).all()


def test_the_band_of_a_call_is_measured_where_there_is_sound():
    """Three quarters of the frames are digital silence, which has nothing above the band, nor below."""
    low = butter(12, 3400, fs=RATE, output="sos")
    call = sosfiltfilt(low, 0.1 * np.random.default_rng(3).standard_normal(4 * RATE))
    assert measure_band(features(call), N_MELS) == "narrow"
    assert measure_band(features(np.pad(call, 6 * RATE)), N_MELS) == "narrow"


@pytest.mark.slow
def test_speech_activity_is_the_same_with_silence_around():
    """To a few frames at the seams."""
    alone = speech_mask(Waveform(talk()[0], RATE)).values
    padded = speech_mask(Waveform(np.pad(talk()[0], 60 * RATE), RATE)).values[6000:-6000]
    assert np.mean(alone != padded) < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("under", [20, 30, 45])
def test_speech_activity_is_the_same_with_an_empty_room_around(under):
    """Ten times as long as the talk, so many dB under it; it says nothing of how loud speech is."""
    sound = talk()[0][: 16 * RATE]
    noise = np.random.default_rng(4).standard_normal((2, 80 * RATE)) * sound.std() / 10 ** (under / 20)
    alone = speech_mask(Waveform(sound, RATE)).values
    around = np.concatenate((noise[0], sound, noise[1])).astype(np.float32)
    everywhere = speech_mask(Waveform(around, RATE)).values
    assert np.mean(alone != everywhere[8000:-8000]) < 0.05
    assert not everywhere[:7900].any()
    assert not everywhere[-7900:].any()


def test_intervals_without_speech_do_not_count_and_quiet_speakers_do():
    """Two people, one 20 dB quieter, in a room 40 dB under the first."""
    rng = np.random.default_rng(5)
    loudness = np.repeat([0.002, 0.2, 0.002, 0.02, 0.002], np.array([60, 20, 30, 10, 40]) * RATE)
    heard = audible_frames(features(rng.standard_normal(loudness.size) * loudness), N_MELS)
    told = heard[: 160 * 100].reshape(32, 500).mean(axis=1)
    expected = np.repeat([0.0, 1.0, 0.0, 1.0, 0.0], [12, 4, 6, 2, 8])
    assert_allclose(told, expected, rtol=0, atol=0.05)
