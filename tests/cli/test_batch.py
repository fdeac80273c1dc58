"""``diarize batch``: what is printed, what is refused, and the exit codes."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys

import pytest

from diarize.batch import BatchReport
from diarize.cli.batch import _file_size

OK = {
    "status": "ok",
    "error": None,
    "duration": 61.0,
    "n_speakers": 2,
    "timings": {"checksum": 0.1, "diarize": 1.3},
}


@pytest.fixture
def batches(monkeypatch, tmp_path):
    """A folder of recordings, and a batch that fails for what is called bad and answers at once."""
    folder = tmp_path / "in"
    folder.mkdir()
    seen = []

    def run_batch(plan, config, *, jobs, scheduler, known, listen):
        entries = []
        for task in plan.tasks:
            bad = {"status": "failed", "error": f"{task.key}: the file is empty", "timings": {}}
            entry = {"audio": task.key, **(bad if "bad" in task.key else OK)}
            listen("started", task, entry)
            listen("done", task, entry)
            entries.append(entry)
        seen.append({"plan": plan, "config": config, "jobs": jobs, "scheduler": scheduler, "known": known})
        return BatchReport(tuple(entries), 2.0)

    monkeypatch.setattr("diarize.batch.run_batch", run_batch)
    return folder, tmp_path / "out", seen


def test_summary_table_and_exit_code_of_success(cli, batches):
    """A row a recording and totals."""
    folder, out, _ = batches
    (folder / "a.wav").touch()
    (folder / "b.wav").touch()
    result = cli("batch", folder, "-o", out)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "  recording  status  length  speakers   time",
        "  a.wav          ok    1:01         2  1.4 s",
        "  b.wav          ok    1:01         2  1.4 s",
        "2 ok, 0 skipped, 0 failed; 2:02 of sound in 0:02",
        f"wrote {out / 'manifest.jsonl'}",
    ]


@pytest.mark.parametrize(
    ("names", "code"), [(["a.wav", "bad.wav"], 1), (["bad.wav"], 3), (["bad.wav", "bad2.wav"], 3)]
)
def test_exit_codes_of_some_and_of_all_failures_differ(cli, batches, names, code):
    """One line on stderr for each failure."""
    folder, out, _ = batches
    for name in names:
        (folder / name).touch()
    result = cli("batch", folder, "-o", out, "--quiet")
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr == "".join(f"error: {n}: the file is empty\n" for n in names if "bad" in n)


def test_a_long_table_is_cut(cli, batches):
    """The manifest has the rest."""
    folder, out, _ = batches
    for number in range(57):
        (folder / f"{number}.wav").touch()
    printed = cli("batch", folder, "-o", out).stdout.splitlines()
    assert len(printed) == 54
    assert printed[51] == "  … and 7 more"
    assert printed[52].startswith("57 ok")


def test_json_has_the_documented_keys(cli, batches):
    """Counts and every entry."""
    folder, out, _ = batches
    (folder / "a.wav").touch()
    (folder / "bad.wav").touch()
    document = json.loads(cli("batch", folder, "-o", out, "--json", "--seed", 7).stdout)
    assert set(document) == {
        "folder",
        "output",
        "manifest",
        "versions",
        "config",
        "config_digest",
        "counts",
        "seconds",
        "unreadable",
        "passed_over",
        "stale",
        "recordings",
    }
    assert document["counts"] == {"ok": 1, "skipped": 0, "failed": 1}
    assert [entry["audio"] for entry in document["recordings"]] == ["a.wav", "bad.wav"]
    assert document["config"]["seed"] == 7


def test_options_reach_the_batch(cli, batches):
    """Formats without repetition, jobs, settings."""
    folder, out, seen = batches
    (folder / "a.wav").touch()
    words = ["-f", "CSV", "-f", "textgrid", "-f", "csv", "-j", 3, "--resume", "--speakers", 2]
    assert cli("batch", folder, "-o", out, *words).exit_code == 0
    (call,) = seen
    assert call["plan"].tasks[0].files == {"csv": out / "a.csv", "textgrid": out / "a.TextGrid"}
    assert (call["jobs"], call["plan"].resume, call["plan"].overwrite) == (3, True, False)
    assert call["config"].clustering.max_speakers == 2
    cli("batch", folder, "-o", out)
    assert seen[1]["jobs"] >= 1
    assert seen[1]["scheduler"] is None
    cli("batch", folder, "-o", out, "--scheduler", "tcp://h:8786", "--plot")
    assert seen[2]["scheduler"] == "tcp://h:8786"
    assert seen[2]["plan"].tasks[0].files == {"rttm": out / "a.rttm", "picture": out / "a.png"}


def test_channels_reach_the_batch_and_one_channel_of_them_contradicts(cli, batches):
    """As of run."""
    folder, out, seen = batches
    (folder / "a.wav").touch()
    assert cli("batch", folder, "-o", out, "--channels", "separate").exit_code == 0
    assert cli("batch", folder, "-o", out, "--channels", "mix", "--channel", 2).exit_code == 0
    assert [call["plan"].separate for call in seen] == [True, False]
    result = cli("batch", folder, "-o", out, "--channels", "separate", "--channel", 2)
    assert (result.exit_code, "leave --channel out" in result.stderr) == (2, True)
    assert "did you mean" in cli("batch", folder, "-o", out, "--channels", "separat").stderr


def test_stale_results_are_reported_in_the_summary_and_in_json(cli, batches, monkeypatch):
    """By path."""
    folder, out, _ = batches
    (folder / "a.wav").touch()
    monkeypatch.setattr(
        "diarize.batch.run_batch",
        lambda plan, *_, **__: BatchReport(({"audio": "a.wav", **OK},), 1.0, (out / "old.rttm",)),
    )
    text = cli("batch", folder, "-o", out).stdout
    assert f"note: {out / 'old.rttm'} is from an earlier batch and was not written now" in text
    assert json.loads(cli("batch", folder, "-o", out, "--json").stdout)["stale"] == [str(out / "old.rttm")]


def test_speech_of_a_file_or_of_the_files_of_a_folder_reaches_each_recording(cli, batches):
    """Looked up by name; a recording that it says nothing of has a problem, and the others go on."""
    folder, out, seen = batches
    for name in ("a.wav", "deep/a.wav", "c.wav"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    marks = folder.parent / "marks"
    marks.mkdir()
    (marks / "a.lab").write_text("0.5 2.0 Ann\n1.5 3.0 Bob\n")
    (marks / "c.lab").write_text("")
    (folder.parent / "all.uem").write_text("deep/a 1 4 5\na 1 0.5 3\n")
    cli("batch", folder, "-o", out, "--speech", marks)
    cli("batch", folder, "-o", out, "--speech", folder.parent / "all.uem")
    by_folder, by_file = ({t.key: (t.speech, t.problem) for t in call["plan"].tasks} for call in seen)
    assert by_folder["a.wav"] == by_file["a.wav"] == (((0.5, 3.0),), "")
    assert by_folder["c.wav"] == ((), "")
    assert by_file["deep/a.wav"] == (((4.0, 5.0),), "")
    for speech, problem in (by_folder["deep/a.wav"], by_file["c.wav"]):
        assert speech is None
        assert "--speech does not name" in problem


def test_what_cannot_be_is_refused(cli, batches):
    """Usage errors are 2, an empty or absent folder is 1, and nothing is begun."""
    folder, out, seen = batches
    (folder / "x.uem").touch()
    assert cli("batch", folder).exit_code == 2
    assert cli("batch", folder, "-o", out, "--jobs", 0).exit_code == 2
    assert cli("batch", folder, "-o", out, "--quiet", "--json").exit_code == 2
    assert cli("batch", folder, "-o", out, "--jobs", 2, "--scheduler", "tcp://h:1").exit_code == 2
    for address in ("h:8786", "tcp://h", "http://h:1", "tcp://h:1/x", "tcp://h:99999", "tcp://[::1"):
        assert cli("batch", folder, "-o", out, "--scheduler", address).exit_code == 2
    for place in (folder, folder / "no"):
        result = cli("batch", place, "-o", out)
        assert result.exit_code == 1
        assert len(result.stderr.splitlines()) == 1
    assert seen == []


def test_a_subfolder_that_cannot_be_looked_into_is_reported(cli, batches, monkeypatch):
    """Something is missing, so it is not all well."""
    folder, out, _ = batches
    (folder / "a.wav").touch()
    monkeypatch.setattr("diarize.batch.plan.find_recordings", lambda _: (["a.wav"], ["x: cannot be read"]))
    result = cli("batch", folder, "-o", out)
    assert (result.exit_code, result.stderr) == (1, "error: x: cannot be read\n")


def test_a_bar_with_the_current_file_shows_on_a_terminal_only(tmp_path):
    """One bar for the batch; a failure has a line of its own."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "empty.wav").touch()
    command = [sys.executable, "-m", "diarize", "batch", str(tmp_path / "in"), "-o", str(tmp_path / "out")]
    master, slave = pty.openpty()
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=slave, text=True, check=False)
        shown = os.read(master, 65536).decode()
    finally:
        os.close(slave)
        os.close(master)
    assert done.returncode == 3
    assert "batch" in shown
    assert "%" in shown
    assert "empty.wav" in shown.split("error:")[0]
    assert "\r\n" in shown.split("error:")[1]


def test_verbose_prints_the_settings(cli, batches):
    """On stderr, in the one line of run."""
    folder, out, _ = batches
    (folder / "a.wav").touch()
    result = cli("batch", folder, "-o", out, "--verbose", "--seed", 7)
    assert result.exit_code == 0
    assert re.match(r"settings \w+: seed = 7; python ", result.stderr)
    assert len(result.stderr.splitlines()) == 1
    assert "wrote" in result.stdout


def test_a_recording_that_vanished_still_moves_the_bar(tmp_path):
    """By as little as an empty one."""
    (tmp_path / "empty.wav").touch()
    (tmp_path / "some.wav").write_bytes(b"12345")
    assert [_file_size(tmp_path / name) for name in ("gone.wav", "empty.wav", "some.wav")] == [1, 1, 5]
