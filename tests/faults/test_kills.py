"""Kills, full disks, folders that may not be written or vanish, two at once: what is there is whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager

import pytest

from . import kills


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Three short conversations, and what undisturbed commands make of them."""
    work = tmp_path_factory.mktemp("kills")
    trial = kills.Trial(kills.recordings(work / "in", number=3), work)
    trial.measure()
    return trial


@pytest.mark.slow
def test_killed_at_some_moment_what_is_there_is_whole_and_the_rest_follows(voices):
    """Both commands, early and late, by every signal; ``tests/faults/kills.py`` does it a hundred times."""
    for name, number, begun in (
        ("run", signal.SIGTERM, 4),
        ("batch", signal.SIGINT, 3),
        ("batch", signal.SIGTERM, 1),
        ("run", signal.SIGKILL, 2),  # the last ones leave most behind
        ("batch", signal.SIGKILL, 2),
    ):
        assert voices.kill(name, number, kills.Moment(begun, 0.0))
    voices.kill("batch", signal.SIGKILL, kills.Moment(0, 0.1 * voices.took["batch"]))
    voices.finish()
    assert voices.wrong == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_everything_is_done_changes_nothing(number):
    """Python puts the system's handlers back while it tidies up, and they would kill."""
    code = (
        "import os, signal, sys\n"
        "class Late:\n"
        f"    def __del__(self, kill=os.kill, pid=os.getpid()): kill(pid, {int(number)})\n"
        "sys.late = Late()\n"
        "from diarize.cli import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.argv = ['diarize', 'config', 'presets']\nmain()\n"
    )
    done = subprocess.run([kills.PROGRAM[0], "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "meeting" in done.stdout


@contextmanager
def mounted(folder, options):
    """A small file system of its own in memory; skipped where that is not allowed."""
    folder.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if (
        os.geteuid()
        or not shutil.which("mount")
        or subprocess.run(words, capture_output=True, check=False).returncode
    ):
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remounted(folder, options):
    """The same with other options."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def ran(trial, name, output, *more):
    """A command that ought to end with complaints and without a trace."""
    words = [*kills.PROGRAM, *kills.commands(trial.folder)[name], "-o", str(output), *more]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert "Traceback" not in done.stderr
    assert "unforeseen" not in done.stderr
    return done


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("run", "48k"), ("batch", "16k")])
def test_a_full_disk(voices, tmp_path, name, size):
    """One line for each recording or for all; nothing half-written; with more room all goes well.

    In 48 kB there is room for the first picture, in 16 kB for none.
    """
    with mounted(tmp_path / "disk", f"size={size}") as disk:
        done = ran(voices, name, disk)
        assert done.returncode in (1, 3)
        assert 1 <= len(done.stderr.splitlines()) <= 4
        assert all(
            line.startswith("error: ") and "free some space" in line for line in done.stderr.splitlines()
        )
        assert kills.contents(disk).items() <= voices.whole[name].items()
        assert not list(disk.rglob("*.part"))
        remounted(disk, "size=10m")
        assert ran(voices, name, disk).returncode == 0
        assert kills.contents(disk) == voices.whole[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run", "batch"])
def test_a_disk_that_may_only_be_read(voices, tmp_path, name):
    """Refused before any long work, with nothing changed."""
    with mounted(tmp_path / "disk", "size=1m") as disk:
        remounted(disk, "ro")
        begin = time.process_time()
        done = ran(voices, name, disk)
        assert time.process_time() - begin < 1
        assert done.returncode in (1, 3)
        assert 1 <= len(done.stderr.splitlines()) <= 3
        assert list(disk.iterdir()) == []
        done = ran(voices, name, disk / "new")
        assert done.returncode in (1, 3)
        assert "choose another" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run", "batch"])
def test_a_folder_that_is_taken_away_meanwhile(voices, tmp_path, name):
    """Said in a line or, of run, in one a recording, never taken for success; the next command does it."""
    output = tmp_path / "out"
    words = [*kills.PROGRAM, *kills.commands(voices.folder)[name], "-o", str(output)]
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while running.poll() is None and not list(output.glob("*.rttm")):
        time.sleep(0.001)
    output.rename(tmp_path / "taken")
    _, said = running.communicate(timeout=300)
    assert running.returncode == 1
    assert all(line.startswith("error: ") and "unforeseen" not in line for line in said.splitlines())
    assert len(said.splitlines()) in {"run": (2, 3), "batch": (1,)}[name]
    assert name == "run" or "removed while the batch was writing" in said
    assert ran(voices, name, output).returncode == 0
    assert kills.contents(output) == voices.whole[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run", "batch"])
def test_two_at_once_into_one_folder(voices, tmp_path, name):
    """Whichever wins, what is there is whole; a batch that came too late says so."""
    output = tmp_path / "out"
    words = [*kills.PROGRAM, *kills.commands(voices.folder)[name], "-o", str(output)]
    both = [
        subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [each.communicate(timeout=300)[1] for each in both]
    assert sorted(each.returncode for each in both) == {"run": [0, 0], "batch": [0, 1]}[name]
    assert all("Traceback" not in text and "unforeseen" not in text for text in said)
    assert kills.contents(output) == voices.whole[name]
    assert not list(output.rglob("*.part"))
