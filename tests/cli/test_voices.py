"""The commands that know voices, on conversations of readers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from diarize.annotation import Annotation, Turn
from diarize.cli.describe import _format_match
from diarize.cli.enroll import _check_stored_voice
from diarize.errors import OutputError
from diarize.formats import read_file, write_file
from diarize.identity import Voice
from diarize.types import Match


@pytest.fixture(scope="module")
def folder(people_talk):
    """The talks, and voices of 00 (Anna, out of one.wav) and 04 (Böb / Co, alone) beside them."""
    from typer.testing import CliRunner

    from diarize.cli.app import app

    for words in (
        ["Anna", people_talk / "one.wav", "--turns", people_talk / "one.rttm", "--speaker", "voice_00"],
        ["Böb / Co", people_talk / "alone.wav", "--whole"],
    ):
        invoked = CliRunner().invoke(app, ["enroll", *map(str, words), "-o", str(people_talk / "voices")])
        assert invoked.exit_code == 0, invoked.output
        assert f"{words[0]}: 0:" in invoked.stdout
    return people_talk


@pytest.mark.slow
def test_run_names_known_speakers_and_leaves_others_unknown(cli, folder, tmp_path):
    """With the odds, a line for each; JSON tells the same, and nothing else is changed."""
    words = ["run", folder / "two.wav", "--no-plot", "--json"]
    plain = json.loads(cli(*words, "-o", tmp_path / "plain").stdout)["recordings"][0]
    named = json.loads(cli(*words, "-o", tmp_path / "named", "--known", folder / "voices").stdout)[
        "recordings"
    ][0]
    assert plain["matches"] == []
    names = {each["speaker"]: each["name"] or each["speaker"] for each in named["matches"]}
    assert sorted(names.values())[0] == "Anna"
    assert sorted(names.values())[1].startswith("SPEAKER_")
    for each in named["matches"]:
        assert (each["log_odds"] > each["threshold"]) == (each["name"] is not None)
    for turn in plain["turns"]:
        turn["speaker"] = names[turn["speaker"]]
        turn["runner_up"] = turn["runner_up"] and names[turn["runner_up"]]
    assert named["turns"] == plain["turns"]
    assert named["selection"] == plain["selection"]
    assert "Anna" in read_file(tmp_path / "named" / "two.rttm")["two"].speakers


def test_a_report_has_the_names_that_run_gives(cli, folder, tmp_path):
    """Of known speakers; strangers keep their numbers."""
    page, words = tmp_path / "two.html", ["--known", folder / "voices", "--quiet"]
    cli("run", folder / "two.wav", "--no-plot", "-o", tmp_path, *words)
    assert cli("report", folder / "two.wav", "--no-audio", "-o", page, *words).exit_code == 0
    named = read_file(tmp_path / "two.rttm")["two"].speakers
    assert "Anna" in named
    told = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"))[1]
    assert {each["name"] for each in json.loads(told)["speakers"]} == set(named)


@pytest.mark.slow
def test_run_says_so_in_a_line_for_each_speaker(cli, folder, tmp_path):
    """An impossible threshold makes everybody unknown."""
    words = ["run", folder / "two.wav", "--no-plot", "-o", tmp_path, "--overwrite"]
    words += ["--known", folder / "voices"]
    assert "→ Anna (log odds " in cli(*words).stdout
    assert ", threshold 4.6)" in cli(*words).stdout
    text = cli(*words, "--threshold", "1000").stdout
    assert text.count("→ unknown (nearest: ") == 2
    assert "threshold 1000)" in text


def test_a_speaker_of_too_little_speech_is_unknown():
    """There is nothing to compare, so there are no odds to tell."""
    match = Match("SPEAKER_00", None, None, None, 4.6)
    assert _format_match(match) == "SPEAKER_00 → unknown (too little speech to compare)"


def test_two_spellings_that_a_disk_takes_for_one_are_not_mixed():
    """The file of ann on a disk that does not tell Ann from ann."""
    with pytest.raises(OutputError, match=r"ann\.voice: holds the voice of 'ann', not of 'Ann'; choose"):
        _check_stored_voice(Voice("ann", {}), "Ann", Path("ann.voice"))
    assert _check_stored_voice(Voice("ann", {}), "ann", Path("ann.voice")).name == "ann"


@pytest.mark.slow
def test_link_gives_one_label_to_one_voice(cli, folder, tmp_path):
    """In the results of a batch, too; the order of files does not matter."""
    truth = {name: read_file(folder / f"{name}.rttm")[name] for name in ("one", "two", "alone")}
    for name, annotation in truth.items():
        labels = {each: f"{name}{i}" for i, each in enumerate(annotation.speakers)}
        write_file(tmp_path / f"{name}.rttm", annotation.rename(labels))
    paths = [tmp_path / f"{name}.rttm" for name in truth]
    told = cli("link", *paths, "--audio", folder, "-o", tmp_path / "a", "--json")
    again = cli("link", *paths[::-1], "--audio", folder, "-o", tmp_path / "b", "--json")
    assert told.exit_code == 0, told.stderr
    assert told.stdout == again.stdout
    linked = {name: read_file(tmp_path / "a" / f"{name}.rttm")[name] for name in truth}
    voices = {}
    for name, annotation in truth.items():
        for turn, new in zip(annotation.turns, linked[name].turns, strict=True):
            voices.setdefault(turn.speaker, set()).add(new.speaker)
    assert len(set.union(*voices.values())) == len(voices) == 3
    assert all(len(labels) == 1 for labels in voices.values())
    document = json.loads(told.stdout)
    assert document["threshold"] == 4.6
    assert sorted(len(each["members"]) for each in document["voices"]) == [1, 2, 2]
    text = cli("link", *paths, "--audio", folder, "-o", tmp_path / "c", "--known", folder / "voices").stdout
    assert "Anna" in text
    assert "Böb / Co" in text


def test_quiet_commands_print_nothing(cli, folder, tmp_path):
    """And save what they save."""
    words = ["enroll", "Anna", folder / "alone.wav", "-o", tmp_path / "voices", "--quiet"]
    assert cli(*words).output == ""
    assert len(list((tmp_path / "voices").iterdir())) == 1
    assert cli("link", folder / "alone.rttm", "--audio", folder, "-o", tmp_path / "x", "--quiet").output == ""
    assert (tmp_path / "x" / "alone.rttm").exists()


def test_link_continues_if_a_recording_cannot_be_read(cli, folder, tmp_path):
    """Its speakers get labels of their own; the exit code tells."""
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    write_file(tmp_path / "bad.rttm", read_file(folder / "alone.rttm")["alone"])
    text = (tmp_path / "bad.rttm").read_text().replace(" alone ", " bad ")
    (tmp_path / "bad.rttm").write_text(text)
    found = cli("link", folder / "alone.rttm", tmp_path / "bad.rttm", "--audio", folder, "-o", tmp_path / "x")
    assert found.exit_code == 1
    assert "no recording called 'bad'" in found.stderr
    (folder / "bad.wav").write_bytes(b"no sound")
    found = cli("link", folder / "alone.rttm", tmp_path / "bad.rttm", "--audio", folder, "-o", tmp_path / "x")
    (folder / "bad.wav").unlink()
    assert found.exit_code == 1
    assert found.stderr.startswith("error: ")
    assert len(found.stderr.splitlines()) == 1
    assert "2 voices in 2 results" in found.stdout
    assert (tmp_path / "x" / "bad.rttm").exists()


@pytest.mark.slow
def test_enroll_adds_and_replaces_only_when_asked(cli, folder, tmp_path):
    """The same recording twice counts once."""
    words = ["enroll", "Cy", folder / "alone.wav", "--whole", "-o", tmp_path]
    assert "of speech (recordings: 1)" in cli(*words).stdout
    refused = cli(*words)
    assert refused.exit_code == 1
    assert "--add adds to it, --overwrite replaces it" in refused.stderr
    assert "recordings: 1" in cli(*words, "--add").stdout
    more = ["enroll", "Cy", folder / "one.wav", "--turns", folder / "one.rttm", "--speaker", "voice_04"]
    assert "recordings: 2" in cli(*more, "-o", tmp_path, "--add").stdout
    assert "recordings: 1" in cli(*words, "--overwrite").stdout


def test_turns_of_another_recording_and_little_speech_are_reported(cli, folder, tmp_path):
    """Both may be meant, and neither goes unsaid."""
    write_file(tmp_path / "talk.rttm", Annotation("talk", (Turn(0.0, 6.0, "Cy"),)))
    words = ["enroll", "Cy", folder / "alone.wav", "--turns", tmp_path / "talk.rttm", "--speaker", "Cy"]
    found = cli(*words, "-o", tmp_path)
    assert "is about 'talk'; used for 'alone'" in found.stderr
    assert "little speech; voices are recognised better" in found.stdout
    assert "little to" not in cli("enroll", "Di", folder / "alone.wav", "--whole", "-o", tmp_path).stdout


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["run", "x.wav", "--threshold", "3"], 2, "--threshold is for --known DIR"),
        (["run", "x.wav", "--known", "nowhere"], 1, "nowhere: no such file"),
        (
            ["run", "two.wav", "--known", "voices", "--threshold", "nan"],
            2,
            "--threshold nan is not a finite number",
        ),
        (
            ["link", "two.rttm", "-o", "out", "--threshold", "inf"],
            2,
            "--threshold inf is not a finite number",
        ),
        (["enroll", "x", "two.wav", "--speaker", "A"], 2, "give both"),
        (
            ["enroll", "x", "two.wav", "--turns", "two.rttm", "--speaker", "A", "--whole"],
            2,
            "--whole contradicts",
        ),
        (["enroll", "x", "two.wav", "--turns", "two.rttm", "--speaker", "A"], 1, "there is voice_0"),
        (["enroll", "x", "twp.wav"], 1, "did you mean two.wav?"),
        (["enroll", "SPEAKER_00", "two.wav"], 1, "names in SPEAKER_ are for unknown voices"),
        (["link", "two.rttm", "-o", "out", "--quiet", "--json"], 2, "--quiet contradicts"),
        (["link", "nothing.rttm", "-o", "out"], 1, "no such file"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(cli, folder, monkeypatch, words, code, complaint):
    """Before any work."""
    monkeypatch.chdir(folder)
    found = cli(*words)
    assert found.exit_code == code
    assert complaint in found.stderr
    assert not (folder / "out").exists()


def test_a_recording_without_speakers_is_linked_to_nothing(cli, folder, tmp_path):
    """And written all the same."""
    write_file(tmp_path / "two.json", Annotation("two"), "json")
    found = cli("link", tmp_path / "two.json", "--audio", folder, "-o", tmp_path / "x")
    assert (found.exit_code, found.stdout.splitlines()[0]) == (0, "0 voices in 1 results")


@pytest.mark.slow
def test_batch_names_speakers_and_does_them_anew_when_voices_change(cli, folder, tmp_path):
    """In its processes; --resume skips what rests on the same voices."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "two.wav").write_bytes((folder / "two.wav").read_bytes())
    words = ["batch", tmp_path / "in", "-o", tmp_path / "out", "--jobs", 1, "--json", "--resume"]
    counts = []
    for known in ([], ["--known", folder / "voices"], ["--known", folder / "voices"]):
        document = json.loads(cli(*words, *known).stdout)
        counts.append((document["counts"]["ok"], document["counts"]["skipped"]))
    assert counts == [(1, 0), (1, 0), (0, 1)]
    changed = json.loads(cli(*words, "--known", folder / "voices", "--threshold", 1000).stdout)
    assert changed["counts"]["ok"] == 1
    assert {each["name"] for each in changed["recordings"][0]["matches"]} == {None}
    (entry,) = document["recordings"]
    assert "Anna" in {each["speaker"] for each in entry["speakers"]}
    assert sorted(each["name"] or "" for each in entry["matches"]) == ["", "Anna"]
    assert cli(*words, "--threshold", 3).exit_code == 2
