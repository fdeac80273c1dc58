"""Who spoke when for every number: by hand, by laws, and what names and turns become."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarize.annotation import Annotation, Turn
from diarize.annotation.alternatives import (
    Alternatives,
    find_alternatives,
    find_doubtful_speakers,
    force_speakers,
    join_touching_turns,
    label_every_number,
)
from diarize.errors import DiarizeError, FormatError
from diarize.types import FrameGrid, SpeakerPoints, SpeechMask

GRID = FrameGrid(16_000, 160, 400, -120, 800)
# Eight windows of a second: voices at 0, 1, 10 and 20 on a line
PLACES = np.array([0.0, 0.0, 1.0, 1.0, 10.0, 10.0, 20.0, 20.0])[:, None]
POINTS = SpeakerPoints(
    PLACES, np.column_stack((np.arange(8) * 100, np.arange(1, 9) * 100)), np.ones(8, bool), GRID
)
FOUND = np.array([0, 0, 0, 0, 1, 1, 2, 2])
TURNS = Annotation("talk", (Turn(0, 3.9, "Ann"), Turn(4.1, 6, "Bob"), Turn(6, 8, "Cid", 0.9, "Bob")))


@pytest.fixture
def kept():
    """Alternatives of three found, one and two out of them, and four beyond."""
    return find_alternatives(POINTS, [np.eye(3)[FOUND]], 4, TURNS)


def test_every_number_up_to_the_limit_has_an_assignment(kept):
    """Fewer by merging the smallest into the nearest, more by parting the widest."""
    assert sorted(kept.labels) == list(range(1, 9))  # of eight windows
    assert kept.labels[1].tolist() == [0] * 8
    two, four = kept.labels[2], kept.labels[4]
    assert len({*two[:4]}) == 1
    assert two[4] != two[0] or two[6] != two[0]
    assert [len({*four[i : i + 2]}) for i in (0, 2, 4, 6)] == [1, 1, 1, 1]
    assert four[0] != four[2]


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12), st.integers(1, 8), st.integers(1, 4))
def test_each_number_is_a_number_of_speakers(places, limit, found):
    """None is empty, and there are as many as there are points, or the limit."""
    values = np.array(places, dtype=float)[:, None]
    labels = np.unique(np.arange(len(places)) % found, return_inverse=True)[1]
    every = label_every_number(values, {labels.max() + 1: labels}, limit)
    assert all(len(np.unique(each)) == k and each.max() == k - 1 for k, each in every.items())
    assert sorted(every) == list(range(1, max(every) + 1))
    assert max(every) == max(1, min(limit, len(places)))
    assert 1 in every


def test_the_number_that_was_found_gives_the_turns_that_were_found(kept):
    """To the last digit, after another number, and under the names of now."""
    assert kept.annotation(3, TURNS) == TURNS
    two = kept.annotation(2, TURNS)
    assert len(two.speakers) == 2
    assert kept.annotation(3, two.rename({"Ann": "Anna"})).turns[0] == Turn(0, 3.9, "Anna")
    back = kept.annotation(3, two)
    assert [(t.start, t.end) for t in back.turns] == [(t.start, t.end) for t in TURNS.turns]
    assert len(back.speakers) == 3


def test_fewer_speakers_are_whole_turns_put_together(kept):
    """With the boundaries that were found; those that touch become one."""
    one = kept.annotation(1, TURNS)
    assert [(t.start, t.end, t.speaker) for t in one.turns] == [(0, 3.9, "Ann"), (4.1, 8, "Ann")]


def test_more_speakers_cut_turns_at_windows(kept):
    """The newcomer gets a name of its own, the others keep theirs."""
    four = kept.annotation(4, TURNS)
    assert [(t.start, t.end) for t in four.turns] == [(0, 2), (2, 3.9), (4.1, 6), (6, 8)]
    assert set(four.speakers) == {"Ann", "Bob", "Cid", "SPEAKER_00"}
    with pytest.raises(
        DiarizeError, match="no turns for 9 speakers are stored; there are those for 1, 2, 3, 4"
    ):
        kept.annotation(9, TURNS)


def test_what_json_keeps_is_restored(kept):
    """Times to the millisecond, labels exactly; anything else is one line."""
    fields = json.loads(json.dumps(kept.fields))
    back = Alternatives.from_dict(fields, TURNS.turns)
    assert np.allclose(back.starts, kept.starts, atol=5e-4)
    assert {k: each.tolist() for k, each in back.labels.items()} == {
        k: each.tolist() for k, each in kept.labels.items()
    }
    for damage in ({}, {"labels": {"2": "0*3"}}, {"labels": {"2": "x"}}, {"starts": "1 b"}):
        with pytest.raises(FormatError, match="alternatives"):
            Alternatives.from_dict((fields | damage) if damage else 3, ())


def test_an_interval_of_a_recording_keeps_the_times_of_the_file():
    """As of run --start."""
    later = find_alternatives(POINTS, [np.eye(3)[FOUND]], 3, TURNS, start=30.0)
    assert later.starts[0] == pytest.approx(30.0)


def test_words_are_never_put_together():
    """Only silent turns are."""
    said = Annotation("talk", (Turn(0, 1, "Ann", text="One."), Turn(1, 2, "Ann", text="Two.")))
    assert join_touching_turns(said) == said
    assert join_touching_turns(
        Annotation("talk", (Turn(0, 2, "Ann", 0.9), Turn(1, 3, "Ann", 0.8)))
    ).turns == (Turn(0, 3, "Ann"),)


def test_turns_of_several_channels_are_never_put_together():
    """Those of one channel stay there."""
    sides = Annotation(
        "call",
        (Turn(0, 1, "Ann", channel=2), Turn(1, 2, "Ann", channel=2), Turn(2, 3, "Ann", channel=1)),
    )
    assert join_touching_turns(sides).turns == (
        Turn(0, 2, "Ann", channel=2),
        Turn(2, 3, "Ann", channel=1),
    )


def test_a_few_seconds_in_a_long_recording_are_doubtful(kept):
    """With the reason and whom to merge them with; not in a short one, and not when they are many."""
    long = Annotation(
        "talk", (Turn(0, 3.9, "Ann"), Turn(4.1, 6, "Bob"), Turn(6, 8, "Cid"), Turn(8, 308, "Ann"))
    )
    assert [(each.speaker, each.nearest is not None) for each in find_doubtful_speakers(long, kept)] == [
        ("Bob", True),
        ("Cid", True),
    ]
    assert "1.9 s of 308 s" in find_doubtful_speakers(long, kept)[0].reason
    assert find_doubtful_speakers(TURNS, kept) == ()
    rivals = Annotation("talk", (Turn(0, 300, "Ann"), Turn(300, 302, "Bob", 0.5, "Ann")))
    assert find_doubtful_speakers(rivals)[0].nearest == "Ann"


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 9])
def test_frames_are_given_to_so_many_speakers(n):
    """Each has some, as long as there are windows; silence is nobody's."""
    mask = SpeechMask(np.arange(800) % 10 > 0, GRID)
    found = force_speakers(POINTS, mask, [np.eye(3)[FOUND]], n)
    assert len(found.speakers) == min(n, 8)
    assert (found.values.sum(axis=1) == mask.values).all()
    assert (found.values.sum(axis=0) > 0).all()
    assert found.values[251].argmax() == found.values[281].argmax()


def test_what_was_said_stays_in_one_piece(kept):
    """A sentence is not cut, whatever its windows become."""
    said = Annotation(
        "talk", tuple(Turn(t.start, t.end, t.speaker, text=f"{t.speaker} says.") for t in TURNS)
    )
    four = Alternatives(kept.starts, kept.ends, kept.labels, said.turns).annotation(4, said)
    assert [turn.text for turn in four] == ["Ann says.", "Bob says.", "Cid says."]
