"""A number that an option does not take: what was given, what is allowed, what to try, with any typer."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
import typer

from diarize.cli.help import describe_parameter
from diarize.synth.settings import _RANGES

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference.py"  # not part of the package
COMMANDS = runpy.run_path(str(REFERENCE))["commands"]()
RANGE = re.compile(r"(-?[\d.]+) (?:to (-?[\d.e+]+)|or more)(?:; required)?\]$")


def numbers():
    """Command, its parameter, and its bounds as the help prints them, for every option with bounds."""
    for name, command in COMMANDS.items():
        for each in command.params:
            if each.param_type_name == "option" and (match := RANGE.search(describe_parameter(each))):
                yield name, command, each, float(match[1]), float(match[2]) if match[2] else None


def refused(name, command, option, value):
    """What is said of a value, with the other words that the command needs."""
    words = ["x" for each in command.params if each.param_type_name == "argument"]
    with pytest.raises(typer.BadParameter) as caught:
        command.make_context(name, [*words, option, value])
    return caught.value.format_message()


def test_every_number_with_bounds_is_refused_in_the_same_words():
    """Words, and numbers below the least and above the largest."""
    tried = 0
    for name, command, each, low, high in numbers():
        option, allowed = max(each.opts, key=len), f"{low:g} to {high:g}" if high else f"{low:g} or more"
        for value in ("two", "", f"{low - 1:g}", *([f"{high + 1:g}"] if high else [])):
            line = refused(name, command, option, value)
            assert repr(value) in line
            assert allowed in line
            assert "Input should" not in line
            tried += 1
    assert tried > 200


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["run", "a.wav", "--speakers", "two"],
            "'two' is not a whole number; give a whole number from 1 to 100, or leave --speakers out",
        ),
        (
            ["run", "a.wav", "--min-speakers", "-1"],
            "'-1' is not allowed; give a whole number from 1 to 100, or leave --min-speakers out",
        ),
        (
            ["recount", "a.json", "--speakers", "2.5"],
            "'2.5' is not a whole number; give a whole number from 1 to 100",
        ),
        (
            ["score", "a", "b", "--collar", "nan"],
            "'nan' is not a number; give a number of 0 or more, or leave --collar out",
        ),
        (
            ["link", "a", "-o", "b", "--threshold", "high"],
            "'high' is not a number; give a number, or leave --threshold out",
        ),
        (
            ["run", "a.wav", "--start", "soon"],
            "'soon' is not a time; write seconds (90 or 90.5), m:ss or h:mm:ss",
        ),
    ],
)
def test_the_whole_sentence(cli, words, sentence):
    """With and without bounds, with and without a default; times keep their own sentence."""
    answer = cli(*words)
    line = f"Error: Invalid value for {words[-2]!r}: {sentence}"
    assert (answer.exit_code, answer.stderr.splitlines()[-1]) == (2, line)


def test_synth_options_have_the_bounds_of_its_settings():
    """Bounds stand twice, because the options load nothing heavy."""
    names = {
        "--rate": "rate",
        "--overlap": "overlap_probability",
        "--pause": "pause_mean",
        "--rt60": "rt60",
        "--snr": "snr",
    }
    found = {
        names[option]: (low, high or float("inf"))
        for name, _, each, low, high in numbers()
        if name == "synth" and (option := max(each.opts, key=len)) in names
    }
    assert found == {name: _RANGES[name] for name in names.values()}
