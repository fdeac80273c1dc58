"""JSON of speech recognisers: read as segments of words, and written in the same shape with speakers added.

whisper      openai-whisper, faster-whisper (also as lists), whisperX, whisper-ctranslate2, the OpenAI API:
             ``{"segments": [{"start", "end", "text", "words": [{"word", "start", "end", …}], …}], …}``
whisper.cpp  ``{"transcription": [{"offsets": {"from", "to"}, "timestamps", "text", "tokens": […]}], …}``
vosk         ``{"result": [{"word", "start", "end", "conf"}], "text"}``: one, a list of them, or one after
             the other; and ``{"monologues": [{"terms": […]}]}``

Those of other recognisers and services are in ``phrases``, ``cloud_words``, ``word_lists`` and
``google_speech``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diarize.transcripts.cloud_words import CLOUD_DIALECTS
from diarize.transcripts.google_speech import GOOGLE
from diarize.transcripts.json_fields import Dialect, is_glued, mark_cut, round_seconds
from diarize.transcripts.phrases import PHRASE_DIALECTS
from diarize.transcripts.values import Segment, Word
from diarize.transcripts.word_lists import WORD_LIST_DIALECTS
from diarize.transcripts.words import parse_seconds, segments_of_words, split_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["DIALECTS", "dialect_of"]


def dialect_of(value: Any) -> str | None:
    """The name of the dialect that a JSON value is written in; None for any other."""
    return next((name for name, each in DIALECTS.items() if each.recognises(value)), None)


def _entry_kind(value: Any) -> str:
    """What an entry of a list is, or a whole file that has just one."""
    if not isinstance(value, dict):
        return ""
    if isinstance(value.get("result"), list) or set(value) == {"text"}:
        return "vosk"
    return "segment" if {"start", "end", "text"} <= set(value) else ""


def _first_entry(value: list[Any]) -> Any:
    return next((each for each in value if isinstance(each, (dict, list))), None)


# whisper


def is_whisper(value: Any) -> bool:
    """Segments, in a mapping or alone, or only words."""
    if isinstance(value, list):
        return _entry_kind(_first_entry(value)) == "segment"
    names = ("segments", "words", "word_segments")
    return isinstance(value, dict) and any(isinstance(value.get(name), list) for name in names)


def read_whisper(value: Any) -> list[Segment]:
    """Segments, or sentences of the words where there are only words."""
    given = value if isinstance(value, list) else value.get("segments") or []
    rows = [row for row in given if isinstance(row, dict)]
    segments = [_whisper_segment(row, i) for i, row in enumerate(rows)]
    loose = [] if isinstance(value, list) else value.get("words") or value.get("word_segments") or []
    if not segments or not any(isinstance(row.get("words"), list) for row in rows):
        words = [word for word in map(_whisper_word, loose) if word.text]  # some list blanks, too
        if words:
            return [
                Segment(each.words, each.start, each.end, speaker=each.speaker, source=i)
                for i, each in enumerate(segments_of_words(words))
            ]
    return segments


def _whisper_segment(row: Mapping[str, Any], i: int) -> Segment:
    text = str(row.get("text") or "")
    given = row.get("words")
    words = tuple(_whisper_word(each) for each in given) if isinstance(given, list) else ()
    start, end = parse_seconds(row.get("start")), parse_seconds(row.get("end"))
    who = row.get("speaker")
    speaker = who if isinstance(who, str) and who else None
    return Segment(words or split_text(text), start, end, speaker=speaker, text=text, source=i, given=row)


def _whisper_word(given: Any) -> Word:
    """A word from a mapping or, for faster-whisper's tuples in JSON, from a list of start, end and word."""
    if isinstance(given, list):
        start, end, word, *more = [*given, None, None, ""][: max(3, len(given))]
        given = {"word": word, "start": start, "end": end} | ({"probability": more[0]} if more else {})
    given = given if isinstance(given, dict) else {"word": given}
    spelt = str(given.get("word", given.get("text", "")))
    before = "" if spelt and not spelt[0].isspace() and is_glued(spelt) else " "
    return Word(
        spelt.strip(),
        parse_seconds(given.get("start")),
        parse_seconds(given.get("end")),
        before=before,
        given=given,
    )


