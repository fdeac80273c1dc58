"""label and run --transcript: what they write, print and refuse."""

from __future__ import annotations

import json

import pytest

from diarize.annotation import Annotation, Turn
from diarize.formats import Options, read_file, write_file

from .conftest import GRID, TURNS, found

WORDS = {
    "segments": [
        {
            "start": 0.5,
            "end": 6.0,
            "text": " Good morning. Hello.",
            "words": [
                {"word": " Good", "start": 0.5, "end": 1.0},
                {"word": " morning.", "start": 1.0, "end": 2.0},
                {"word": " Hello.", "start": 5.0, "end": 6.0},
            ],
        }
    ]
}


@pytest.fixture
def place(tmp_path):
    """A transcript, the turns of its recording and a file that stands for the recording."""
    (tmp_path / "words.json").write_text(json.dumps(WORDS))
    write_file(tmp_path / "call.rttm", Annotation("call", TURNS))
    (tmp_path / "call.wav").touch()
    return tmp_path


def test_words_get_the_speakers_of_a_result(cli, place):
    """Beside the transcript, in its own shape, with a table of who said how much."""
    result = cli("label", place / "words.json", place / "call.rttm")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "3 words in 2 segments, mean confidence 1.00" in result.stdout
    assert "SPEAKER_00  0:02      2  66.7 %" in result.stdout
    rows = json.loads((place / "words.speakers.json").read_text())["segments"]
    assert [(row["speaker"], row["text"]) for row in rows] == [
        ("SPEAKER_00", " Good morning."),
        ("SPEAKER_01", " Hello."),
    ]


def test_words_of_a_service_are_written_in_its_own_structure(cli, place):
    """Here that of Deepgram; run --transcript and the hint of convert read it, too."""
    words = [{"word": "Good", "start": 0.5, "end": 1.0}, {"word": "Hello", "start": 5.0, "end": 6.0}]
    value = {"results": {"channels": [{"alternatives": [{"words": words}]}]}}
    (place / "words.json").write_text(json.dumps(value))
    result = cli("label", place / "words.json", place / "call.rttm")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads((place / "words.speakers.json").read_text())["results"]["channels"][0]
    assert [word["speaker"] for word in found["alternatives"][0]["words"]] == ["SPEAKER_00", "SPEAKER_01"]
    assert "diarize label" in cli("convert", place / "words.json", place / "x.rttm").stderr


@pytest.mark.parametrize("name", ["a.srt", "a.vtt", "a.txt", "a.csv", "a.TextGrid", "a.eaf", "a.json"])
def test_the_suffix_says_the_format(cli, place, name):
    """And --format, too."""
    assert cli("label", place / "words.json", place / "call.rttm", "-o", place / name).exit_code == 0
    assert "Good" in (place / name).read_text()
    again = cli("label", place / "words.json", place / "call.rttm", "-f", "text", "-o", place / "x.y")
    assert again.exit_code == 0
    assert (place / "x.y").read_text() == ("[0:00] SPEAKER_00: Good morning.\n\n[0:05] SPEAKER_01: Hello.\n")


def test_a_recording_is_diarized_with_the_options_of_run(cli, place, calls):
    """By posteriors, which here are all of the first speaker."""
    result = cli("label", place / "words.json", place / "call.wav", "--speakers", "2", "-f", "srt")
    assert result.exit_code == 0
    assert calls[0]["config"].clustering.min_speakers == 2
    assert "SPEAKER_00: Good morning. Hello." in (place / "words.speakers.srt").read_text()


def test_posteriors_of_frames_are_a_result(cli, place):
    """As run --format npz writes them."""
    whole = found("call", None)
    options = Options(posteriors=whole.posteriors)
    write_file(place / "call.npz", whole.annotation, options=options)
    assert cli("label", place / "words.json", place / "call.npz", "-o", place / "a.srt").exit_code == 0
    assert read_file(place / "a.srt")["a"].speakers == ("SPEAKER_00",)
    assert GRID.duration == 10.0


def test_run_writes_words_where_there_is_room(cli, place, calls):
    """A text besides, where no format is named; notes of the transcript are told with the others."""
    words = [place / "call.wav", "--transcript", place / "words.json", "-o", place / "out", "--no-plot"]
    result = cli("run", *words)
    assert result.exit_code == 0
    assert sorted(path.name for path in (place / "out").iterdir()) == ["call.rttm", "call.transcript.txt"]
    assert (place / "out" / "call.transcript.txt").read_text() == "[0:00] SPEAKER_00: Good morning. Hello.\n"
    assert cli("run", *words, "-f", "webvtt", "-f", "lab").exit_code == 0
    assert "<v SPEAKER_00>Good morning. Hello.</v>" in (place / "out" / "call.vtt").read_text()


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["label", "{}/words.jsn", "{}/call.rttm"], 1, "did you mean words.json?"),
        (["label", "{}/call.rttm", "{}/call.rttm"], 1, "'.rttm' is not that of a transcript"),
        (["label", "{}/words.json", "{}/call.rttm", "--speakers", "2"], 2, "--speakers is for AUDIO"),
        (["label", "{}/words.json", "{}/call.rttm", "-f", "rttm"], 2, "no format of transcripts 'rttm'"),
        (["label", "{}/words.json", "{}/call.rttm", "-o", "{}/a.rttm"], 1, "'.rttm' is not one of .TextGrid"),
        (["label", "{}/words.json", "{}/call.rttm", "-o", "{}/call.rttm"], 1, "is not one of"),
        (["label", "{}/words.json", "{}/call.rttm", "-o", "{}/words.json"], 1, "exists already"),
        (
            ["run", "{}/call.wav", "{}/b.wav", "--transcript", "{}/words.json"],
            2,
            "about one recording, got 2",
        ),
        (["run", "{}/call.wav", "--transcript", "{}/nothing.json"], 1, "no such file"),
    ],
)
def test_every_refusal_has_its_exit_code_and_a_hint(cli, place, words, code, hint):
    """And leaves nothing behind."""
    before = sorted(place.iterdir())
    result = cli(*[word.format(place) for word in words])
    assert result.exit_code == code
    assert hint in " ".join(result.stderr.split())
    assert sorted(place.iterdir()) == before


def test_a_speaker_nobody_named_stays(cli, place):
    """A transcript with names gives way, and says so."""
    write_file(place / "named.srt", Annotation("x", (Turn(0.5, 2, "Zoe", text="Good morning."),)))
    result = cli("label", place / "named.srt", place / "call.rttm")
    assert "note: speakers that it named are replaced: Zoe" in result.stdout
