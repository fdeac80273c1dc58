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


def test_windows_are_in_seconds(kept):
    """From 0 on, one after the other."""
    assert (kept.starts.tolist(), kept.ends.tolist()) == ([*range(8)], [*range(1, 9)])


def test_nothing_is_before_the_file():
    """The first cell of a clock may begin a little before it."""
    early = SpeakerPoints(PLACES, POINTS.bounds, POINTS.first, FrameGrid(16_000, 160, 400, -130, 800))
    assert find_alternatives(early, [np.eye(3)[FOUND]], 3, TURNS).starts[0] == 0.0


def test_without_windows_there_is_no_assignment():
    """Of no number."""
    none = SpeakerPoints(PLACES[:0], np.zeros((0, 2)), np.zeros(0, bool), GRID)
    kept = find_alternatives(none, [np.zeros((0, 1))], 3, TURNS)
    assert (kept.labels, kept.starts.shape, kept.ends.shape) == ({}, (0,), (0,))


@pytest.mark.parametrize(("limit", "largest"), [(3, 10), (11, 11)])
def test_ten_numbers_are_kept_or_more_if_more_are_allowed(limit, largest):
    """Of twelve windows."""
    bounds = 50 * np.column_stack((np.arange(12), np.arange(1, 13)))
    points = SpeakerPoints(np.arange(12.0)[:, None] ** 2, bounds, np.ones(12, bool), GRID)
    assert max(find_alternatives(points, [np.ones((12, 1))], limit, TURNS).labels) == largest


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


def test_a_frame_has_the_speaker_of_the_nearest_window():
    """Middles of windows are at frames 50, 150, 350; halfway it is the earlier one."""
    bounds = np.array([[0, 100], [100, 200], [300, 400]])
    points = SpeakerPoints(np.array([[0.0], [5], [9]]), bounds, np.ones(3, bool), GRID)
    mask = SpeechMask(np.isin(np.arange(800), [0, 100, 101, 250, 251, 799]), GRID)
    found = force_speakers(points, mask, [np.eye(3)], 3).values
    assert found[mask.values].argmax(axis=1).tolist() == [0, 0, 1, 1, 2, 2]


def test_what_was_said_stays_in_one_piece(kept):
    """A sentence is not cut, whatever its windows become."""
    said = Annotation(
        "talk", tuple(Turn(t.start, t.end, t.speaker, text=f"{t.speaker} says.") for t in TURNS)
    )
    four = Alternatives(kept.starts, kept.ends, kept.labels, said.turns).annotation(4, said)
    assert [turn.text for turn in four] == ["Ann says.", "Bob says.", "Cid says."]


def labels_of(places, found, n):
    """Labels for ``n`` speakers of points on a line, given labels that were found."""
    values = np.array(places, dtype=float)[:, None]
    return label_every_number(values, {max(found) + 1: np.array(found)}, max(n, max(found) + 1))[n].tolist()