def write_whisper(segments: Sequence[Segment], whole: Any) -> Any:
    """Segments and their words with ``speaker``; a segment that was cut becomes several."""
    rows = [_whisper_row(each, cut=cut) for each, cut in mark_cut(segments)]
    if rows and all("id" in row for row in rows):
        first = rows[0]["id"] if isinstance(rows[0]["id"], int) else 0
        rows = [row | {"id": first + i} for i, row in enumerate(rows)]
    if isinstance(whole, list):
        return rows
    words = [_with_speaker(word) for each in segments for word in each.words]
    loose = {name: words for name in ("words", "word_segments") if isinstance(whole.get(name), list)}
    return whole | {"segments": rows} | loose


def _whisper_row(segment: Segment, *, cut: bool) -> dict[str, Any]:
    row = dict(segment.given) or {"start": segment.start, "end": segment.end, "text": segment.said}
    if cut:
        row.pop("tokens", None)  # of the whole
        lead = " " if str(row.get("text", "")).startswith(" ") else ""
        row |= {
            "start": round_seconds(segment.start),
            "end": round_seconds(segment.end),
            "text": lead + segment.said,
        }
        row |= {"estimated": True} if segment.estimated else {}
    if isinstance(row.get("words"), list) or not segment.given:
        row["words"] = [_with_speaker(word) for word in segment.words]
    return row | {"speaker": segment.speaker}


def _with_speaker(word: Word) -> dict[str, Any]:
    given = dict(word.given) or {
        "word": word.text,
        "start": round_seconds(word.start),
        "end": round_seconds(word.end),
    }
    return given | {"speaker": word.speaker, "speaker_confidence": round_seconds(word.confidence)}


# whisper.cpp


def is_cpp(value: Any) -> bool:
    """By its only list."""
    return isinstance(value, dict) and isinstance(value.get("transcription"), list)


def read_cpp(value: Any) -> list[Segment]:
    """Segments, with words from the tokens that ``--output-json-full`` writes."""
    rows = [row for row in value["transcription"] if isinstance(row, dict)]
    return [_cpp_segment(row, i) for i, row in enumerate(rows)]


def _cpp_segment(row: Mapping[str, Any], i: int) -> Segment:
    text = str(row.get("text") or "")
    tokens = row.get("tokens")
    words = tuple(_join_tokens(tokens)) if isinstance(tokens, list) else ()
    start, end = _offsets(row)
    return Segment(words or split_text(text), start, end, text=text, source=i, given=row)


