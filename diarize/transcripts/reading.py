"""Read transcripts: subtitles, tiers of editors, CTM, and JSON of recognisers and of this package."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diarize.annotation.names import find_name
from diarize.errors import FormatError
from diarize.files import read_text
from diarize.formats import eaf, lines, srt, textgrid, times, webvtt
from diarize.results import is_document
from diarize.transcripts import result_words
from diarize.transcripts.dialects import DIALECTS, dialect_of
from diarize.transcripts.times import list_known_times
from diarize.transcripts.values import Segment, Transcript, Word
from diarize.transcripts.words import segment_of_text, segments_of_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diarize.annotation import Turn
    from diarize.formats.cues import Cue

    Tiers = list[tuple[str, list[Turn]]]

__all__ = ["parse_transcript", "read_transcript"]

_WORDS = re.compile(
    r"(.*?)(?:^|[\s_.:-]+)(?:words?|tokens?|ort|ort-mau|wort|wörter|mots?|palabras?)$", re.IGNORECASE
)
UNNAMED = ("NA", "<NA>", "UNKNOWN", "-")
"""What stands for no speaker in CTM."""
_CHANNEL = re.compile(r"[1-9]\d?|[A-Za-z0]|<NA>")
_SOUNDS = re.compile(
    r"(^|[\s_.:-])(phones?|phonemes?|mau|kan|kan-mau|segments?|syllables?|pitch|tones?)$", re.IGNORECASE
)


def read_transcript(path: str | Path, *, recording: str | None = None) -> Transcript:
    """Read a transcript.

    Parameters
    ----------
    path : the file, whose suffix names the format
    recording : the recording to read, if the file has several

    Returns
    -------
    The transcript.

    Raises
    ------
    FormatError
        For an unknown suffix, and for files that do not follow their format.

    """
    path = Path(path)
    if path.suffix.lower() not in READABLE:
        raise FormatError(
            f"{path}: the suffix {path.suffix!r} is not that of a transcript; {', '.join(READABLE)} are read"
        )
    return parse_transcript(read_text(path), path.name, recording=recording)


def parse_transcript(text: str, source: str, *, recording: str | None = None) -> Transcript:
    """The same from text and the name of its file."""
    if not text.strip("\ufeff \t\n"):
        raise FormatError(f"{source}: the file is empty; give the file that the recogniser wrote")
    found = READABLE[Path(source).suffix.lower()](text, source, recording)
    if not any(segment.words for segment in found.segments):
        raise FormatError(f"{source}: no words in it; give the file that the recogniser wrote")
    if not any(list_known_times(segment) for segment in found.segments):
        raise FormatError(
            f"{source}: no times in it, so words cannot get speakers; let the recogniser write the times "
            "of words or segments"
        )
    return found


def _subtitles(spoken: Callable[[str, str], list[tuple[Cue, str | None, str]]], dialect: str) -> Any:
    def read(text: str, source: str, _: str | None) -> Transcript:
        segments = [
            segment_of_text(said, float(cue.start), max(float(cue.start), float(cue.end)), who)
            for cue, who, said in spoken(text, source)
            if said
        ]
        return Transcript(lines.recording_name(source), _number_segments(segments), dialect)

    return read


def _tiers(tiers: Callable[[str, str], Tiers], dialect: str) -> Any:
    def read(text: str, source: str, _: str | None) -> Transcript:
        return Transcript(
            lines.recording_name(source), _number_segments(_of_tiers(tiers(text, source))), dialect
        )

    return read


def _eaf_tiers(text: str, source: str) -> Tiers:
    """All tiers if some are of words; otherwise without those that repeat what others hold."""
    found = eaf.read_tiers(text, source)
    if any(_WORDS.fullmatch(name) for name, _ in found):
        return found
    return eaf.read_tiers(text, source, dependent=False)


def _of_tiers(tiers: Tiers) -> list[Segment]:
    """Sentences from tiers of words or, without such tiers, from the texts of all tiers."""
    of_words = [(match[1], turns) for name, turns in tiers if (match := _WORDS.fullmatch(name))]
    if not of_words:
        spoken = [(name, turns) for name, turns in tiers if not _SOUNDS.search(name)]
        texts = [turn.text or "" for _, turns in spoken for turn in turns]
        if any(len(text.split()) > 1 for text in texts):
            segments = [
                segment_of_text(turn.text, turn.start, turn.end, name)
                for name, turns in spoken
                for turn in turns
                if turn.text
            ]
            return sorted(segments, key=lambda each: (each.start or 0.0, each.end or 0.0))
        of_words = spoken
    found = [
        segment
        for name, turns in of_words
        for segment in segments_of_words(
            [Word(t.text, t.start, t.end, speaker=name or None) for t in turns if t.text]
        )
    ]
    return sorted(found, key=lambda each: (each.start or 0.0, each.end or 0.0))


def _ctm(text: str, source: str, recording: str | None) -> Transcript:
    """``recording channel start duration word [confidence [type [speaker]]]`` per line (NIST SCTK, *ctm*)."""
    words: dict[str, list[Word]] = {}
    for line in lines.number_lines(text, source, comments=(";;",)):
        if line.text.lstrip().startswith(";") and not _is_ctm(line.fields()):
            continue  # a comment, and not a recording called ;x
        fields = _ctm_fields(line)
        start, length = (
            line.parse_number(fields[2], "the start"),
            line.parse_number(fields[3], "the duration"),
        )
        kind = fields[6].lower() if len(fields) > 6 else "lex"
        if kind in ("lex", "<na>") or not kind.startswith(("non", "noise", "misc")):
            who = fields[7] if len(fields) > 7 and fields[7].upper() not in UNNAMED else None
            given = {"channel": fields[1]}
            word = Word(fields[4], float(start), float(start + length), speaker=who, given=given)
            words.setdefault(fields[0], []).append(word)
    name = _choose_recording(list(words) or [lines.recording_name(source)], recording, source)
    ordered = sorted(words.get(name, ()), key=lambda word: word.start or 0.0)
    return Transcript(name, _number_segments(list(segments_of_words(ordered))), "ctm")


def _ctm_fields(line: lines.Line) -> list[str]:
    """The fields of a line, with the blanks of the recording's name in the first one.

    The name ends before a channel and two numbers, behind which there are a word and perhaps a confidence.
    """
    fields = line.fields()
    if len(fields) < 5:
        raise line.error(f"{len(fields)} fields; CTM has five: recording, channel, start, duration, word")
    places = (n for n in range(len(fields) - 4) if _CHANNEL.fullmatch(fields[n + 1]) and _is_ctm(fields[n:]))
    first = next(places, 0)
    if first == 0 and not _is_ctm(fields) and (len(fields) > 8 or _has_ctm_times(fields[1:])):
        raise line.error(
            f"{len(fields)} fields; CTM has five to eight, write names without spaces, as in my_call"
        )
    return [" ".join(fields[: first + 1]), *fields[first + 1 :]]


def _is_ctm(fields: Sequence[str]) -> bool:
    sure = fields[5] if len(fields) > 5 else "NA"
    known = sure.upper() in ("NA", "<NA>", "-") or times.decimal(sure) is not None
    return len(fields) <= 8 and known and _has_ctm_times(fields)


def _has_ctm_times(fields: Sequence[str]) -> bool:
    return len(fields) > 4 and None not in (times.decimal(fields[2]), times.decimal(fields[3]))


def _choose_recording(names: Sequence[str], recording: str | None, source: str) -> str:
    if recording is not None and (known := find_name(recording, names)):
        return known
    if len(names) == 1:
        return names[0]
    raise FormatError(
        f"{source}: words of several recordings ({', '.join(names)}), none called {recording!r}; "
        "give one file each"
    )


def _json(text: str, source: str, recording: str | None) -> Transcript:
    value = _values(text, source)
    if is_document(value):
        return result_words.read(value, source, recording)
    dialect = dialect_of(value)
    if dialect is None:
        known = ", ".join(each.title for each in DIALECTS.values())
        raise FormatError(
            f"{source}: JSON of an unknown speech recogniser; that of {known} and diarize itself is read; "
            "let it write subtitles (SRT or WebVTT)"
        )
    try:
        segments = tuple(DIALECTS[dialect].read(value))
    except FormatError as error:
        raise FormatError(f"{source}: {error}") from None
    return Transcript(lines.recording_name(source), segments, dialect, whole=value)


def _values(text: str, source: str) -> Any:
    """The JSON value in a text, or a list of several concatenated values, as vosk prints them."""
    decoder, found, at = json.JSONDecoder(), [], 0
    text = text.removeprefix("\ufeff").strip()
    try:
        while at < len(text):
            value, end = decoder.raw_decode(text, at)
            found.append(value)
            at = end + len(text[end:]) - len(text[end:].lstrip(" \t\r\n,"))
    except json.JSONDecodeError as error:
        raise FormatError(f"{source}:{error.lineno}: not JSON ({error.msg}); check the file") from None
    except (RecursionError, ValueError):
        raise FormatError(f"{source}: JSON too deep or with too long a number; check the file") from None
    return found[0] if len(found) == 1 else found


def _number_segments(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(replace(each, source=i) for i, each in enumerate(segments))


READABLE: dict[str, Callable[[str, str, str | None], Transcript]] = {
    ".srt": _subtitles(srt.read_cues, "srt"),
    ".vtt": _subtitles(webvtt.read_cues, "webvtt"),
    ".json": _json,
    ".jsonl": _json,
    ".ctm": _ctm,
    ".textgrid": _tiers(textgrid.read_tiers, "textgrid"),
    ".eaf": _tiers(_eaf_tiers, "eaf"),
}
"""How files are read, by suffix in lower case."""
