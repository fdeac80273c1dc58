"""rename, merge and recount: what becomes of a file of results."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from diarize.annotation import Annotation, Turn
from diarize.annotation.alternatives import find_alternatives
from diarize.formats import Options, read_file, read_words, write_file
from diarize.results import Document, Failure, Provenance, Result, parse_document
from diarize.transcripts import assign_speakers, read_transcript, write_transcript
from diarize.types import SpeakerPoints

from .conftest import GRID, TURNS

BOUNDS = np.column_stack((np.arange(10) * 100, np.arange(1, 11) * 100))
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, 0])


@pytest.fixture
def result(tmp_path):
    """call.json as run writes it, with assignments to one, two, three and four speakers."""
    annotation = Annotation("call", TURNS)
    points = SpeakerPoints(
        10.0 * LABELS[:, None] + np.arange(10)[:, None] / 10, BOUNDS, np.ones(10, bool), GRID
    )
    kept = find_alternatives(points, [np.eye(2)[LABELS]], 4, annotation)
    document = Document((Result(annotation, alternatives=kept),))
    return write_file(tmp_path / "call.json", annotation, options=Options(document=document))


def test_rename_changes_names_and_nothing_else(cli, tmp_path):
    """In place, in the format of the file, with confidences where there are any."""
    path = write_file(tmp_path / "call.rttm", Annotation("call", TURNS), options=Options(confidence=True))
    done = cli("rename", path, "SPEAKER_00=Anna", "SPEAKER_01=Ben")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Anna        0:04   50.0 %      2" in done.stdout or "Anna" in done.stdout
    assert path.read_text().splitlines()[0] == "SPEAKER call 1 0.500 3.500 <NA> <NA> Anna 0.970 <NA>"
    assert read_file(path)["call"].speakers == ("Anna", "Ben")


@pytest.mark.parametrize("suffix", [".srt", ".vtt", ".TextGrid", ".eaf", ".csv", ".json"])
def test_words_are_kept_by_rename_and_merge(cli, tmp_path, suffix):
    """Those of turns, and those of an editor's tiers."""
    said = Annotation("call", (Turn(0, 2, "A", text="Good morning."), Turn(2, 3, "B", text="Hello.")))
    words = Annotation("call", (Turn(0, 1, "A", text="Good"), Turn(1, 2, "A", text="morning.")))
    path = write_file(tmp_path / f"call{suffix}", said, options=Options(words=words))
    assert cli("rename", path, "A=Anna", "B=Ben", "-q").stdout == ""
    assert read_file(path)["call"] == said.rename({"A": "Anna", "B": "Ben"})
    if suffix in (".TextGrid", ".eaf"):
        assert read_words(path) == words.rename({"A": "Anna"})
    if suffix == ".TextGrid":
        return
    assert cli("merge", path, "Ben", "Anna").exit_code == 0
    assert [(t.speaker, t.text) for t in read_file(path)["call"].turns] == [
        ("Ben", "Good morning."),
        ("Ben", "Hello."),
    ]


def test_a_transcript_of_a_recogniser_is_renamed_in_its_own_shape(cli, tmp_path):
    """Wherever it says speaker."""
    path = tmp_path / "words.json"
    path.write_text(
        '{"segments": [{"text": "Hi", "speaker": "S0", "words": [{"word": "Hi", "speaker": "S0"}]}]}'
    )
    assert cli("rename", path, "S0=Anna").exit_code == 0
    value = json.loads(path.read_text())
    assert value["segments"][0]["speaker"] == value["segments"][0]["words"][0]["speaker"] == "Anna"
    assert "no speaker is called 'S1'" in cli("rename", path, "S1=Anna").stderr


