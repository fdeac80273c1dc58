"""Printing: results on stdout, errors and notes on stderr, one line each."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "escape_controls",
    "format_clock",
    "format_percent",
    "format_table",
    "print_error",
    "print_json",
    "print_note",
    "print_text",
]


def escape_controls(text: str | Path) -> str:
    """Text on one line: a line break or another control character is written as its escape."""
    plain = str(text)
    return plain if plain.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in plain)


def print_text(text: str = "") -> None:
    """Print a result on stdout."""
    typer.echo(text)


def print_json(document: Any) -> None:
    """Print one JSON document on stdout, in UTF-8 for any console."""
    from diarize.annotation.names import replace_surrogates

    text = replace_surrogates(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def print_note(text: str) -> None:
    """Print a note on stderr, as one line."""
    typer.echo(escape_controls(text), err=True)


def print_error(text: str, head: str = "error") -> None:
    """Print an error on stderr, as one line; ``head`` is ``error`` or the name of a file."""
    typer.echo(f"{head}: {escape_controls(' '.join(text.split()))}", err=True)


def format_clock(seconds: float) -> str:
    """``m:ss``, or ``h:mm:ss`` from an hour on."""
    whole = int(seconds + 0.5)
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"


def format_percent(share: float | None) -> str:
    """A fraction in percent; a dash for none."""
    return "-" if share is None else f"{100 * share:.1f} %"


def format_table(head: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "  ") -> str:
    """A table as text; the first column is aligned to the left, the others to the right."""
    cells = [list(map(escape_controls, row)) for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for first, *others in cells:
        right = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        lines.append(indent + "  ".join((first.ljust(widths[0]), *right)).rstrip())
    return "\n".join(lines)
