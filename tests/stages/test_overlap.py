"""Second speakers, embedding windows and the segmentation door, on values made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from diarize.config import SpaceConfig, SpeechConfig
from diarize.embedding.points import split_speech
from diarize.embedding.windows import overlapping_windows
from diarize.errors import ConfigError
from diarize.networks import pyannet
from diarize.networks.local_activity import LocalActivity
from diarize.resegmentation import overlap
from diarize.speech import SpeechActivity, detect_by_network
from diarize.speech.network import _windows
from diarize.types import FrameGrid, Posteriors, SpeechMask


def grid_of(n_frames, rate=16000):
    """A clock of 10 ms cells that begin at sample 0."""
    return FrameGrid(rate, rate // 100, rate // 100, 0, n_frames)


def local_of(values, starts=(0,)):
    """Local activity of windows that have a frame for every cell."""
    values = np.asarray(values, np.float32)
    any_one = 1 - (1 - values).prod(axis=2)
    two = np.clip(values.sum(axis=2) - 1, 0, 1)
    return LocalActivity(values, any_one, two, np.array(starts), 160, 80, 16000)


def scene(second_voice=2):
    """Three seconds: A alone, A and B together, B alone; local speakers 0 and ``second_voice``."""
    voices = np.zeros((1, 300, 3))
    voices[0, :200, 0] = 1
    voices[0, 100:, second_voice] = 1
    grid = grid_of(300)
    shares = np.zeros((300, 2))
    shares[:200, 1] = 1  # the posteriors have A in column 1, and know of one at a time
    shares[200:, 0] = 1
    mask = SpeechMask(np.ones(300, bool), grid)
    activity = SpeechActivity(mask, local_of(voices).overlap[0], None, local_of(voices))
    return Posteriors(shares, grid, ("SPEAKER_00", "SPEAKER_01")), activity


@pytest.mark.parametrize("second_voice", [1, 2])
def test_the_second_speaker_is_the_other_local_voice(second_voice):
    """Whatever the network calls the voices; elsewhere there is none."""
    found = overlap.second_speakers(*scene(second_voice), 0.5)
    assert not found[:100].any()
    assert_array_equal(found[100:200], np.tile([1.0, 0.0], (100, 1)))
    assert not found[200:].any()


def test_no_second_speaker_without_leave_or_knowledge():
    """Switched off, unheard, or with one speaker in all."""
    posteriors, activity = scene()
    assert not overlap.second_speakers(posteriors, activity, 0.0).any()
    assert not overlap.second_speakers(posteriors, SpeechActivity(activity.mask), 0.5).any()
    for heard in (
        SpeechActivity(activity.mask, activity.overlap),
        SpeechActivity(activity.mask, local=activity.local),
    ):
        assert not overlap.second_speakers(posteriors, heard, 0.5).any()
    for n_speakers in (0, 1):
        few = Posteriors(np.ones((300, n_speakers)), posteriors.grid, ("SPEAKER_00",)[:n_speakers])
        assert not overlap.second_speakers(few, activity, 0.5).any()


def test_no_second_speaker_where_overlap_is_less_likely_than_asked():
    """Whoever the local speakers are."""
    posteriors, activity = scene()
    unsure = SpeechActivity(activity.mask, 0.45 * activity.overlap, None, activity.local)
    assert not overlap.second_speakers(posteriors, unsure, 0.5).any()
    assert overlap.second_speakers(posteriors, unsure, 0.4).any()


def test_who_speaks_where_no_window_is_is_not_known():
    """Frames behind the last window have no local speakers."""
    posteriors, activity = scene()
    longer = Posteriors(np.repeat(posteriors.values, 2, axis=0), grid_of(600), posteriors.speakers)
    assert not overlap._voices_as_speakers(activity.local, longer)[310:].any()


def test_nobody_interrupts_in_silence():
    """Where the mask hears nothing, nobody is second."""
    posteriors, activity = scene()
    silent = SpeechActivity(
        SpeechMask(np.zeros(300, bool), posteriors.grid), activity.overlap, None, activity.local
    )
    assert not overlap.second_speakers(posteriors, silent, 0.5).any()


@given(
    clean=st.lists(st.booleans(), min_size=1, max_size=400),
    changes=st.sets(st.integers(1, 399), max_size=4),
    pause=st.sampled_from([0.0, 0.05, 0.3]),
)
def test_windows_stay_inside_what_one_person_says(clean, changes, pause):
    """None crosses a change or a long pause; none is longer than asked; all of a long interval is covered."""
    clean, changes = np.repeat(np.array(clean), 7), np.array(sorted(changes), dtype=np.int64)
    grid = grid_of(len(clean))
    bounds, first = overlapping_windows(clean, changes, grid, 1.0, 0.3, pause)
    assert (np.diff(bounds[:, 0]) > 0).all()
    for (start, end), begins, before in zip(bounds, first, [None, *bounds[:, 1]][: len(bounds)], strict=True):
        assert 20 <= end - start <= 100
        assert not ((changes > start) & (changes < end)).any()
        gaps = np.flatnonzero(clean[start:end])
        assert (clean[start] and clean[end - 1]) or pause
        assert np.diff(gaps).max(initial=1) - 1 <= round(100 * pause)
        assert begins == (before is None or start > before)
    if clean.all() and not len(changes) and len(clean) >= 20:
        assert bounds[0, 0] == 0
        assert bounds[-1, 1] == len(clean)


def test_windows_leave_overlap_out():
    """By hand: two seconds of which half a second in the middle has two voices."""
    grid = grid_of(200)
    double = np.zeros(200, np.float32)
    double[75:125] = 0.9
    activity = SpeechActivity(SpeechMask(np.ones(200, bool), grid), double)
    bounds, first = split_speech(activity, SpaceConfig(window=1.0, step=0.5, max_pause=2.0))
    assert_array_equal(bounds, [[0, 75], [125, 200]])
    assert first.all()


def test_where_two_always_speak_windows_are_of_all_speech():
    """Something must be told apart."""
    activity = SpeechActivity(SpeechMask(np.ones(200, bool), grid_of(200)), np.ones(200, np.float32))
    bounds, _ = split_speech(activity, SpaceConfig())
    assert bounds[0, 0] == 0
    assert bounds[-1, 1] == 200


@pytest.mark.parametrize("n", [1, 79_999, 80_000, 159_999, 160_000, 160_001, 240_000, 250_000, 500_123])
@pytest.mark.parametrize("size", [1000, 160_000, 10**6])
def test_every_sample_is_in_a_window_however_blocks_are_cut(n, size):
    """Windows every five seconds, the last one ends with the recording; none twice."""
    sound = np.arange(n, dtype=np.float32) + 1
    found = list(_windows(sound[a : a + size] for a in range(0, n, size)))
    seen = np.zeros(n, bool)
    for start, window in found:
        assert len(window) == pyannet.WINDOW
        inside = sound[start : start + pyannet.WINDOW]
        assert_array_equal(window[: len(inside)], inside)
        assert not window[len(inside) :].any()
        seen[start : start + pyannet.WINDOW] = True
    assert seen.all()
    assert len({start for start, _ in found}) == len(found)


class _Fixed:
    """A segmenter that hears what it is told."""

    name, rate, checksum = "fixed", 16000, "0"

    def __init__(self, local):
        self.local = local

    def segment(self, blocks):
        """What was given, whatever the sound."""
        return self.local


def test_mask_overlap_and_changes_follow_the_local_voices():
    """One voice from 0.5 s on, another from 1.5 s, both from 2.5 s to 3 s."""
    voices = np.zeros((1, 400, 3))
    voices[0, 50:150, 1] = 1
    voices[0, 150:300, 0] = 1
    voices[0, 250:300, 1] = 1
    found = detect_by_network([], _Fixed(local_of(voices)), grid_of(400), SpeechConfig())
    assert_array_equal(found.mask.intervals, [[0.5, 3.0]])
    assert_array_equal(np.flatnonzero(found.overlap > 0.5), np.arange(250, 300))
    assert np.abs(found.changes - 150).min() <= 10


def test_a_positive_bias_detects_more():
    """Speech of a third is heard with a bias of 1 and not without."""
    local = local_of(np.full((1, 200, 1), 0.33))
    assert not detect_by_network([], _Fixed(local), grid_of(200), SpeechConfig()).mask.values.any()
    assert detect_by_network([], _Fixed(local), grid_of(200), SpeechConfig(bias=1.0)).mask.values.all()


def test_another_rate_is_refused_in_a_line():
    """The network knows one rate."""
    with pytest.raises(ConfigError, match="16000 Hz, not 8000"):
        detect_by_network([], _Fixed(None), grid_of(200, rate=8000), SpeechConfig())
