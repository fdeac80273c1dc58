"""From frames to points: what a window says, against its pieces, and the textbook's frames."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from diarize import space
from diarize.models.drift import drift_covariance
from diarize.models.factors import Observations, observations_at, observed, posterior_means, unpacked
from diarize.models.statistics import accumulated
from diarize.space import frame_points, speaker_points
from diarize.types import VoiceFrames
from diarize.windows import tiled

from .made import mask_of, mixture

UBM = mixture(0, 4, 3)
RNG = np.random.default_rng(1)
LOADINGS = RNG.normal(size=(4, 3, 2)) * 0.5, RNG.normal(size=(4, 3, 2)) * 0.3
MASK = mask_of(1000, (20, 500), (600, 920))
VALUES = UBM.sample(1000, random_state=2)[0].astype(np.float32)


def points(values=VALUES, mask=MASK, scale=0.1, clear=None, above=60.0, **settings):
    """Speaker points of the values above, all of whose frames are clear unless said otherwise."""
    clear = mask.values if clear is None else clear
    frames = VoiceFrames(values, mask, clear, above)
    return speaker_points(frames, UBM, LOADINGS, scale)


def usual(statistics, frame):
    """As if no window lay farther off than others."""
    return np.full(len(statistics.counts), space.USUAL_DISPERSION)


def of_one_length(statistics, speaker, window, frame=0.2):
    """What windows say by the likelihood, to the power √(usual / dispersion), a frame counting ``frame``."""
    said, powers = observed(statistics, speaker, window), []
    for counts, sums in zip(*statistics, strict=True):
        dispersion = np.sum(sums.astype(float) ** 2) / (frame * 3 * counts.sum())
        powers.append((3.0 / dispersion) ** 0.5)
    return Observations(*(np.array(powers)[:, None] * each for each in said))


class TestSpeakerPoints:
    def test_a_point_is_what_its_window_says(self):
        """Windows, statistics and posterior put together by hand: 8 s of speech make a frame worth twice."""
        found = points()
        bounds, first = tiled(MASK, 1.0, 0.15)
        assert MASK.seconds == 8.0
        said = of_one_length(accumulated(UBM, VALUES, MASK.values, bounds, 0.2), *LOADINGS)
        assert_array_equal(found.bounds, bounds)
        assert_array_equal(found.first, first)
        assert_allclose(found.values, posterior_means(said), rtol=1e-6, atol=1e-9)
        assert_allclose(found.precision, said.precision, rtol=1e-6)
        assert found.grid == MASK.grid

    def test_frames_that_are_not_clear_say_nothing(self, monkeypatch):
        """Whatever lies in them, points and precisions are the same, and less is known than with them."""
        clear = MASK.values & (np.arange(1000) % 5 > 0)
        one = points(clear=clear)
        other = points(np.where(clear[:, None], VALUES, 100).astype(np.float32), clear=clear)
        assert_array_equal(one.values, other.values)
        assert_array_equal(one.precision, other.precision)
        assert_array_equal(one.bounds, points().bounds)
        monkeypatch.setattr(space, "dispersions", usual)
        one = points(clear=clear)
        assert np.trace(unpacked(points().precision - one.precision), axis1=1, axis2=2).min() > 0

    def test_what_a_window_says_falls_with_the_root_of_its_dispersion(self, monkeypatch):
        """Every window with its own; a usual one is taken at its word."""
        n = len(points().values)
        times = np.where(np.arange(n) % 2, 4.0, 1.0)
        monkeypatch.setattr(space, "dispersions", usual)
        said = observations_at(points().values, points().precision)
        monkeypatch.setattr(space, "dispersions", lambda *given: times * space.USUAL_DISPERSION)
        less = observations_at(points().values, points().precision)
        half = np.sqrt(1 / times)[:, None]
        assert_allclose(less.precision, half * said.precision, rtol=1e-5)
        assert_allclose(less.linear, half * said.linear, rtol=1e-4, atol=1e-6)

    def test_sounds_unlike_any_say_less(self):
        """Frames four times as far away as the model's are hardly better known for it."""
        strange = (4 * VALUES).astype(np.float32)
        known = np.trace(unpacked(points(strange).precision), axis1=1, axis2=2).sum()
        assert known < 0.5 * np.trace(unpacked(points().precision), axis1=1, axis2=2).sum()

    @pytest.mark.parametrize(
        ("above", "share", "frame"), [(-5.0, 0.6, 0.3), (8.8, 0.76, 0.26), (60.0, 1.0, 0.2)]
    )
    def test_noise_draws_voices_together_and_is_new_in_every_frame(self, above, share, frame):
        """As loadings of the speaker that are so much smaller and frames that count so much; U stays."""
        bounds, _ = tiled(MASK, 1.0, 0.15)
        statistics = accumulated(UBM, VALUES, MASK.values, bounds, frame)
        said = of_one_length(statistics, share * LOADINGS[0], LOADINGS[1], frame)
        found = points(above=above)
        assert_allclose(found.values, posterior_means(said), rtol=1e-6, atol=1e-9)
        assert_allclose(found.precision, said.precision, rtol=1e-6)

    def test_drift_is_that_of_a_usual_window_of_the_model(self):
        """Whatever the recording: 100 frames a window, each worth the model's scale."""
        expected = drift_covariance(10.0 * UBM.weights_, LOADINGS, space.LASTING, space.WANDERING)
        for found in (points(), points(above=0.0), points(np.zeros_like(VALUES))):
            assert_allclose(found.drift, expected, rtol=1e-6)

    def test_a_frame_is_worth_less_in_a_long_recording(self):
        """The same second and a half among eighty seconds of speech says less than among eight."""
        long = mask_of(10_000, (20, 500), (600, 920), (1_000, 8_200))
        values = np.concatenate((VALUES, np.zeros((9_000, 3), np.float32)))
        one, other = points(), points(values, long)
        n = len(one.values)
        assert_array_equal(other.bounds[:n], one.bounds)
        less = unpacked(one.precision - other.precision[:n])
        assert (np.linalg.eigvalsh(less).min(axis=1) > 0).all()

    def test_evidence_grows_with_the_root_of_a_very_long_recording(self, monkeypatch):
        """Without nuisances Φ is in proportion to a frame's worth: (1 + 8/T) √(300/T) from 300 s on."""
        monkeypatch.setattr(space, "dispersions", usual)  # frames that are all alike are strange
        loadings = LOADINGS[0], 0 * LOADINGS[1]
        known = {}
        for seconds in (8, 300, 1200):
            mask = mask_of(100 * seconds + 100, (0, 150), (200, 50 + 100 * seconds))
            assert mask.seconds == seconds
            values = np.zeros((100 * seconds + 100, 3), np.float32)
            frames = VoiceFrames(values, mask, mask.values, 60.0)
            known[seconds] = speaker_points(frames, UBM, loadings, 0.1).precision[0]
        assert_allclose(known[300], known[8] * (1 + 8 / 300) / 2, rtol=1e-4)
        assert_allclose(known[1200], known[8] * (1 + 8 / 1200) / 2 / 2, rtol=1e-4)

    def test_a_planted_voice_is_seen(self):
        """Frames drawn from the mixture moved along a speaker's loadings point to that speaker."""
        rng = np.random.default_rng(3)
        for y in ([1.5, 0.0], [0.0, -1.5]):
            means = UBM.means_ + np.sqrt(UBM.covariances_) * (LOADINGS[0] @ np.array(y))
            which = rng.choice(4, size=1000, p=UBM.weights_)
            drawn = means[which] + np.sqrt(UBM.covariances_[which]) * rng.normal(size=(1000, 3))
            seen = points(drawn.astype(np.float32), scale=0.5).values.mean(axis=0)
            assert np.linalg.norm(seen - y) < 0.8

    def test_windows_are_as_long_as_those_that_the_loadings_were_learnt_from(self):
        """A second, and no pause over 0.15 s in them."""
        assert_array_equal(points().bounds, tiled(MASK, 1.0, 0.15)[0])


def test_every_frame_of_speech_is_a_point_in_the_textbook_space():
    """Exact points, one per frame; the first of a stretch is marked."""
    mask = mask_of(10, (0, 3), (5, 6), (8, 10))
    found = frame_points(VALUES[:10], mask)
    assert found.precision is None
    assert_array_equal(found.values, VALUES[[0, 1, 2, 5, 8, 9]])
    assert_array_equal(found.bounds, [[0, 1], [1, 2], [2, 3], [5, 6], [8, 9], [9, 10]])
    assert_array_equal(found.first, [True, False, False, True, True, False])
