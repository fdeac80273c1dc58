"""Voices out of real sound: conversations of pure signal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import diarize
from diarize import background
from diarize.annotation import Annotation, Turn
from diarize.audio import read, write
from diarize.config import Config, merged, preset
from diarize.errors import ConfigError, DiarizeError, FormatError, ModelError
from diarize.formats import read_file
from diarize.identity import THRESHOLD, enrolled, log_odds, named, voices_of
from diarize.identity.enrollment import alone, spoken_by
from diarize.identity.voice import joined
from diarize.types import Waveform

# Voices of pure signal are none to an embedding of people; under the background model they are.
GMM = merged(Config(), {"space": {"kind": "gmm"}, "speech": {"method": "hmm"}})


def truth(talks, name):
    """Who really spoke when."""
    return read_file(talks / f"{name}.rttm")[name]


@pytest.fixture(scope="module")
def voices(talks):
    """Voices by recording and speaker, the turns given."""
    return {
        name: voices_of(talks / f"{name}.wav", truth(talks, name), GMM) for name in ("one", "two", "alone")
    }


def test_the_same_voice_is_known_again_in_other_company(voices):
    """00 in both talks, 04 in one and alone; the others are others."""
    assert log_odds(voices["one"]["voice_00"], voices["two"]["voice_00"]) > 5
    assert log_odds(voices["one"]["voice_04"], voices["alone"]["voice_04"]) > 5
    assert log_odds(voices["one"]["voice_04"], voices["two"]["voice_01"]) < THRESHOLD
    assert log_odds(voices["one"]["voice_04"], voices["two"]["voice_00"]) < 0


def test_wide_recordings_are_heard_in_both_bands_and_calls_in_one(talks, voices, tmp_path):
    """Which is enough to know the voice of a call from a meeting."""
    assert set(voices["one"]["voice_00"].evidence) == {"wide", "narrow"}
    sound = read(talks / "two.wav", rate=8000)
    write(tmp_path / "call.wav", Waveform(sound.samples, 8000, "call"))
    call = voices_of(tmp_path / "call.wav", truth(talks, "two"), GMM)
    assert set(call["voice_00"].evidence) == {"narrow"}
    assert log_odds(voices["one"]["voice_00"], call["voice_00"]) > 5
    assert log_odds(voices["one"]["voice_04"], call["voice_00"]) < 0


def test_enrolling_in_parts_is_enrolling_the_whole(talks):
    """Files in any order, one at a time or all at once; the same file twice says it once."""
    paths = [talks / "one.wav", talks / "alone.wav"]
    whole = enrolled("x", paths, GMM, whole=True)
    parts = joined("x", [enrolled("x", [path], GMM, whole=True) for path in [*paths[::-1], paths[0]]])
    for band, each in whole.evidence.items():
        np.testing.assert_array_equal(parts.evidence[band].linear, each.linear)
        np.testing.assert_array_equal(parts.evidence[band].precision, each.precision)
    assert whole.n_recordings == 2


def test_a_talk_of_two_is_no_voice_unless_it_is_said_to_be(talks):
    """Or one of the two is meant."""
    with pytest.raises(
        DiarizeError, match=r"one\.wav: sounds like 2 people .*give a recording of one person"
    ):
        enrolled("x", [talks / "one.wav"], GMM)
    voice = spoken_by("Ann", talks / "one.wav", truth(talks, "one"), "voice_04", GMM)
    assert voice.name == "Ann"
    assert log_odds(voice, enrolled("x", [talks / "alone.wav"], GMM, whole=True)) > 5
    with pytest.raises(FormatError, match=r"no speaker 'Ann' in the turns of .*; there is voice_0"):
        spoken_by("Ann", talks / "one.wav", truth(talks, "one"), "Ann", GMM)


def test_nothing_but_names_is_changed(talks, voices):
    """A stranger stays as it was."""
    result = diarize.diarize(talks / "two.wav", GMM)
    known = [voices["one"]["voice_00"], voices["one"]["voice_04"]]
    found = named(result, talks / "two.wav", known)
    assert [m.name for m in found.matches].count("voice_00") == 1
    names = {m.speaker: m.name or m.speaker for m in found.matches}
    assert sorted(names.values())[0].startswith("SPEAKER_")
    assert found.annotation == result.annotation.renamed(names)
    assert found.posteriors.speakers == tuple(names[each] for each in result.posteriors.speakers)
    np.testing.assert_array_equal(found.posteriors.values, result.posteriors.values)
    assert (found.selection, found.config) == (result.selection, result.config)
    assert result.matches == ()


def test_only_where_a_speaker_is_alone_counts():
    """Overlap says nothing of either."""
    turns = (Turn(0, 4, "a"), Turn(3, 6, "b"), Turn(5, 5.5, "c"))
    found = alone(Annotation("x", turns))
    np.testing.assert_array_equal(found["a"], [[0, 3]])
    np.testing.assert_array_equal(found["b"], [[4, 5], [5.5, 6]])
    assert found["c"].size == 0


def test_speakers_of_whom_nothing_is_heard_have_no_voice(talks):
    """A tenth of a second, and nobody at all."""
    annotation = Annotation("one", (Turn(1.0, 9.0, "a"), Turn(12.0, 12.1, "b")))
    assert set(voices_of(talks / "one.wav", annotation, GMM)) == {"a"}
    assert voices_of(talks / "one.wav", Annotation("one"), GMM) == {}
    with pytest.raises(DiarizeError, match="b is never alone for"):
        spoken_by("x", talks / "one.wav", annotation, "b", GMM)


def test_silence_is_no_voice(tmp_path):
    """In one line."""
    write(tmp_path / "silence.wav", Waveform(np.zeros(32_000), 16_000))
    with pytest.raises(DiarizeError, match="no speech found, so there is no voice to enrol"):
        enrolled("x", [tmp_path / "silence.wav"], GMM)


def test_settings_that_make_voices_incomparable_are_refused(talks):
    """The mean must have been taken out of the whole recording."""
    config = merged(GMM, {"features": {"normalization": "sliding"}})
    with pytest.raises(ConfigError, match="voices can be compared under 'recording' alone"):
        voices_of(talks / "one.wav", truth(talks, "one"), config)


def test_the_textbook_space_and_another_model_serve_too(talks, voices, tmp_path):
    """What the turns came from does not matter; a model of one's own knows one band and its own voices."""
    same = voices_of(talks / "one.wav", truth(talks, "one"), preset("textbook"))["voice_00"]
    np.testing.assert_array_equal(
        same.evidence["wide"].linear, voices["one"]["voice_00"].evidence["wide"].linear
    )
    background.save(background.shipped("wide"), tmp_path / "own.npz")
    config = merged(GMM, {"space": {"background": str(tmp_path / "own.npz")}})
    own = voices_of(talks / "one.wav", truth(talks, "one"), config)["voice_00"]
    assert set(own.evidence) == {"wide"}
    assert log_odds(own, voices["two"]["voice_00"]) > 5


def test_voices_of_another_model_are_refused(talks, voices, tmp_path):
    """With the name of the voice."""
    model = background.shipped("wide")
    background.save(replace(model, scale=model.scale / 2), tmp_path / "other.npz")
    config = merged(GMM, {"space": {"background": str(tmp_path / "other.npz")}})
    other = voices_of(talks / "one.wav", truth(talks, "one"), config)["voice_00"]
    with pytest.raises(ModelError, match="'voice_00' were made with different background models"):
        log_odds(other, voices["two"]["voice_00"])
