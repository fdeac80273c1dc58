"""Results of earlier runs and their recordings."""

from __future__ import annotations

import json

import pytest

from diarize import batch
from diarize.annotation import Annotation, Turn
from diarize.config import Config
from diarize.errors import AudioError, FormatError, OutputError
from diarize.formats import Options, read_file, read_results, write_file
from diarize.identity import LinkedVoice, RecordingVoices, link_voices
from diarize.identity.results import MANIFEST, find_results, voices_of_input, without_voices, write_linked
from diarize.pipeline import choose_embedding
from diarize.results import Document, Result, SpeakerStatistics, VoiceStatistics


def result(folder, name, format="rttm", recording=None, speakers=("S0", "S1")):
    """A file of results, with a turn of each speaker."""
    turns = tuple(Turn(i, i + 1, each) for i, each in enumerate(speakers))
    folder.mkdir(parents=True, exist_ok=True)
    return write_file(folder / name, Annotation(recording or name.partition(".")[0], turns), format)


def recording(folder, name):
    """A file that is called like a recording."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    return folder / name


def test_recordings_are_found_beside_the_results_and_in_subfolders(tmp_path):
    """A folder means its annotation files, of one format."""
    a, b = recording(tmp_path, "a.wav"), recording(tmp_path / "calls", "b.flac")
    result(tmp_path, "a.rttm")
    result(tmp_path, "b.rttm")
    result(tmp_path, "b.json", "json")
    found = find_results([tmp_path], None)
    assert [(each.place.name, each.audio) for each in found] == [("a.rttm", a), ("b.rttm", b)]
    assert find_results([tmp_path / "b.json"], None)[0].audio == b


def test_recordings_are_known_by_what_rttm_makes_of_their_names(tmp_path):
    """Blanks."""
    audio = recording(tmp_path / "audio", "my call.wav")
    result(tmp_path, "my call.rttm", recording="my call")
    assert find_results([tmp_path / "my call.rttm"], tmp_path / "audio")[0].audio == audio


def test_recordings_that_are_not_there_or_twice_there_are_named(tmp_path):
    """And what to do."""
    result(tmp_path, "a.rttm")
    with pytest.raises(AudioError, match=r"a\.rttm: no recording called 'a' was found; name the folder"):
        find_results([tmp_path], None)
    recording(tmp_path / "x", "a.wav")
    recording(tmp_path / "y", "a.flac")
    with pytest.raises(AudioError, match="are both called 'a'"):
        find_results([tmp_path], None)
    with pytest.raises(AudioError, match="no such folder of recordings"):
        find_results([tmp_path], tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match=r"neither a manifest\.jsonl nor annotation files"):
        find_results([tmp_path / "empty"], None)


def test_two_results_for_one_file_are_refused(tmp_path):
    """Before any work."""
    recording(tmp_path, "a.wav")
    for folder in ("x", "y"):
        result(tmp_path / folder, "a.rttm")
    with pytest.raises(OutputError, match=r"a\.rttm: two results with this name"):
        find_results([tmp_path / "x", tmp_path / "y"], tmp_path)


def voiced(folder, name, model, **more):
    """JSON with a voice of each of two speakers, as run --format json keeps them."""
    turns = tuple(Turn(i, i + 1, each) for i, each in enumerate(("S0", "S1")))
    rows = tuple(SpeakerStatistics(turn.speaker, [1.0, turn.start], 5.0, 9.0) for turn in turns)
    kept = Result(Annotation(name, turns), voices=VoiceStatistics(model, [2.0, 2.0], rows), **more)
    return write_file(folder / f"{name}.json", kept.annotation, options=Options(document=Document((kept,))))


def test_voices_that_a_file_keeps_need_no_recording(tmp_path):
    """Where they are of the embedding in use; otherwise the recording is named that is needed."""
    model = choose_embedding(Config())[0].checksum[:16]
    voiced(tmp_path, "a", model, notes=("clipped",))
    (found,) = find_results([tmp_path / "a.json"], None)
    assert found.audio is None
    heard = voices_of_input(found, Config())
    assert heard.voices["S1"].embeddings.means.tolist() == [[1.0, 1.0]]
    (path,) = write_linked([found], [heard], link_voices([heard]), tmp_path / "out", overwrite=False)
    written = read_results(path)["a"]
    assert written.annotation.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert [each.speaker for each in written.voices.speakers] == ["SPEAKER_00", "SPEAKER_01"]
    assert written.notes == ("clipped",)
    voiced(tmp_path, "b", "another")
    (other,) = find_results([tmp_path / "b.json"], None)
    with pytest.raises(AudioError, match=r"b\.json: its voices are of another embedding, and no recording"):
        voices_of_input(other, Config())


STRANGE = '{"audio": 3, "files": {}, "status": "ok"}\n{"audio": "x/a.wav", "files": [], "status": "ok"}'


def test_a_batch_is_read_by_its_manifest(tmp_path):
    """Recordings of one name in two folders; one that failed, a line cut short, and foreign lines."""
    assert MANIFEST == batch.MANIFEST
    audio, out = tmp_path / "audio", tmp_path / "out"
    first, second = recording(audio / "x", "a.wav"), recording(audio / "y", "a.wav")
    result(out / "x", "a.rttm")
    result(out / "y", "a.json", "json")
    lines = [
        {"audio": "y/a.wav", "status": "ok", "files": {"kaldi": "y/a.kaldi", "json": "y/a.json"}},
        {"audio": "x/a.wav", "status": "failed", "files": {}},
        {"audio": "x/a.wav", "status": "ok", "files": {"rttm": "x/a.rttm"}},
        {"audio": "bad.wav", "status": "failed", "files": {}},
    ]
    text = "\n".join([*map(json.dumps, lines), "[]", "3", STRANGE, '{"audio": "z.wav", "sta'])
    (out / MANIFEST).write_text(text)
    found = find_results([out], audio)
    assert [(each.place.as_posix(), each.audio) for each in found] == [
        ("x/a.rttm", first),
        ("y/a.json", second),
    ]
    assert {each.recording for each in map(without_voices, found)} == {"x/a.rttm:a", "y/a.json:a"}
    with pytest.raises(AudioError, match="name the folder of recordings"):
        find_results([out], None)
    first.unlink()
    with pytest.raises(AudioError, match=r"a\.wav: not there"):
        find_results([out], audio)


def test_a_batch_without_readable_results_says_so(tmp_path):
    """Subtitles alone cannot be read back."""
    recording(tmp_path / "audio", "a.wav")
    (tmp_path / "out").mkdir()
    entry = {"audio": "a.wav", "status": "ok", "files": {"kaldi": "a.kaldi"}}
    (tmp_path / "out" / MANIFEST).write_text(json.dumps(entry))
    with pytest.raises(FormatError, match="only written; run the batch with --format rttm"):
        find_results([tmp_path / "out"], tmp_path / "audio")


def test_labels_are_written_under_the_old_names_and_nothing_is_lost(tmp_path):
    """Formats stay; an existing file does too."""
    recording(tmp_path, "a.wav")
    recording(tmp_path, "b.wav")
    result(tmp_path / "in", "a.rttm")
    result(tmp_path / "in2", "b.json", "json")
    found = find_results([tmp_path / "in", tmp_path / "in2"], tmp_path)
    heard = [without_voices(each) for each in found]
    assert heard[0] == RecordingVoices("a", {"S0": None, "S1": None})
    voices = [
        LinkedVoice("X", (("a", "S0"), ("b", "S1")), 5.0),
        LinkedVoice("Y", (("a", "S1"),), None),
        LinkedVoice("Z", (("b", "S0"),), None),
    ]
    paths = write_linked(found, heard, voices, tmp_path / "new", overwrite=False)
    assert [path.name for path in paths] == ["a.rttm", "b.json"]
    assert read_file(paths[0])["a"].speakers == ("X", "Y")
    assert read_file(paths[1])["b"].speakers == ("Z", "X")
    with pytest.raises(OutputError, match="exists already"):
        write_linked(found, heard, voices, tmp_path / "new", overwrite=False)
    with pytest.raises(OutputError, match="cannot be made a folder"):
        write_linked(found, heard, voices, tmp_path / "a.wav" / "x", overwrite=False)
