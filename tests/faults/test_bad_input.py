"""Whatever is given, the answer is one line and an exit code: never a traceback, a hang or a stray file."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time

import numpy as np
import pytest
from typer.testing import CliRunner

from diarize.cli.app import app
from diarize.errors import DiarizeError
from diarize.formats import FORMATS, read_file, read_uem

from . import bad
from .kills import QUICK

PROGRAM = [sys.executable, "-m", "diarize"]
MEMORY = 600_000  # kilobytes that may come on top
SECONDS = 10.0  # of the processor, that one small file may take


def invoked(*words):
    """The program in this process."""
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="diarize")


def complaint(result):
    """The one line of an answer that is an error; what is wrong with the answer as an AssertionError."""
    assert result.exit_code in (0, 1), (result.exit_code, result.output, result.exception)
    assert "Traceback" not in result.output
    lines = result.stderr.splitlines()
    assert len(lines) == result.exit_code, result.stderr
    line = lines[0] if lines else ""
    assert "unforeseen" not in line
    assert not line or re.fullmatch(r"error: .+[;,?] .+|error: .+\(.+\).*", line), line
    assert line.isprintable()
    return line


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """The corpus of sounds, and the names in it."""
    folder = tmp_path_factory.mktemp("bad") / "in"
    folder.mkdir()
    names = bad.recordings(folder)
    assert len(names) >= 200
    return folder, names


def everything(folder):
    """Every path below, links not followed."""
    return {os.path.join(where, name) for where, below, files in os.walk(folder) for name in (*below, *files)}  # noqa: PTH118


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_every_bad_recording_gets_one_line(recordings, part, tmp_path, monkeypatch):
    """By ``run``, in bounded time and memory, and with no file outside the folder that was asked for.

    Every fourth one by the networks, the others in the quickest way: what is wrong is in the file. In two
    parts, so that workers can share them.
    """
    folder, names = recordings
    names = names[part::2]
    monkeypatch.chdir(tmp_path)
    before, memory = everything(folder), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for number, name in enumerate(names):
        begin = time.process_time()
        words = ("run", "-o", "out", "--no-plot", "--overwrite", *(QUICK if number % 4 else ()))
        line = complaint(invoked(*words, "--", folder / name))
        assert time.process_time() - begin < SECONDS, name
        refused += bool(line)
    assert 66 < refused < len(names)
    assert everything(folder) == before
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert all(path.is_file() and path.suffix == ".rttm" for path in (tmp_path / "out").iterdir())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MEMORY


@pytest.mark.slow
def test_a_batch_of_damaged_recordings(tmp_path):
    """Every recording has its line in the manifest, all that can be read is read, and the exit code is 1."""
    folder = tmp_path / "in"
    folder.mkdir()
    names = bad.recordings(folder, every=3)
    before = everything(folder)
    words = ["batch", folder, "-o", tmp_path / "out", "--jobs", 2, "--json"]
    done = subprocess.run(
        [*PROGRAM, *map(str, words)], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300
    )
    assert done.returncode == 1, done.stderr[-2000:]
    document = json.loads(done.stdout)
    entries = {entry["audio"]: entry for entry in document["recordings"]}
    assert set(entries) >= {name for name in names if name[0] != "."} - {"folder.wav"}
    failed = [entry for entry in entries.values() if entry["status"] == "failed"]
    assert len(done.stderr.splitlines()) == len(failed) > 50
    for entry in failed:
        assert "unforeseen" not in entry["error"], entry
        assert "\n" not in entry["error"]
    assert len(list((tmp_path / "out").rglob("*.rttm"))) == len(entries) - len(failed)
    assert everything(folder) == before
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}


@pytest.mark.parametrize("name", sorted(name for name, each in FORMATS.items() if each.read))
def test_every_damaged_annotation_is_read_or_refused_in_one_line(name, tmp_path):
    """Cut at every byte, and a hundred times flipped."""
    rng, refused = np.random.default_rng(1), 0
    path = tmp_path / f"a{FORMATS[name].suffix}"
    texts = list(bad.damaged(bad.annotations()[name], rng, 60))
    for data in texts:
        path.write_bytes(data)
        for read in (read_file, read_uem) if name == "uem" else (read_file,):
            try:
                read(path)
            except DiarizeError as error:
                refused += 1
                assert "\n" not in str(error)
                assert path.name in str(error)
    assert refused > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(name for name, each in FORMATS.items() if each.read))
def test_commands_refuse_or_read_damaged_annotations(name, tmp_path, monkeypatch):
    """``score``, ``convert`` and ``plot`` of a sample of the same; files only where they were asked for."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(2)
    (tmp_path / "good.rttm").write_bytes(bad.annotations()["rttm"])
    path = tmp_path / f"a{FORMATS[name].suffix}"
    texts = list(bad.damaged(bad.annotations()[name], rng, 60))
    for number, data in enumerate(texts[:: max(1, len(texts) // 12)]):
        path.write_bytes(data)
        complaint(invoked("score", "good.rttm", path))
        complaint(invoked("convert", path, "out.json", "--overwrite"))
        if number % 6 == 0:
            complaint(invoked("plot", path, "-o", "out.png", "--overwrite"))
    assert {each.name for each in tmp_path.iterdir()} <= {"good.rttm", path.name, "out.json", "out.png"}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["score", "convert", "plot"])
def test_commands_refuse_what_is_no_annotation(command, recordings, tmp_path, monkeypatch):
    """Sounds, folders, pipes, loops and names of every sort."""
    folder, names = recordings
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.rttm").write_bytes(bad.annotations()["rttm"])
    after = {"score": ["good.rttm"], "convert": ["out.csv"], "plot": []}[command]
    sample = [*names[::60], *names[-12:], *bad.NAMES[::4]]
    for name in sample:
        assert complaint(invoked(command, "--", folder / name, *after))
    assert {each.name for each in tmp_path.iterdir()} == {"good.rttm"}


SAMPLE = (
    "cut-30.mp3", "rate-1000000000.wav", "channels-255.wav", "pipe.wav", "loop.wav", "device.wav",
    "line\nbreak.wav", "size-4294967295.wav",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_as_whole_processes_with_little_memory(name, recordings, tmp_path):
    """As a stranger runs it, with two gigabytes of address space for everything."""
    folder, _ = recordings
    limit = 2_500_000_000
    done = subprocess.run(
        [*PROGRAM, "run", "-o", "out", "--", str(folder / name)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.returncode in (0, 1)
    assert len(done.stderr.splitlines()) == done.returncode, done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"out"}
