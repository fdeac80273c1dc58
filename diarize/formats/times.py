"""Times in files: whole milliseconds, decimal seconds and clock times."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from diarize.annotation.rounding import milliseconds, round_turns

if TYPE_CHECKING:
    from collections.abc import Iterable

Span = tuple[int, int, str]
"""Start and end in whole milliseconds, and a text."""

__all__ = [
    "Span",
    "clock",
    "decimal",
    "merge_overlapping",
    "milliseconds",
    "parse_clock",
    "round_turns",
    "seconds",
]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d)[.,](\d{3})", re.ASCII)


def merge_overlapping(rows: Iterable[Span]) -> list[Span]:
    """Sorted (start, end, text) rows with overlapping rows merged; rows that only touch stay separate.

    A merged row has all the different texts.
    """
    merged: list[tuple[int, int, list[str]]] = []
    for start, end, text in sorted(rows, key=lambda row: row[:2]):
        if merged and start < merged[-1][1]:
            before, reached, texts = merged.pop()
            merged.append((before, max(end, reached), [*texts, *([text] if text not in texts else [])]))
        else:
            merged.append((start, end, [text]))
    return [(start, end, " ".join(texts)) for start, end, texts in merged]


def seconds(ms: int) -> str:
    """Milliseconds as decimal seconds with three places."""
    return f"{ms // 1000}.{ms % 1000:03d}"


def decimal(text: str) -> Decimal | None:
    """The number in a text, exactly as written; None when it is not a plain finite number."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def clock(ms: int, separator: str = ".") -> str:
    """Milliseconds as ``HH:MM:SS.mmm``; hours grow past 99."""
    whole, fraction = divmod(ms, 1000)
    minutes, second = divmod(whole, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}{separator}{fraction:03d}"


def parse_clock(text: str) -> int | None:
    """Milliseconds of ``[HH:]MM:SS.mmm``; None when it is not a clock reading."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute, second, fraction = (int(part or 0) for part in match.groups())
    return ((hour * 60 + minute) * 60 + second) * 1000 + fraction