class TestEveryNumber:
    def test_the_smallest_speaker_goes_to_the_nearest(self):
        """By hand: one window at 4 among speakers at 0, 10 and 30; of two as small the first is merged."""
        assert labels_of([0, 0, 10, 10, 10, 30, 30, 4], [0, 0, 1, 1, 1, 2, 2, 3], 3) == [
            0,
            0,
            1,
            1,
            1,
            2,
            2,
            0,
        ]
        assert labels_of([0, 10, 10, 13], [0, 1, 1, 2], 2) == [0, 0, 0, 1]
        assert labels_of([-6, -6, 10, 10, 4], [0, 0, 1, 1, 2], 2) == [0, 0, 1, 1, 1]

    def test_the_widest_speaker_is_split(self):
        """By hand: squares of 8 about 7 are more than of 2 about 101, and than none of three windows."""
        found = labels_of([0, 0, 0, 5, 9, 100, 102], [0, 0, 0, 1, 1, 2, 2], 4)
        assert (found[:3], found[5:]) == ([0, 0, 0], [2, 2])
        assert sorted(found[3:5]) == [1, 3]

    @pytest.mark.parametrize(("n", "first"), [(3, 2), (4, 2), (5, 3)])
    @pytest.mark.parametrize("place", [7, 0.1, -0.1])
    def test_windows_that_are_alike_are_split_by_time(self, n, first, place):
        """The largest speaker, in the middle of its windows; the mean of tenths may be rounded."""
        found = labels_of([0, 0, *[place] * n], [0, 0, *[1] * n], 3)
        assert found == [0, 0, *[1] * first, *[2] * (n - first)]

    def test_halves_are_those_of_two_means(self):
        """By hand: the mean 8.4 would part 9 from 2; the nearest of the means of both parts does not."""
        for sign in (1, -1):
            places = [sign * place for place in (0, 1, 2, 9, 30)]
            assert labels_of(places, [0] * 5, 2) in ([0, 0, 0, 0, 1], [1, 1, 1, 1, 0])
        assert labels_of([0, 0.2, 0, 0.2], [0] * 4, 2) in ([0, 1, 0, 1], [1, 0, 1, 0])

    def test_what_was_found_is_kept_up_to_the_limit(self):
        """A solution of a larger number only tells how to merge."""
        values = np.array([0.0, 1, 10, 11])[:, None]
        known = {4: np.arange(4), 2: np.array([0, 1, 0, 1])}
        found = label_every_number(values, known, 3)
        assert sorted(found) == [1, 2, 3]
        assert found[2].tolist() == [0, 1, 0, 1]
        assert found[3].tolist() == [0, 0, 1, 2]


def cut(labels, *turns, n=2):
    """The turns for ``n`` speakers of windows of a second that have these labels."""
    starts = np.arange(len(labels), dtype=float)
    kept = Alternatives(starts, starts + 1, {n: np.array(labels)}, tuple(turns))
    return kept.annotation(n, Annotation("talk", tuple(turns)))