def test_a_speaker_that_is_an_object_is_renamed_by_its_name(cli, tmp_path):
    """Its number stays; a speaker with another name is not renamed."""
    path = tmp_path / "words.json"
    told = [{"word": "Hi", "speaker": {"id": 0, "name": name}} for name in ("S0", "S1")]
    path.write_text(json.dumps({"words": told}))
    assert cli("rename", path, "S0=Anna").exit_code == 0
    found = [word["speaker"] for word in json.loads(path.read_text())["words"]]
    assert found == [{"id": 0, "name": "Anna"}, {"id": 0, "name": "S1"}]


@pytest.mark.parametrize("key", ["speaker_label", "speakerLabel", "speaker_id"])
def test_services_have_other_names_for_the_speaker(cli, tmp_path, key):
    """Those of AWS and Google are renamed, too."""
    path = tmp_path / "words.json"
    path.write_text(json.dumps({"results": [{"words": [{"word": "spk_0", key: "spk_0"}]}]}))
    assert cli("rename", path, "spk_0=Anna").exit_code == 0
    assert json.loads(path.read_text())["results"][0]["words"] == [{"word": "spk_0", key: "Anna"}]


def test_merge_puts_together_what_touches(cli, tmp_path):
    """Under the first name."""
    path = write_file(tmp_path / "call.rttm", Annotation("call", TURNS))
    assert cli("merge", path, "SPEAKER_01", "SPEAKER_00", "-o", tmp_path / "one.rttm").exit_code == 0
    assert [(t.start, t.end, t.speaker) for t in read_file(tmp_path / "one.rttm")["call"].turns] == [
        (0.5, 8.0, "SPEAKER_01"),
        (8.5, 9.0, "SPEAKER_01"),
    ]
    assert read_file(path)["call"].speakers == ("SPEAKER_00", "SPEAKER_01")


def test_recount_there_and_back(cli, result):
    """Whatever lies between, the number that was found has the turns that were found."""
    before = result.read_text()
    assert cli("recount", result, "--speakers", "1").exit_code == 0
    assert [(t.start, t.end) for t in read_file(result)["call"].turns] == [(0.5, 8.0), (8.5, 9.0)]
    assert cli("recount", result, "--speakers", "4").exit_code == 0
    assert len(read_file(result)["call"].speakers) == 4
    assert cli("rename", result, "SPEAKER_00=Anna").exit_code == 0
    assert cli("recount", result, "--speakers", "2").exit_code == 0
    found = read_file(result)["call"]
    assert "Anna" in found.speakers
    assert [(t.start, t.end, t.confidence) for t in found.turns] == [
        (t.start, t.end, t.confidence) for t in TURNS
    ]
    assert json.loads(before)["recordings"][0]["alternatives"]["labels"].keys() == {
        str(k) for k in range(1, 11)
    }


def test_recount_writes_other_formats(cli, result):
    """The result itself stays then."""
    before = result.read_bytes()
    goal = result.with_name("one.rttm")
    assert cli("recount", result, "--speakers", "1", "-o", goal).exit_code == 0
    assert read_file(goal)["call"].speakers == ("SPEAKER_00",)
    assert result.read_bytes() == before
    assert "exists already" in cli("recount", result, "--speakers", "1", "-o", goal).stderr


