"""JSON of services that list words: AWS Transcribe, Deepgram, AssemblyAI.

aws         ``{"results": {"items": [{"type", "start_time", "end_time", "alternatives": [{"content"}]}]}}``:
            seconds as texts; ``speaker_label`` in items, ``speaker_labels`` and ``audio_segments``
deepgram    ``{"results": {"channels": [{"alternatives": [{"words": [{"word", "start", "end"}]}]}]}}``:
            seconds; ``speaker`` in words, in ``utterances`` and in ``paragraphs``
assemblyai  ``{"words": [{"text", "start", "end"}], "utterances": […]}``: milliseconds; ``speaker`` in both

Words are read in sentences. What is written has the same words in the same places; groups of words, such as
utterances, are cut where the speaker changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, Final

from diarize.errors import FormatError
from diarize.transcripts.json_fields import (
    Dialect,
    list_rows,
    mean_confidence,
    read_first_alternative,
    read_label,
    read_object,
    read_span,
    read_string,
    read_time,
    refuse_channels,
    regroup,
    round_seconds,
    sentences_of,
    word_of,
    words_of,
)
from diarize.transcripts.values import Segment, Word

__all__ = ["CLOUD_DIALECTS"]

OPENING: Final = tuple("¿¡([{“„«「『（")
"""Punctuation that belongs to the word after it."""

Row = Mapping[str, Any]
Groups = tuple[Sequence[Row], Sequence[float]]


def _join(words: Sequence[Word]) -> str:
    return "".join(word.before + word.text for word in words).strip()


def _list_groups(given: Any, place: str, key: str, unit: str = "seconds") -> Groups:
    """Groups of words, none where there are null, and the seconds at which they begin, made ascending.

    Readers call it, too: what cannot be written is refused before a recording is diarized.
    """
    rows = list_rows([] if given is None else given, place)
    starts = [read_time(row, key, f"{place}[{i}]", unit) or 0.0 for i, row in enumerate(rows)]
    return rows, list(accumulate(starts, max))


# AWS Transcribe


def is_aws(value: Any) -> bool:
    """By its items."""
    results = value.get("results") if isinstance(value, dict) else None
    return isinstance(results, dict) and isinstance(results.get("items"), list)


def read_aws(value: Any) -> list[Segment]:
    """Sentences; punctuation, which has no time, belongs to the word before it."""
    items = list_rows(value["results"]["items"], "results.items")
    refuse_channels(len({str(item["channel_label"]) for item in items if item.get("channel_label")}))
    _aws_segment_groups(value["results"])
    _aws_span_groups(value["results"])
    return sentences_of(_aws_words(items))


def _aws_words(items: Sequence[Row]) -> list[Word]:
    words: list[Word] = []
    lead: list[tuple[Row, str]] = []  # opening punctuation
    for i, item in enumerate(items):
        place = f"results.items[{i}]"
        text, kind = _aws_content(item, place).strip(), item.get("type")
        if kind == "pronunciation":
            span = read_span(item, ("start_time", "end_time"), place)
            given = {"items": [*(opening for opening, _ in lead), item], "timed": item}
            text = "".join(each for _, each in lead) + text
            words.append(word_of(text, span, given, read_label(item.get("speaker_label"))))
            lead = []
        elif kind != "punctuation":
            raise FormatError(f"{place}: type {kind!r:.40} is neither pronunciation nor punctuation")
        elif lead or text in OPENING:
            lead.append((item, text))
        elif words:
            last = words[-1]
            given = {**last.given, "items": [*last.given["items"], item]}
            words[-1] = replace(last, text=last.text + text, given=given)
    return words


def _aws_content(item: Row, place: str) -> str:
    return read_string(read_first_alternative(item, place), "content", f"{place}.alternatives[0]")


def write_aws(segments: Sequence[Segment], whole: Any) -> Any:
    """Items with ``speaker_label``; ``speaker_labels`` and ``audio_segments`` made anew."""
    results, words = whole["results"], words_of(segments)
    speakers = {id(item): word.speaker for word in words for item in word.given["items"]}
    items = [
        item | {"speaker_label": speakers[id(item)]} if id(item) in speakers else item
        for item in results["items"]
    ]
    labels = results.get("speaker_labels") or {}
    n = len({word.speaker for word in words} - {None})
    more: dict[str, Any] = {
        "speaker_labels": labels | {"speakers": n, "segments": _aws_segments(words, results)}
    }
    if isinstance(results.get("audio_segments"), list):
        more["audio_segments"] = _aws_spans(words, results)
    return whole | {"results": results | {"items": items} | more}


def _aws_segment_groups(results: Row) -> Groups:
    labels = read_object(results.get("speaker_labels") or {}, "results.speaker_labels")
    return _list_groups(labels.get("segments"), "results.speaker_labels.segments", "start_time")


def _aws_span_groups(results: Row) -> Groups:
    return _list_groups(results.get("audio_segments"), "results.audio_segments", "start_time")


def _aws_segments(words: Sequence[Word], results: Row) -> list[dict[str, Any]]:
    return [
        {key: each for key, each in row.items() if key not in ("start_time", "end_time", "items")}
        | _aws_span(run)
        | {"items": [_aws_span([word]) for word in run]}
        for row, run, _ in regroup(words, *_aws_segment_groups(results))
    ]


def _aws_span(words: Sequence[Word]) -> dict[str, Any]:
    """Both ends, as the service wrote them where it did, and the speaker."""
    first, last = words[0], words[-1]
    start = first.given["timed"].get("start_time") or f"{first.start or 0.0:.3f}"
    end = last.given["timed"].get("end_time") or f"{last.end or 0.0:.3f}"
    return {"start_time": start, "end_time": end, "speaker_label": first.speaker}


def _aws_spans(words: Sequence[Word], results: Row) -> list[dict[str, Any]]:
    found = []
    for i, (row, run, _) in enumerate(regroup(words, *_aws_span_groups(results))):
        names = [item["id"] for word in run for item in word.given["items"] if "id" in item]
        found.append({**row, "id": i, "transcript": _join(run), **_aws_span(run), "items": names})
    return found


# Deepgram


def is_deepgram(value: Any) -> bool:
    """By its channels."""
    results = value.get("results") if isinstance(value, dict) else None
    return isinstance(results, dict) and isinstance(results.get("channels"), list)


def read_deepgram(value: Any) -> list[Segment]:
    """Sentences of the first alternative of the only channel with words."""
    place, words = "results.channels", []
    spoken = _deepgram_spoken(value)
    refuse_channels(len(spoken))
    for i in spoken:
        place = f"results.channels[{i}].alternatives[0].words"
        rows = list_rows(value["results"]["channels"][i]["alternatives"][0]["words"], place)
        words = [_deepgram_word(row, f"{place}[{j}]") for j, row in enumerate(rows)]
        _deepgram_paragraph_groups(value["results"]["channels"][i]["alternatives"][0])
    _deepgram_utterance_groups(value["results"])
    return sentences_of(words)


def _deepgram_spoken(value: Any) -> list[int]:
    """Indices of the channels with words."""
    channels = list_rows(value["results"]["channels"], "results.channels")
    both = [
        list_rows(each.get("alternatives") or [], f"results.channels[{i}].alternatives")
        for i, each in enumerate(channels)
    ]
    return [i for i, found in enumerate(both) if found and found[0].get("words")]


def _deepgram_word(row: Row, place: str) -> Word:
    name = "punctuated_word" if row.get("punctuated_word") else "word"
    span = read_span(row, ("start", "end"), place)
    return word_of(read_string(row, name, place), span, row, read_label(row.get("speaker")))


def write_deepgram(segments: Sequence[Segment], whole: Any) -> Any:
    """Words with ``speaker`` and ``speaker_confidence``; utterances and paragraphs made anew."""
    results, words = whole["results"], words_of(segments)
    (i,) = _deepgram_spoken(whole)
    channels = list(results["channels"])
    best, *others = channels[i]["alternatives"]
    known = {id(word.given): _deepgram_row(word) for word in words}
    best = best | {"words": [known.get(id(row), row) for row in best["words"]]}
    if best.get("paragraphs"):
        best["paragraphs"] = best["paragraphs"] | _deepgram_paragraphs(words, best)
    channels[i] = channels[i] | {"alternatives": [best, *others]}
    results = results | {"channels": channels}
    if isinstance(results.get("utterances"), list):
        results["utterances"] = _deepgram_utterances(words, results)
    return whole | {"results": results}


def _deepgram_row(word: Word) -> dict[str, Any]:
    told = {"speaker": word.speaker, "speaker_confidence": round_seconds(word.confidence)}
    return {**word.given, **told}


def _deepgram_utterance_groups(results: Row) -> Groups:
    return _list_groups(results.get("utterances"), "results.utterances", "start")


def _deepgram_paragraph_groups(best: Row) -> Groups:
    whole = read_object(best.get("paragraphs") or {}, "paragraphs")
    return _list_groups(whole.get("paragraphs"), "paragraphs.paragraphs", "start")


def _deepgram_utterances(words: Sequence[Word], results: Row) -> list[dict[str, Any]]:
    found = []
    for row, run, nth in regroup(words, *_deepgram_utterance_groups(results)):
        inner = [_deepgram_row(word) for word in run]
        name = {"id": f"{row['id']}-{nth + 1}"} if nth and "id" in row else {}
        ends = {"start": round_seconds(run[0].start), "end": round_seconds(run[-1].end)}
        told = {"transcript": _join(run), "words": inner, "speaker": run[0].speaker}
        mean = {} if nth is None else mean_confidence(inner)
        found.append({**row, **name, **ends, **mean, **told})
    return found


def _deepgram_paragraphs(words: Sequence[Word], best: Row) -> dict[str, Any]:
    found, texts = [], []
    for row, run, _ in regroup(words, *_deepgram_paragraph_groups(best)):
        ends = {"start": round_seconds(run[0].start), "end": round_seconds(run[-1].end)}
        sentences = [
            {"text": _join(each.words), "start": round_seconds(each.start), "end": round_seconds(each.end)}
            for each in sentences_of(run)
        ]
        told = {"sentences": sentences, "num_words": len(run), "speaker": run[0].speaker}
        found.append({**row, **told, **ends})
        texts.append(f"\n{run[0].speaker}: {_join(run)}\n" if run[0].speaker else f"\n{_join(run)}\n")
    return {"transcript": "".join(texts), "paragraphs": found}


# AssemblyAI


def is_assemblyai(value: Any) -> bool:
    """By fields that Whisper, which has the same names for words, lacks."""
    if not isinstance(value, dict) or "segments" in value:
        return False
    lists = (value.get("words"), value.get("utterances"))
    return ("utterances" in value or "audio_url" in value) and any(isinstance(each, list) for each in lists)


def read_assemblyai(value: Any) -> list[Segment]:
    """Sentences of the words, or of those in the utterances."""
    channels = value.get("audio_channels")
    multichannel = value.get("multichannel") and isinstance(channels, int)
    refuse_channels(channels if multichannel and isinstance(channels, int) else 1)
    rows, _ = _assemblyai_groups(value)
    if isinstance(value.get("words"), list):
        groups = [("words", value["words"])]
    else:
        groups = [(f"utterances[{i}].words", row.get("words")) for i, row in enumerate(rows)]
    words = [
        _assemblyai_word(row, f"{place}[{i}]")
        for place, given in groups
        for i, row in enumerate(list_rows(given, place))
    ]
    return sentences_of(words)


def _assemblyai_groups(value: Row) -> Groups:
    return _list_groups(value.get("utterances"), "utterances", "start", "milliseconds")


def _assemblyai_word(row: Row, place: str) -> Word:
    span = read_span(row, ("start", "end"), place, "milliseconds")
    return word_of(read_string(row, "text", place), span, row, read_label(row.get("speaker")))


def write_assemblyai(segments: Sequence[Segment], whole: Any) -> Any:
    """Words and utterances with ``speaker``; utterances are those of one speaker each."""
    words = words_of(segments)
    known = {id(word.given): {**word.given, "speaker": word.speaker} for word in words}
    utterances = []
    for row, run, nth in regroup(words, *_assemblyai_groups(whole)):
        inner = [known[id(word.given)] for word in run]
        ends = {"start": round(1000 * (run[0].start or 0.0)), "end": round(1000 * (run[-1].end or 0.0))}
        told = {"speaker": run[0].speaker, "text": _join(run), "words": inner}
        mean = mean_confidence(inner) if nth is not None or not row else {}
        utterances.append({**row, **mean, **ends, **told})
    given = whole.get("words")
    listed = {"words": [known.get(id(row), row) for row in given]} if isinstance(given, list) else {}
    return whole | listed | {"utterances": utterances}


CLOUD_DIALECTS: Final = {
    "aws": Dialect("AWS Transcribe", is_aws, read_aws, write_aws),
    "deepgram": Dialect("Deepgram", is_deepgram, read_deepgram, write_deepgram),
    "assemblyai": Dialect("AssemblyAI", is_assemblyai, read_assemblyai, write_assemblyai),
}
"""By name; no value is recognised as two of them."""
