"""Whose word is it: by hand, by laws, and where times are odd."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarize import transcripts
from diarize.annotation import Annotation, Turn
from diarize.scoring.words import WordScore, score_words
from diarize.transcripts import Segment, Transcript, Word
from diarize.transcripts.assigning import _best_path
from diarize.transcripts.speaker_activity import measure_speaker_activity
from diarize.types import FrameGrid, Posteriors

GRID = FrameGrid(100, 10, 10, 0, 100)  # ten seconds in cells of a tenth
TURNS = Annotation("talk", (Turn(0, 5, "Ann"), Turn(6, 10, "Bob")))


def posteriors(ann):
    """Shares of Ann in cells of a tenth; the rest is Bob's, and nobody's where there is None."""
    values = np.zeros((100, 2), np.float32)
    for i, share in enumerate(ann):
        if share is not None:
            values[i] = share, 1 - share
    return Posteriors(values, GRID, ("Ann", "Bob"))


def transcript(*words):
    """One segment of words (text, start, end)."""
    found = tuple(Word(*word) for word in words)
    return Transcript("talk", (Segment(found),), "ctm")


def speakers(found):
    """Initials of the speakers of the words."""
    return "".join((word.speaker or "-")[0] for word in found.words)


def test_the_largest_mass_over_the_span_decides_and_not_the_middle():
    """A word of a second whose middle is Ann's and most of which is Bob's."""
    heard = posteriors([0.05] * 40 + [0.9] * 20 + [0.05] * 40)
    found = transcripts.assign_speakers(transcript(("word.", 4.5, 5.5), ("long", 3.0, 7.0)), TURNS, heard)
    assert found.words[0].speaker == "Ann"
    assert found.words[1].speaker == "Bob"
    assert found.words[1].confidence == pytest.approx((20 * 0.1 + 20 * 0.95) / 40, abs=1e-3)


def test_the_clock_of_posteriors_may_start_later():
    """As of an interval of a recording."""
    heard = posteriors([1.0] * 50 + [0.0] * 50)
    found = transcripts.assign_speakers(transcript(("a", 32, 33), ("b", 37, 38)), TURNS, heard, start=30.0)
    assert speakers(found) == "AB"


def test_a_word_in_a_pause_goes_to_the_nearest_turn():
    """Without confidence, and with a note; never to nobody."""
    found = transcripts.assign_speakers(transcript(("a.", 5.1, 5.2), ("b", 5.8, 5.9), ("c", 20, 21)), TURNS)
    assert speakers(found) == "ABB"
    assert [word.confidence for word in found.words] == [None] * 3
    assert found.notes == (
        "3 words where nobody speaks: given to the nearest turn; is it the transcript of this recording?",
    )


def test_a_transcript_of_another_recording_is_asked_about():
    """Where more than half of the words lie in pauses or beyond the end; fewer may be a breath."""
    heard = [(f"w{i}", i, i + 0.5) for i in range(4)]
    beyond = [(f"x{i}", 100 + i, 100.5 + i) for i in range(5)]
    asked = "is it the transcript of this recording?"
    half = transcripts.assign_speakers(transcript(*heard, *beyond[:4]), TURNS)
    most = transcripts.assign_speakers(transcript(*heard, *beyond), TURNS)
    assert [asked in " ".join(found.notes) for found in (half, most)] == [False, True]


def test_one_weak_word_between_two_of_another_goes_with_them():
    """A strong one does not, nor does a weak one at the end of a sentence."""
    shares = [0.95] * 20 + [0.45] * 10 + [0.95] * 70
    words = (("one", 1, 2), ("two", 2, 3), ("three", 3, 4))
    assert speakers(transcripts.assign_speakers(transcript(*words), TURNS, posteriors(shares))) == "AAA"
    shares[20:30] = [0.01] * 10
    assert speakers(transcripts.assign_speakers(transcript(*words), TURNS, posteriors(shares))) == "ABA"
    shares[20:30] = [0.45] * 10
    ended = (("one.", 1, 2), ("two.", 2, 3), ("three", 3, 4))
    assert speakers(transcripts.assign_speakers(transcript(*ended), TURNS, posteriors(shares))) == "ABA"


def test_a_pause_and_a_segment_end_are_ends_of_sentences():
    """Where no punctuation is written."""
    shares = [0.95] * 20 + [0.45] * 10 + [0.95] * 70
    apart = (("one", 1, 1.4), ("two", 2.0, 2.4), ("three", 3.0, 4))
    assert speakers(transcripts.assign_speakers(transcript(*apart), TURNS, posteriors(shares))) == "ABA"
    segments = tuple(
        Segment((Word(w, s, e),), source=i) for i, (w, s, e) in enumerate((("a", 1, 2), ("b", 2, 3)))
    )
    found = transcripts.assign_speakers(Transcript("talk", segments, "ctm"), TURNS, posteriors(shares))
    assert speakers(found) == "AB"


def test_the_likeliest_sequence_is_that_of_all_sequences():
    """Against trying every one."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        scores, costs = rng.normal(size=(5, 3)), rng.uniform(0, 2, 4)
        total = {
            path: sum(scores[t, k] for t, k in enumerate(path))
            - sum(c for c, a, b in zip(costs, path, path[1:], strict=False) if a != b)
            for path in product(range(3), repeat=5)
        }
        assert tuple(_best_path(scores, costs)) == max(total, key=total.get)


