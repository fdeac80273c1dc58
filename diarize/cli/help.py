"""The text of ``--help``, in one form for all commands: the help and, in brackets, the default, the range,
and whether an option is required.
"""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperCommand

from diarize.cli.numbers import describe_range, explain_refusal

__all__ = ["PlainHelpCommand", "describe_parameter", "value_name"]

_DEFAULT = re.compile(r" ?\((default: [^()]*)\)")


class PlainHelpCommand(TyperCommand):
    """A command with this help, and with one message for all numbers out of range."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line; the error for a number says what is allowed."""
        words = list(args)  # parsing empties the list
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            if error.param is not None:
                given = self.make_parser(ctx).parse_args(words)[0].get(error.param.name)
                error.message = explain_refusal(error.param, given) or error.message
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options with their help."""
        shown = [each for each in self.get_params(ctx) if not getattr(each, "hidden", False)]
        arguments = [(value_name(p), describe_parameter(p)) for p in shown if p.param_type_name == "argument"]
        options = [
            (_describe_option(p), describe_parameter(p)) for p in shown if p.param_type_name == "option"
        ]
        for title, rows in (("Arguments", arguments), ("Options", options)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The parts of the line of usage after the name of the command."""
        arguments = [p for p in self.get_params(ctx) if p.param_type_name == "argument"]
        names = [f"{value_name(p)}{'...' if p.nargs == -1 else ''}" for p in arguments]
        optional = [f"[{n}]" if not p.required else n for n, p in zip(names, arguments, strict=True)]
        return ["[OPTIONS]", *optional]


def value_name(parameter: Any) -> str:
    """The placeholder for the value of an argument or option."""
    if parameter.metavar:
        return str(parameter.metavar).strip("[]")
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    return "N" if describe_range(parameter) else "NAME"


def _describe_option(option: Any) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    return names if option.is_flag or getattr(option, "count", False) else f"{names} {value_name(option)}"


def describe_parameter(parameter: Any) -> str:
    """The help of an argument or option with its default and range in brackets."""
    text = str(parameter.help or "")
    match = _DEFAULT.search(text)
    facts = [match[1]] if match else _describe_default(parameter)
    facts += [text for text in (describe_range(parameter),) if text]
    if parameter.required and parameter.param_type_name == "option":
        facts.append("required")
    return _DEFAULT.sub("", text) + (f" [{'; '.join(facts)}]" if facts else "")


def _describe_default(parameter: Any) -> list[str]:
    value = parameter.default
    if callable(value) or value in (None, (), [], "") or isinstance(value, bool):
        return []
    if getattr(parameter, "show_default", True) is False:
        return []
    return [f"default: {value:g}" if isinstance(value, float) else f"default: {value}"]
