"""The page about the command line and the commands agree."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer

from diarize.cli.app import app

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
TREE = typer.main.get_command(app).commands
EVERYWHERE = {"--help", "--verbose", "--quiet", "--json"}


def options_of(cli, command):
    """Long options that the help of a command lists, and that of its commands where it is a group."""
    below = getattr(TREE.get(command), "commands", {})
    inner = [option for name in below for option in options_of(cli, f"{command} {name}")]
    return {*re.findall(r"--[a-z][a-z0-9-]+", cli(*command.split(), "--help").stdout), *inner}


def section(command):
    """What the page says of a command."""
    found = re.search(rf"## {command}\b.*?(?=\n## |\Z)", PAGE, re.DOTALL)
    assert found, f"docs/cli.md has no section on {command}"
    return found[0]


@pytest.mark.parametrize("command", sorted(TREE))
def test_every_option_is_described_and_every_described_option_exists(cli, command):
    """Some take over what run says of settings."""
    listed = options_of(cli, command)
    said = set(re.findall(r"--[a-z][a-z0-9-]+", section(command)))
    also = (
        set(re.findall(r"--[a-z][a-z0-9-]+", section("run")))
        if command in ("select", "changes", "config")
        else set()
    )
    assert listed - said - also - EVERYWHERE - {"--overwrite"} == set()
    assert said - listed - EVERYWHERE == set()


def test_readme_commands_use_options_that_exist(cli):
    """A line that is shown must not be refused."""
    for command, words in re.findall(r"^(?:.*&& )?diarize (\w+)(.*)$", README, re.MULTILINE):
        known = options_of(cli, "config show" if command == "config" else command)
        assert set(re.findall(r"--[a-z-]+", words)) <= known


def test_documented_json_keys_are_the_printed_ones(cli, calls, tmp_path):
    """The example is one document with the same keys, nested ones too."""
    example = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    printed = json.loads(cli("run", tmp_path / "a.wav", "--json").stdout)
    assert set(example) == set(printed)
    shown, real = example["recordings"][0], printed["recordings"][0]
    assert set(shown) - {"voices"} == set(real)  # the results of these calls have none
    for key in ("selection", "files"):
        assert set(shown[key]) == set(real[key])
    for key in ("speakers", "turns"):
        assert set(shown[key][0]) == set(real[key][0])


def test_the_two_commands_of_the_readme_stand_there():
    """They are what a stranger types."""
    assert "pip install . && diarize run audio_samples/meeting.flac" in README
    tests = re.search(r"&& (pytest.*?) *# tests", README)[1]
    assert "pip install '.[test]' && pytest" in README
    assert f"&& {tests} " in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert README.count("TODO") <= 1