def test_what_run_printed_can_be_changed_too(cli, calls, tmp_path):
    """Shares and numbers follow."""
    printed = cli("run", tmp_path / "a.wav", "--json", "--no-plot").stdout
    (tmp_path / "a.json").write_text(printed)
    assert cli("merge", tmp_path / "a.json", "SPEAKER_00", "SPEAKER_01").exit_code == 0
    (entry,) = json.loads((tmp_path / "a.json").read_text())["recordings"]
    assert (entry["n_speakers"], [row["speaker"] for row in entry["speakers"]]) == (1, ["SPEAKER_00"])
    assert json.loads(printed)["config"] == json.loads((tmp_path / "a.json").read_text())["config"]


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["rename", "{}/call.json", "SPEAKER_0=Anna"], 1, "no speaker is called 'SPEAKER_0'; did you mean"),
        (["rename", "{}/call.json", "SPEAKER_00=SPEAKER_01"], 1, "use 'diarize merge'"),
        (["rename", "{}/call.json", "SPEAKER_00"], 2, "is not OLD=NEW"),
        (["rename", "{}/call.jso", "A=B"], 1, "did you mean call.json?"),
        (["rename", "{}/call.json", "SPEAKER_00=A", "--recording", "x"], 1, "about call, not about 'x'"),
        (["merge", "{}/call.json", "SPEAKER_00"], 2, "name two different speakers"),
        (["merge", "{}/call.json", "SPEAKER_00", "Zoe"], 1, "there are SPEAKER_00, SPEAKER_01"),
        (["recount", "{}/call.json", "--speakers", "11"], 1, "there are those for 1, 2, 3, 4"),
        (["recount", "{}/call.rttm", "--speakers", "2"], 1, "has no turns for other numbers of speakers"),
        (["recount", "{}/bare.json", "--speakers", "2"], 1, "has no turns for other numbers of speakers"),
        (["recount", "{}/odd.json", "--speakers", "2"], 1, 'odd.json: needs "schema"'),
        (["merge", "{}/odd.json", "a", "b"], 1, 'odd.json: needs "schema"'),
    ],
)
def test_every_refusal_has_its_exit_code_and_a_hint(cli, result, words, code, hint):
    """And changes nothing."""
    folder = result.parent
    write_file(folder / "call.rttm", Annotation("call", TURNS))
    write_file(folder / "bare.json", Annotation("call", TURNS))
    (folder / "odd.json").write_text('{"segments": []}')
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = cli(*[word.format(folder) for word in words])
    assert done.exit_code == code
    assert hint in " ".join(done.stderr.split())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.fixture
def spoken(cli, result):
    """call.json with words, one sentence of which begins with one speaker and ends with the other."""
    texts = [(2, 3, "we"), (3, 4, "go"), (4, 5, "home"), (5, 6, "then."), (8.5, 9, "Yes.")]
    segments = [
        {"start": 2, "end": 6, "words": [{"word": w, "start": s, "end": e} for s, e, w in texts[:4]]},
        {"start": 8.5, "end": 9, "words": [{"word": w, "start": s, "end": e} for s, e, w in texts[4:]]},
    ]
    for each in segments:
        each["text"] = " ".join(word["word"] for word in each["words"])
    (heard := result.with_name("heard.json")).write_text(json.dumps({"segments": segments}))
    known = parse_document(result.read_text(), "call.json")
    found = assign_speakers(read_transcript(heard, recording="call"), known.results[0].annotation)
    options = Options(document=known)
    return write_transcript(result, found, "json", overwrite=True, options=options)


def said(path):
    """Speaker and text of every turn, and the number of its words with times."""
    turns = json.loads(path.read_text())["recordings"][0]["turns"]
    return [(turn["speaker"], turn["text"], len(turn["words"])) for turn in turns]


def test_recount_gives_the_words_to_the_new_speakers(cli, spoken):
    """There and back: nothing is lost, and a sentence that was cut is whole where one speaker has it."""
    before = spoken.read_text()
    assert said(spoken) == [
        ("SPEAKER_00", "we go", 2),
        ("SPEAKER_01", "home then.", 2),
        ("SPEAKER_00", "Yes.", 1),
    ]
    assert cli("recount", spoken, "--speakers", "1").exit_code == 0
    assert said(spoken) == [("SPEAKER_00", "we go home then.", 4), ("SPEAKER_00", "Yes.", 1)]
    assert cli("recount", spoken, "--speakers", "2").exit_code == 0
    one, other = (json.loads(each)["recordings"][0] for each in (before, spoken.read_text()))
    assert one["turns"] == other["turns"]
    assert one["alternatives"] == other["alternatives"]


