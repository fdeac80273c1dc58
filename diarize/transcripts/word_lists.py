"""JSON of services that list words: Speechmatics, ElevenLabs, IBM Watson.

speechmatics  ``{"results": [{"type", "start_time", "end_time", "alternatives": [{"content", "speaker"}]}]}``:
              seconds; the speaker is in the alternatives, ``UU`` where it is unknown
elevenlabs    ``{"words": [{"text", "start", "end", "type", "speaker_id"}]}``: seconds; blanks and sounds are
              in the list, too
watson        ``{"results": [{"alternatives": [{"timestamps": [["word", start, end]]}]}]}``: seconds; speakers
              are in the list ``speaker_labels``, found by the start of a word

What is written has the same entries in the same places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

from diarize.errors import FormatError
from diarize.transcripts.json_fields import (
    Dialect,
    list_rows,
    read_first_alternative,
    read_label,
    read_span,
    read_string,
    read_time,
    refuse_channels,
    round_seconds,
    sentences_of,
    word_of,
    words_of,
)
from diarize.transcripts.values import Segment, Word

__all__ = ["WORD_LIST_DIALECTS"]

Row = Mapping[str, Any]

SPOKEN: Final = ("word", "entity")
"""Types of entries of Speechmatics that are words; an entity is what several spoken words are written as."""
UNKNOWN: Final = "UU"
FORMS: Final = ("spoken_form", "written_form")
"""Fields of an entity with entries of their own."""
ELEVENLABS_TYPES: Final = ("word", "spacing", "audio_event")


# Speechmatics


def is_speechmatics(value: Any) -> bool:
    """By results that have a type and alternatives."""
    results = value.get("results") if isinstance(value, dict) else None
    rows = [row for row in results if isinstance(row, dict)] if isinstance(results, list) else []
    return any("type" in row and isinstance(row.get("alternatives"), list) for row in rows)


def read_speechmatics(value: Any) -> list[Segment]:
    """Sentences; punctuation belongs to the word before it, or after it where the entry says so."""
    rows = list_rows(value["results"], "results")
    refuse_channels(len({str(row["channel"]) for row in rows if row.get("channel")}))
    words: list[Word] = []
    lead: list[tuple[Row, str]] = []  # punctuation that attaches to the next word
    for i, row in enumerate(rows):
        place, kind = f"results[{i}]", row.get("type")
        if kind not in (*SPOKEN, "punctuation"):  # a change of speaker, a sound
            continue
        for name in FORMS:
            list_rows(row.get(name) or [], f"{place}.{name}")
        best = read_first_alternative(row, place)
        text = read_string(best, "content", f"{place}.alternatives[0]").strip()
        if kind != "punctuation":
            span = read_span(row, ("start_time", "end_time"), place)
            given = {"rows": [*(each for each, _ in lead), row]}
            text = "".join(each for _, each in lead) + text
            label = read_label(best.get("speaker"))
            words.append(word_of(text, span, given, None if label == UNKNOWN else label))
            lead = []
        elif row.get("attaches_to") == "next" or not words or lead:
            lead.append((row, text))
        else:
            last = words[-1]
            words[-1] = replace(last, text=last.text + text, given={"rows": [*last.given["rows"], row]})
    return sentences_of(words)


def write_speechmatics(segments: Sequence[Segment], whole: Any) -> Any:
    """Results with ``speaker`` in their alternatives."""
    known = {id(row): word.speaker for word in words_of(segments) for row in word.given["rows"]}
    results = [_told(row, known[id(row)]) if id(row) in known else row for row in whole["results"]]
    return whole | {"results": results}


def _told(row: Row, speaker: str | None) -> dict[str, Any]:
    """An entry with its speaker, and those of its forms with theirs."""
    told = {**row}
    if isinstance(row.get("alternatives"), list):
        told["alternatives"] = [
            each | {"speaker": speaker} if isinstance(each, dict) else each for each in row["alternatives"]
        ]
    return told | {name: [_told(each, speaker) for each in row[name]] for name in FORMS if row.get(name)}


# ElevenLabs


def is_elevenlabs(value: Any) -> bool:
    """By the types of its words."""
    if not isinstance(value, dict) or "segments" in value or "utterances" in value:
        return False
    rows = value.get("words")
    return isinstance(rows, list) and any(
        isinstance(row, dict) and row.get("type") in ELEVENLABS_TYPES for row in rows
    )


def read_elevenlabs(value: Any) -> list[Segment]:
    """Sentences; what has a blank before it begins a word of its own, sounds are left out."""
    rows = list_rows(value["words"], "words")
    lists_blanks = any(row.get("type") == "spacing" for row in rows)
    words, after_blank = [], True
    for i, row in enumerate(rows):
        place, kind = f"words[{i}]", row.get("type")
        text = read_string(row, "text", place)
        if kind == "spacing" or not text.strip():
            after_blank = True
        elif kind != "audio_event":
            span = read_span(row, ("start", "end"), place)
            word = word_of(text, span, row, read_label(row.get("speaker_id")))
            words.append(replace(word, before=" " if after_blank else "") if lists_blanks else word)
            after_blank = False
    return sentences_of(words)


def write_elevenlabs(segments: Sequence[Segment], whole: Any) -> Any:
    """Entries with ``speaker_id``; a blank or a sound has that of the word before it."""
    known = {id(word.given): word.speaker for word in words_of(segments)}
    rows, speaker = [], None
    for row in whole["words"]:
        speaker = known.get(id(row), speaker)
        rows.append(row | {"speaker_id": speaker})
    return whole | {"words": rows}


# IBM Watson


def is_watson(value: Any) -> bool:
    """By lists of words with their times."""
    return any(isinstance(best.get("timestamps"), list) for best in _watson_best(value))


def _watson_best(value: Any) -> Iterator[Row]:
    """The first alternative of every result that has one."""
    results = value.get("results") if isinstance(value, dict) else None
    for row in results if isinstance(results, list) else []:
        alternatives = row.get("alternatives") if isinstance(row, dict) else None
        if isinstance(alternatives, list) and alternatives and isinstance(alternatives[0], dict):
            yield alternatives[0]


def read_watson(value: Any) -> list[Segment]:
    """The results, which have no punctuation, cut where their speaker changes."""
    labels = list_rows(value.get("speaker_labels") or [], "speaker_labels")
    named = {
        read_time(row, "from", f"speaker_labels[{i}]"): read_label(row.get("speaker"))
        for i, row in enumerate(labels)
    }
    segments: list[Segment] = []
    for i, row in enumerate(list_rows(value["results"], "results")):
        place = f"results[{i}].alternatives"
        best = (list_rows(row.get("alternatives") or [], place) or [{}])[0]
        words = [
            _watson_word(each, f"{place}[0].timestamps[{j}]", named)
            for j, each in enumerate(_as_list(best.get("timestamps"), f"{place}[0].timestamps"))
        ]
        for speaker, run in groupby((word for word in words if word.text), key=lambda word: word.speaker):
            said = tuple(run)
            segments.append(Segment(said, said[0].start, said[-1].end, speaker=speaker, source=len(segments)))
    return segments


def _as_list(value: Any, place: str) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise FormatError(f"{place} is not a list; give the file as the service wrote it")
    return value or []


def _watson_word(given: Any, place: str, named: Mapping[float | None, str | None]) -> Word:
    if not isinstance(given, list) or len(given) != 3:
        raise FormatError(f"{place} is {given!r:.40}, not a word with its start and end; check the file")
    row = dict(zip(("word", "start", "end"), given, strict=True))
    start, end = read_span(row, ("start", "end"), place)
    return word_of(read_string(row, "word", place), (start, end), row, named.get(start))


def write_watson(segments: Sequence[Segment], whole: Any) -> Any:
    """``speaker_labels`` made anew, one for each word."""
    labels = [
        {
            "from": word.given["start"],
            "to": word.given["end"],
            "speaker": word.speaker,
            "confidence": round_seconds(word.confidence),
            "final": True,
        }
        for word in words_of(segments)
    ]
    return whole | {"speaker_labels": labels}


WORD_LIST_DIALECTS: Final = {
    "speechmatics": Dialect("Speechmatics", is_speechmatics, read_speechmatics, write_speechmatics),
    "elevenlabs": Dialect("ElevenLabs", is_elevenlabs, read_elevenlabs, write_elevenlabs),
    "watson": Dialect("IBM Watson", is_watson, read_watson, write_watson),
}
"""By name; no value is recognised as two of them."""
