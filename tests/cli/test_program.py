"""The program as a stranger runs it: other processes, real sound, pipes, signals."""

from __future__ import annotations

import json as stdlib_json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diarize.formats import read_file

PROGRAM = [sys.executable, "-m", "diarize"]
# The same where whoever started the tests ignores Ctrl-C, as shells have it in the background.
LISTENING = [
    sys.executable,
    "-c",
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('diarize', run_name='__main__')",
]
HEAVY = ("numpy", "scipy", "librosa", "matplotlib", "numba", "soundfile", "rich")


def ran(*words, **more):
    """The program in another process, with its answer."""
    return subprocess.run([*PROGRAM, *map(str, words)], capture_output=True, text=True, check=False, **more)


@pytest.mark.parametrize(
    "words",
    [["--help"], ["run", "--help"], ["config", "--help"], ["--version"], ["config", "show", "--help"]],
)
def test_help_answers_without_heavy_imports(words):
    """Help answers without heavy imports."""
    code = (
        "import sys\nfrom diarize.cli.app import app\n"
        f"try:\n    app({words!r})\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == ""
    assert result.stdout.strip()


def test_the_package_itself_loads_nothing_heavy_and_still_has_its_names():
    """The package itself loads nothing heavy and still has its names."""
    code = (
        "import sys, diarize\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
        "assert set(diarize.__all__) <= set(dir(diarize))\n"
        "assert all(hasattr(diarize, name) for name in diarize.__all__)\n"
        "assert callable(diarize.diarize)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


@pytest.mark.slow
def test_run_then_score_on_real_sound(talk, tmp_path):
    """Run then score on real sound."""
    result = ran(
        "run", talk / "talk.wav", "-o", tmp_path, "--speech", talk / "talk.truth.rttm", "--speakers", 2
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert read_file(tmp_path / "talk.rttm")["talk"].speakers == ("SPEAKER_00", "SPEAKER_01")
    graded = ran("score", talk / "talk.truth.rttm", tmp_path / "talk.rttm")
    assert graded.returncode == 0
    assert "protocol: no collar, overlap scored" in graded.stdout


def test_textbook_preset_runs(talk, tmp_path):
    """Textbook preset runs."""
    result = ran(
        "run", talk / "talk.wav", "-o", tmp_path, "--preset", "textbook", "--max-speakers", 3, "--no-plot"
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "talk.rttm").read_text().startswith("SPEAKER talk 1 ")


def test_a_closed_pipe_ends_quietly(talk, tmp_path):
    """A closed pipe ends quietly."""
    command = f"{sys.executable} -m diarize config show | head -c 1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("#", "")


@pytest.mark.parametrize(("sent", "code", "lines"), [(signal.SIGINT, 130, 1), (signal.SIGTERM, 143, 0)])
def test_a_signal_ends_it_with_at_most_one_line_and_no_files(talk, tmp_path, sent, code, lines):
    """Ctrl-C and a polite request to end, in the middle of the work."""
    words = ["run", str(talk / "talk.wav"), "-o", str(tmp_path / "out")]
    child = subprocess.Popen([*LISTENING, *words], stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "out").exists():  # made when the command line has been understood
        time.sleep(0.01)
    time.sleep(0.2)
    child.send_signal(sent)
    _, complaint = child.communicate(timeout=60)
    assert child.returncode == code
    assert len(complaint.splitlines()) == lines
    assert list((tmp_path / "out").iterdir()) == []


def test_ctrl_c_inside_generated_code_is_130_too(tmp_path):
    """Imports that make functions by ``exec`` are where an interrupt often falls."""
    (tmp_path / "probe.py").write_text(
        "import sys\nfrom diarize import pipeline\nfrom diarize.cli import main\n"
        "pipeline.diarize = lambda *a, **k: exec('raise KeyboardInterrupt')\n"
        "sys.argv = ['diarize', 'run', 'x.wav', '--no-plot', '-o', 'out']\nmain()\n"
    )
    result = subprocess.run([sys.executable, "-m", "probe"], cwd=tmp_path, capture_output=True, check=False)
    assert result.returncode == 130
    assert len(result.stderr.splitlines()) == 1


def test_ctrl_c_during_imports_is_one_line(tmp_path):
    """Start-up is when people notice that they typed the wrong name."""
    (tmp_path / "probe.py").write_text(
        "import sys\nfrom diarize.cli import main\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\nmain()\n"
    )
    result = subprocess.run([sys.executable, "-m", "probe"], cwd=tmp_path, capture_output=True, check=False)
    assert result.returncode == 130
    assert len(result.stderr.splitlines()) == 1


def test_an_interrupt_that_a_library_turns_into_another_error_is_130(tmp_path):
    """Extension modules answer an interrupt while they are loaded with an ImportError."""
    (tmp_path / "probe.py").write_text(
        "import signal, sys\nfrom diarize import pipeline\nfrom diarize.cli import main\n"
        "def diarize(*_, **more):\n"
        "    try:\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "        for _ in range(1000): pass\n"
        "    except KeyboardInterrupt:\n"
        "        raise ImportError('initialization failed')\n"
        "pipeline.diarize = diarize\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.argv = ['diarize', 'run', 'x.wav', '--no-plot', '-o', 'out']\nmain()\n"
    )
    result = subprocess.run([sys.executable, "-m", "probe"], cwd=tmp_path, capture_output=True, check=False)
    assert result.returncode == 130
    assert result.stderr.startswith(b"stopped by Ctrl-C")
    assert len(result.stderr.splitlines()) == 1


def test_an_interrupt_that_a_library_swallows_still_ends_the_run(tmp_path):
    """Python drops what is raised in a callback; the next report of progress raises it again."""
    (tmp_path / "probe.py").write_text(
        "import os, signal, sys, weakref\nfrom diarize import pipeline\nfrom diarize.cli import main\n"
        "class Thing: pass\n"
        "def interrupted(_):\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    for _ in range(1000): pass\n"
        "def diarize(*_, progress, **more):\n"
        "    thing = Thing()\n"
        "    kept = weakref.ref(thing, interrupted)\n"
        "    del thing\n"
        "    progress('features', 0.5)\n"
        "    print('went on', file=sys.stderr)\n"
        "pipeline.diarize = diarize\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.argv = ['diarize', 'run', 'x.wav', '--no-plot', '-o', 'out']\nmain()\n"
    )
    result = subprocess.run([sys.executable, "-m", "probe"], cwd=tmp_path, capture_output=True, check=False)
    assert result.returncode == 130
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("console", ["latin-1", "cp1252", "cp437"])
def test_a_name_that_the_terminal_cannot_show_is_shown_escaped(tmp_path, console):
    """A Western terminal and a Japanese name."""
    (tmp_path / "会.toml").write_text("seed = 3\n")
    ours, theirs = pty.openpty()
    words = ["config", "check", str(tmp_path / "会.toml")]
    env = os.environ | {"PYTHONIOENCODING": console}
    child = subprocess.Popen([*PROGRAM, *words], stdout=theirs, stderr=subprocess.DEVNULL, env=env)
    assert child.wait() == 0
    assert rb"\u4f1a.toml: valid" in os.read(ours, 10_000)
    os.close(theirs)
    os.close(ours)


FORKING = """
import contextlib, os, sys
from diarize.cli.app import app, program
with contextlib.redirect_stdout(None):  # all that a command imports, before the first fork
    app(["score", *2 * [f"{sys.argv[1]}.lab"]], standalone_mode=False)
for number, name in enumerate(sys.argv[1:]):
    path = f"{name}.lab"
    for kind, words in (("json", [path, path, "--json"]), ("text", [path, path]), ("error", [path, "no"])):
        if os.fork() == 0:
            for stream in (1, 2):
                os.dup2(os.open(f"{number}.{kind}.{stream}", os.O_CREAT | os.O_WRONLY), stream)
            sys.argv[1:] = ["score", *words]
            program()
        _, status = os.wait()
        assert os.waitstatus_to_exitcode(status) == (kind == "error"), (name, kind)
"""


@pytest.mark.slow
@pytest.mark.parametrize("console", ["utf-8", "cp437"])
def test_what_goes_to_a_file_is_utf_8_whatever_the_console(tmp_path, console):
    """Text, complaints and documents; what no encoding has becomes U+FFFD in documents.

    The program is forked for every command; its streams were opened for the console when Python began.
    """
    names = ["smile 😀", "caf\udce9", "会议"]
    for name in names:
        (tmp_path / f"{name}.lab").write_text("0 1 A\n")
    words = [sys.executable, "-c", FORKING, *map(os.fsencode, names)]
    subprocess.run(words, check=True, env=os.environ | {"PYTHONIOENCODING": console}, cwd=tmp_path)
    for number, name in enumerate(names):
        json, text, error = (
            (tmp_path / f"{number}.{each}").read_bytes().decode() for each in ("json.1", "text.1", "error.2")
        )
        assert stdlib_json.loads(json)["files"][0]["recording"] == name.replace("\udce9", "\ufffd")
        assert name.replace("\udce9", r"\udce9") in text
        assert error[:6] == "error:"


@pytest.mark.slow
def test_a_bar_with_remaining_time_appears_on_a_terminal_only(talk, tmp_path):
    """A bar with remaining time appears on a terminal only."""
    ours, theirs = pty.openpty()
    words = ["run", str(talk / "talk.wav"), "-o", str(tmp_path), "--no-plot"]
    child = subprocess.Popen([*PROGRAM, *words], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # the other end is closed: the program has ended
        pass
    finally:
        os.close(ours)
    assert child.wait(timeout=30) == 0
    assert b"talk.wav" in shown
    assert b"100%" in shown


def test_a_reader_that_is_gone_is_141():
    """Nothing is said to nobody, not even on the way out."""
    out, into = os.pipe()
    os.close(out)
    buffered = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    with os.fdopen(into, "wb") as nobody:
        done = subprocess.run(
            [*PROGRAM, "config", "show"], stdout=nobody, stderr=subprocess.PIPE, env=buffered, check=False
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_errors_at_finalisation_are_printed_but_not_interrupts():
    """Python prints what a finaliser raises; of Ctrl-C there is one line elsewhere."""
    code = (
        "from diarize.cli.signals import catch_signals\n"
        "class Thrown:\n"
        "    def __init__(self, error): self.error = error\n"
        "    def __del__(self): raise self.error\n"
        "catch_signals()\n"
        "for error in (KeyboardInterrupt(), SystemExit(143), ValueError('lost')): Thrown(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "ValueError: lost" in done.stderr
    assert "KeyboardInterrupt" not in done.stderr
    assert "SystemExit" not in done.stderr


def test_ctrl_c_stays_ignored_where_it_was():
    """As shells have it for programs in the background; SIGTERM ends all the same."""
    code = (
        "import os, signal\nfrom diarize.cli.signals import catch_signals\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\ncatch_signals()\n"
        "os.kill(os.getpid(), signal.SIGINT)\nprint('on', flush=True)\nos.kill(os.getpid(), signal.SIGTERM)\n"
        "print('not here')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (143, "on\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_a_full_disk_behind_what_is_printed_is_one_line():
    """It is nobody's fault here."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "diarize", "config", "show"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: the output cannot be written (the disk is full); free some space"
    ]
