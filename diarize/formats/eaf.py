"""ELAN annotation documents: one independent tier per speaker; a tier ``NAME - words`` holds words.

Source: the EAF 3.0 schema of the Max Planck Institute for Psycholinguistics.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from decimal import Decimal
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING

from diarize.errors import FormatError
from diarize.formats import lines, times
from diarize.formats.single_tier import name_by_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Annotation, Turn

    _Slots = dict[str | None, str | None]

__all__ = ["read", "read_tiers", "write"]

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DOCUMENT = {
    "AUTHOR": "",
    "DATE": "1970-01-01T00:00:00+00:00",  # required, and constant so that equal annotations give equal bytes
    "FORMAT": "3.0",
    "VERSION": "3.0",
    "xmlns:xsi": _XSI,
    "xsi:noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
}
_TYPE = "speakers"


def read(text: str, source: str = "text.eaf") -> dict[str, Annotation]:
    """The annotation, under the name of the file: a turn for each aligned annotation of an independent tier.

    The speaker is the tier's participant or, without one, its name. Ignored are dependent tiers, which
    describe their parents' annotations, annotations without times at either end of a tier, and the tier of
    words of a speaker who has a tier of turns. Times are those of the recording: ``TIME_ORIGIN`` is the part
    that ELAN skips at its start. Raises FormatError for other files, and for any document type declaration,
    so that no entity is expanded.
    """
    root = _document(text, source)
    slots, origin = _values(root), _origin(root, source)
    read_tiers = _independent_tiers(root)
    names = {tier.get("TIER_ID", "") for tier in read_tiers}
    rows: Sequence[Turn | None] | None = _of_single_tier(read_tiers, slots, origin, source)
    if rows is not None:
        return lines.group_by_recording([(lines.recording_name(source), row) for row in (None, *rows)])
    rows = [
        turn
        for tier in read_tiers
        if not lines.are_words(tier.get("TIER_ID", ""), names)
        for turn in _turns(tier, tier.get("PARTICIPANT", "").strip(), slots, origin, source)
    ]
    recording = lines.recording_name(source)
    return lines.group_by_recording(
        [(recording, None), *((recording, row) for row in lines.turns_of_texts(rows))]
    )


def read_tiers(
    text: str, source: str = "text.eaf", *, dependent: bool = True
) -> list[tuple[str, list[Turn]]]:
    """The tiers by name, in order: a turn for every aligned annotation. Errors as of ``read``.

    ``dependent``: also the tiers that describe the annotations of others.
    """
    root = _document(text, source)
    slots, origin = _values(root), _origin(root, source)
    found = root.iter("TIER") if dependent else _independent_tiers(root)
    return [(tier.get("TIER_ID", ""), _turns(tier, "", slots, origin, source)) for tier in found]


def _of_single_tier(
    found: Sequence[ET.Element], slots: _Slots, origin: Decimal, source: str
) -> list[Turn] | None:
    """The turns of the only tier with annotations, if its texts are the speakers."""
    used = [tier for tier in found if tier.find(".//ALIGNABLE_ANNOTATION") is not None]
    if len(used) != 1 or used[0].get("PARTICIPANT", "").strip():
        return None
    turns = _turns(used[0], "", slots, origin, source)
    return name_by_texts([(used[0].get("TIER_ID", ""), turns)], any_name=False)


def _document(text: str, source: str) -> ET.Element:
    root = _parse(text, source)
    if root.tag != "ANNOTATION_DOCUMENT":
        raise FormatError(f"{source}:1: the XML of {root.tag[:40]!r}; an ELAN file is an ANNOTATION_DOCUMENT")
    return root


def _values(root: ET.Element) -> _Slots:
    """Times by slot, None where a slot has no time."""
    return {each.get("TIME_SLOT_ID"): each.get("TIME_VALUE") for each in root.iter("TIME_SLOT")}


def _turns(tier: ET.Element, participant: str, slots: _Slots, origin: Decimal, source: str) -> list[Turn]:
    name = participant or tier.get("TIER_ID", "")
    slots = slots | _estimate_times(tier, slots)
    found = (_turn(each, slots, name, source, origin) for each in tier.iter("ALIGNABLE_ANNOTATION"))
    return [turn for turn in found if turn]


def _estimate_times(tier: ET.Element, slots: _Slots) -> _Slots:
    """Times of the tier's slots that have none, in equal steps between those that have one, as ELAN shows
    them.
    """
    annotations = tier.iter("ALIGNABLE_ANNOTATION")
    order = list(dict.fromkeys(each.get(f"TIME_SLOT_REF{i}") for each in annotations for i in (1, 2)))
    values = [times.decimal(slots.get(slot) or "") for slot in order]
    known = [(i, value) for i, value in enumerate(values) if value is not None]
    return {
        order[i]: str(round(start + (end - start) * (i - first) / (last - first)))
        for (first, start), (last, end) in pairwise(known)
        for i in range(first + 1, last)
        if order[i] in slots and start <= end
    }


def _independent_tiers(root: ET.Element) -> list[ET.Element]:
    """Tiers without a parent, whose type has no constraint either."""
    bound = {
        each.get("LINGUISTIC_TYPE_ID") for each in root.iter("LINGUISTIC_TYPE") if each.get("CONSTRAINTS")
    }
    return [
        each
        for each in root.iter("TIER")
        if not each.get("PARENT_REF") and each.get("LINGUISTIC_TYPE_REF") not in bound
    ]


def _origin(root: ET.Element, source: str) -> Decimal:
    """Milliseconds of the recording that ELAN skips at its start.

    With several media, the one with the name of the file counts, or else the first one with sound.
    """
    header = root.find("HEADER")
    units = "milliseconds" if header is None else header.get("TIME_UNITS", "milliseconds")
    if units != "milliseconds":
        raise FormatError(f"{source}: times in {units[:40]}; ELAN writes milliseconds, export the file again")
    media = list(root.iter("MEDIA_DESCRIPTOR"))
    media.sort(key=lambda each: not each.get("MIME_TYPE", "").startswith("audio"))
    media.sort(key=lambda each: PurePath(each.get("MEDIA_URL", "")).stem != lines.recording_name(source))
    origin = media[0].get("TIME_ORIGIN", "") if media else ""
    return lines.Line(source, 1, "").parse_number(origin, "the time origin") if origin else Decimal(0)


def _parse(text: str, source: str) -> ET.Element:
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise FormatError(f"{source}: has a document type declaration; ELAN files have none, remove it")
    try:
        return ET.fromstring(text.removeprefix("\ufeff"))  # noqa: S314 - without DOCTYPE there are no entities
    except ET.ParseError as error:
        line, column = error.position
        raise FormatError(
            f"{source}:{line}: not well-formed XML at column {column}; export the file from ELAN again"
        ) from None


def _turn(annotation: ET.Element, slots: _Slots, speaker: str, source: str, origin: Decimal) -> Turn | None:
    where = lines.Line(f"{source}:{annotation.get('ANNOTATION_ID', '?')}", 0, "")
    values = [slots.get(annotation.get(f"TIME_SLOT_REF{i}")) for i in (1, 2)]
    if None in values:
        return None
    start, end = (where.parse_number(value or "", "a time value") for value in values)
    text = lines.one_line(annotation.findtext("ANNOTATION_VALUE") or "")
    if 0 <= start <= end:
        start, end = (max(value + origin, Decimal(0)) for value in (start, end))
    return where.turn(start / 1000, end / 1000, speaker, text=text)


def write(
    annotations: Sequence[Annotation], *, media: str | None = None, words: Annotation | None = None
) -> str:
    """An EAF 3.0 document, linked to the recording ``media`` (file name or URL) if given.

    ``words``: each with its time, in a separate tier below the speaker's. Boundaries are rounded to
    milliseconds. Overlapping turns of one speaker are merged, because ELAN allows no overlap in a tier;
    touching turns stay separate. The value of an annotation is its text or, without words, the speaker's
    name.
    """
    annotation = lines.require_one_annotation(annotations, "ELAN")
    root = ET.Element("ANNOTATION_DOCUMENT", _DOCUMENT)
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    if media:
        ET.SubElement(header, "MEDIA_DESCRIPTOR", _media(media))
    read_tiers = lines.tiers_of(annotation, words)
    spans = [(name, *span) for name, each in read_tiers for span in each]
    slots = _slots(ET.SubElement(root, "TIME_ORDER"), spans)
    for name, _ in read_tiers:
        who = name.removesuffix(lines.WORDS)
        tier = {"LINGUISTIC_TYPE_REF": _TYPE, "PARTICIPANT": who, "TIER_ID": name}
        mine = {i: ends for i, ends in slots.items() if spans[i][0] == name}
        _fill(ET.SubElement(root, "TIER", tier), [spans[i][3] for i in mine], mine)
    ET.SubElement(root, "LINGUISTIC_TYPE", {"LINGUISTIC_TYPE_ID": _TYPE, "TIME_ALIGNABLE": "true"})
    ET.indent(root, " " * 4)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _media(media: str) -> dict[str, str]:
    clean = lines.make_labels([media])[media]
    kind = "audio/x-wav" if clean.lower().endswith(".wav") else "unknown"
    url = {"MEDIA_URL": clean, "MIME_TYPE": kind}
    if "://" in clean:
        return url
    way = (
        clean
        if clean.startswith("../")
        else f"./{PurePath(clean).name if PurePath(clean).is_absolute() else clean}"
    )
    return {**url, "RELATIVE_MEDIA_URL": way}


def _slots(order: ET.Element, spans: Sequence[tuple[str, int, int, str]]) -> dict[int, tuple[str, str]]:
    """Write the time slots in order; returns the slots of the start and end of each span by its index."""
    edges = sorted((span[side], i, side) for i, span in enumerate(spans) for side in (1, 2))
    slots: dict[int, dict[int, str]] = {}
    for number, (value, i, side) in enumerate(edges, 1):
        slots.setdefault(i, {})[side] = f"ts{number}"
        ET.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{number}", "TIME_VALUE": str(value)})
    return {i: (ends[1], ends[2]) for i, ends in sorted(slots.items())}


def _fill(tier: ET.Element, texts: Sequence[str], slots: dict[int, tuple[str, str]]) -> None:
    for (i, (start, end)), text in zip(slots.items(), texts, strict=True):
        identity = {"ANNOTATION_ID": f"a{i + 1}", "TIME_SLOT_REF1": start, "TIME_SLOT_REF2": end}
        outer = ET.SubElement(tier, "ANNOTATION")
        aligned = ET.SubElement(outer, "ALIGNABLE_ANNOTATION", identity)
        ET.SubElement(aligned, "ANNOTATION_VALUE").text = text