def _offsets(row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    offsets = row.get("offsets")
    ends = (
        [parse_seconds(offsets.get(name)) for name in ("from", "to")]
        if isinstance(offsets, dict)
        else [None, None]
    )
    start, end = (None if each is None else each / 1000 for each in ends)
    return start, end


def _join_tokens(tokens: Sequence[Any]) -> Iterator[Word]:
    """Join tokens to words: a leading blank begins a word; tokens such as ``[_BEG_]`` are skipped."""
    run: list[dict[str, Any]] = []
    for token in tokens:
        text = str(token.get("text", "")) if isinstance(token, dict) else ""
        if not text.strip() or (text.startswith("[_") and text.endswith("]")):
            continue
        if run and (text[0].isspace() or is_glued(text)):
            yield _cpp_word(run)
            run = []
        run.append(token)
    if run:
        yield _cpp_word(run)


def _cpp_word(tokens: list[dict[str, Any]]) -> Word:
    text = "".join(str(token["text"]) for token in tokens)
    starts, ends = zip(*map(_offsets, tokens), strict=True)
    before = "" if is_glued(text) else " "
    return Word(text.strip(), starts[0], ends[-1], before=before, given={"tokens": tokens})


def write_cpp(segments: Sequence[Segment], whole: Any) -> Any:
    """Entries of ``transcription`` and their tokens with ``speaker``."""
    return whole | {"transcription": [_cpp_row(each, cut=cut) for each, cut in mark_cut(segments)]}


def _cpp_row(segment: Segment, *, cut: bool) -> dict[str, Any]:
    row = dict(segment.given)
    if isinstance(row.get("tokens"), list):
        speakers = {
            id(token): word.speaker for word in segment.words for token in word.given.get("tokens", ())
        }
        kept = [token for token in row["tokens"] if not cut or id(token) in speakers]
        row["tokens"] = [
            token | {"speaker": speakers[id(token)]} if id(token) in speakers else token for token in kept
        ]
    if cut:
        ends = {"from": _milliseconds(segment.start), "to": _milliseconds(segment.end)}
        row |= {"timestamps": {name: _cpp_clock(ms) for name, ms in ends.items()}, "offsets": ends}
        row |= {"text": f" {segment.said}"} | ({"estimated": True} if segment.estimated else {})
    return row | {"speaker": segment.speaker}


def _milliseconds(seconds: float | None) -> int:
    return round(1000 * (seconds or 0.0))


def _cpp_clock(ms: int) -> str:
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"


# vosk


def is_vosk(value: Any) -> bool:
    """One utterance, or a list of them."""
    return _entry_kind(_first_entry(value) if isinstance(value, list) else value) == "vosk"


def read_vosk(value: Any) -> list[Segment]:
    """Utterances; an utterance without recognised words is empty."""
    rows = value if isinstance(value, list) else [value]
    return [_vosk_segment(row, i) for i, row in enumerate(rows) if isinstance(row, dict)]


def _vosk_segment(row: Mapping[str, Any], i: int) -> Segment:
    words = tuple(_vosk_word(each) for each in row.get("result") or () if isinstance(each, dict))
    start, end = (words[0].start, words[-1].end) if words else (None, None)
    text = str(row.get("text") or "")
    return Segment(words or split_text(text), start, end, text=text, source=i, given=row)


def _vosk_word(given: Mapping[str, Any]) -> Word:
    return Word(
        str(given.get("word", "")).strip(),
        parse_seconds(given.get("start")),
        parse_seconds(given.get("end")),
        given=given,
    )


def write_vosk(segments: Sequence[Segment], whole: Any) -> Any:
    """Utterances and their words with ``speaker``; a list if there are several."""
    rows = []
    for each, cut in mark_cut(segments):
        row = dict(each.given) | {"speaker": each.speaker}
        row |= {"result": [_with_speaker(word) for word in each.words]} if "result" in row else {}
        rows.append(row | ({"text": each.said} if cut else {}))
    return rows if isinstance(whole, list) or len(rows) != 1 else rows[0]


def is_monologues(value: Any) -> bool:
    """By the list; those of Rev.ai are asked for before."""
    return isinstance(value, dict) and isinstance(value.get("monologues"), list)


def read_monologues(value: Any) -> list[Segment]:
    """Monologues of ``vosk-transcriber`` and others of that schema."""
    rows = [row for row in value["monologues"] if isinstance(row, dict)]
    return [_monologue(row, i) for i, row in enumerate(rows)]


def _monologue(row: Mapping[str, Any], i: int) -> Segment:
    terms = [each for each in row.get("terms") or () if isinstance(each, dict)]
    words = tuple(
        Word(
            str(each.get("text", "")).strip(),
            parse_seconds(each.get("start")),
            parse_seconds(each.get("end")),
            given=each,
        )
        for each in terms
    )
    return Segment(words, parse_seconds(row.get("start")), parse_seconds(row.get("end")), source=i, given=row)


def write_monologues(segments: Sequence[Segment], whole: Any) -> Any:
    """Monologues with the schema's own field for the speaker."""
    rows = []
    for each, _ in mark_cut(segments):
        who = {"speaker": {"id": each.speaker, "name": each.speaker}}
        terms = [dict(word.given) | {"speaker": word.speaker} for word in each.words]
        rows.append(dict(each.given) | who | {"start": each.start, "end": each.end, "terms": terms})
    return whole | {"monologues": rows}


DIALECTS: dict[str, Dialect] = {
    **PHRASE_DIALECTS,
    **CLOUD_DIALECTS,
    **WORD_LIST_DIALECTS,
    "google": GOOGLE,
    "whisper.cpp": Dialect("whisper.cpp", is_cpp, read_cpp, write_cpp),
    "monologues": Dialect("vosk-transcriber", is_monologues, read_monologues, write_monologues),
    "vosk": Dialect("vosk", is_vosk, read_vosk, write_vosk),
    "whisper": Dialect("Whisper (openai, faster, X)", is_whisper, read_whisper, write_whisper),
}
"""By name; the first one that recognises a value reads it."""
