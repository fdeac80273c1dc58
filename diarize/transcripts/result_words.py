"""The words in the turns of a result (``diarize.results``): read, written, and given to other speakers.

A turn has an additional field ``words``: a list of ``{"word", "start", "end", "speaker",
"confidence"}`` in seconds on the millisecond, with ``"estimated": true`` for estimated times.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from diarize.annotation.rounding import milliseconds
from diarize.errors import FormatError
from diarize.results import Document, Result, read_document
from diarize.results.values import word_key
from diarize.transcripts.assigning import assign_speakers, ends_sentence
from diarize.transcripts.values import Segment, Transcript, Word
from diarize.transcripts.words import parse_seconds, split_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diarize.annotation import Turn

__all__ = ["attach_words", "dump", "extract_words", "read", "relabel_words"]


def extract_words(result: Result) -> Transcript:
    """The texts of the turns, with speakers, as a transcript.

    Parameters
    ----------
    result : of one recording; a turn without a text becomes a segment without words

    Returns
    -------
    One segment for each turn. Words that the result does not list are taken from the text, without times.

    """
    segments = tuple(
        _segment(turn, result.words.get(word_key(turn), ()), i)
        for i, turn in enumerate(result.annotation.turns)
    )
    return Transcript(result.recording, segments, "diarize")


def attach_words(result: Result, transcript: Transcript) -> Result:
    """The result with the segments of a transcript as its turns, and their words.

    Parameters
    ----------
    result : of one recording
    transcript : of the same recording, with speakers

    Returns
    -------
    The result; what is not about turns and words stays.

    """
    words = {word_key(turn): tuple(map(_fields, segment.words)) for turn, segment in transcript.turns}
    return replace(result, annotation=transcript.annotation, words=words)


def relabel_words(before: Result, after: Result) -> Result:
    """Give the words of a result to the speakers of another result of the same recording.

    Parameters
    ----------
    before : the result with words
    after : the same recording with other turns, such as those for another number of speakers

    Returns
    -------
    ``after`` with the words of ``before``, in sentences of one speaker each; ``after`` itself if there are no
    words.

    """
    if not any(turn.text for turn in before.annotation.turns):
        return after
    spoken = extract_words(before)
    spoken = replace(spoken, segments=tuple(_undo_cuts(spoken.segments)))
    return attach_words(after, assign_speakers(spoken, after.annotation))


def read(value: Any, source: str, recording: str | None = None) -> Transcript:
    """The transcript of one recording, out of the JSON of a document; estimated times are left out, because
    they are estimated anew. Raises FormatError for an invalid value.
    """
    known = read_document(value, source).by_recording
    if len(known) != 1 and recording not in known:
        raise FormatError(f"{source}: about {', '.join(known) or 'nothing'}; give a file about one recording")
    found = extract_words(known[recording] if recording in known else next(iter(known.values())))
    segments = (replace(each, words=tuple(map(_drop_estimates, each.words))) for each in found.segments)
    return replace(found, segments=tuple(segments))


def dump(transcript: Transcript, known: Document | None = None) -> str:
    """The text of a file: turns with their words, and the other ``known`` results of the recording."""
    known = known or Document((Result(transcript.annotation),))
    (result,) = known.results
    return known.with_results({result.recording: attach_words(result, transcript)}).to_json()


def _segment(turn: Turn, given: Sequence[Mapping[str, Any]], i: int) -> Segment:
    text = turn.text or ""
    words = tuple(_word(each, blank) for each, blank in _with_blanks(given, text)) or split_text(text)
    words = tuple(replace(word, speaker=turn.speaker) for word in words)
    return Segment(words, turn.start, turn.end, speaker=turn.speaker, text=text, source=i)


def _with_blanks(given: Sequence[Mapping[str, Any]], text: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each word with what separates it from the word before: nothing, in languages without blanks."""
    at = 0
    for each in given:
        word = _text_of(each)
        found = text.find(word, at)
        yield each, "" if 0 < at == found else " "
        at = max(at, found + len(word))


def _text_of(given: Mapping[str, Any]) -> str:
    return str(given.get("word", "")).strip()


def _word(given: Mapping[str, Any], blank: str) -> Word:
    return Word(
        _text_of(given),
        parse_seconds(given.get("start")),
        parse_seconds(given.get("end")),
        estimated=given.get("estimated") is True,
        confidence=parse_seconds(given.get("confidence")),
        before=blank,
    )


def _drop_estimates(word: Word) -> Word:
    return replace(word, start=None, end=None, estimated=False) if word.estimated else word


def _undo_cuts(segments: Sequence[Segment]) -> Iterator[Segment]:
    """Join the parts of a sentence that was cut where the speaker changed."""
    whole: list[Segment] = list(segments[:1])
    for one, other in pairwise(segments):
        if one.speaker != other.speaker and _is_within_sentence(one, other):
            whole.append(other)
            continue
        yield _join(whole)
        whole = [other]
    if whole:
        yield _join(whole)


def _is_within_sentence(one: Segment, other: Segment) -> bool:
    if not (one.words and other.words) or (other.start or 0.0) < (one.end or 0.0):
        return False
    return not ends_sentence(one.words[-1], other.words[0])


def _join(parts: Sequence[Segment]) -> Segment:
    if len(parts) == 1:
        return parts[0]
    words = tuple(word for each in parts for word in each.words)
    return replace(parts[0], words=words, end=parts[-1].end, text="")


def _fields(word: Word) -> dict[str, Any]:
    fields: dict[str, Any] = {"word": word.text}
    for name in ("start", "end"):
        value = getattr(word, name)
        fields[name] = None if value is None else milliseconds(value) / 1000
    fields["confidence"] = None if word.confidence is None else round(word.confidence, 4)
    return fields | {"speaker": word.speaker} | ({"estimated": True} if word.estimated else {})
