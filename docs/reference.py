"""The lists of options in docs/cli.md, written anew out of the commands themselves.

    python -m docs.reference

What stands between ``<!-- options of COMMAND -->`` and ``<!-- end -->`` is made here; a section that has no
such place yet gets one at its end. The rest of the page is written by hand.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer

from diarize.cli.app import app
from diarize.cli.help import describe_parameter, value_name

PAGE = Path(__file__).parent / "cli.md"
COMMON = {"--help", "--verbose"}  # every command has them


def commands() -> dict[str, Any]:
    """All commands by the words that call them, groups left out."""
    found = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        found |= {f"{name} {inner}": each for inner, each in below.items()} if below else {name: command}
    return found


def block(name: str, command: Any) -> str:
    """How a command is called and what each of its words means, as Markdown."""
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join(["diarize", name, *map(_argument, arguments), "[OPTIONS]"])
    rows = [(_argument(each), describe_parameter(each)) for each in arguments]
    rows += [(_option(each), describe_parameter(each)) for each in options if not set(each.opts) & COMMON]
    lines = [f"<!-- options of {name} -->", "", f"    {usage}", ""]
    if rows:
        lines += ["| | |", "|---|---|", *(f"| `{_cell(what)}` | {_cell(text)} |" for what, text in rows), ""]
    return "\n".join([*lines, "<!-- end -->"])


def _argument(argument: Any) -> str:
    return f"{value_name(argument)}{'…' if argument.nargs == -1 else ''}"


def _option(option: Any) -> str:
    names = ", ".join(sorted(option.opts, key=len, reverse=True))
    return names if option.is_flag else f"{names} {value_name(option)}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def page(text: str) -> str:
    """The page with every list as the commands have it now. ValueError for a command without a section."""
    for name, command in commands().items():
        new, old = block(name, command), rf"<!-- options of {name} -->.*?<!-- end -->"
        if re.search(old, text, re.DOTALL):
            text = re.sub(old, lambda _, new=new: new, text, count=1, flags=re.DOTALL)
            continue
        section = re.search(rf"^## {name.split()[0]}\b.*?(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
        if section is None:
            message = f"docs/cli.md has no section '## {name.split()[0]}'; write one"
            raise ValueError(message)
        text = f"{text[: section.end()].rstrip()}\n\n{new}\n\n{text[section.end() :]}".rstrip() + "\n"
    return text


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
