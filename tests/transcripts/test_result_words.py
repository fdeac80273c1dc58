"""Words of a result: out of its JSON and into it, and given to other speakers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from diarize.annotation import Annotation, Turn
from diarize.results import Document, Result, parse_document
from diarize.transcripts import (
    Segment,
    Transcript,
    Word,
    attach_words,
    extract_words,
    read_transcript,
    relabel_words,
)

WORDS = (
    Word("so", 1.0, 2.0, speaker="A", confidence=0.9),
    Word("we", 2.0, 4.0, estimated=True, speaker="A", confidence=0.75),
    Word("go", 4.0, 6.0, speaker="B", confidence=1.0),
    Word("home.", 6.0, 8.0, speaker="B", confidence=1.0),
)


def segment(words, **more):
    """A segment of one speaker."""
    return Segment(tuple(words), words[0].start, words[-1].end, speaker=words[0].speaker, **more)


@pytest.fixture
def cut():
    """One sentence, cut where the speaker changes."""
    return Transcript("call", (segment(WORDS[:2]), segment(WORDS[2:])), "diarize")


def turns(result):
    """Times, speaker and text of every turn."""
    return [(t.start, t.end, t.speaker, t.text) for t in result.annotation.turns]


def test_what_is_attached_and_written_is_extracted_again(cut):
    """Times, speakers, confidences, and which times were estimated."""
    result = attach_words(Result(Annotation("call"), notes=("kept",)), cut)
    assert turns(result) == [(1, 4, "A", "so we"), (4, 8, "B", "go home.")]
    text = Document((result,)).to_json()
    again = parse_document(text, "x.json").results[0]
    assert again.notes == ("kept",)
    assert [each.words for each in extract_words(again).segments] == [WORDS[:2], WORDS[2:]]
    assert Document((again,)).to_json() == text


def test_languages_without_blanks_stay_without():
    """The text of the turn says what stands between its words."""
    words = [Word("今日", 0.0, 1.0), Word("は。", 1.0, 2.0, before=""), Word("Ja", 2.0, 3.0)]
    words = [replace(word, speaker="A") for word in words]
    result = attach_words(Result(Annotation("call")), Transcript("call", (segment(words),), "x"))
    (found,) = extract_words(parse_document(Document((result,)).to_json(), "x.json").results[0]).segments
    assert [word.before for word in found.words] == [" ", "", " "]
    assert replace(found, text="").said == found.said == "今日は。 Ja"


def test_a_sentence_that_was_cut_is_whole_where_one_speaker_has_it(cut):
    """And it is cut elsewhere where the speaker changes elsewhere."""
    before = attach_words(Result(Annotation("call")), cut)
    one = relabel_words(before, Result(Annotation("call", (Turn(0, 9, "A"),)), band="wide"))
    assert (turns(one), one.band) == ([(1, 8, "A", "so we go home.")], "wide")
    other = relabel_words(one, Result(Annotation("call", (Turn(0, 6, "A"), Turn(6, 9, "B")))))
    assert turns(other) == [(1, 6, "A", "so we go"), (6, 8, "B", "home.")]
    last = json.loads(Document((other,)).to_json())["recordings"][0]["turns"][1]["words"]
    assert last == [{"word": "home.", "start": 6.0, "end": 8.0, "confidence": 1.0, "speaker": "B"}]


@pytest.mark.parametrize(
    "between",
    [
        (Word("we.", 2.0, 4.0, speaker="A"), Word("go", 4.0, 6.0, speaker="B")),
        (Word("we", 2.0, 4.0, speaker="A"), Word("go", 4.5, 6.0, speaker="B")),
        (Word("we", 2.0, 4.0, speaker="A"), Word("go", 3.5, 6.0, speaker="B")),
        (Word("we", 2.0, 4.0, speaker="A"), Word("go", 4.0, 6.0, speaker="A")),
    ],
    ids=["full stop", "pause", "overlap", "same speaker"],
)
def test_sentences_that_were_apart_stay_apart(between):
    """Only a cut at a change of speaker is undone."""
    spoken = Transcript("call", tuple(segment([word]) for word in between), "diarize")
    before = attach_words(Result(Annotation("call")), spoken)
    found = relabel_words(before, Result(Annotation("call", (Turn(0, 9, "A"),))))
    assert [turn.text for turn in found.annotation.turns] == [word.text for word in between]


def test_without_words_there_is_nothing_to_do():
    """The other result as it is."""
    after = Result(Annotation("call", (Turn(0, 9, "A"),)))
    assert relabel_words(Result(Annotation("call", (Turn(0, 1, "B"),))), after) is after


def test_estimated_times_are_estimated_anew_where_the_file_is_read_as_a_transcript(cut, tmp_path):
    """They would count as known times otherwise."""
    path = tmp_path / "call.json"
    path.write_text(Document((attach_words(Result(Annotation("call")), cut),)).to_json())
    assert [(word.text, word.start, word.estimated) for word in read_transcript(path).words] == [
        ("so", 1.0, False),
        ("we", None, False),
        ("go", 4.0, False),
        ("home.", 6.0, False),
    ]
