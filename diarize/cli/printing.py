"""Printing: results on stdout, errors and remarks on stderr, one line each."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["clock", "complain", "escape_controls", "percent", "remark", "say", "say_json", "table"]


def escape_controls(text: str | Path) -> str:
    """Text on one line: a line break or another control character is written as its escape."""
    plain = str(text)
    return plain if plain.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in plain)


def say(text: str = "") -> None:
    """A line of the result."""
    typer.echo(text)


def say_json(document: Any) -> None:
    """The whole result as one JSON document, in UTF-8 whatever the console has."""
    from diarize.annotation.names import replace_surrogates

    text = replace_surrogates(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def remark(text: str) -> None:
    """A line beside the result."""
    typer.echo(escape_controls(text), err=True)


def complain(text: str, head: str = "error") -> None:
    """Why something was not done, in one line on stderr."""
    typer.echo(f"{head}: {escape_controls(' '.join(text.split()))}", err=True)


def clock(seconds: float) -> str:
    """``m:ss``, or ``h:mm:ss`` from an hour on."""
    whole = int(seconds + 0.5)
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"


def percent(share: float | None) -> str:
    """A fraction in percent; a dash for none."""
    return "-" if share is None else f"{100 * share:.1f} %"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "  ") -> str:
    """Columns as wide as their widest text, the first to the left, the others to the right."""
    cells = [list(map(escape_controls, row)) for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for first, *others in cells:
        right = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        lines.append(indent + "  ".join((first.ljust(widths[0]), *right)).rstrip())
    return "\n".join(lines)