class TestTurnsOfANumber:
    @pytest.mark.parametrize(
        ("labels", "edges"),
        [
            ([0, 0, 1, 0, 0, 1, 1, 1], [5]),
            ([1, 0, 0, 0, 1, 1, 1, 1], [4]),
            ([0, 0, 0, 1, 1, 0, 0, 0], [3, 5]),
            ([0, 0, 0, 0, 0, 0, 0, 1], []),
        ],
    )
    def test_a_turn_is_cut_where_a_label_lasts_for_two_windows(self, labels, edges):
        """By hand: a label of one window is that of the run before it or, at the beginning, after it."""
        found = cut(labels, Turn(0.0, 8.0, "Ann", 0.9, "Bob"))
        assert found.intervals().ravel().tolist() == sorted([0, 8, *edges, *edges])
        assert len(found.speakers) == (2 if edges else 1)
        assert {(turn.confidence, turn.runner_up) for turn in found} == {(None, None)}

    def test_a_turn_in_which_no_label_lasts_has_the_first(self):
        """Of three windows with three labels: the one that the next turn has, too."""
        whose = (Turn(0.0, 3.0, "Ann"), Turn(3.0, 5.0, "Bob"))
        found = cut([0, 1, 2, 0, 0], *whose, n=3)
        assert found.intervals().tolist() == [[0, 5]]

    @pytest.mark.parametrize(("middle", "speaker"), [(2.9, "Ann"), (3.1, "Bob")])
    def test_a_turn_without_a_window_has_the_label_of_the_nearest(self, middle, speaker):
        """Windows end at 2 s and begin again at 4 s."""
        turns = (Turn(0.0, 2.0, "Ann"), Turn(middle - 0.1, middle + 0.1, "Cid"), Turn(4.0, 6.0, "Bob"))
        starts = np.array([0.0, 1, 4, 5])
        kept = Alternatives(starts, starts + 1, {4: np.array([0, 0, 1, 1])}, turns)
        assert kept.annotation(4, Annotation("talk", turns)).turns[1].speaker == speaker

    def test_turns_of_one_speaker_stay_together_if_there_are_fewer(self):
        """By hand: Bob has two seconds of label 1 and one of label 0, Cid has label 0."""
        turns = (Turn(0.0, 3.0, "Ann"), Turn(3.0, 6.0, "Bob"), Turn(6.0, 8.0, "Cid"))
        found = cut([0, 0, 0, 0, 1, 1, 0, 0], *turns)
        assert [(turn.start, turn.end, turn.speaker) for turn in found] == [
            (0.0, 3.0, "Ann"),
            (3.0, 6.0, "Bob"),
            (6.0, 8.0, "Ann"),
        ]

    def test_where_whole_speakers_do_not_make_the_number_turns_are_cut(self):
        """All three have most of their time under one label, so the other label gets its windows."""
        turns = (Turn(0.0, 3.0, "Ann"), Turn(3.0, 8.0, "Bob"), Turn(8.0, 9.0, "Cid"))
        found = cut([0, 0, 0, 0, 0, 0, 1, 1, 0], *turns)
        assert found.intervals().tolist() == [[0, 6], [6, 8], [8, 9]]
        assert len(found.speakers) == 2

    def test_words_have_the_label_of_most_of_their_windows(self):
        """Two of three; a sentence is not cut, and the windows beside it do not count."""
        turns = (Turn(0.0, 1.0, "Ann"), Turn(1.0, 4.0, "Bob", text="One."), Turn(4.0, 8.0, "Ann"))
        found = cut([0, 1, 0, 1, 0, 0, 2, 2], *turns, n=3)
        assert [(turn.start, turn.speaker) for turn in found if turn.text] == [(1.0, "Bob")]
        assert [turn.start for turn in found if turn.speaker == "Bob"] == [1.0]

    def test_seconds_in_a_window_count_and_not_windows(self):
        """By hand: Bob has a second of label 1, and 0.4 and 0.2 seconds of label 0."""
        turns = (Turn(0.6, 2.2, "Bob"), Turn(3.0, 5.0, "Ann"), Turn(5.0, 7.0, "Cid"))
        found = cut([0, 1, 0, 0, 0, 0, 0], *turns)
        assert [(turn.start, turn.end, turn.speaker) for turn in found] == [
            (0.6, 2.2, "Bob"),
            (3.0, 7.0, "Ann"),
        ]

    def test_no_piece_begins_before_its_turn(self):
        """Windows of a second and a half every half second: the third one begins before the turn, too."""
        starts = np.arange(8) / 2
        labels = {3: np.array([1, 1, 0, 0, 0, 0, 2, 2])}
        turns = (Turn(1.2, 3.0, "Ann"), Turn(3.0, 5.0, "Bob"))
        found = Alternatives(starts, starts + 1.5, labels, turns).annotation(3, Annotation("talk", turns))
        assert found.turns[0].start == 1.2
        assert [turn.start for turn in found] == sorted(turn.start for turn in found)

    def test_the_number_that_was_found_needs_no_windows(self):
        """Turns stay as they are, also those of one speaker that touch, whatever the labels."""
        turns = (Turn(0.0, 2.0, "Ann", 0.9), Turn(2.0, 3.0, "Ann", 0.8), Turn(3.0, 4.0, "Bob", 0.7))
        assert cut([1, 1, 1, 1], *turns).turns == turns

    def test_without_turns_that_were_found_those_of_now_are_cut(self):
        """As in a file without them."""
        named = Annotation("talk", (Turn(0.0, 4.0, "Ann"),))
        found = Alternatives(np.arange(4.0), np.arange(1.0, 5), {2: np.array([0, 0, 1, 1])}).annotation(
            2, named
        )
        assert found.intervals().tolist() == [[0, 2], [2, 4]]

    def test_who_has_no_time_in_common_with_anybody_gets_a_new_name(self):
        """One that nobody has."""
        starts = np.arange(2.0)
        kept = Alternatives(starts, starts + 1, {1: np.zeros(2, int)}, (Turn(0.0, 2.0, "Ann"),))
        named = Annotation("talk", (Turn(8.0, 9.0, "SPEAKER_00"),))
        assert kept.annotation(1, named).speakers == ("SPEAKER_01",)


