"""JSON of recognisers that list phrases: pipelines of transformers, Azure Speech (two forms), Rev.ai.

transformers  ``{"text", "chunks": [{"text", "timestamp": [start, end]}]}``: seconds, the last end may be
              null; chunks are words or segments. ``speaker`` is written in chunks, and in the list
              ``speakers`` that insanely-fast-whisper adds
azure         ``{"recognizedPhrases": [{"offsetInTicks", "durationInTicks", "nBest": [{"words"}]}]}``:
              ticks of 100 ns; ``speaker`` in phrases
azure fast    ``{"phrases": [{"offsetMilliseconds", "durationMilliseconds", "text", "words"}]}``:
              milliseconds, in earlier versions called ``offset`` and ``duration``; ``speaker`` in phrases
rev           ``{"monologues": [{"elements": [{"type", "value", "ts", "end_ts"}]}]}``: seconds; ``speaker`` in
              monologues

What is written has the same phrases; one is cut where the speaker changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

from diarize.errors import FormatError
from diarize.transcripts.json_fields import (
    Dialect,
    Span,
    list_rows,
    mark_cut,
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
from diarize.transcripts.words import split_text

__all__ = ["PHRASE_DIALECTS"]

Row = Mapping[str, Any]

SECONDS_PER_CHARACTER: Final = 0.07
"""Of ordinary speech, for the length of a chunk without an end."""
LONGEST_GLUED: Final = 4  # characters of a word in scripts without blanks
TICKS: Final = "ticks of 100 ns"
FAST_NAMES: Final = ("offsetMilliseconds", "durationMilliseconds")
EARLIER_FAST_NAMES: Final = ("offset", "duration")


# transformers


def is_transformers(value: Any) -> bool:
    """By its chunks with timestamps; a list of such values, too."""
    if isinstance(value, list):
        return bool(value) and all(is_transformers(each) for each in value)
    chunks = value.get("chunks") if isinstance(value, dict) and "segments" not in value else None
    return isinstance(chunks, list) and any(isinstance(row, dict) and "timestamp" in row for row in chunks)


def read_transformers(value: Any) -> list[Segment]:
    """Sentences of chunks that are words, otherwise the chunks."""
    if isinstance(value, list) and len(value) > 1:
        raise FormatError(f"chunks of {len(value)} recordings; write each to a file of its own")
    rows = list_rows((value[0] if isinstance(value, list) else value)["chunks"], "chunks")
    texts = [read_string(row, "text", f"chunks[{i}]") for i, row in enumerate(rows)]
    spans = [_timestamp(row, f"chunks[{i}]") for i, row in enumerate(rows)]
    if len(texts) > 1 and all(len(text) < 2 for text in texts) and any(text.isspace() for text in texts):
        raise FormatError(
            "chunks of single characters; let the pipeline write words: return_timestamps='word'"
        )
    if all(_is_word(text) for text in texts):
        return sentences_of(list(_chunk_words(rows, texts, spans)))
    starts = [start for start, _ in spans]
    return [
        Segment(
            split_text(text),
            start,
            end if end is not None else _estimate_end(start, text, following),
            speaker=read_label(row.get("speaker")),
            text=text,
            source=i,
            given=row,
        )
        for i, (row, text, (start, end), following) in enumerate(
            zip(rows, texts, spans, [*starts[1:], None], strict=True)
        )
    ]


def _timestamp(row: Row, place: str) -> Span:
    given = row.get("timestamp")
    if not isinstance(given, list) or len(given) != 2:
        raise FormatError(
            f"{place}: 'timestamp' is {given!r:.40}, not [start, end] in seconds; check the file"
        )
    start, end = (read_time({"timestamp": each}, "timestamp", place) for each in given)
    return start, end


def _is_word(text: str) -> bool:
    return len(text.split()) < 2 and len(split_text(text)) <= LONGEST_GLUED


def _chunk_words(rows: Sequence[Row], texts: Sequence[str], spans: Sequence[Span]) -> Iterator[Word]:
    """Words; if some have a leading blank, the others continue the word before them."""
    spaced = any(text[:1].isspace() for text in texts)
    for i, (row, text, span) in enumerate(zip(rows, texts, spans, strict=True)):
        word = word_of(text, span, row, read_label(row.get("speaker")))
        yield replace(word, before="") if spaced and i and not text[:1].isspace() else word


def _estimate_end(start: float | None, text: str, following: float | None) -> float | None:
    """The end of a chunk without one: the next start, or else by its characters."""
    if start is None or (following is not None and following >= start):
        return following
    return start + SECONDS_PER_CHARACTER * len(text.strip())


def write_transformers(segments: Sequence[Segment], whole: Any) -> Any:
    """Chunks with ``speaker``, and ``speakers`` made anew where the file has this list."""
    if isinstance(whole, list):
        return [write_transformers(segments, whole[0])]
    if any(each.given for each in segments):
        chunks = [_chunk_row(each, cut=cut) for each, cut in mark_cut(segments)]
    else:
        known = {id(word.given): word for word in words_of(segments)}
        chunks = [
            row | {"speaker": known[id(row)].speaker} if id(row) in known else row for row in whole["chunks"]
        ]
    listed = isinstance(whole.get("speakers"), list)
    return whole | {"chunks": chunks} | ({"speakers": _speakers(segments)} if listed else {})


def _chunk_row(segment: Segment, *, cut: bool) -> dict[str, Any]:
    row = {**segment.given, "speaker": segment.speaker}
    if cut:
        lead = " " if str(row["text"]).startswith(" ") else ""
        row |= {"timestamp": _written_span(segment), "text": lead + segment.said, "estimated": True}
    return row


def _speakers(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    return [
        {"speaker": each.speaker, "text": each.said, "timestamp": _written_span(each)} for each in segments
    ]


def _written_span(segment: Segment) -> list[float | None]:
    return [round_seconds(segment.start), round_seconds(segment.end)]


# Azure Speech, batch transcription


def is_azure(value: Any) -> bool:
    """By its phrases."""
    return isinstance(value, dict) and isinstance(value.get("recognizedPhrases"), list)


def read_azure(value: Any) -> list[Segment]:
    """Phrases with a text; those without stay as they are."""
    rows = list_rows(value["recognizedPhrases"], "recognizedPhrases")
    found = [_azure_segment(row, i) for i, row in enumerate(rows)]
    segments = [each for each in found if each.words]
    refuse_channels(len({str(each.given.get("channel")) for each in segments}))
    return segments


def _azure_segment(row: Row, i: int) -> Segment:
    place = f"recognizedPhrases[{i}]"
    best = (list_rows(row.get("nBest") or [], f"{place}.nBest") or [{}])[0]
    display = read_string(best, "display", f"{place}.nBest[0]") if "display" in best else ""
    listed = list_rows(best.get("words") or [], f"{place}.nBest[0].words")
    texts = [read_string(word, "word", f"{place}.nBest[0].words[{j}]") for j, word in enumerate(listed)]
    shown = display.split() if len(display.split()) == len(texts) else texts
    words = tuple(
        word_of(text, _azure_span(word, f"{place}.nBest[0].words[{j}]"), word)
        for j, (text, word) in enumerate(zip(shown, listed, strict=True))
        if text.strip()
    )
    speaker = read_label(row.get("speaker"))
    start, end = _azure_span(row, place)
    return Segment(
        words or split_text(display), start, end, speaker=speaker, text=display, source=i, given=row
    )


def _azure_span(row: Row, place: str) -> Span:
    start, length = (read_time(row, name, place, TICKS) for name in ("offsetInTicks", "durationInTicks"))
    return start, None if start is None or length is None else start + length


def write_azure(segments: Sequence[Segment], whole: Any) -> Any:
    """Phrases with ``speaker``."""
    return whole | {"recognizedPhrases": _replace_phrases(whole["recognizedPhrases"], segments, _azure_row)}


def _replace_phrases(
    rows: Sequence[Row], segments: Sequence[Segment], write: Callable[[Segment, bool], Row]
) -> list[Row]:
    """The phrases, each as what ``write`` gives for its segments; those without segments stay."""
    parts: dict[int, list[Row]] = {}
    for each, is_cut in mark_cut(segments):
        parts.setdefault(each.source, []).append(write(each, is_cut))
    return [new for i, row in enumerate(rows) for new in parts.get(i, [row])]


def _azure_row(segment: Segment, is_cut: bool) -> dict[str, Any]:
    row = {**segment.given, "speaker": segment.speaker}
    if not is_cut:
        return row
    best, start = dict(row["nBest"][0]), segment.start or 0.0
    best.pop("displayWords", None)  # of the whole
    listed = [dict(word.given) for word in segment.words if word.given]
    spoken = " ".join(str(word["word"]) for word in listed) or segment.said
    best |= {name: spoken for name in ("lexical", "itn", "maskedITN") if name in best}
    best |= {"display": segment.said} | ({"words": listed} if "words" in best else {})
    for name, seconds in (("offset", start), ("duration", (segment.end or start) - start)):
        row |= {name: f"PT{round(seconds, 4):g}S"} if name in row else {}
        row[f"{name}InTicks"] = float(round(seconds * 10_000_000))
    return row | {"nBest": [best]} | ({"estimated": True} if segment.estimated else {})


# Azure Speech, fast transcription


def is_azure_fast(value: Any) -> bool:
    """By the times of its phrases."""
    phrases = value.get("phrases") if isinstance(value, dict) else None
    rows = [row for row in phrases if isinstance(row, dict)] if isinstance(phrases, list) else []
    return any(
        "offsetMilliseconds" in row or ("offset" in row and "combinedPhrases" in value) for row in rows
    )


def read_azure_fast(value: Any) -> list[Segment]:
    """Phrases with a text; those without stay as they are."""
    rows = list_rows(value["phrases"], "phrases")
    found = [_fast_segment(row, f"phrases[{i}]", i) for i, row in enumerate(rows)]
    segments = [each for each in found if each.words]
    refuse_channels(len({str(each.given.get("channel")) for each in segments}))
    return segments


def _fast_segment(row: Row, place: str, i: int) -> Segment:
    text = read_string(row, "text", place)
    listed = list_rows(row.get("words") or [], f"{place}.words")
    words = [
        word_of(
            read_string(word, "text", f"{place}.words[{j}]"), _fast_span(word, f"{place}.words[{j}]"), word
        )
        for j, word in enumerate(listed)
    ]
    spoken = tuple(word for word in words if word.text)
    start, end = _fast_span(row, place)
    speaker = read_label(row.get("speaker"))
    return Segment(spoken or split_text(text), start, end, speaker=speaker, text=text, source=i, given=row)


def _fast_names(row: Row) -> tuple[str, str]:
    return FAST_NAMES if "offsetMilliseconds" in row else EARLIER_FAST_NAMES


def _fast_span(row: Row, place: str) -> Span:
    start, length = (read_time(row, name, place, "milliseconds") for name in _fast_names(row))
    return start, None if start is None or length is None else start + length


def write_azure_fast(segments: Sequence[Segment], whole: Any) -> Any:
    """Phrases with ``speaker``."""
    return whole | {"phrases": _replace_phrases(whole["phrases"], segments, _fast_row)}


def _fast_row(segment: Segment, is_cut: bool) -> dict[str, Any]:
    row = {**segment.given, "speaker": segment.speaker}
    if not is_cut:
        return row
    start, end = (round(1000 * (each or 0.0)) for each in (segment.start, segment.end))
    row |= dict(zip(_fast_names(segment.given), (start, max(0, end - start)), strict=True))
    listed = [dict(word.given) for word in segment.words if word.given]
    row |= {"text": segment.said} | ({"words": listed} if "words" in row else {})
    return row | ({"estimated": True} if segment.estimated else {})


# Rev.ai


def is_rev(value: Any) -> bool:
    """By elements in monologues."""
    monologues = value.get("monologues") if isinstance(value, dict) else None
    return isinstance(monologues, list) and any(
        isinstance(each, dict) and "elements" in each for each in monologues
    )


def read_rev(value: Any) -> list[Segment]:
    """Sentences of each monologue."""
    rows = list_rows(value["monologues"], "monologues")
    found = [each for i, row in enumerate(rows) for each in sentences_of(_rev_words(row, i))]
    return [replace(each, source=i) for i, each in enumerate(found)]


def _rev_words(row: Row, i: int) -> list[Word]:
    """Words with the punctuation after them; ``given`` has the elements up to the next word."""
    words: list[Word] = []
    lead: list[dict[str, Any]] = []  # elements that belong to the next word
    prefix = ""  # its opening punctuation
    speaker, open_word = read_label(row.get("speaker")), False
    for j, element in enumerate(list_rows(row.get("elements"), f"monologues[{i}].elements")):
        place = f"monologues[{i}].elements[{j}]"
        text, kind = read_string(element, "value", place), element.get("type")
        if kind == "text" and text.strip():
            span = read_span(element, ("ts", "end_ts"), place)
            given = {"row": i, "elements": [*lead, element]}
            words.append(word_of(prefix + text, span, given, speaker))
            lead, prefix, open_word = [], "", True
        elif words and not lead and (open_word or kind != "punct" or not text.strip()):
            open_word = open_word and kind == "punct" and bool(text.strip())
            words[-1] = _extend(words[-1], [element], text.strip() if open_word else "")
        else:
            lead.append(element)
            prefix = prefix + text.strip() if kind == "punct" and text.strip() else ""
    return [*words[:-1], _extend(words[-1], lead, "")] if words else []


def _extend(word: Word, elements: Sequence[Row], text: str) -> Word:
    given = {**word.given, "elements": [*word.given["elements"], *elements]}
    return replace(word, text=word.text + text, given=given)


def write_rev(segments: Sequence[Segment], whole: Any) -> Any:
    """Monologues of one speaker each; those without words stay as they are."""
    parts: dict[int, list[dict[str, Any]]] = {}
    for (i, speaker), run in groupby(words_of(segments), key=lambda word: (word.given["row"], word.speaker)):
        elements = [element for word in run for element in word.given["elements"]]
        parts.setdefault(i, []).append({"speaker": speaker, "elements": elements})
    monologues = [row | new for i, row in enumerate(whole["monologues"]) for new in parts.get(i, [{}])]
    return whole | {"monologues": monologues}


PHRASE_DIALECTS: Final = {
    "transformers": Dialect("transformers", is_transformers, read_transformers, write_transformers),
    "azure": Dialect("Azure Speech", is_azure, read_azure, write_azure),
    "azure fast": Dialect("Azure fast transcription", is_azure_fast, read_azure_fast, write_azure_fast),
    "rev": Dialect("Rev.ai", is_rev, read_rev, write_rev),
}
"""By name; no value is recognised as two of them."""
