"""Conditions of calibration: as loud, as long, in the band, and drawn from one seed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from benchmarks.calibrate_embedding import loud_windows
from benchmarks.conditions import RATE, _interpolated, by_telephone, in_noise

VOICE = 0.05 * np.random.default_rng(0).standard_normal(4 * RATE)


@pytest.mark.parametrize("condition", [in_noise, by_telephone])
def test_the_same_seed_gives_the_same_sound_of_the_same_length(condition):
    """And another seed another one."""
    first, again, other = (condition(VOICE, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert_array_equal(first, again)
    assert first.shape == other.shape == VOICE.shape
    assert not np.array_equal(first, other)


def test_noise_is_from_5_to_25_db_under_the_voice():
    """Which is as loud in its room as before, so the sum has 0.3 to 32 % more power."""
    for seed in range(8):
        more = np.mean(in_noise(VOICE, np.random.default_rng(seed)) ** 2) / np.mean(VOICE**2)
        assert 1.0 < more < 1.4


def test_a_telephone_has_its_band():
    """What is above 4.5 kHz is noise of the line alone, 15 dB under the voice or less."""
    power = np.abs(np.fft.rfft(by_telephone(VOICE, np.random.default_rng(3)))) ** 2
    hertz = np.fft.rfftfreq(VOICE.size, 1 / RATE)
    assert power[hertz > 4500].mean() < 0.1 * power[(hertz > 500) & (hertz < 2800)].mean()


def test_values_between_places_are_on_a_line():
    """By hand, and held at the ends."""
    rows = np.array([[0.0, 10.0, 30.0]])
    at = np.array([-5.0, 50.0, 150.0, 900.0])
    assert_allclose(_interpolated(rows, at, np.array([0.0, 100.0, 200.0])), [[0.0, 5.0, 20.0, 30.0]])


def test_pauses_are_no_windows():
    """Of three windows the middle one is 40 dB softer."""
    samples = np.concatenate((VOICE[:24_000], VOICE[:24_000] / 100, VOICE[:24_000]))
    assert_array_equal(loud_windows(samples), [[0, 24_000], [48_000, 72_000]])
