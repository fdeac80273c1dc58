"""Read a document of results from JSON, of this version and of earlier ones."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from diarize.annotation import Annotation, Turn
from diarize.annotation.alternatives import Alternatives, DoubtfulSpeaker
from diarize.errors import FormatError
from diarize.results.values import (
    SCHEMA,
    VERSION,
    Document,
    Failure,
    Provenance,
    Result,
    SpeakerCount,
    word_key,
)
from diarize.results.voices import VoiceStatistics
from diarize.types import Match

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_document", "parse_document", "read_document"]

# Earlier versions wrote turns under this schema, and printed run --json without a schema.
EARLIER: Final = ("diarize/annotation", 1)
LONGEST: Final = 1_000_000_000  # seconds
NUMBER: Final = (int, float)
ENTRY_KEYS: Final = {
    "recording", "audio", "status", "start", "duration", "speech_seconds", "band", "n_speakers", "speakers",
    "selection", "matches", "turns", "doubtful", "notes", "files", "alternatives", "voices",
}  # fmt: skip
DOCUMENT_KEYS: Final = {"schema", "version", "versions", "config", "config_digest", "recordings"}


def is_document(value: Any) -> bool:
    """Whether a JSON value is a document of results, of this version or an earlier one.

    Parameters
    ----------
    value : any value that ``json.loads`` returns

    Returns
    -------
    Whether ``read_document`` should read it.

    """
    return isinstance(value, dict) and (value.get("schema") in (SCHEMA, EARLIER[0]) or _is_unversioned(value))


def _is_unversioned(value: Mapping[str, Any]) -> bool:
    """Whether it is output of ``run --json`` from before there was a schema."""
    return "schema" not in value and {"versions", "config", "recordings"} <= set(value)


def parse_document(text: str, source: str) -> Document:
    """Parse a document of results from JSON text.

    Parameters
    ----------
    text : JSON
    source : name of the file, for errors

    Returns
    -------
    The document.

    Raises
    ------
    FormatError
        With the line or the JSON path of what is wrong.

    """
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise FormatError(f"{source}:{error.lineno}: not JSON ({error.msg}); check the file") from None
    except (RecursionError, ValueError):
        raise FormatError(f"{source}: JSON too deep or with too long a number; check the file") from None
    return read_document(value, source)


def read_document(value: Any, source: str) -> Document:
    """Read a document from a JSON value: the inverse of ``Document.to_dict``, also for earlier versions.

    Parameters
    ----------
    value : what ``json.loads`` returned
    source : name of the file, for errors

    Returns
    -------
    The document.

    Raises
    ------
    FormatError
        With the JSON path of what is wrong.

    """
    _check_schema(value, source)
    rows = _read_field(value, "recordings", list, source)
    entries = tuple(_entry(each, f"{source}: recordings[{i}]") for i, each in enumerate(rows))
    more = {name: each for name, each in value.items() if name not in DOCUMENT_KEYS}
    return Document(entries, _provenance(value, source), more)


def _check_schema(value: Any, source: str) -> None:
    """Check that the schema and version are known."""
    if isinstance(value, dict):
        written = (value.get("schema"), value.get("version"))
        if written in ((SCHEMA, VERSION), EARLIER) or _is_unversioned(value):
            return
        if written[0] == SCHEMA:
            raise FormatError(
                f"{source}: version {json.dumps(written[1])[:20]} of {SCHEMA}; this diarize reads version "
                f"{VERSION}, update it"
            )
    raise FormatError(f'{source}: needs "schema": "{SCHEMA}" and "version": {VERSION}; write it with diarize')


def _provenance(value: Mapping[str, Any], where: str) -> Provenance | None:
    if "config" not in value:
        return None
    return Provenance(
        _read_field(value, "config", dict, where),
        _read_field(value, "config_digest", str, where),
        {str(name): str(each) for name, each in _read_field(value, "versions", dict, where).items()},
    )


def _entry(value: Any, where: str) -> Result | Failure:
    recording: str = _read_field(value, "recording", str, where)
    if value.get("status", "ok") != "ok":
        return Failure(recording, str(value.get("audio", "")), str(value.get("error", "")))
    annotation = Annotation(recording, _turns(value, where))
    kept = {name: _read_optional(value, name, str, where) for name in ("audio", "band")}
    kept |= {name: _seconds(value, name, where) for name in ("start", "duration", "speech_seconds")}
    return Result(
        annotation,
        **kept | {"start": kept["start"] or 0.0},
        count=_count(_read_optional(value, "selection", dict, where), f"{where}.selection"),
        matches=_rows(value, "matches", _match, where),
        doubts=_rows(value, "doubtful", _doubt, where),
        notes=_rows(value, "notes", lambda each, _: str(each), where),
        files=_files(_read_optional(value, "files", dict, where)),
        alternatives=_alternatives(_read_optional(value, "alternatives", dict, where), annotation, where),
        voices=_voices(_read_optional(value, "voices", dict, where), where),
        words=_words(value, where),
        more={name: each for name, each in value.items() if name not in ENTRY_KEYS},
    )


def _seconds(value: Any, name: str, where: str) -> float | None:
    found = _read_optional(value, name, NUMBER, where)
    if found is not None and not 0 <= found <= LONGEST:
        raise FormatError(f"{where}: {name!r} is {json.dumps(found)}; it must be seconds from 0 to {LONGEST}")
    return None if found is None else float(found)


def _turns(value: Any, where: str) -> tuple[Turn, ...]:
    rows = _read_field(value, "turns", list, where)
    return tuple(_turn(each, f"{where}.turns[{i}]") for i, each in enumerate(rows))


def _turn(value: Any, where: str) -> Turn:
    start, end = (_read_field(value, name, NUMBER, where) for name in ("start", "end"))
    if max(start, end) > LONGEST:
        raise FormatError(f"{where}: a turn beyond {LONGEST} s; give times in seconds")
    optional: dict[str, Any] = {"confidence": NUMBER, "runner_up": str, "text": str, "channel": int}
    kept = {name: _read_optional(value, name, kind, where) for name, kind in optional.items()}
    words = {name: kept[name] or None for name in ("runner_up", "text")}
    speaker = _read_field(value, "speaker", str, where)
    try:
        return Turn(float(start), float(end), speaker, **kept | words)
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from None


def _words(value: Any, where: str) -> dict[Any, tuple[Any, ...]]:
    """The words of every turn with a text."""
    found = {}
    for i, row in enumerate(value["turns"]):
        place = f"{where}.turns[{i}]"
        words = _read_optional(row, "words", list, place)
        if words and row.get("text"):
            found[word_key(_turn(row, place))] = tuple(each for each in words if isinstance(each, dict))
    return found


def _count(value: dict[str, Any] | None, where: str) -> SpeakerCount | None:
    if value is None:
        return None
    counts, values, near = (_numbers(value, name, where) for name in ("counts", "values", "equivalent"))
    others = _numbers(value, "other_values", where) if "other_values" in value else ()
    if len(counts) != len(values) or len(others) not in (0, len(counts)):
        raise FormatError(f"{where}: {len(counts)} counts and {len(values)} values; print it with diarize")
    return SpeakerCount(
        _read_field(value, "criterion", str, where),
        tuple(map(int, counts)),
        values,
        _read_field(value, "chosen", int, where),
        tuple(map(int, near)),
        _read_field(value, "explanation", str, where),
        str(value.get("why_no_more", "")),
        _read_optional(value, "other_criterion", str, where) or "",
        others,
    )


def _match(value: Any, where: str) -> Match:
    odds = _read_optional(value, "log_odds", NUMBER, where)
    return Match(
        _read_field(value, "speaker", str, where),
        _read_optional(value, "name", str, where),
        _read_optional(value, "nearest", str, where),
        None if odds is None else float(odds),
        float(_read_field(value, "threshold", NUMBER, where)),
    )


def _doubt(value: Any, where: str) -> DoubtfulSpeaker:
    return DoubtfulSpeaker(
        _read_field(value, "speaker", str, where),
        float(_read_field(value, "seconds", NUMBER, where)),
        _read_optional(value, "nearest", str, where),
        _read_field(value, "reason", str, where),
    )


def _files(value: Mapping[str, Any] | None) -> dict[str, str] | None:
    return None if value is None else {str(name): str(path) for name, path in value.items()}


def _alternatives(value: dict[str, Any] | None, now: Annotation, where: str) -> Alternatives | None:
    """Alternatives for other numbers of speakers; ``turns``, if given, are those that were found first."""
    if value is None:
        return None
    first = _turns(value, f"{where}.alternatives") if "turns" in value else now.turns
    try:
        return Alternatives.from_dict(value, first)
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from None


def _voices(value: dict[str, Any] | None, where: str) -> VoiceStatistics | None:
    return None if value is None else VoiceStatistics.from_dict(value, where)


def _rows(value: Mapping[str, Any], name: str, read: Any, where: str) -> tuple[Any, ...] | None:
    """The values in a list, None where there is no list."""
    rows = _read_optional(value, name, list, where)
    return None if rows is None else tuple(read(each, f"{where}.{name}[{i}]") for i, each in enumerate(rows))


def _numbers(value: Any, name: str, where: str) -> tuple[float, ...]:
    row = _read_field(value, name, list, where)
    if not all(isinstance(each, NUMBER) and isfinite(each) for each in row):
        raise FormatError(f"{where}: {name!r} holds more than numbers; print it with diarize run --json")
    return tuple(map(float, row))


def _read_optional(value: Any, name: str, kind: type | tuple[type, ...], where: str) -> Any:
    """A field that may be null or absent."""
    if not isinstance(value, dict) or value.get(name) is None:
        return None
    return _read_field(value, name, kind, where)


def _read_field(value: Any, name: str, kind: type | tuple[type, ...], where: str) -> Any:
    """A field of a given type; the caller checks the range of numbers."""
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind) or isinstance(found, bool):
        given = json.dumps(found)[:40]
        raise FormatError(f"{where}: {name!r} is {given}; see the schema in docs/formats.md")
    return found