def test_presence_by_turns_is_presence_by_their_frames():
    """Overlap included."""
    turns = Annotation("talk", (Turn(0, 6, "Ann"), Turn(5, 10, "Bob"), Turn(5.5, 7, "Bob")))
    heard = measure_speaker_activity(turns)
    assert heard.within(np.array([4.0, 0.0]), np.array([7.0, 10.0])).tolist() == [[2.0, 2.0], [6.0, 5.0]]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["yes", "no.", "well,"]),
            st.one_of(st.none(), st.floats(-5, 30)),
            st.one_of(st.none(), st.floats(-5, 30)),
        ),
        min_size=1,
        max_size=12,
    ),
    st.booleans(),
)
def test_whatever_the_times_every_word_stays_in_order_and_has_a_speaker(words, framed):
    """None lost, none doubled, times within reason, and it can be written."""
    given_ = transcript(*words)
    heard = posteriors([0.9] * 50 + [None] * 10 + [0.2] * 40) if framed else None
    found = transcripts.assign_speakers(given_, TURNS, heard, duration=10.0)
    assert [word.text for word in found.words] == [text for text, *_ in words]
    assert {word.speaker for word in found.words} <= {"Ann", "Bob"}
    assert all(0 <= word.start <= word.end for word in found.words)
    assert all(len({word.speaker for word in each.words} | {each.speaker}) == 1 for each in found.segments)
    assert " ".join(each.said for each in found.segments).split() == [text for text, *_ in words]
    assert sum(len(t.text.split()) for t in found.annotation.turns) == len(words)


def test_odd_times_are_handled_and_told():
    """Missing ones lie between their neighbours; negative, backward and late ones are named."""
    found = transcripts.assign_speakers(
        transcript(
            ("aa", 1.0, 1.5),
            ("1984", None, None),
            ("bb", 2.5, 3.0),
            ("cc", -2, -1),
            ("d", 4, 3),
            ("e", 12, 13),
        ),
        TURNS,
        duration=10.0,
    )
    number = found.words[1]
    assert (number.start, number.end, number.estimated, number.speaker) == (1.5, 2.5, True, "Ann")
    assert (found.words[3].start, found.words[3].end) == (0, 0)
    told = " / ".join(found.notes)
    for text in (
        "1 word without a time",
        "1 word before the start",
        "1 word beyond the end",
        "1 word that end",
    ):
        assert text in told


def test_nobody_speaks():
    """Then no word has a speaker, which is said."""
    found = transcripts.assign_speakers(transcript(("a", 0, 1)), Annotation("talk"))
    assert speakers(found) == "-"
    assert "nobody speaks" in found.notes[-1]


def test_word_diarization_error_is_that_of_the_best_matching():
    """Against all matchings; a word of nobody is wrong."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        true = [f"r{k}" for k in rng.integers(0, 3, 12)]
        found = [f"h{k}" for k in rng.integers(0, 3, 12)]
        best = max(
            sum(
                dict(zip(("h0", "h1", "h2"), names, strict=True))[h] == r
                for r, h in zip(true, found, strict=True)
            )
            for names in product(("r0", "r1", "r2"), repeat=3)
            if len(set(names)) == 3
        )
        assert score_words(true, found)[0] == WordScore(12, 12 - best)
    score, mapping = score_words(["A", "A", "B"], ["x", None, "x"])
    assert (score, mapping) == (WordScore(3, 2), {"x": "A"})
    assert (score + WordScore(1, 0)).rate == 0.5
    assert WordScore().rate is None