def test_convert_keeps_what_json_has_besides_turns(cli, spoken):
    """Into JSON everything, into CTM and tiers the words, into RTTM the confidences."""
    folder = spoken.parent
    for name in ("again.json", "call.ctm", "call.TextGrid", "call.rttm"):
        assert cli("convert", spoken, folder / name).exit_code == 0
    assert json.loads((folder / "again.json").read_text()) == json.loads(spoken.read_text())
    lines = (folder / "call.ctm").read_text().splitlines()
    assert [line.split()[4] for line in lines] == ["we", "go", "home", "then.", "Yes."]
    assert [turn.text for turn in read_words(folder / "call.TextGrid").turns][:2] == ["we", "go"]
    assert cli("convert", folder / "call.TextGrid", folder / "call.eaf").exit_code == 0
    assert read_words(folder / "call.eaf") == read_words(folder / "call.TextGrid")
    assert read_file(folder / "call.rttm")["call"].turns[0].confidence == 1.0


@pytest.mark.parametrize(("digest", "kept"), [("1", True), ("2", False)])
def test_convert_joins_the_documents_of_a_folder(cli, tmp_path, digest, kept):
    """Every result with all that is known of it, settings if they are the same; a file without results is a
    silent recording.
    """
    folder = tmp_path / "results"
    folder.mkdir()
    for name, made in (("a", "1"), ("b", digest)):
        result = Result(Annotation(name, TURNS), notes=(name,))
        told = Provenance({"seed": 0}, made, {"diarize": "1"})
        (folder / f"{name}.json").write_text(Document((result,), told, {"project": "x", name: 1}).to_json())
    (folder / "c.json").write_text(Document((Failure("bad", "bad.wav", "no sound"),)).to_json())
    assert cli("convert", folder, tmp_path / "two.rttm").exit_code == 0
    assert set(read_file(tmp_path / "two.rttm")) == {"a", "b"}
    assert cli("convert", folder, tmp_path / "all.json").exit_code == 0
    found = json.loads((tmp_path / "all.json").read_text())
    assert [each["recording"] for each in found["recordings"]] == ["a", "b", "c", "bad"]
    assert [each.get("notes") for each in found["recordings"][:2]] == [["a"], ["b"]]
    (folder / "c.json").unlink()
    assert cli("convert", folder, tmp_path / "both.json").exit_code == 0
    both = json.loads((tmp_path / "both.json").read_text())
    assert (both.get("config_digest") == "1", both["project"], "a" in both) == (kept, "x", False)


def test_convert_refuses_a_folder_with_two_results_of_one_recording(cli, tmp_path):
    """Which of them is right is not known; both files are named."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(Document((Result(Annotation("call", TURNS)),)).to_json())
    refused = cli("convert", tmp_path, tmp_path / "out.rttm")
    assert refused.exit_code == 1
    assert "b.json: about 'call', and so is a.json; keep one of them" in refused.stderr


def test_convert_takes_one_result_out_of_several(cli, tmp_path):
    """With all that is known of it; recordings that failed go along only with all others."""
    results = [Result(Annotation(name, TURNS), notes=(name,)) for name in ("one", "two")]
    path = tmp_path / "both.json"
    path.write_text(Document((*results, Failure("bad", "bad.wav", "no sound"))).to_json())
    assert cli("convert", path, tmp_path / "all.json").exit_code == 0
    assert (tmp_path / "all.json").read_text() == path.read_text()
    assert cli("convert", path, tmp_path / "two.json", "--recording", "two").exit_code == 0
    (entry,) = json.loads((tmp_path / "two.json").read_text())["recordings"]
    assert (entry["recording"], entry["notes"]) == ("two", ["two"])


def test_a_page_shows_the_words_of_a_result(cli, spoken):
    """Without the transcript that they came from."""
    page = spoken.with_name("call.html")
    assert cli("report", spoken, "-o", page).exit_code == 0
    data = json.loads(re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', page.read_text(), re.S)[1])
    assert data["said"]["words"]["text"] == ["we", "go", "home", "then.", "Yes."]
