"""Acoustic conditions of a calibration: as long and as loud as wanted, in their band, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from diarize.parts.conditions import simulate_conditions

from . import builders


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_there_are_three_and_the_first_is_the_recording(rate):
    """All of its length, in float32, the others different from it and from each other."""
    samples = builders.voice(4)[:: 16_000 // rate]
    heard = list(simulate_conditions(samples, rate, np.random.default_rng(0)))
    assert len(heard) == 3
    assert_array_equal(heard[0], samples)
    assert all(each.shape == samples.shape and each.dtype == np.float32 for each in heard)
    again = list(simulate_conditions(samples, rate, np.random.default_rng(0)))
    assert all((one == other).all() for one, other in zip(heard, again, strict=True))
    assert abs(np.corrcoef(heard[1], heard[2])[0, 1]) < 0.99


def test_a_room_adds_noise_and_a_telephone_has_its_band():
    """White sound: what a telephone passes lies between 200 and 3600 Hz; a pause is not silent in a room."""
    rng = np.random.default_rng(1)
    samples = np.concatenate((0.1 * rng.standard_normal(32_000), np.zeros(32_000))).astype(np.float32)
    _, room, line = simulate_conditions(samples, 16_000, rng)
    pause, voice = room[-8_000:].std(), room[:32_000].std()
    assert 10 ** (-27 / 20) < pause / voice < 10 ** (-3 / 20)
    power = np.abs(np.fft.rfft(line[:32_000])) ** 2
    hertz = np.fft.rfftfreq(32_000, 1 / 16_000)
    inside = power[(hertz > 500) & (hertz < 2_800)].mean()
    assert power[hertz > 4_500].mean() < 0.05 * inside
    assert power[hertz < 100].mean() < 0.05 * inside
