"""Tones of telephones among sound: found where they are, wherever blocks end, and never in a voice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from diarize.audio import read
from diarize.speech.tones import ToneDetector, remove_tones
from diarize.synth import synthesize_voices
from diarize.types import FrameGrid, runs

RATE = 16_000
SAMPLES = Path(__file__).parents[2] / "audio_samples"
TIME = np.arange(3 * RATE) / RATE


def tones_in(*blocks):
    """Frames of 10 ms in tones."""
    watch = ToneDetector(RATE)
    handed_on = list(watch.watch(blocks))
    assert all(a is b for a, b in zip(handed_on, blocks, strict=True))
    n = sum(map(len, blocks)) // 160
    return watch.mask(FrameGrid(rate=RATE, hop=160, window=160, offset=0, n_frames=n))


def beep(*hertz, noise=0.0):
    """One second of tones in three of silence, and noise of so much of their power, float32."""
    sound = sum(np.sin(2 * np.pi * f * TIME) for f in hertz) * ((TIME >= 1) & (TIME < 2))
    deviation = np.sqrt(noise * len(hertz) / 2)
    return (sound + deviation * np.random.default_rng(0).standard_normal(TIME.size)).astype(np.float32)


@pytest.mark.parametrize("hertz", [(425,), (1000,), (440, 480), (697, 1209), (3999,)])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_a_tone_of_one_second_is_found_to_a_twentieth(hertz, noise):
    """Also thirty decibels above its noise."""
    (start, end), *others = runs(tones_in(beep(*hertz, noise=noise)))
    assert not others
    assert (start, end) == pytest.approx((100, 200), abs=6)


@pytest.mark.parametrize(
    "sound",
    [
        beep(425, noise=0.1),
        beep(400, 500, 600),
        beep(60),
        np.sin(2 * np.pi * (400 * TIME + 300 * TIME**2)).astype(np.float32),
        np.zeros(TIME.size, np.float32),
        np.random.default_rng(0).standard_normal(TIME.size).astype(np.float32),
    ],
    ids=["in noise", "three", "hum", "rising", "silence", "noise"],
)
def test_what_is_more_or_less_than_a_steady_tone_is_none(sound):
    """More peaks, a hum of the mains, a glide, and nothing."""
    assert not tones_in(sound).any()


def test_a_beep_that_is_too_short_is_none():
    """A tenth of a second could be part of a voice."""
    assert not tones_in(np.where(TIME % 1 < 0.1, np.sin(2 * np.pi * 1000 * TIME), 0).astype(np.float32)).any()


def test_voices_have_no_tones():
    """Talk, and vowels of pure signal, whose pitch moves."""
    assert not tones_in(read(SAMPLES / "monologue.flac").samples).any()
    for said in synthesize_voices(3, rate=RATE, seed=1).values():
        assert not any(tones_in(each.samples).any() for each in said)


@given(st.lists(st.integers(1, 3 * RATE - 1), max_size=6, unique=True))
def test_blocks_and_one_piece_agree(cuts):
    """To the bit: a spectrum depends on its samples alone."""
    sound = beep(440, 480, noise=1e-4)
    assert_array_equal(tones_in(*np.split(sound, sorted(cuts))), tones_in(sound))


def test_speech_is_cut_where_a_tone_is_and_what_a_network_hears_behind_it_goes():
    """By hand: a tone at 2 to 4, two frames after it, and five after another."""
    speech = np.array([1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1], bool)
    tones = np.array([0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], bool)
    expected = np.array([1, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 1], bool)
    assert_array_equal(remove_tones(speech, tones, 3), expected)
