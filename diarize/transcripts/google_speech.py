"""JSON of Google Speech-to-Text, versions 1 and 2.

``{"results": [{"alternatives": [{"words": [{"word", "startTime", "endTime"}]}]}]}``, alone or as ``response``
of an operation. Times are texts such as ``"1.200s"``; version 2 calls them ``startOffset`` and ``endOffset``.
Speakers are in words: ``speakerTag``, a number from 1, and ``speakerLabel``. Names may also be written with
underscores, as the library for Python does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from diarize.errors import FormatError
from diarize.transcripts.json_fields import (
    Dialect,
    list_rows,
    read_label,
    read_string,
    read_time,
    refuse_channels,
    sentences_of,
    word_of,
    words_of,
)
from diarize.transcripts.values import Segment, Word

__all__ = ["GOOGLE"]

Row = Mapping[str, Any]

_SECONDS: Final = re.compile(r"(-?\d+(?:\.\d+)?)s")
_GOOGLE_TIMES: Final = ("startTime", "start_time", "startOffset", "start_offset")
_GOOGLE_MARKS: Final = {
    *("resultEndTime", "result_end_time", "resultEndOffset", "result_end_offset"),
    *("languageCode", "language_code", "channelTag", "channel_tag"),
}


def is_google(value: Any) -> bool:
    """By words, or other fields, in results with alternatives; alone or as the response of an operation."""
    results = _google_results(value)
    rows = [row for row in results if isinstance(row, dict)] if isinstance(results, list) else []
    found = [(row, row["alternatives"]) for row in rows if isinstance(row.get("alternatives"), list)]
    return any(
        isinstance(best, dict)
        and ("transcript" in best or "words" in best)
        and (isinstance(best.get("words"), list) or bool(_GOOGLE_MARKS & set(row)))
        for row, alternatives in found
        for best in alternatives[:1]
    )


def _google_results(value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    inner = value.get("response")
    return inner.get("results") if isinstance(inner, dict) else value.get("results")


def read_google(value: Any) -> list[Segment]:
    """Sentences; where the last result repeats all words with speakers, those."""
    results = list_rows(_google_results(value), "results")
    channels = {str(row.get("channelTag", row.get("channel_tag", ""))) for row in results} - {"", "0"}
    refuse_channels(len(channels))
    groups = [_google_words(row, f"results[{i}]") for i, row in enumerate(results)]
    groups = [words for words in groups if words]
    if not groups:
        raise FormatError("no words with times in it; let the service write them (enableWordTimeOffsets)")
    if len(groups) > 1 and _repeats(groups[-1], groups[:-1]):
        groups = groups[-1:]
    return sentences_of([word for words in groups for word in words])


def _repeats(last: Sequence[Word], others: Sequence[Sequence[Word]]) -> bool:
    """Whether the last result holds the words of all results again, as version 1 writes speakers."""
    before = [word for words in others for word in words]
    same = [(word.text, word.start) for word in last[: len(before)]]
    return same == [(word.text, word.start) for word in before]


def _google_words(row: Row, place: str) -> list[Word]:
    best = list_rows(row.get("alternatives") or [], f"{place}.alternatives")[:1]
    words = best[0].get("words") or [] if best else []
    place = f"{place}.alternatives[0].words"
    return [_google_word(each, f"{place}[{i}]") for i, each in enumerate(list_rows(words, place))]


def _google_word(row: Row, place: str) -> Word:
    ends = [next((name for name in names if name in row), None) for names in (_GOOGLE_TIMES, _google_ends())]
    start, end = (None if name is None else _google_time(row, name, place) for name in ends)
    if start is None and end is not None:
        start = 0.0  # version 2 leaves out zeros
    label = row.get("speakerLabel", row.get("speaker_label")) or row.get("speakerTag", row.get("speaker_tag"))
    return word_of(read_string(row, "word", place), (start, end), row, read_label(label or None))


def _google_ends() -> tuple[str, ...]:
    return tuple(name.replace("start", "end") for name in _GOOGLE_TIMES)


def _google_time(row: Row, name: str, place: str) -> float | None:
    """Seconds of ``"1.200s"`` or of ``{"seconds": "1", "nanos": 200000000}``."""
    value = row[name]
    if isinstance(value, dict):
        whole = read_time(value, "seconds", f"{place}.{name}") or 0.0
        return whole + (read_time(value, "nanos", f"{place}.{name}") or 0.0) / 1e9
    match = _SECONDS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise FormatError(f"{place}: {name!r} is {value!r:.40}, not seconds as in '1.200s'; check the file")
    return read_time({name: match[1]}, name, place)


def write_google(segments: Sequence[Segment], whole: Any) -> Any:
    """Words with ``speakerLabel``, and in version 1 with ``speakerTag``, which counts speakers from 1."""
    words = words_of(segments)
    order = list(dict.fromkeys(word.speaker for word in words if word.speaker))
    known = {id(word.given): _google_row(word, order) for word in words}
    results = [_google_result(row, known) for row in _google_results(whole)]
    inner = whole.get("response")
    return whole | ({"response": inner | {"results": results}} if inner else {"results": results})


def _google_result(row: dict[str, Any], known: Mapping[int, Any]) -> dict[str, Any]:
    alternatives = row.get("alternatives")
    if not alternatives or not alternatives[0].get("words"):
        return row
    best = alternatives[0] | {"words": [known.get(id(each), each) for each in alternatives[0]["words"]]}
    return row | {"alternatives": [best, *alternatives[1:]]}


def _google_row(word: Word, order: Sequence[str]) -> dict[str, Any]:
    row, tag = word.given, 1 + order.index(word.speaker) if word.speaker else 0
    snake = any("_" in name for name in row)
    told: dict[str, Any] = {"speaker_label" if snake else "speakerLabel": word.speaker}
    if not any("ffset" in name for name in row):
        told["speaker_tag" if snake else "speakerTag"] = tag
    return {**row, **told}


GOOGLE: Final = Dialect("Google Speech-to-Text", is_google, read_google, write_google)
