"""Spectral subtraction: by hand, by law, and on sounds whose noise is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.fft import dct

from diarize.config import AcousticConfig
from diarize.features import compute_cepstra
from diarize.features.level import background_frames
from diarize.features.noise import denoise
from diarize.types import Features, FrameGrid

RATE = 16_000
CONFIG = AcousticConfig()
TINY = AcousticConfig(n_mels=2, n_mfcc=1, n_voice=1, upper_mels=2, n_upper=0, noise_floor=0.1)
LAW = settings(deadline=None, max_examples=25, derandomize=True)


def spectra(lower, upper):
    """Features whose filters hold the powers ``lower`` and ``upper`` (n_frames, n_mels)."""
    each = [dct(10 * np.log10(np.asarray(power, float)), norm="ortho") for power in (lower, upper)]
    names = [f"{band}{i}" for band, values in zip("cu", each, strict=True) for i in range(values.shape[1])]
    values = np.column_stack(each).astype(np.float32)
    return Features(values, FrameGrid(RATE, 160, 400, -120, len(values)), tuple(names))


def heard(seed=0, n=300):
    """Random features as ``compute_cepstra`` gives them, of which two thirds are speech, and that speech."""
    rng = np.random.default_rng(seed)
    names = (*(f"c{i}" for i in range(21)), *(f"u{i}" for i in range(5)), "tilt")
    values = rng.normal(size=(n, len(names))) * 20 / (1 + np.arange(len(names)))
    speech = np.arange(n) % 90 < 60
    values[speech, 0] += 60
    return Features(values.astype(np.float32), FrameGrid(RATE, 160, 400, -120, n), names), speech


class TestDenoised:
    def test_two_filters_by_hand(self):
        """Pauses hold 0.4 and 0.1: of 1 and 0.5 are left 0.6 and 0.4, of 0.42 and 0.5 a tenth and 0.4."""
        lower = [[1.0, 0.5], [0.42, 0.5], *[[0.4, 0.1]] * 30]
        upper = [[1.0, 1.0], [1.0, 0.25], *[[0.2, 0.05]] * 30]
        found = denoise(spectra(lower, upper), np.arange(32) < 2, TINY)
        assert found.names == ("c0", "c1", "u0")
        left = dct(10 * np.log10([[0.6, 0.4], [0.042, 0.4]]), norm="ortho")
        above = dct(10 * np.log10([[0.8, 0.95], [0.8, 0.2]]), norm="ortho")[:, :1]
        assert_allclose(found.values[:2], np.column_stack((left, above)), rtol=0, atol=1e-4)

    def test_a_loud_moment_in_a_pause_does_not_matter(self):
        """The median does not know it."""
        steady = [[1.0, 0.5], *[[0.4, 0.1]] * 40]
        loud = [[1.0, 0.5], *[[50.0, 70.0]] * 5, *[[0.4, 0.1]] * 35]
        one, other = (denoise(spectra(x, x), np.arange(41) < 1, TINY) for x in (steady, loud))
        assert_allclose(one.values[0], other.values[0], rtol=0, atol=1e-5)

    @LAW
    @given(seed=st.integers(0, 1000), shift=st.floats(-40, 40), column=st.integers(0, 18))
    def test_a_channel_is_added_and_nothing_else(self, seed, shift, column):
        """A constant on a coefficient is that constant on it afterwards: normalisation takes it out."""
        features, speech = heard(seed)
        before = denoise(features, speech, CONFIG)
        name = before.names[column]
        moved = features.values + np.float32(shift) * (np.array(features.names) == name)
        after = denoise(replace(features, values=moved), speech, CONFIG)
        expected = before.values + shift * (np.array(before.names) == name)
        assert_allclose(after.values, expected, rtol=0, atol=2e-3)

    @pytest.mark.parametrize("lifter", [0, 22])
    def test_a_floor_of_one_leaves_everything(self, lifter):
        features, speech = heard()
        found = denoise(features, speech, replace(CONFIG, noise_floor=1.0, lifter=lifter))
        kept = np.column_stack((features.columns("c")[:, :14], features.columns("u")))
        assert_allclose(found.values, kept, rtol=0, atol=1e-3)

    def test_noise_draws_sounds_together_and_without_it_they_are_apart(self):
        """Two timbres in turn, with pauses between: how far their means are apart."""
        time = np.arange(8 * RATE) / RATE
        dark, bright = (
            sum(np.sin(2 * np.pi * 60 * k * time) / k**slope for k in range(1, 62)) for slope in (1.0, 0.6)
        )
        chord = 0.1 * np.where(time % 2 < 1, np.where(time % 4 < 2, dark, bright), 0)
        hiss = 0.01 * np.random.default_rng(3).standard_normal(time.size)
        clean, noisy = (compute_cepstra([x.astype(np.float32)], RATE, CONFIG) for x in (chord, chord + hiss))
        darker, brighter = (
            clean.grid.mask(np.array([[start + 0.05, start + 0.95], [start + 4.05, start + 4.95]]))
            for start in (0, 2)
        )

        def apart(features):
            each = features.columns("c")[:, 1:14]
            return np.linalg.norm(each[darker].mean(axis=0) - each[brighter].mean(axis=0))

        lost, left = (apart(x) / apart(clean) - 1 for x in (noisy, denoise(noisy, darker | brighter, CONFIG)))
        assert lost < -0.1
        assert abs(left) < abs(lost) / 2

    def test_parts_give_what_the_whole_gives(self, monkeypatch):
        features, speech = heard()
        whole = denoise(features, speech, CONFIG).values
        monkeypatch.setattr("diarize.features.noise.BATCH_SIZE", 7)
        assert_allclose(denoise(features, speech, CONFIG).values, whole, rtol=0, atol=1e-5)

    def test_noise_is_that_of_its_time(self, monkeypatch):
        """A fan is switched on at frame 100: each half loses what its own pauses hold, by hand."""
        monkeypatch.setattr("diarize.features.noise.BATCH_SIZE", 100)
        monkeypatch.setattr("diarize.features.noise.ESTIMATE_FRAMES", 40)
        noise = np.repeat([0.1, 0.6], 100)[:, None]
        speech = np.arange(200) % 2 == 0
        powers = np.where(speech[:, None], 1.0, np.array([1.0, 0.5]) * noise)
        found = denoise(spectra(powers, powers), speech, TINY).values[speech]
        left = dct(10 * np.log10([[0.9, 0.95], [0.4, 0.7]]), norm="ortho")
        assert_allclose(found[:50, :2], np.tile(left[0], (50, 1)), rtol=0, atol=1e-4)
        assert_allclose(found[50:, :2], np.tile(left[1], (50, 1)), rtol=0, atol=1e-4)

    def test_where_pauses_are_rare_the_nearest_tell(self, monkeypatch):
        """All thirty of them, before the first and after the last, too."""
        monkeypatch.setattr("diarize.features.noise.BATCH_SIZE", 50)
        monkeypatch.setattr("diarize.features.noise.ESTIMATE_FRAMES", 30)
        powers = np.ones((400, 2))
        speech = np.ones(400, bool)
        for frames, level in ((slice(100, 130), 0.1), (slice(250, 280), 0.6)):
            powers[frames], speech[frames] = level, False
        powers[270:280] = 0.9
        found = denoise(spectra(powers, powers), speech, TINY).values[:, 0]
        expected = 10 * np.log10([0.9, 0.4]) * np.sqrt(2)
        assert_allclose(found[[0, 99, 399]], expected[[0, 0, 1]], rtol=0, atol=1e-4)

    def test_no_more_coefficients_than_there_are(self):
        features, speech = heard()
        few = replace(CONFIG, n_voice=25)
        assert denoise(features, speech, few).names == (
            *(f"c{i}" for i in range(21)),
            *(f"u{i}" for i in range(5)),
        )


class TestQuiet:
    """What is heard behind speech; a decibel in each of four filters is 2 in c0."""

    @staticmethod
    def of(*decibels):
        values = 2 * np.concatenate([np.full(n, level, np.float32) for n, level in decibels])[:, None]
        return Features(values, FrameGrid(RATE, 160, 400, -120, len(values)), ("c0",))

    def test_the_pauses_that_can_be_heard(self):
        """The ten frames 60 dB down were put there by a machine."""
        features = self.of((50, -20), (40, -50), (10, -80))
        assert_array_equal(
            np.flatnonzero(background_frames(features, np.arange(100) < 50, 4)), np.arange(50, 90)
        )

    def test_of_too_few_pauses_the_softest_speech(self):
        """A fiftieth of it."""
        features = self.of((97, -20), (2, -35), (29, -50))
        assert_array_equal(np.flatnonzero(background_frames(features, np.arange(128) < 99, 4)), [97, 98])

    def test_speech_that_cannot_be_heard_is_not_the_softest(self):
        """Frames 60 dB down in the middle of it were put there by a machine."""
        features = self.of((60, -20), (5, -80), (37, -20), (2, -35))
        assert_array_equal(np.flatnonzero(background_frames(features, np.ones(104, bool), 4)), [102, 103])

    def test_of_speech_that_is_all_as_loud_all_is_the_softest(self):
        """There is always some background."""
        assert background_frames(self.of((50, -20)), np.ones(50, bool), 4).all()

    def test_without_speech_whatever_there_is(self):
        features = self.of((5, -20))
        assert background_frames(features, np.zeros(5, bool), 4).all()
