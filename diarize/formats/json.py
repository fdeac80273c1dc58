"""JSON with everything a turn knows.

The schema, version 1::

    {
      "schema": "diarize/annotation",
      "version": 1,
      "recordings": [
        {
          "recording": "meeting",             name of the recording
          "speakers": ["Ann", "Bob"],         by first appearance; not needed for reading
          "turns": [                          sorted by start, then end, then speaker
            {
              "start": 0.0,                   seconds, on the millisecond
              "end": 1.5,                     seconds, later than start
              "speaker": "Ann",
              "confidence": 0.9876,           mean posterior, 0 to 1, four decimals; null when not known
              "runner_up": "Bob",             who else it might have been; null when not known
              "text": "Good morning.",        what was said; absent where it is not known
              "channel": 2                    in which it is heard, from 1; absent where it is not known
            }
          ],
          "alternatives": {}                  of run and batch: the same for other numbers of speakers
        }
      ]
    }

Keys beside these are left alone; a new meaning gets a new version. Source: RFC 8259.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError
from diarize.formats import times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SCHEMA", "VERSION", "read", "write"]

SCHEMA = "diarize/annotation"
VERSION = 1
_LONGEST = 1_000_000_000  # seconds


def read(text: str, source: str = "text.json") -> dict[str, Annotation]:
    """Annotations by recording. Raises FormatError, naming the line or the place, for any other JSON."""
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise FormatError(f"{source}:{error.lineno}: not JSON ({error.msg}); check the file") from None
    except (RecursionError, ValueError):
        raise FormatError(f"{source}: JSON too deep or with too long a number; check the file") from None
    if not isinstance(value, dict) or (value.get("schema"), value.get("version")) != (SCHEMA, VERSION):
        raise FormatError(
            f'{source}: needs "schema": "{SCHEMA}" and "version": {VERSION}; write it with diarize'
        )
    recordings = _typed(value, "recordings", list, source)
    found = [_annotation(each, f"{source}: recordings[{i}]") for i, each in enumerate(recordings)]
    return {name: Annotation(name, turns) for name, turns in _by_recording(found).items()}


def _by_recording(found: Sequence[Annotation]) -> dict[str, tuple[Turn, ...]]:
    turns: dict[str, tuple[Turn, ...]] = {}
    for each in found:
        turns[each.recording] = (*turns.get(each.recording, ()), *each.turns)
    return turns


def _annotation(value: Any, where: str) -> Annotation:
    recording: str = _typed(value, "recording", str, where)
    turns = [_turn(each, f"{where}.turns[{i}]") for i, each in enumerate(_typed(value, "turns", list, where))]
    return Annotation(recording, tuple(turns))


def _turn(value: Any, where: str) -> Turn:
    start, end = (_typed(value, name, (int, float), where) for name in ("start", "end"))
    speaker = _typed(value, "speaker", str, where)
    confidence = _typed(value, "confidence", (int, float, type(None)), where)
    rival = _typed(value, "runner_up", (str, type(None)), where)
    text = _typed(value, "text", (str, type(None)), where)
    channel = _typed(value, "channel", (int, type(None)), where)
    if max(start, end) > _LONGEST:
        raise FormatError(f"{where}: a turn beyond {_LONGEST} s; give times in seconds")
    try:
        return Turn(float(start), float(end), speaker, confidence, rival or None, text or None, channel)
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from None


def _typed(value: Any, name: str, kind: type | tuple[type, ...], where: str) -> Any:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind) or isinstance(found, bool):
        given = json.dumps(found)[:40]
        raise FormatError(f"{where}: {name!r} is {given}; see the schema in the documentation of the format")
    return found


def write(annotations: Sequence[Annotation], alternatives: Mapping[str, Any] | None = None) -> str:
    """Indented, keys in the order of the schema, Unicode as it is; turns that vanish in the rounding are left
    out. ``alternatives``: those of the one recording.
    """
    more = {"alternatives": dict(alternatives)} if alternatives else {}
    recordings = [
        {
            "recording": each.recording,
            "speakers": list(dict.fromkeys(turn.speaker for *_, turn in times.rounded(each))),
            "turns": [_fields(start, end, turn) for start, end, turn in times.rounded(each)],
            **more,
        }
        for each in annotations
    ]
    value = {"schema": SCHEMA, "version": VERSION, "recordings": recordings}
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _fields(start: int, end: int, turn: Turn) -> dict[str, float | str | None]:
    fields: dict[str, float | str | None] = {
        "start": start / 1000,
        "end": end / 1000,
        "speaker": turn.speaker,
        "confidence": None if turn.confidence is None else round(turn.confidence, 4),
        "runner_up": turn.runner_up,
    }
    more = {"text": turn.text, "channel": turn.channel}
    return fields | {name: value for name, value in more.items() if value}
