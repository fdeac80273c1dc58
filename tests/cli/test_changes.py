"""``diarize changes``: what is printed and written, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from diarize.cli.changes import _format_label
from diarize.resegmentation.changes import Change
from diarize.scoring import score_changes

SAMPLES = Path(__file__).parent.parent.parent / "audio_samples"


@pytest.fixture
def soft(calls, monkeypatch):
    """The pipeline answers two speakers, the second from 4 s on, rather surely."""
    from dataclasses import replace

    from diarize import pipeline
    from diarize.types import Posteriors

    answer = pipeline.diarize

    def changed(path, config, **more):
        result = answer(path, config, **more)
        values = np.where(np.arange(1000)[:, None] < 400, [0.9, 0.1], [0.2, 0.8]).astype(np.float32)
        grid, names = result.posteriors.grid, result.posteriors.speakers
        return replace(result, posteriors=Posteriors(values, grid, names))

    monkeypatch.setattr("diarize.pipeline.diarize", changed)
    return calls


def test_table_names_time_probability_and_speakers(cli, soft, tmp_path):
    """And the notes of the recording."""
    result = cli("changes", tmp_path / "a.wav")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "a.wav: 0:10 long, 1 speaker change (method posteriors, min-probability 0.5)",
        "  at     time  probability      before       after",
        "  0:04  4.000       0.7400  SPEAKER_00  SPEAKER_01",
        "  note: clipped: 3.1 % of samples",
    ]


def test_csv_json_and_audacity(cli, soft, tmp_path):
    """Numbers, documented keys, and point labels."""
    text = cli("changes", tmp_path / "a.wav", "--format", "csv").stdout
    (row,) = csv.DictReader(io.StringIO(text))
    assert row == {
        "time": "4.000",
        "probability": "0.7400",
        "delta_bic": "",
        "before": "SPEAKER_00",
        "after": "SPEAKER_01",
    }
    labels = cli("changes", tmp_path / "a.wav", "-f", "audacity").stdout
    assert labels == "4.000000\t4.000000\tSPEAKER_00 > SPEAKER_01 (0.74)\n"
    document = json.loads(cli("changes", tmp_path / "a.wav", "--json").stdout)
    assert document == json.loads(cli("changes", tmp_path / "a.wav", "-f", "json").stdout)
    assert set(document) == {
        "recording",
        "audio",
        "method",
        "min_probability",
        "duration",
        "speech_seconds",
        "changes",
        "notes",
        "versions",
        "config",
        "config_digest",
    }
    assert document["changes"] == [
        {
            "time": 4.0,
            "probability": 0.74,
            "before": "SPEAKER_00",
            "after": "SPEAKER_01",
            "delta_bic": None,
        }
    ]


@pytest.mark.parametrize(
    ("name", "start"), [("x.csv", "time,"), ("x.json", "{\n"), ("x.txt", "4.000000\t4.000000\tSPEAKER_00")]
)
def test_a_file_is_written_by_its_suffix_and_replaced_only_when_allowed(cli, soft, tmp_path, name, start):
    """What is there stays, and nothing is computed for nothing."""
    path = tmp_path / name
    result = cli("changes", tmp_path / "a.wav", "-o", path)
    assert (result.exit_code, result.stdout) == (0, f"wrote {path} (changes: 1)\n")
    assert path.read_text().startswith(start)
    path.write_text("mine")
    again = cli("changes", tmp_path / "a.wav", "-o", path)
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    assert (path.read_text(), len(soft)) == ("mine", 1)
    assert cli("changes", tmp_path / "a.wav", "-o", path, "--overwrite").exit_code == 0
    assert path.read_text() != "mine"


def test_a_named_format_beats_the_suffix(cli, soft, tmp_path):
    """A table may be kept as well."""
    assert cli("changes", tmp_path / "a.wav", "-o", tmp_path / "t.list", "-f", "table").exit_code == 0
    assert (tmp_path / "t.list").read_text().startswith("a.wav: 0:10 long")


def test_min_probability_and_settings_reach_the_work(cli, soft, tmp_path):
    """0.74 is not more than 0.75."""
    result = cli("changes", tmp_path / "a.wav", "--min-probability", "0.75", "--speakers", 3, "-f", "csv")
    assert result.stdout == "time,probability,delta_bic,before,after\n"
    assert soft[0]["config"].clustering.max_speakers == 3
    assert "0 speaker changes" in cli("changes", tmp_path / "a.wav", "--min-probability", 1).stdout


def test_changes_are_graded_against_a_truth(cli, soft, tmp_path):
    """One change at 4.0 s, true ones at 4.4 and 8.0 s: found within half a second, not within 0.3."""
    truth = tmp_path / "a.lab"
    truth.write_text("0 4.4 A\n4.4 8 B\n8 10 A\n")
    words = ["changes", tmp_path / "a.wav", "--reference", truth]
    assert cli(*words).stdout.splitlines()[-2] == (
        "  within ±0.5 s: 1 of 2 true changes among 1 found; precision 100.0 %, recall 50.0 %, F1 66.7 %, "
        "purity 76.0 %, coverage 96.0 %"
    )
    score = json.loads(cli(*words, "--tolerance", 0.3, "--json").stdout)["score"]
    assert (score["tolerance"], score["true"], score["found"], score["matched"]) == (0.3, 2, 1, 0)
    table = cli(*words, "--format", "csv")
    assert len(table.stdout.splitlines()) == 2
    assert table.stderr.startswith("within ±0.5 s: 1 of 2 true changes")
    part = json.loads(cli(*words, "--end", 6, "--json").stdout)["score"]
    assert part["true"] == 2  # the pipeline of this test is ten seconds long whatever the part


def test_only_the_processed_part_is_scored(cli):
    """With the true changes in it, on the clock of the file."""
    words = ["changes", SAMPLES / "meeting.flac", "--method", "bic", "--start", 20, "--end", 40, "--json"]
    score = json.loads(cli(*words, "--reference", SAMPLES / "references" / "meeting.rttm").stdout)["score"]
    turns = [line.split() for line in (SAMPLES / "references" / "meeting.rttm").read_text().splitlines()]
    inside = sorted(float(turn[3]) for turn in turns if 20 < float(turn[3]) < 40)
    assert 0 < score["matched"] <= score["true"] <= len(inside) + 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--method", "bick"], "did you mean 'bic'"),
        (["--method", "bic", "--min-probability", "0.5"], "--penalty"),
        (["--penalty", "2"], "--method bic"),
        (["--method", "bic", "--speakers", "2"], "--speakers is for --method posteriors"),
        (["--method", "bic", "--max-speakers", "2"], "--max-speakers is for --method posteriors"),
        (["--format", "cvs"], "did you mean 'csv'"),
        (["--format", "csv", "--json"], "--json contradicts"),
        (["-o", "x.png"], "not one of .csv, .json, .txt"),
        (["--min-probability", "1.5"], "--min-probability"),
        (["--tolerance", "1"], "--tolerance is for --reference FILE"),
        (["--method", "bic", "--speech", "{}/speech.lab"], "--speech FILE is for --method posteriors"),
    ],
)
def test_what_cannot_be_is_a_usage_error(cli, calls, tmp_path, words, said):
    """No option is silently ignored."""
    (tmp_path / "speech.lab").write_text("0 1 speech\n")
    result = cli("changes", tmp_path / "a.wav", *(word.format(tmp_path) for word in words))
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert calls == []


def test_a_missing_recording_is_one_line(cli, tmp_path):
    """With either method."""
    for words in ([], ["--method", "bic"]):
        result = cli("changes", tmp_path / "no.wav", *words)
        assert result.exit_code == 1
        assert "no such file" in result.stderr
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("method", ["posteriors", "bic"])
def test_changes_of_a_meeting_and_of_a_part_of_it(cli, method):
    """Of the sample of four: most changes within half a second; the same in a part, but for its edges."""
    from diarize.formats import read_file

    words = ["changes", SAMPLES / "meeting.flac", "--method", method, "--format", "json"]
    whole = json.loads(cli(*words).stdout)
    truth = read_file(SAMPLES / "references" / "meeting.rttm")["meeting"]
    assert score_changes(truth, [each["time"] for each in whole["changes"]], tolerance=0.5).f1 > 0.7
    assert whole.get("penalty") == (2.0 if method == "bic" else None)
    assert method != "bic" or all(each["delta_bic"] > 0 for each in whole["changes"])
    part = json.loads(cli(*words, "--start", "1:00", "--end", "1:50").stdout)
    times = np.array([each["time"] for each in part["changes"]])
    assert part["duration"] == pytest.approx(50, abs=0.1)
    assert ((times > 60) & (times < 110)).all()
    expected = np.array([each["time"] for each in whole["changes"] if 62 < each["time"] < 108])
    assert len(expected) >= 5
    near = np.abs(times[:, None] - expected).min(axis=0) < 0.3
    assert near.mean() > 0.75


def test_a_part_that_ends_before_it_starts_is_refused(cli):
    """As of run."""
    result = cli("changes", SAMPLES / "meeting.flac", "--start", "50", "--end", "40")
    assert (result.exit_code, "--end 40 s is not after --start 50 s" in result.stderr) == (2, True)


def test_a_label_without_a_probability_has_the_gain():
    """ΔBIC in nats, on a track of labels; there are no speakers to name."""
    assert _format_label(Change(1.5, delta_bic=12.6)) == "change (13)"
    assert _format_label(Change(1.5, 0.875, "A\tB", "C")) == "A\\tB > C (0.88)"
