"""CSV for spreadsheets: one row per turn, with a header.

Columns: ``recording, start, end, speaker, confidence, runner_up``; seconds with three decimals, confidence
with four, the last two empty where unknown; then ``text`` where words are known.
Source: RFC 4180, lines ending in a single line feed.

A cell that starts with ``=``, ``+``, ``-``, ``@`` or their full-width forms would be run as a formula by a
spreadsheet. Such names, and names that start with ``'``, get one ``'`` in front, which reading removes.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from diarize.errors import FormatError
from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diarize.annotation import Annotation, Turn

__all__ = ["COLUMNS", "read", "write"]

COLUMNS = ("recording", "start", "end", "speaker", "confidence", "runner_up")
"""In the order in which they are written; read in any order, with others beside them."""

_NEEDED = frozenset({"start", "end", "speaker"})
_KNOWN = frozenset({*COLUMNS, "text"})
_SEPARATOR = re.compile(r"\A\s*\"?sep=([,;\t])\"?[ ]*\n", re.IGNORECASE)  # tells Excel the separator
_GUARDED = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "'")


def read(text: str, source: str = "text.csv") -> dict[str, Annotation]:
    """Annotations by recording; without a column ``recording``, the file name is used.

    Columns are separated by comma, semicolon or tab, according to a first line such as ``sep=;`` or the
    header. Numbers may have decimal commas unless commas separate columns. Required columns: ``start``,
    ``end`` and ``speaker``. Empty rows and rows of zero length are skipped. Raises FormatError, with
    ``source`` and line number, for anything else.
    """
    text = text.removeprefix("\ufeff")
    declared = _SEPARATOR.search(text)
    body, skipped = _skip_empty_rows(text[declared.end() :] if declared else text)
    separator = declared[1] if declared else max(",;\t", key=body.partition("\n")[0].count)
    table = csv.DictReader(io.StringIO(body, newline=""), delimiter=separator, strict=True)
    lines_before = skipped + (text.count("\n", 0, declared.end()) if declared else 0)
    try:
        columns = [name.strip().lower() for name in table.fieldnames or ()]
        if twice := [name for name in columns if name in _KNOWN and columns.count(name) > 1]:
            raise FormatError(f"{source}:{1 + lines_before}: two columns are called {twice[0]!r}; rename one")
        if missing := sorted(_NEEDED.difference(columns)):
            raise FormatError(
                f"{source}:{1 + lines_before}: the header {body.partition(chr(10))[0][:60]!r} lacks "
                f"{', '.join(missing)}; name the columns"
            )
        found = list(_turns(table, source, lines_before))
    except csv.Error as error:
        raise FormatError(
            f"{source}:{table.reader.line_num + lines_before}: broken CSV ({error}); check its quotes"
        ) from None
    return lines.group_by_recording(found or [(lines.recording_name(source), None)])


def _skip_empty_rows(text: str) -> tuple[str, int]:
    """The text from its first row with something in a cell on, and the number of rows before."""
    rows = text.split("\n")
    first = next((i for i, row in enumerate(rows) if row.strip(' ,;\t"')), 0)
    return "\n".join(rows[first:]), first


def _turns(table: csv.DictReader[str], source: str, before: int) -> Iterator[tuple[str, Turn | None]]:
    marks: dict[str, int] = {}
    for row in table:
        line = lines.Line(source, table.line_num + before, "")
        beyond = row.pop(None, None) or []
        if not any((cell or "").strip() for cell in (*row.values(), *beyond)):
            continue
        if any(beyond) or None in row.values():
            raise line.error(f"not the {len(table.fieldnames or ())} cells of the header; complete the row")
        cells = {name.strip().lower(): cell for name, cell in row.items()}
        yield _turn(line, cells, comma=table.reader.dialect.delimiter == ",", marks=marks, source=source)


def _turn(
    line: lines.Line, cells: dict[str, str], *, comma: bool, marks: dict[str, int], source: str
) -> tuple[str, Turn | None]:
    """A row; ``comma``: whether commas separate columns, so that a comma in a number is ambiguous."""
    numbers = [cells[name].strip() for name in ("start", "end")] + [cells.get("confidence", "").strip()]
    if not comma:
        numbers = lines.restore_decimal_points(line, numbers, marks)
    elif odd := next((each for each in numbers if "," in each), ""):
        raise line.error(f"{odd[:40]!r} in a table separated by commas; write decimal points, or semicolons")
    start, end = line.parse_number(numbers[0], "the start"), line.parse_number(numbers[1], "the end")
    turn = line.turn(start, end, _unguard(cells["speaker"]), _confidence(line, numbers[2]))
    rival = _unguard(cells.get("runner_up", "")) or None
    text = lines.one_line(_unguard(cells.get("text", ""))) or None
    known = turn and replace(turn, runner_up=rival, text=text)
    return _unguard(cells.get("recording", "")) or lines.recording_name(source), known


def _confidence(line: lines.Line, cell: str) -> float | None:
    if not cell.strip():
        return None
    value = float(line.parse_number(cell.strip(), "the confidence"))
    if not 0 <= value <= 1:
        raise line.error(f"a confidence of {value}; allowed is 0 to 1, or nothing")
    return value


def write(annotations: Sequence[Annotation]) -> str:
    """A header and one row per turn, boundaries in milliseconds; line ends in names become spaces."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    worded = any(turn.text for each in annotations for turn in each.turns)
    rows.writerow((*COLUMNS, "text") if worded else COLUMNS)
    recordings = lines.make_labels(list(dict.fromkeys(each.recording for each in annotations)))
    for each in annotations:
        rivals = [turn.runner_up for turn in each.turns if turn.runner_up]
        names = lines.make_labels(list(dict.fromkeys((*each.speakers, *rivals))))
        head = _guard(recordings[each.recording])
        rows.writerows(
            (*_cells(head, start, end, turn, names), *_words(turn, worded=worded))
            for start, end, turn in times.round_turns(each)
        )
    return text.getvalue()


def _cells(recording: str, start: int, end: int, turn: Turn, names: dict[str, str]) -> tuple[str, ...]:
    sure = "" if turn.confidence is None else f"{turn.confidence:.4f}"
    rival = _guard(names[turn.runner_up]) if turn.runner_up else ""
    return recording, times.seconds(start), times.seconds(end), _guard(names[turn.speaker]), sure, rival


def _words(turn: Turn, *, worded: bool) -> tuple[str, ...]:
    return (_guard(lines.one_line(turn.text or "")),) if worded else ()


def _guard(name: str) -> str:
    return f"'{name}" if name.startswith(_GUARDED) else name


def _unguard(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_GUARDED) else cell