def test_turns_of_one_speaker_that_do_not_touch_stay_apart():
    """One inside another adds nothing; the longer one keeps its confidence."""
    turns = (Turn(0, 5, "Ann", 0.9), Turn(2, 3, "Ann", 0.4), Turn(5.01, 6, "Ann", 0.8), Turn(5.5, 7, "Bob"))
    assert join_touching_turns(Annotation("talk", turns)).turns == (turns[0], *turns[2:])
    longer = (Turn(0, 2, "Ann", 0.9), Turn(1, 3, "Ann", 0.4))
    assert join_touching_turns(Annotation("talk", longer)).turns == (Turn(0, 3, "Ann"),)
    same = (Turn(0, 3, "Ann", 0.9), Turn(1, 3, "Ann", 0.4))
    assert join_touching_turns(Annotation("talk", same)).turns == same[:1]
    said = (Turn(0, 1, "Ann"), Turn(1, 2, "Ann", text="Two."), Turn(2, 3, "Ann"))
    assert join_touching_turns(Annotation("talk", said)).turns == said


@pytest.mark.parametrize(
    ("few", "total", "doubtful"),
    [
        (1.7, 60.0, True),
        (1.7, 59.9, False),
        (1.75, 60.0, True),
        (1.85, 60.0, False),
        (4.9, 300.0, True),
        (5.0, 300.0, False),
    ],
)
def test_who_speaks_for_less_than_five_seconds_and_three_per_cent_is_doubtful(few, total, doubtful):
    """Of a minute or more in all."""
    turns = (Turn(0.0, total - few, "Ann"), Turn(total, total + few, "Bob", 0.5, "Ann"))
    found = find_doubtful_speakers(Annotation("talk", turns))
    assert [each.speaker for each in found] == (["Bob"] if doubtful else [])
    assert find_doubtful_speakers(Annotation("talk", turns[:1])) == ()


def test_a_doubtful_speaker_is_nearest_to_whom_a_smaller_number_joins_it_with():
    """Of those who become one with Cid, the one who speaks most; else the most frequent runner-up."""
    turns = (
        Turn(0, 40, "Ann"),
        Turn(40, 100, "Bob"),
        Turn(100, 101, "Cid", 0.5, "Ann"),
        Turn(102, 130, "Dan"),
    )
    starts = np.array([0.0, 40, 100, 102])
    ends = np.array([40.0, 100, 101, 130])
    talk = Annotation("talk", turns)

    def nearest(**labels):
        kept = Alternatives(starts, ends, {int(k[1:]): np.array(each) for k, each in labels.items()})
        return find_doubtful_speakers(talk, kept)[0].nearest

    assert nearest(n2=[0, 0, 0, 1], n3=[0, 1, 0, 2], n4=[0, 1, 2, 3]) == "Ann"
    assert nearest(n2=[0, 0, 0, 1], n4=[0, 1, 2, 3]) == "Bob"
    assert nearest(n2=[0, 1, 0, 1], n3=[0, 1, 2, 1]) == "Ann"
    assert nearest(n4=[0, 1, 2, 3], n5=[0, 1, 1, 2]) == "Ann"  # the runner-up
    rivals = (
        *(
            Turn(i, i + 0.1, "Cid", 0.5, name)
            for i, name in enumerate(("Dan", "Ann", "Ann", None, None, None))
        ),
        *(Turn(i, i + 20, "Ann", 0.5, "Dan") for i in (10, 40, 70)),
    )
    assert find_doubtful_speakers(Annotation("talk", rivals))[0].nearest == "Ann"
    nobody = (Turn(0, 99, "Ann"), Turn(99, 100, "Cid"))
    assert find_doubtful_speakers(Annotation("talk", nobody))[0].nearest is None
