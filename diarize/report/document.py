"""The JSON document that ``diarize run --json`` prints, as reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from diarize.annotation.alternatives import Alternatives
from diarize.errors import FormatError
from diarize.formats import json as turns_as_json
from diarize.pipeline.editing import annotation_of
from diarize.report.model import MOST_SPEAKERS, Curve, Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarize.annotation import Annotation

__all__ = ["alternatives_in", "is_document", "reports_in"]


def is_document(text: str) -> bool:
    """Whether a text is such a document, well made or not: another JSON has its own schema."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "schema" not in value and {"versions", "recordings"} <= set(value)


def reports_in(text: str, source: str) -> dict[str, Report]:
    """Reports by recording without those that failed. Raises FormatError for anything not so printed."""
    value = json.loads(text)
    entries = _of(value, "recordings", list, source)
    found = [_report(each, value, f"{source}: recordings[{i}]") for i, each in enumerate(entries)]
    reports = {each.annotation.recording: each for each in found if each}
    if not reports:
        raise FormatError(f"{source}: no recording in it went well; run it again and see why")
    return reports


def _report(entry: Any, document: Mapping[str, Any], where: str) -> Report | None:
    if _of(entry, "status", str, where) != "ok":
        return None
    wrapped = {"schema": turns_as_json.SCHEMA, "version": turns_as_json.VERSION, "recordings": [entry]}
    (annotation,) = turns_as_json.read(json.dumps(wrapped), where).values()
    return Report(
        annotation,
        duration=float(_of(entry, "duration", (int, float), where)),
        speech_seconds=float(_of(entry, "speech_seconds", (int, float), where)),
        band=_of(entry, "band", str, where),
        curve=_curve(_of(entry, "selection", dict, where), f"{where}.selection"),
        notes=tuple(map(str, _of(entry, "notes", list, where))),
        config=_of(document, "config", dict, where),
        digest=_of(document, "config_digest", str, where),
        versions={str(k): str(v) for k, v in _of(document, "versions", dict, where).items()},
    )


def alternatives_in(text: str, source: str) -> dict[str, dict[int, Annotation]]:
    """The turns for other numbers of speakers by recording, of a result in JSON of either kind; FormatError
    where they are damaged.
    """
    found = {}
    for entry in _of(json.loads(text), "recordings", list, source):
        kept = entry.get("alternatives") if isinstance(entry, dict) else None
        if isinstance(kept, dict):
            now = annotation_of(entry, source)
            first = annotation_of(entry | {"turns": kept.get("turns", entry["turns"])}, source)
            known = Alternatives.of_fields(kept, first.turns)
            numbers = [k for k in known.labels if k <= MOST_SPEAKERS]
            found[now.recording] = {k: known.annotation(k, now) for k in numbers}
    return found


def _curve(value: dict[str, Any], where: str) -> Curve:
    counts, values, near = (_numbers(value, name, where) for name in ("counts", "values", "equivalent"))
    if len(counts) != len(values):
        raise FormatError(f"{where}: {len(counts)} counts and {len(values)} values; print it with diarize")
    return Curve(
        _of(value, "criterion", str, where),
        tuple(map(int, counts)),
        values,
        _of(value, "chosen", int, where),
        tuple(map(int, near)),
        _of(value, "explanation", str, where),
        str(value.get("why_no_more", "")),
    )


def _numbers(value: Any, name: str, where: str) -> tuple[float, ...]:
    row = _of(value, name, list, where)
    if not all(isinstance(each, (int, float)) and abs(each) < float("inf") for each in row):
        raise FormatError(f"{where}: {name!r} holds more than numbers; print it with diarize run --json")
    return tuple(map(float, row))


def _of(value: Any, name: str, kind: type | tuple[type, ...], where: str) -> Any:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind) or isinstance(found, bool) or found != found:  # noqa: PLR0124 - NaN
        raise FormatError(f"{where}: {name!r} is {json.dumps(found)[:40]}; print it with diarize run --json")
    return found
