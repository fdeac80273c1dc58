"""Voices out of real sound: conversations of readers."""

from __future__ import annotations

import numpy as np
import pytest

import diarize
from diarize.annotation import Annotation, Turn
from diarize.annotation.statistics import solo_intervals
from diarize.audio import read, write
from diarize.config import Config, load_preset
from diarize.errors import DiarizeError, FormatError
from diarize.formats import read_file
from diarize.identity import THRESHOLD, enroll_voice, log_odds, measure_voices, name_speakers
from diarize.identity.enrollment import enroll_speaker
from diarize.identity.result_voices import voices_from_statistics
from diarize.identity.voice import pool_voices
from diarize.types import Waveform

CONFIG = Config()


def truth(people_talk, name):
    """Who really spoke when."""
    return read_file(people_talk / f"{name}.rttm")[name]


@pytest.fixture(scope="module")
def voices(people_talk):
    """Voices by recording and speaker, the turns given."""
    return {
        name: measure_voices(people_talk / f"{name}.wav", truth(people_talk, name), CONFIG)
        for name in ("one", "two", "alone")
    }


def test_the_same_voice_is_recognised_among_other_speakers(voices):
    """00 in both people_talk, 04 in one and alone; the others are others."""
    assert log_odds(voices["one"]["voice_00"], voices["two"]["voice_00"]) > 5
    assert log_odds(voices["one"]["voice_04"], voices["alone"]["voice_04"]) > 5
    assert log_odds(voices["one"]["voice_04"], voices["two"]["voice_01"]) < THRESHOLD
    assert log_odds(voices["one"]["voice_04"], voices["two"]["voice_00"]) < 0


def test_enrolling_in_parts_is_enrolling_the_whole(people_talk):
    """Files in any order, one at a time or all at once; the same file twice says it once."""
    paths = [people_talk / "one.wav", people_talk / "alone.wav"]
    whole = enroll_voice("x", paths, CONFIG, whole=True)
    parts = pool_voices(
        "x", [enroll_voice("x", [path], CONFIG, whole=True) for path in [*paths[::-1], paths[0]]]
    )
    np.testing.assert_array_equal(parts.embeddings.means, whole.embeddings.means)
    np.testing.assert_array_equal(parts.embeddings.variances, whole.embeddings.variances)
    assert whole.n_recordings == 2


def test_a_conversation_of_two_is_refused_without_whole(people_talk):
    """Or one of the two is meant."""
    with pytest.raises(
        DiarizeError, match=r"one\.wav: sounds like 2 people .*give a recording of one person"
    ):
        enroll_voice("x", [people_talk / "one.wav"], CONFIG)
    voice = enroll_speaker("Ann", people_talk / "one.wav", truth(people_talk, "one"), "voice_04", CONFIG)
    assert voice.name == "Ann"
    assert log_odds(voice, enroll_voice("x", [people_talk / "alone.wav"], CONFIG, whole=True)) > 5
    with pytest.raises(FormatError, match=r"no speaker 'Ann' in the turns of .*; there is voice_0"):
        enroll_speaker("Ann", people_talk / "one.wav", truth(people_talk, "one"), "Ann", CONFIG)


def test_nothing_but_names_is_changed(people_talk, voices):
    """A stranger stays as it was."""
    result = diarize.diarize(people_talk / "two.wav", CONFIG)
    known = [voices["one"]["voice_00"], voices["one"]["voice_04"]]
    found = name_speakers(result, people_talk / "not needed.wav", known)
    assert [m.name for m in found.matches].count("voice_00") == 1
    names = {m.speaker: m.name or m.speaker for m in found.matches}
    assert sorted(names.values())[0].startswith("SPEAKER_")
    assert found.annotation == result.annotation.rename(names)
    assert found.posteriors.speakers == tuple(names[each] for each in result.posteriors.speakers)
    np.testing.assert_array_equal(found.posteriors.values, result.posteriors.values)
    assert (found.clustering, found.config) == (result.clustering, result.config)
    assert result.matches == ()
    assert {each.speaker for each in found.voices.speakers} == set(names.values())


def test_what_a_result_keeps_of_a_voice_is_what_the_sound_says_of_it(people_talk):
    """Turns read from a file, and the recording, give nearly the same voice as the result itself."""
    result = diarize.diarize(people_talk / "two.wav", CONFIG)
    again = measure_voices(people_talk / "two.wav", result.annotation, CONFIG)
    kept = voices_from_statistics(result.voices)
    assert set(kept) == set(again) == set(result.annotation.speakers)
    for name, voice in kept.items():
        assert log_odds(voice, again[name]) > 5
        np.testing.assert_allclose(voice.embeddings.variances, again[name].embeddings.variances, rtol=0.3)
        np.testing.assert_array_equal(voice.embeddings.between, again[name].embeddings.between)
        assert voice.embeddings.model == again[name].embeddings.model


def test_level_does_not_change_a_voice(people_talk):
    """The front end puts every recording at one level: thirty decibels less is the same voice, within a
    quarter of the deviation within a speaker.
    """
    sound = read(people_talk / "one.wav", rate=16_000)
    turns = truth(people_talk, "one")
    write(people_talk / "soft.wav", Waveform(sound.samples * 10**-1.5, 16_000))
    loud, soft = (measure_voices(people_talk / f"{name}.wav", turns, CONFIG) for name in ("one", "soft"))
    for name, voice in loud.items():
        np.testing.assert_allclose(voice.embeddings.means, soft[name].embeddings.means, rtol=0, atol=0.25)


def test_only_where_a_speaker_is_alone_counts():
    """Overlap says nothing of either."""
    turns = (Turn(0, 4, "a"), Turn(3, 6, "b"), Turn(5, 5.5, "c"))
    found = solo_intervals(Annotation("x", turns))
    np.testing.assert_array_equal(found["a"], [[0, 3]])
    np.testing.assert_array_equal(found["b"], [[4, 5], [5.5, 6]])
    assert found["c"].size == 0


def test_speakers_without_speech_have_no_voice(people_talk):
    """A tenth of a second, and nobody at all."""
    annotation = Annotation("one", (Turn(1.0, 9.0, "a"), Turn(12.0, 12.1, "b")))
    assert set(measure_voices(people_talk / "one.wav", annotation, CONFIG)) == {"a"}
    assert measure_voices(people_talk / "one.wav", Annotation("one"), CONFIG) == {}
    with pytest.raises(DiarizeError, match="b is never alone for"):
        enroll_speaker("x", people_talk / "one.wav", annotation, "b", CONFIG)


def test_silence_is_no_voice(tmp_path):
    """In one line."""
    write(tmp_path / "silence.wav", Waveform(np.zeros(32_000), 16_000))
    with pytest.raises(DiarizeError, match="no speech found, so there is no voice to enroll"):
        enroll_voice("x", [tmp_path / "silence.wav"], CONFIG)


def test_the_space_that_turns_came_from_does_not_matter(people_talk, voices):
    """Voices are told by the embedding, in the textbook space too."""
    same = measure_voices(people_talk / "one.wav", truth(people_talk, "one"), load_preset("textbook"))[
        "voice_00"
    ]
    np.testing.assert_array_equal(same.embeddings.means, voices["one"]["voice_00"].embeddings.means)
