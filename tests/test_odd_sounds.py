"""Sounds that are no conversation: a clear answer, nobody or somebody, and never a number that is none."""

from __future__ import annotations

import numpy as np
import pytest

import diarize
from diarize import scoring, synth
from diarize.config import Config, merged
from diarize.errors import DiarizeError
from diarize.types import Waveform

RATE = 16_000
TIME = np.arange(20 * RATE) / RATE
NOISE = np.random.default_rng(0).standard_normal(TIME.size)


def found(samples, **sections):
    """The result, after what holds of every result."""
    result = diarize.diarize(Waveform(np.asarray(samples, np.float32), RATE), merged(Config(), sections))
    values = result.posteriors.values
    assert np.isfinite(values).all()
    assert np.isfinite(result.selection.values).all()
    assert result.outliers is None or np.isfinite(result.outliers.log_density).all()
    assert bool(result.annotation.turns) == result.speech.values.any() == bool(values.shape[1])
    assert all(
        0 <= t.start < t.end <= result.duration and 0 <= t.confidence <= 1 for t in result.annotation.turns
    )
    assert result.annotation.turns or result.notes[-1] == "no speech found"
    return result


def vowel(seconds, pitch=120.0):
    """One vowel, held, float64 (n,)."""
    time = np.arange(round(seconds * RATE)) / RATE
    harmonics = np.arange(1, int(7000 // pitch)) * pitch
    formants = ((730.0, 90.0), (1090.0, 110.0), (2440.0, 170.0))
    gains = sum(1 / (1 + ((harmonics - centre) / width) ** 2) for centre, width in formants)
    waves = np.sin(2 * np.pi * harmonics[:, None] * time + np.arange(len(harmonics))[:, None] ** 2)
    return 0.05 * (gains[:, None] * waves).sum(axis=0)


def chords():
    """Three notes with their harmonics, struck every second."""
    notes = 0.0
    for number, root in enumerate((220, 262, 294, 349, 392)):
        turn = np.equal(TIME % 5 // 1, number)
        tones = sum(np.sin(2 * np.pi * root * m * h * TIME) / h for m in (1, 1.25, 1.5) for h in range(1, 9))
        notes = notes + turn * tones
    return 0.03 * notes * np.exp(-2 * (TIME % 1))


@pytest.mark.parametrize(
    "samples",
    [
        0 * TIME,
        0 * TIME + 0.25,
        0.1 * NOISE,
        1e-5 * NOISE,
        np.where(np.arange(TIME.size) % 8000 == 0, 0.9, 0.0),
        0.1 * np.sin(2 * np.pi * 100 * TIME),
        0.1 * np.sin(2 * np.pi * 1000 * TIME),
    ],
    ids=["silence", "constant", "noise", "faint noise", "clicks", "hum", "tone"],
)
def test_nobody_speaks_in_what_nobody_says(samples):
    """And it is said so."""
    assert found(samples).annotation.turns == ()


@pytest.mark.parametrize("hertz", [100.0, 123.4, 440.0, 443.0, 3000.0])
@pytest.mark.parametrize("method", ["hmm", "energy"])
def test_a_tone_is_nobody_or_one(hertz, method):
    """All windows alike, to the bit where whole periods are in a hop: there are no twenty to start from."""
    samples = 0.1 * np.sin(2 * np.pi * hertz * TIME)
    assert len(found(samples, speech={"method": method}).annotation.speakers) <= 1


def test_more_speakers_than_there_are_sounds_are_refused_in_one_line():
    """A tone has not three voices, whoever asks for them."""
    samples = 0.1 * np.sin(2 * np.pi * 440 * TIME)
    settings = {"speech": {"method": "energy"}, "clustering": {"min_speakers": 3, "max_speakers": 3}}
    try:
        result = found(samples, **settings)
    except DiarizeError as error:
        assert "3 speakers asked for" in str(error)
    else:
        assert len(result.annotation.speakers) == 3


@pytest.mark.parametrize("method", ["hmm", "energy"])
@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_one_vowel_is_nobody_or_one(method, pause):
    """Held, or again and again."""
    samples = np.tile(np.concatenate((vowel(0.4), np.zeros(round(pause * RATE)))), 30)
    samples = samples + 1e-4 * np.random.default_rng(0).standard_normal(samples.size)
    assert len(found(samples, speech={"method": method}).annotation.speakers) <= 1


def test_music_has_an_answer():
    """Not a right one: chords may pass for voices."""
    found(chords() + 1e-4 * NOISE)


TWICE = pytest.mark.xfail(reason="this voice of pure signal is taken for two", strict=False)


@pytest.mark.parametrize("seed", [0, 1, 2, pytest.param(3, marks=TWICE)])
def test_one_voice_of_a_minute_is_one(seed):
    """Where the truth is one, one is found, and nearly all of what it says."""
    config = synth.SynthConfig(duration=60.0)
    sound, truth = synth.conversation(synth.vowels(1, 20.0, seed=seed), config, seed=seed)
    result = found(sound.samples)
    assert len(result.annotation.speakers) == 1
    assert scoring.score(truth, result.annotation).score.missed < 6.0


def test_twelve_voices_in_ten_minutes_are_many():
    """Seven to twelve are found of twelve; some voices of pure signal are too much alike."""
    config = synth.SynthConfig(duration=600.0, overlap_probability=0.0)
    sound, _ = synth.conversation(synth.vowels(12, 20.0, seed=0), config, seed=0)
    assert 7 <= len(found(sound.samples).annotation.speakers) <= 12


def test_everybody_at_once_is_somebody():
    """Six voices from beginning to end."""
    voices = [each[0].samples for each in synth.vowels(6, 20.0, seed=1).values()]
    shortest = min(map(len, voices))
    result = found(0.5 * sum(voice[:shortest] for voice in voices))
    assert result.speech.seconds > 0.8 * shortest / RATE
    assert 1 <= len(result.annotation.speakers) <= 6
