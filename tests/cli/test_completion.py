"""Completion in shells, asked as the shells ask: by environment variables."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = [sys.executable, "-m", "diarize"]


def asked(home, words=(), **variables):
    """The program in another process, with variables that a shell sets, and a home of its own."""
    environment = os.environ | {"HOME": str(home)} | variables
    return subprocess.run([*PROGRAM, *words], env=environment, capture_output=True, text=True, check=False)


def bash(home, line):
    """What bash is offered for the last word of a line."""
    words = line.split(" ")
    variables = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    return asked(home, _DIARIZE_COMPLETE="complete_bash", **variables).stdout.split()


def zsh(home, line):
    """What zsh is offered."""
    return asked(home, _DIARIZE_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS=line).stdout


@pytest.mark.parametrize(
    ("line", "candidates"),
    [
        ("diarize ru", ["run"]),
        ("diarize run --spe", ["--speakers", "--speech"]),
        ("diarize background t", ["train"]),
        ("diarize enroll --who", ["--whole"]),
    ],
)
def test_bash_and_zsh_are_offered_commands_and_options(tmp_path, line, candidates):
    """All that fit, and nothing else."""
    assert sorted(bash(tmp_path, line)) == candidates
    told = zsh(tmp_path, line)
    assert all(f'"{each}"' in told for each in candidates)
    assert "--min-speakers" not in told


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_shown_and_installed(tmp_path, shell):
    """Into files of the home folder alone."""
    more = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = asked(tmp_path, ["--show-completion", shell], **more)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "_DIARIZE_COMPLETE=complete_" in shown.stdout
    installed = asked(tmp_path, ["--install-completion", shell], **more)
    assert installed.returncode == 0, installed.stderr
    assert any("_DIARIZE_COMPLETE" in p.read_text() for p in tmp_path.rglob("*") if p.is_file())


def test_bash_itself_completes(tmp_path):
    """The script that is shown, in a real bash."""
    script = asked(tmp_path, _DIARIZE_COMPLETE="source_bash").stdout
    program = tmp_path / "diarize"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m diarize "$@"\n')
    program.chmod(0o755)
    lines = [
        script,
        "COMP_WORDS=(diarize ru); COMP_CWORD=1",
        "_diarize_completion diarize",
        'echo "${COMPREPLY[*]}"',
    ]
    environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(
        ["bash", "-c", "\n".join(lines)], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "run"
