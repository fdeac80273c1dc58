"""Rules of the pipeline that need no network: crosstalk, given speech, whose windows are whose, notes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from numpy.testing import assert_allclose, assert_array_equal

from diarize import background
from diarize.annotation import Annotation, Turn
from diarize.clustering import Clustering
from diarize.config import (
    AcousticConfig,
    AudioConfig,
    ClusteringConfig,
    Config,
    FeatureConfig,
    SpaceConfig,
    SpeechConfig,
)
from diarize.embedding.two_covariance import TwoCovariance
from diarize.errors import AudioError, ConfigError, InputError
from diarize.pipeline import diarization, front_end, voices
from diarize.pipeline.arguments import check_features, check_intervals, with_checksums, with_counts
from diarize.pipeline.channels import RATE, _channel_names, _join_voices, diarize_channels, find_leaks
from diarize.pipeline.diarization import STAGES, _frame_posteriors, _with_enough_speakers, diarize, run_stages
from diarize.pipeline.front_end import FrontEnd, missed_sound_notes, speech_activity
from diarize.pipeline.inputs import SampleSource, as_recording
from diarize.pipeline.speakers import describe_speakers
from diarize.pipeline.voices import _known_activity, voice_statistics, voice_statistics_of
from diarize.resegmentation import frames
from diarize.speech import PyanNetSegmenter, SpeechActivity
from diarize.types import Features, FrameGrid, Posteriors, SpeakerPoints, SpeechMask, Waveform

CELL = RATE // 4  # samples that are compared at once


def grid(n_frames):
    """Cells of 10 ms from sample 0 on."""
    return FrameGrid(16_000, 160, 160, 0, n_frames)


def rms(n, seed):
    """White noise (n,) of power 1."""
    noise = np.random.default_rng(seed).normal(size=n)
    return noise / np.sqrt(np.mean(noise**2))


def leaks(*channels):
    """Seconds that leak into each channel, and whether all are the same sound."""
    found, same = find_leaks([iter([channel]) for channel in channels])
    return [float(np.diff(each).sum()) for each in found], same


class TestLeaks:
    @pytest.mark.parametrize(
        ("late", "leaks_in"), [(0, 2.0), (400, 2.0), (401, 0.0), (-1, 2.0), (-400, 2.0), (-401, 0.0)]
    )
    def test_a_leak_is_a_twentieth_of_a_second_late_or_early_at_most(self, late, leaks_in):
        """Farther off it is another sound."""
        sound = rms(8 * CELL, 0)
        assert leaks(sound, 0.1 * np.roll(sound, late)) == ([0.0, leaks_in], False)

    def test_the_end_of_a_cell_is_not_before_its_beginning(self):
        """A click in the first sample, and another one a hundred samples before the end."""
        first, second = np.zeros(CELL), np.zeros(CELL)
        first[0], second[-100] = 1.0, 0.1
        assert leaks(first, second) == ([0.0, 0.0], False)

    @pytest.mark.parametrize(("decibels", "leaks_in"), [(2.5, 0.0), (3.5, 2.0)])
    def test_a_leak_is_three_decibels_quieter(self, decibels, leaks_in):
        """What is nearly as loud may be either side."""
        sound = rms(8 * CELL, 0)
        assert leaks(10 ** (-decibels / 20) * sound, sound)[0] == [leaks_in, 0.0]

    @pytest.mark.parametrize(("like", "leaks_in"), [(0.45, 0.0), (0.55, 2.0)])
    def test_a_leak_is_half_like_its_source(self, like, leaks_in):
        """The rest is of the channel itself."""
        sound, own = rms(8 * CELL, 0), rms(8 * CELL, 1)
        mixed = like * sound + np.sqrt(1 - like**2) * own
        assert leaks(sound, 0.3 * mixed)[0] == [0.0, leaks_in]

    @pytest.mark.parametrize(("other", "same"), [(1, True), (2, False)])
    def test_one_sound_is_in_nineteen_of_twenty_cells(self, other, same):
        """By hand: 24 of 25 are, 23 are not; 19 of 20 are just enough."""
        sound = rms(25 * CELL, 0)
        second = sound.copy()
        second[: other * CELL] = rms(other * CELL, 1)
        assert leaks(sound, second) == ([0.0, 0.0], same)
        assert leaks(sound[: 20 * CELL], second[: 20 * CELL]) == ([0.0, 0.0], same)

    @pytest.mark.parametrize(("quiet", "same"), [(8e-4, True), (1.2e-3, False)])
    def test_cells_of_less_than_a_thousandth_are_neither(self, quiet, same):
        """Hiss on both channels does not speak against one sound; silence has no opinion."""
        sound = rms(20 * CELL, 0)
        first, second = sound.copy(), sound.copy()
        first[10 * CELL :], second[10 * CELL :] = quiet * rms(10 * CELL, 1), quiet * rms(10 * CELL, 2)
        assert leaks(first, second) == ([0.0, 0.0], same)
        assert leaks(0 * sound, 0 * sound) == ([0.0, 0.0], False)

    def test_a_leak_may_be_very_quiet(self):
        """A millionth and a tenth of that, as in a file of 24 bits."""
        sound = 1e-6 * rms(8 * CELL, 0)
        for factor in (0.1, 0.68):
            assert leaks(sound, factor * sound) == ([0.0, 2.0], False)
        assert leaks(sound, 0.75 * sound) == ([0.0, 0.0], False)

    def test_two_to_eight_channels_are_diarized_alone(self, tmp_path):
        """One and nine are refused; who is alone in a channel has its name."""
        for n, match in ((1, "one channel; --channels separate is for two to 8"), (9, "9 channels; --ch")):
            soundfile.write(tmp_path / "a.wav", np.zeros((800, n)), RATE)
            with pytest.raises(AudioError, match=match):
                diarize_channels(tmp_path / "a.wav", plain())
        soundfile.write(tmp_path / "a.wav", np.zeros((800, 8)), RATE)
        assert diarize_channels(tmp_path / "a.wav", plain()).annotation.turns == ()
        assert _channel_names(("A",), 2) == {"A": "CH2"}
        assert _channel_names(("A", "B"), 1) == {"A": "CH1_A", "B": "CH1_B"}

    def test_a_second_of_crosstalk_is_reported_and_one_sound_in_all(self, tmp_path):
        """By hand: four cells and three; noise on both sides, the same and its own."""
        for cells, told in ((3, False), (4, True)):
            first = 0.1 * rms(16 * CELL, 0)
            second = 0.1 * rms(16 * CELL, 1)
            second[: cells * CELL] = 0.1 * first[: cells * CELL]
            soundfile.write(tmp_path / "a.wav", np.column_stack((first, second)), RATE)
            found = diarize_channels(tmp_path / "a.wav", plain(max_speakers=1), speech=[(0.0, 4.0)])
            assert found.annotation.speakers == ("CH1", "CH2")
            wanted = ("channel 2: 1 s of crosstalk from another channel are left out",) if told else ()
            assert found.notes == wanted
            assert (found.start, found.voices) == (0.0, None)
            assert found.clustering.values == (0.0,)
            turn = found.annotation.intervals("CH2")
            assert_allclose(turn, [[cells / 4, 4.0]], atol=0.01)
            assert_allclose(found.posteriors.values[[10, -10]], [[1, 0], [0.5, 0.5]])
            assert found.speech.values.all()
        soundfile.write(tmp_path / "a.wav", np.column_stack((first, first)), RATE)
        found = diarize_channels(tmp_path / "a.wav", plain(max_speakers=1), speech=[(0.0, 4.0)])
        assert found.notes == ("all channels have the same sound, so every speaker is found in each of them",)

    def test_voices_of_channels_that_have_some_are_joined(self):
        """By the names that their speakers get."""
        voice = voice_statistics(TestVoices().points(3), Annotation("a", (Turn(0.0, 2.0, "A"),)))
        joined = _join_voices([voice, None, voice], [{"A": "CH1"}, {}, {"A": "CH3"}])
        assert [each.speaker for each in joined.speakers] == ["CH1", "CH3"]
        assert [each.speaker for each in _join_voices([None, voice], [{}, {"A": "CH2"}]).speakers] == ["CH2"]
        assert _join_voices([None, None], [{}, {}]) is None

    def test_the_last_cell_may_be_short(self):
        """By hand: two cells and a half are three; channels that end earlier end the comparison."""
        sound = rms(5 * CELL // 2, 0)
        assert leaks(sound, 0.1 * sound) == ([0.0, 0.75], False)
        assert leaks(sound[: 2 * CELL], 0.1 * sound) == ([0.0, 0.5], False)
        assert find_leaks([iter([]), iter([])])[1] is False


def front(level, duration=10.0, start=0.0):
    """The front end of frames at these levels (n,)."""
    clock, config = grid(len(level)), AcousticConfig()
    features = Features(np.sqrt(config.n_mels) * np.array(level)[:, None], clock, ("c0",))
    sound = SampleSource("a", 16_000, start, duration, lambda: iter(()), lambda: ())
    return FrontEnd(features, sound, "wide", duration, None, config)


class TestSpeech:
    def active(self, monkeypatch, given=None, crosstalk=None, start=10.0):
        """Seconds of the file that are active where a detector finds 11 s to 12 s and 15 s to 15.1 s."""
        found = SpeechMask(grid(1000).mask(np.array([[1.0, 2.0], [5.0, 5.1]])), grid(1000))
        monkeypatch.setattr(front_end, "_mask_without_network", lambda front, config: found)
        config = replace(Config(), speech=SpeechConfig(method="energy", min_speech=0.2))
        given, crosstalk = (None if each is None else np.array(each) for each in (given, crosstalk))
        mask = speech_activity(front(np.zeros(1000), start=start), given, config, crosstalk).mask
        return np.round(mask.intervals + start, 6).tolist()

    def test_intervals_are_seconds_of_the_file(self, monkeypatch):
        """They replace what is found; what lies before the part that is diarized is cut."""
        assert self.active(monkeypatch) == [[11, 12], [15, 15.1]]
        assert self.active(monkeypatch, [[9, 10.5], [13, 13.05], [19, 30]]) == [
            [10, 10.5],
            [13, 13.05],
            [19, 20],
        ]
        assert self.active(monkeypatch, np.zeros((0, 2))) == []

    def test_crosstalk_is_taken_out_and_scraps_beside_it(self, monkeypatch):
        """What it does not touch stays, however short."""
        assert self.active(monkeypatch, crosstalk=[[11.15, 11.5]]) == [[11.5, 12], [15, 15.1]]
        assert self.active(monkeypatch, crosstalk=[[11.25, 11.85]]) == [[11, 11.25], [15, 15.1]]
        assert self.active(monkeypatch, crosstalk=[[14, 15.05]]) == [[11, 12]]
        assert self.active(monkeypatch, crosstalk=np.zeros((0, 2))) == [[11, 12], [15, 15.1]]
        assert self.active(monkeypatch, [[12, 14]], [[13, 15]]) == [[12, 13]]

    def test_nothing_is_before_the_file(self, monkeypatch):
        """A scrap at its beginning is not longer for what was given before it."""
        assert self.active(monkeypatch, [[0, 2]], [[1, 9]], start=0.0) == [[0, 1]]
        assert self.active(monkeypatch, [[-1, 2]], [[0.05, 2]], start=0.0) == []
        assert self.active(monkeypatch, [[0, 2]], [[0.2, 2]], start=0.0) == [[0, 0.2]]  # as long as is asked

    @pytest.mark.parametrize(
        ("loud", "duration", "told"),
        [(4.9, 40, False), (5.0, 40, True), (9.8, 100, False), (10.0, 100, True)],
    )
    def test_a_tenth_of_loud_sound_is_reported_and_five_seconds_at_least(self, loud, duration, told):
        """Music, for example, that was taken for no speech."""
        level = np.zeros(100 * duration)
        level[: round(100 * loud)] = level[-200:] = 5.0
        mask = SpeechMask(np.arange(len(level)) >= len(level) - 200, grid(len(level)))
        notes = missed_sound_notes(front(level, float(duration)), mask)
        assert [note.split(" of ")[0] for note in notes] == ([f"{loud:.0f} s"] if told else [])


class TestVoices:
    def points(self, n, weights=None):
        """Windows of a second, one after the other, each a direction of its own."""
        bounds = 100 * np.column_stack((np.arange(n), np.arange(1, n + 1)))
        full = np.ones(n) if weights is None else np.array(weights)
        return SpeakerPoints(np.eye(n), bounds, np.arange(n) == 0, grid(100 * n), full, np.ones(n))

    def test_a_voice_is_of_windows_in_which_it_is_alone_for_half_of_the_time(self):
        """By hand: full windows, 0.55 of one, not 0.45 of one; time with another speaker does not count."""
        turns = (Turn(10.0, 11.55, "A"), Turn(12.55, 14.0, "A"), Turn(14.0, 16.0, "B"), Turn(15.4, 16.0, "A"))
        found = voice_statistics(self.points(6, [1, 1, 1, 0.5, 1, 1]), Annotation("a", turns), 10.0)
        a, b = found.speakers
        assert (a.speaker, b.speaker) == ("A", "B")
        assert a.windows == pytest.approx(1 + 0.55 + 0.5)
        assert_allclose(a.mean, np.array([1, 0.55, 0, 0.5, 0, 0]) / 2.05)
        assert (a.seconds, b.seconds) == (pytest.approx(3.0), pytest.approx(1.4))
        assert b.windows == pytest.approx(1.0)
        assert_allclose(b.mean, np.eye(6)[4])

    @pytest.mark.parametrize(("alone", "windows"), [(0.49, []), (0.5, [0.5])])
    def test_half_of_a_window_alone_is_enough(self, alone, windows):
        """To the frame."""
        turns = Annotation("a", (Turn(0.0, alone, "A"),))
        assert [each.windows for each in voice_statistics(self.points(1), turns).speakers] == windows

    def test_who_is_never_alone_for_half_a_window_has_no_voice(self):
        """And nobody has one in a space without a model."""
        turns = Annotation("a", (Turn(0.0, 2.0, "A"), Turn(2.0, 2.4, "B")))
        assert [each.speaker for each in voice_statistics(self.points(3), turns).speakers] == ["A"]
        assert voice_statistics(replace(self.points(3), between=None), turns) is None
        counted = voice_statistics(replace(self.points(3), weights=None), turns).speakers
        assert [each.windows for each in counted] == [2.0]

    def test_a_speaker_is_reported_with_the_voice_that_is_known(self):
        """Its variance by hand, c/n + s; nothing of a voice where there is none."""
        turns = Annotation("a", (Turn(0.0, 2.0, "A"), Turn(2.0, 2.4, "B"), Turn(2.4, 2.9, "A")))
        known = voice_statistics(self.points(3), turns)
        a, b = describe_speakers(turns, known).values()
        assert (a.name, a.n_turns, b.name, b.n_turns) == ("A", 2, "B", 1)
        assert (a.seconds, b.seconds) == (pytest.approx(2.5), pytest.approx(0.4))
        assert a.variance == pytest.approx(3 / known.speakers[0].windows + 0.15)
        assert_array_equal(a.vector, known.speakers[0].mean)
        assert (b.vector, b.variance) == (None, None)
        unknown = describe_speakers(turns, None)["A"]
        assert (unknown.vector, unknown.variance) == (None, None)

    def test_who_is_never_alone_needs_no_sound(self):
        """No turns, or two at every moment: the recording is not opened."""
        both = (Turn(0.0, 2.0, "A"), Turn(0.0, 2.0, "B"))
        for turns in ((), both):
            assert voice_statistics_of("nowhere.wav", Annotation("a", turns), Config()) is None

    def test_a_turn_that_begins_and_ends_between_two_seconds_is_used_whole(self, tmp_path, monkeypatch):
        """By hand: a window of a second and a half from 0.5 s on, and another one from 1 s on."""
        embed = SimpleNamespace(
            name="made", rate=16_000, checksum="0", embed=lambda blocks, bounds: bounds + 1.0
        )
        model = TwoCovariance(np.zeros(2), np.eye(2), np.ones(2))
        monkeypatch.setattr(voices, "choose_embedding", lambda config: (embed, model))
        soundfile.write(tmp_path / "a.wav", 0.1 * rms(64_000, 0), 16_000)
        (found,) = voice_statistics_of(
            tmp_path / "a.wav", Annotation("a", (Turn(0.5, 2.5, "A"),)), Config()
        ).speakers
        assert (found.windows, found.seconds) == (pytest.approx(2.0), pytest.approx(2.0))

    def test_known_turns_are_speech_where_one_is_alone_with_changes_between_speakers(self):
        """By hand: on both sides of an overlap and of a pause, where another speaks behind it."""
        turns = (Turn(10.0, 11.0, "A"), Turn(10.8, 12.0, "B"), Turn(12.0, 12.5, "A"), Turn(12.8, 13.0, "A"))
        found = _known_activity(Annotation("a", turns), grid(400), 10.0)
        assert_allclose(found.mask.intervals, [[0, 0.8], [1.0, 2.5], [2.8, 3.0]])
        assert_array_equal(found.changes, [80, 100, 200])


def plain(**clustering):
    """Settings that need no network: energy for speech, frames for points."""
    limits = ClusteringConfig(**{"max_speakers": 2} | clustering)
    return replace(
        Config(),
        speech=SpeechConfig(method="energy"),
        space=SpaceConfig(kind="mfcc"),
        clustering=limits,
    )


class TestFrontEnd:
    @pytest.mark.parametrize(
        ("kind", "method", "needed"),
        [("embedding", "energy", True), ("mfcc", "hmm", True), ("mfcc", "energy", False)],
    )
    def test_a_background_model_is_for_adaptation_and_for_one_detector(self, kind, method, needed):
        """The included one of the band, and features as it was made with; else those that are set."""
        config = replace(
            plain(),
            speech=SpeechConfig(method=method),
            space=SpaceConfig(kind=kind),
            features=FeatureConfig(n_mfcc=15),
        )
        sound = SampleSource.open(Waveform(np.float32(0.1 * rms(8_000, 0)), 16_000), config, (0.0, None))
        found = front_end.run_front_end(sound, config)
        assert found.acoustics == (AcousticConfig() if needed else config.features.textbook)
        assert getattr(found.background, "band", None) == (found.band if needed else None)

    def test_the_textbook_space_has_the_cepstra_that_are_set(self):
        """Fifteen without c0, and as many slopes; of all of a sound, with the detector that is set."""
        config = replace(plain(), features=FeatureConfig(n_mfcc=15, deltas=1))
        sound = Waveform(np.float32(0.1 * rms(16_000, 0)), 16_000)
        found, mask = front_end.speech_features(sound, config)
        assert front_end.voice_values(found, mask, config).shape == (100, 30)
        assert_array_equal(mask.values, np.ones(100, bool))
        assert_array_equal(front_end.speech_mask(sound, config).values, mask.values)

    def test_a_background_model_that_is_named_is_used(self):
        """Whatever the band."""
        path = Path(background.__file__).parents[1] / "data" / "background-narrow.npz"
        config = replace(Config(), space=SpaceConfig(background=str(path)))
        sound = SampleSource.open(Waveform(np.float32(0.1 * rms(8_000, 0)), 16_000), config, (0.0, None))
        found = front_end.run_front_end(sound, config)
        assert (found.band, found.background.band) == ("wide", "narrow")
        given, nobody = {}, SpeechMask(np.zeros(0, bool), grid(0))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(
                "diarize.features.compute_voice_features", lambda *given_: given.update(band=given_[2])
            )
            front_end.voice_values(found, nobody, config)
            assert given == {"band": "narrow"}
            front_end.voice_values(replace(found, background=None), nobody, config)
            assert given == {"band": "wide"}

    @pytest.mark.parametrize(
        ("method", "model", "asked"),
        [
            ("network", True, "detect_by_network"),
            ("silero", True, "detect_by_silero"),
            ("energy", True, "detect_by_energy"),
            ("hmm", False, "detect_by_energy"),
            ("hmm", True, "detect_by_mixtures"),
        ],
    )
    def test_the_detector_that_was_asked_for_is_asked(self, monkeypatch, method, model, asked):
        """Without a model, energy is all that there is."""

        def detector(name):
            mask = SpeechMask(np.zeros(100, bool), grid(100))
            return lambda *_: heard.append(name) or (SpeechActivity(mask) if "network" in name else mask)

        heard = []
        for name in ("network", "silero", "energy", "mixtures"):
            monkeypatch.setattr(f"diarize.speech.detect_by_{name}", detector(f"detect_by_{name}"))
        included = background.load_included("wide") if model else None
        config = replace(Config(), speech=SpeechConfig(method=method))
        speech_activity(replace(front(np.zeros(100)), background=included), None, config)
        assert heard == [asked]

    def test_a_segmentation_network_that_is_named_is_loaded(self, monkeypatch):
        """Or the included one."""
        monkeypatch.setattr("diarize.parts.load_segmenter", lambda path: f"loaded {path}")
        named = replace(Config(), speech=SpeechConfig(segmentation="a.onnx"))
        assert front_end._choose_segmenter(named) == "loaded a.onnx"
        assert isinstance(front_end._choose_segmenter(Config()), PyanNetSegmenter)

    def test_progress_is_a_share_of_what_was_said_to_be_there(self):
        """All at most, and nothing where nothing was said."""
        for duration, wanted in ((2.0, [0.5, 1.0]), (1.5, [2 / 3, 1.0]), (None, [0.0, 0.0])):
            blocks, shares = [np.zeros(16_000)] * 2, []
            sound = SampleSource("a", 16_000, 0.0, duration, lambda blocks=blocks: iter(blocks), lambda: ())
            ends = [0]
            kept = front_end._report_progress(
                sound, ends, lambda _, share, shares=shares: shares.append(share)
            )
            assert (len(list(kept)), ends, shares) == (2, [0, 16_000, 32_000], pytest.approx(wanted))


class TestStages:
    def test_stages_report_when_they_begin_and_when_all_is_done(self):
        """Half of one block, by hand: the sound comes in one."""
        sound, calls = Waveform(np.float32(0.1 * rms(32_000, 0)), 16_000), []
        result = run_stages(
            sound, plain(), np.array([[0.0, 1.0]]), (0.0, None), lambda *each: calls.append(each)
        )
        begun = [(stage, 0.0) for stage in STAGES[1:]]
        assert calls == [("features", 1.0), *begun, ("resegmentation", 1.0)]
        assert diarize((sound.samples, 16_000), plain(), speech=[(0.0, 1.0)]).start == 0.0
        assert result.start == 0.0

    def test_every_number_of_speakers_has_the_clock_of_the_file(self):
        """A part from half a second on, with speech from the first second on."""
        sound = Waveform(np.float32(0.1 * rms(32_000, 0)), 16_000)
        result = run_stages(sound, plain(), np.array([[1.0, 1.5]]), (0.5, None), lambda *_: None)
        kept = result.alternatives
        assert (kept.starts.min(), kept.ends.max()) == (pytest.approx(1.0), pytest.approx(1.5))

    @pytest.mark.parametrize(("channel", "written"), [(0, 1), (1, 1), (2, 2)])
    def test_files_name_the_channel_that_was_used(self, channel, written):
        """The mean of all channels counts as the first."""
        sound = Waveform(np.float32(0.1 * rms(16_000, 0)), 16_000)
        config = replace(plain(), audio=AudioConfig(channel=channel))
        result = run_stages(sound, config, np.array([[0.0, 1.0]]), (0.0, None), lambda *_: None)
        assert result.options().channel == written

    @pytest.mark.parametrize(("forced", "wanted"), [((), ("little",)), (("forced",), ("forced",))])
    def test_a_best_effort_is_not_told_twice(self, monkeypatch, forced, wanted):
        """Speakers who say little are named unless there is a note on all of them."""
        monkeypatch.setattr(diarization, "_with_enough_speakers", lambda found, *_: (found, forced))
        monkeypatch.setattr("diarize.pipeline.speakers.note_little_speech", lambda *_: ("little",))
        sound = Waveform(np.float32(0.1 * rms(32_000, 0)), 16_000)
        assert run_stages(sound, plain(), np.array([[0, 1]]), (0.0, None), lambda *_: None).notes == wanted

    def test_loud_sound_is_reported_only_where_speech_was_detected(self):
        """Bursts too short for speech, a fifth of the time; who gives intervals knows better."""
        loud = np.arange(40 * 16_000) % 8_000 < 1_600
        sound = Waveform(np.float32(loud * 0.1 * rms(len(loud), 0)), 16_000)

        def notes(given, crosstalk=None):
            return run_stages(sound, plain(), given, (0.0, None), lambda *_: None, crosstalk).notes

        told, silent = notes(None)
        assert told.startswith("8 s of loud sound")
        assert silent == "no speech found"
        assert notes(np.zeros((0, 2))) == ("no speech found",)
        assert notes(None, np.array([[0.0, 1.0]])) == ("no speech found",)

    def test_frames_are_the_points_of_the_textbook_space(self):
        """Two seconds of noise are one point a frame, and one turn; they have no voice to compare."""
        sound = Waveform(np.float32(0.1 * rms(4 * 16_000, 0)), 16_000)
        result = run_stages(sound, plain(), np.array([[1.0, 3.0]]), (0.0, None), lambda *_: None)
        assert result.clustering.counts == (1, 2)
        assert all(len(shares) == 200 for shares in result.clustering.solutions)
        assert (result.voices, result.outliers) == (None, None)
        assert_allclose(result.annotation.intervals(), [[1.0, 3.0]])

    def test_frames_are_smoothed_in_the_textbook_space_and_adapted_elsewhere(self):
        """A background model that only speech detection uses has no part in it."""
        points = TestVoices().points(2)
        mask = SpeechMask(np.ones(200, bool), points.grid)
        model = background.load_included("wide")
        values = np.random.default_rng(0).normal(size=(200, model.ubm.n_features_in_))
        shares = np.array([[0.9, 0.1], [0.2, 0.8]])
        clusters = Clustering("BIC", (2,), (0.0,), 2, (2,), (shares,))
        smoothed = frames.component_posteriors(mask, points, shares, Config().resegmentation)
        adapted = frames.adapted_posteriors(values, mask, points, shares, model.ubm, Config().resegmentation)
        assert not np.allclose(smoothed.values, adapted.values, atol=1e-3)
        for config, given, wanted in (
            (plain(), model, smoothed),
            (plain(), None, smoothed),
            (Config(), model, adapted),
        ):
            found = _frame_posteriors(values, mask, points, clusters, given, config)
            assert_array_equal(found.values, wanted.values)

    @pytest.mark.parametrize(("least", "forced"), [(1, False), (2, True)])
    def test_who_was_asked_for_gets_frames_and_a_note(self, least, forced):
        """Two of one speaker with frames: the windows are parted, and what each says is told."""
        points = TestVoices().points(4)
        mask = SpeechMask(np.ones(400, bool), points.grid)
        shares = np.repeat([[0.9, 0.1], [0.8, 0.2]], [3, 1], axis=0)
        parted = np.eye(2)[[0, 0, 0, 1]]
        clusters = Clustering("BIC", (1, 2), (0.0, 1.0), 2, (2,), (shares[:, :1], parted))
        one = Posteriors(np.ones((400, 1)), points.grid, ("SPEAKER_00",))
        found, notes = _with_enough_speakers(one, mask, points, clusters, plain(min_speakers=least))
        if not forced:
            assert (found, notes) == (one, ())
            return
        assert found.values.argmax(axis=1).tolist() == [0] * 301 + [1] * 99  # the earlier of two as near
        assert notes == (
            "2 speakers asked for, but only 1 were found; "
            "the others are a guess: SPEAKER_00 3.0 s, SPEAKER_01 1.0 s",
        )


class TestInputs:
    @pytest.mark.parametrize(
        "samples",
        [
            np.float32([0.25, -0.5, 0.125]),
            np.int16([8192, -16384, 4096]),
            np.float32([[0.5, 0], [-0.25, -0.75], [0.25, 0]]),
            np.float32([[0.5, 0], [-0.25, -0.75], [0.25, 0]]).T,
        ],
        ids=["one", "whole numbers", "channels last", "channels first"],
    )
    def test_samples_are_one_channel_from_minus_one_to_one(self, samples):
        """The mean of the channels, which are fewer than the samples."""
        with as_recording((samples, 8_000)) as found:
            assert_allclose(found.samples, [0.25, -0.5, 0.125])
            assert found.rate == 8_000

    @pytest.mark.parametrize("samples", [[], np.zeros((0, 2)), np.zeros((2, 2, 2)), 0.5])
    def test_what_is_no_sequence_of_samples_is_refused(self, samples):
        """Nothing, one number, and a table of tables."""
        with pytest.raises(AudioError, match="samples of shape"), as_recording((samples, 8_000)):
            pass

    @pytest.mark.parametrize("given", [(np.zeros(9), True), (np.zeros(9), 8e3), (np.zeros(9),), (1, 2, 3)])
    def test_a_rate_is_a_whole_number_of_hertz(self, given):
        """And it comes with the samples in a pair."""
        with pytest.raises(InputError), as_recording(given):
            pass

    @pytest.mark.parametrize(
        ("name", "stem"),
        [("folder/call.wav", "call.wav"), ("", "recording"), (3, "recording"), (None, "recording")],
    )
    def test_a_file_object_may_have_a_name(self, name, stem):
        """Not one that is a number, as of a file that was opened by its descriptor."""
        file = SimpleNamespace(read=lambda: b"sound", name=name)
        with as_recording(file) as path:
            assert (path.name, path.read_bytes()) == (stem, b"sound")

    @pytest.mark.parametrize(("channel", "level"), [(0, 0.25), (1, 0.5), (2, 0.0)])
    def test_the_channel_that_is_set_is_used(self, channel, level, tmp_path):
        """Or the mean of all."""
        soundfile.write(tmp_path / "a.wav", np.tile([0.5, 0.0], (1600, 1)), 16_000)
        config = replace(Config(), audio=AudioConfig(channel=channel))
        blocks = SampleSource.open(tmp_path / "a.wav", config, (0.0, None)).blocks()
        assert_allclose(np.concatenate(list(blocks)), level, atol=1e-4)


class TestArguments:
    @pytest.mark.parametrize("number", [1, 100])
    def test_a_number_of_speakers_changes_no_other_setting(self, number):
        """The least and the largest that are allowed."""
        config = replace(Config(), seed=5)
        found = with_counts(config, number, None, None)
        assert (found.clustering.min_speakers, found.clustering.max_speakers) == (number, number)
        assert replace(found, clustering=config.clustering) == config
        assert with_counts(config, None, None, None) == config

    @pytest.mark.parametrize("number", [0, 101, 2.0, True])
    def test_other_numbers_are_refused(self, number):
        """By the name that was used."""
        with pytest.raises(ConfigError, match=f"max_speakers = {number}; give a whole number from 1 to 100"):
            with_counts(None, None, None, number)

    @pytest.mark.parametrize(
        ("kind", "method", "feature", "allowed"),
        [
            ("mfcc", "energy", {"n_mfcc": 15, "deltas": 1, "band": "narrow"}, True),
            ("mfcc", "hmm", {"deltas": 1, "band": "narrow"}, True),
            ("mfcc", "hmm", {"n_mfcc": 15}, False),
            ("embedding", "energy", {"band": "narrow"}, True),
            ("embedding", "energy", {"deltas": 1}, False),
            ("embedding", "hmm", {"n_mfcc": 15}, False),
        ],
    )
    def test_features_are_set_where_no_background_model_is_used(self, kind, method, feature, allowed):
        """It needs the features that it was trained with; deltas belong to the textbook space."""
        config = replace(
            Config(),
            speech=SpeechConfig(method=method),
            space=SpaceConfig(kind=kind),
            features=FeatureConfig(**feature),
        )
        if allowed:
            check_features(config)
            return
        with pytest.raises(ConfigError, match=rf"features\.{next(iter(feature))} = "):
            check_features(config)

    @pytest.mark.parametrize("embedding", ["", "a.onnx"])
    @pytest.mark.parametrize("segmentation", ["", "b.onnx"])
    def test_parts_of_others_have_their_checksums_in_the_settings(self, embedding, segmentation, monkeypatch):
        """Each of the two by itself, too."""
        monkeypatch.setattr("diarize.parts.pin_checksums", lambda config: replace(config, seed=7))
        config = replace(
            Config(), space=SpaceConfig(embedding=embedding), speech=SpeechConfig(segmentation=segmentation)
        )
        assert with_checksums(config).seed == (7 if embedding or segmentation else config.seed)

    def test_an_interval_may_be_of_no_length(self):
        """Of negative length it may not."""
        assert_array_equal(check_intervals([(1, 1), (2, 3)]), [[1, 1], [2, 3]])
        with pytest.raises(ConfigError, match="start ≤ end"):
            check_intervals([(1, 0.9)])
