"""What --help prints: plain words, defaults in one way, nothing cut off at 80 columns, one meaning a name."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from diarize.cli.help import describe_parameter, value_name

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference.py"  # not part of the package
EVERY = runpy.run_path(str(REFERENCE))["commands"]()
OPTIONS = [
    (name, each)
    for name, command in EVERY.items()
    for each in command.params
    if each.param_type_name == "option"
]


@pytest.mark.parametrize("name", EVERY)
def test_help_is_plain_and_whole(cli, name, monkeypatch):
    """No types of a programming language, nothing cut off, no line longer than the terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    text = cli(*name.split(), "--help").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert not re.search(r"[<{]\w|list\[|…|range>|x>=", text)
    assert re.match(rf"Usage: diarize {name} \[OPTIONS\]( \[?[A-Z][\w.|=]*\]?(\.\.\.)?)*\n", text), text[:100]
    flat = " ".join(text.split())
    for each in EVERY[name].params:
        if each.name != "help":
            assert " ".join(describe_parameter(each).split()) in flat


def test_defaults_are_reported_in_one_way():
    """In brackets at the end, wherever there is one; and nowhere else."""
    for _, each in OPTIONS:
        text = describe_parameter(each)
        assert "the default" not in text
        assert "(default" not in text
        assert not re.search(r"\((0\.)?\d+\)", text), text
        plain = each.default is None or isinstance(each.default, bool | list | tuple)
        assert plain or "default: " in text or each.opts == ["--start"], each.opts


def test_one_meaning_for_each_name():
    """The same word for the value wherever an option has the same name, but for where results go."""
    words = {}
    for name, each in OPTIONS:
        if not each.is_flag:
            words.setdefault(max(each.opts, key=len), {}).setdefault(value_name(each), []).append(name)
    several = {option: kinds for option, kinds in words.items() if len(kinds) > 1}
    assert set(several) <= {"--output", "--audio"}, several


class Made:
    """A parameter as typer makes it, or as click does, whose ranges are in the type."""

    def __init__(self, help="What.", default=None, required=False, kind="option", low=None, high=None):
        self.help, self.default, self.required, self.param_type_name = help, default, required, kind
        self.min, self.max, self.metavar, self.name = low, high, None, "count"


def test_what_is_known_stands_in_brackets():
    """Default, then range, then whether it must be given."""
    assert describe_parameter(Made()) == "What."
    assert describe_parameter(Made("From (default: all).", low=1)) == "From. [default: all; 1 or more]"
    assert describe_parameter(Made(default=0.5, low=0, high=1)) == "What. [default: 0.5; 0 to 1]"
    assert describe_parameter(Made(low=1, high=9, required=True)) == "What. [1 to 9; required]"
    assert describe_parameter(Made(default=False)) == "What."
    inside = Made()
    inside.type = Made(low=2)
    del inside.min, inside.max
    assert describe_parameter(inside) == "What. [2 or more]"
    assert (value_name(inside), value_name(Made()), value_name(Made(kind="argument"))) == (
        "N",
        "NAME",
        "COUNT",
    )
