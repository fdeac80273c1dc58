"""CTM: a line a word, as NIST's tools and our own reader of transcripts take it."""

from __future__ import annotations

import pytest

from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError
from diarize.formats import ctm, write_file
from diarize.transcripts import Segment, Transcript, Word, read_transcript, write_transcript

TURNS = Annotation("a call", (Turn(0.0, 2.0, "Ann B"), Turn(2.0, 3.0, "Cid")))
WORDS = Annotation(
    "a call",
    (
        Turn(0.0, 0.4, "Ann B", text="Good"),
        Turn(0.4, 1.0, "Ann B", text="New York"),
        Turn(2.0, 2.5, "Cid", text="Yes", channel=2),
    ),
)


def test_a_line_a_word():
    """Eight fields without blanks; the recogniser's confidence is not known."""
    assert ctm.write([TURNS], words=WORDS, channel="1") == (
        "a_call 1 0.000 0.400 Good NA lex Ann_B\n"
        "a_call 1 0.400 0.600 New_York NA lex Ann_B\n"
        "a_call 2 2.000 0.500 Yes NA lex Cid\n"
    )


def test_turns_without_words_are_refused(tmp_path):
    """With what to do."""
    with pytest.raises(FormatError, match="CTM needs words with times; use 'diarize label'"):
        write_file(tmp_path / "a.ctm", TURNS)


def test_what_is_written_is_read_as_a_transcript(tmp_path):
    """Words and times; and who writes a transcript writes the same."""
    words = tuple(Word(t.text, t.start, t.end, speaker=t.speaker) for t in WORDS)
    said = Transcript("a call", (Segment(words, 0.0, 3.0, speaker="Ann B"),), "ctm")
    path = write_transcript(tmp_path / "a.ctm", said, "ctm")
    back = read_transcript(path, recording="a call").words
    assert [(w.text, w.start, w.end) for w in back] == [
        ("Good", 0.0, 0.4),
        ("New_York", 0.4, 1.0),
        ("Yes", 2.0, 2.5),
    ]
