"""Our own JSON of results (``diarize.results``) with the words in the turns.

A turn has an additional field ``words``: a list of ``{"word", "start", "end", "speaker",
"confidence"}`` in seconds on the millisecond, with ``"estimated": true`` for estimated times.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from diarize.errors import FormatError
from diarize.formats import times
from diarize.results import Document, Result, is_document, read_document
from diarize.transcripts.values import Segment, Transcript, Word
from diarize.transcripts.words import parse_time, split_text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["dump", "is_own", "read"]


def is_own(value: Any) -> bool:
    """Whether a JSON value has the schema of this package."""
    return is_document(value)


def read(value: Any, source: str, recording: str | None = None) -> Transcript:
    """The transcript of one recording. Raises FormatError for an invalid value."""
    read_document(value, source)  # raises with the reason
    entries = {each["recording"]: each for each in value["recordings"]}
    name = recording if recording and recording in entries else next(iter(entries), "")
    if len(entries) != 1 and recording not in entries:
        raise FormatError(
            f"{source}: about {', '.join(entries) or 'nothing'}; give a file about one recording"
        )
    segments = tuple(_segment(turn, i) for i, turn in enumerate(entries[name]["turns"]))
    return Transcript(name, segments, "diarize", whole=value)


def _segment(turn: Mapping[str, Any], i: int) -> Segment:
    text = str(turn.get("text") or "")
    given = turn.get("words")
    words = tuple(_word(each) for each in given if isinstance(each, dict)) if isinstance(given, list) else ()
    return Segment(
        words or split_text(text),
        parse_time(turn.get("start")),
        parse_time(turn.get("end")),
        speaker=turn.get("speaker"),
        text=text,
        source=i,
        given=turn,
    )


def _word(given: Mapping[str, Any]) -> Word:
    estimated = given.get("estimated") is True
    start, end = (None if estimated else parse_time(given.get(name)) for name in ("start", "end"))
    return Word(str(given.get("word", "")).strip(), start, end)


def dump(transcript: Transcript, known: Document | None = None) -> str:
    """The text of a file: turns with their words, and the other ``known`` results of the recording."""
    known = known or Document((Result(transcript.annotation),))
    whole = known.with_annotations([transcript.annotation]).to_dict()
    (entry,) = whole["recordings"]
    for turn, (_, segment) in zip(entry["turns"], transcript.turns, strict=True):
        turn["words"] = [_fields(word) for word in segment.words]
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _fields(word: Word) -> dict[str, Any]:
    fields: dict[str, Any] = {"word": word.text}
    for name in ("start", "end"):
        value = getattr(word, name)
        fields[name] = None if value is None else times.milliseconds(value) / 1000
    fields["confidence"] = None if word.confidence is None else round(word.confidence, 4)
    return fields | {"speaker": word.speaker} | ({"estimated": True} if word.estimated else {})
