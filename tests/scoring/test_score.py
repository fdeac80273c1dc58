"""DER, JER and detection by hand, and the laws they keep."""

from __future__ import annotations

import time

import drawn
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarize.annotation import Annotation, Turn
from diarize.errors import ConfigError, FormatError
from diarize.scoring import Jaccard, PooledScore, Protocol, score, score_files
from diarize.types import Score


def said(*turns, recording="r"):
    """An annotation out of (start, end, speaker)."""
    return Annotation(recording, tuple(Turn(*turn) for turn in turns))


PAIR = said((0, 6, "A"), (6, 10, "B"))


def parts(result):
    """Seconds of reference speaker time, missed, false alarm, confusion."""
    return (result.score.total, result.score.missed, result.score.false_alarm, result.score.confusion)


@pytest.mark.parametrize(
    ("hypothesis", "expected"),
    [
        (PAIR, (10, 0, 0, 0)),
        (said((0, 6, "x"), (6, 10, "y")), (10, 0, 0, 0)),
        (said((0, 10, "x")), (10, 0, 0, 4)),
        (said((0, 4, "x")), (10, 6, 0, 0)),
        (said(), (10, 10, 0, 0)),
        (said((0, 6, "x"), (6, 12, "y")), (10, 0, 2, 0)),
        (said((0, 7, "x"), (6, 10, "y")), (10, 0, 1, 0)),
        (said((0, 3, "x"), (3, 6, "y"), (6, 10, "x")), (10, 0, 0, 3)),
        (said((0, 5, "x"), (2, 6, "x"), (6, 10, "y")), (10, 0, 0, 0)),
    ],
    ids=["itself", "renamed", "merged", "short", "silent", "long", "overlap", "swapped", "repeated"],
)
def test_small_cases(hypothesis, expected):
    """Ten seconds of two people, against what is easy to see."""
    assert parts(score(PAIR, hypothesis)) == expected


def test_overlap_counts_every_speaker():
    """Two talk for four seconds and one is found: four seconds are missed."""
    reference = said((0, 6, "A"), (2, 6, "B"))
    assert parts(score(reference, said((0, 6, "x")))) == (10, 4, 0, 0)
    assert parts(score(reference, said((0, 6, "x")), skip_overlap=True)) == (2, 0, 0, 0)


def test_one_persons_own_overlap_is_not_overlap():
    """Turns of one speaker that overlap are that speaker talking."""
    reference = said((0, 4, "A"), (2, 6, "A"))
    assert parts(score(reference, said((0, 6, "x")), skip_overlap=True)) == (6, 0, 0, 0)


def test_collar_is_per_side_and_around_reference_boundaries_only():
    """0.25 s take half a second around each of four boundaries; the hypothesis has none of its own."""
    result = score(said((1, 4, "A"), (5, 9, "B")), said((1.25, 3.75, "x"), (5.25, 7, "y")), collar=0.25)
    assert parts(result) == (6, 1.75, 0, 0)
    assert (result.evaluated, result.scored) == (8, 6.5)
    assert str(result.protocol) == "collar ±0.25 s, overlap scored"


def test_map_limits_what_is_scored():
    """Turns outside do not exist, also not as speakers."""
    result = score(PAIR, said((0, 6, "x"), (6, 20, "y")), uem=[[1, 3], [2, 5]])
    assert parts(result) == (4, 0, 0, 0)
    assert (result.reference_speakers, result.hypothesis_speakers) == (1, 1)
    assert result.evaluated == 4


def test_without_a_map_both_extents_count():
    """What is said before the first reference turn is a false alarm."""
    assert parts(score(said((5, 10, "A")), said((0, 12, "x")))) == (5, 0, 7, 0)


def test_nothing_to_score_has_no_rate():
    """An empty reference gives None, never 0: DER, JER and detection error."""
    for result in (
        score(said(), said((0, 3, "x"))),
        score(said(), said()),
        score(PAIR, PAIR, uem=[[20, 30]]),
    ):
        assert (result.der, result.jer, result.detection.error, result.detection.miss_rate) == (None,) * 4
    assert score(said(), said((0, 3, "x"))).score.false_alarm == 3
    assert score(PAIR, PAIR).detection.false_alarm_rate is None


def test_jer_by_hand():
    """A: 6 of 8 s shared; B mapped to nobody."""
    result = score(PAIR, said((0, 8, "x")))
    assert result.mapping == {"x": "A"}
    assert result.jaccard == Jaccard(pytest.approx(0.25 + 1), 2)
    assert result.jer == pytest.approx(0.625)


def test_of_two_equal_mappings_the_better_fit_is_taken():
    """Both cover A whole; ``x`` says little else."""
    long, short = (0, 10, "w"), (0, 3, "x")
    assert score(said((1, 2, "A")), said(long, short)).mapping == {"x": "A"}


def test_speech_detection_by_hand():
    """Who it is does not matter, nor how many."""
    detection = score(PAIR, said((0, 4, "x"), (3, 4, "y"), (12, 13, "x")), uem=[[0, 30]]).detection
    assert (detection.speech, detection.silence, detection.missed, detection.false_alarm) == (10, 20, 6, 1)
    assert (detection.error, detection.miss_rate, detection.false_alarm_rate) == (0.7, 0.6, 0.05)


def test_speaker_count_error_has_a_sign():
    """One found of two is −1."""
    assert score(PAIR, said((0, 8, "x"))).speaker_count_error == -1


def test_negative_collar_is_refused():
    """With what is allowed."""
    with pytest.raises(ConfigError, match="0 or more"):
        score(PAIR, PAIR, collar=-0.25)


def test_a_score_says_what_it_is_of():
    """The recording and the rules; where speakers are mapped is one of them."""
    early = score(PAIR, PAIR, collar=0.5, skip_overlap=True, mapped_on="evaluated")
    assert early.recording == "r"
    assert early.protocol == Protocol(0.5, skip_overlap=True, mapped_on="evaluated")
    assert score(PAIR, PAIR).protocol == Protocol()


def test_protocol_names_itself():
    """Every printed figure can say how it was made."""
    assert str(Protocol()) == "no collar, overlap scored"
    assert str(Protocol(0.25, skip_overlap=True, mapped_on="evaluated")) == (
        "collar ±0.25 s, overlap skipped, speakers mapped before the collar"
    )


def test_pooling_adds_seconds_and_not_rates():
    """Ten seconds all missed and ninety all right are ten per cent; JER is a mean over speakers."""
    references = {"a": said((0, 10, "A")), "b": said((0, 40, "A"), (40, 90, "B"))}
    pooled = score_files(references, {"b": references["b"]})
    assert pooled.der == pytest.approx(0.1)
    assert pooled.jer == pytest.approx(1 / 3)
    assert pooled.unanswered == ("a",)
    assert (pooled.speaker_count_error, pooled.speaker_count_right) == (0.5, 1)
    assert pooled.detection.missed == 10


def test_recordings_that_do_not_match():
    """One file each is compared whatever the ids; several that share none are refused."""
    single = score_files({"ref": PAIR}, {"hyp": PAIR}, uems={"map": [[0, 5]]})
    assert (single.der, single.files[0].recording, single.score.total) == (0, "ref", 5)
    with pytest.raises(FormatError, match="the hypothesis is about 'c' and the reference about 'a'"):
        score_files({"a": PAIR, "b": PAIR}, {"c": PAIR})
    with pytest.raises(FormatError, match=r"^the UEM and the reference share no recording; giv"):
        score_files({"a": PAIR, "b": PAIR}, {"a": PAIR}, uems={"c": [[0, 1]], "d": [[0, 1]]})
    with pytest.raises(FormatError, match=r"^the reference names no recording; give files that name the s"):
        score_files({}, {"a": PAIR})


def test_what_is_not_graded_is_listed():
    """Recordings without reference, or that the map leaves out."""
    pooled = score_files({"a": PAIR, "b": PAIR}, {"a": PAIR, "x": PAIR}, uems={"a": [[0, 1]], "y": [[0, 1]]})
    assert [each.recording for each in pooled.files] == ["a"]
    assert pooled.ungraded == ("b", "x")


def test_an_empty_reference_still_brings_its_false_alarms():
    """A silent recording in the pool makes the pool worse."""
    pooled = score_files({"a": PAIR, "b": said()}, {"a": PAIR, "b": said((0, 5, "x"))})
    assert (pooled.files[1].der, pooled.der) == (None, 0.5)


def test_protocols_do_not_mix():
    """A pool is made under one set of rules."""
    with pytest.raises(FormatError, match=r"^scores under different protocols cannot be pooled; score all"):
        PooledScore((score(PAIR, PAIR), score(PAIR, PAIR, collar=0.25)))
    assert PooledScore(()).der is None
    assert PooledScore(()).protocol == Protocol()


BOTH = (drawn.annotations(), drawn.annotations("uvwx"))


@given(BOTH[0], st.sampled_from([0.0, 0.25]), st.booleans())
def test_perfect_answer_is_perfect(reference, collar, skip):
    """Under any protocol and any names."""
    result = score(reference, reference.rename({"A": "x", "B": "A"}), collar=collar, skip_overlap=skip)
    assert parts(result)[1:] == (0, 0, 0)
    assert result.jer in (None, pytest.approx(0, abs=1e-12))


@given(*BOTH)
def test_swapping_sides_swaps_missed_and_false_alarm(reference, hypothesis):
    """Without collar."""
    one, other = score(reference, hypothesis).score, score(hypothesis, reference).score
    assert one.missed == pytest.approx(other.false_alarm)
    assert one.confusion == pytest.approx(other.confusion)


@given(*BOTH, st.integers(1, 2**40))
def test_names_do_not_matter(reference, hypothesis, seed):
    """Nor does the order that they sort in."""
    names = np.random.default_rng(seed).permutation(list("uvwx"))
    other = hypothesis.rename(dict(zip("uvwx", map(str, names), strict=True)))
    assert parts(score(reference, hypothesis)) == pytest.approx(parts(score(reference, other)))
    assert score(reference, hypothesis).jer == pytest.approx(score(reference, other).jer)


@given(*BOTH, st.floats(0.01, 0.99))
def test_a_turn_cut_in_two_scores_the_same(reference, hypothesis, where):
    """Only who talks when matters, without collar."""
    pieces = [
        piece
        for t in hypothesis.turns
        for middle in [t.start + where * t.duration]
        for piece in (Turn(t.start, middle, t.speaker), Turn(middle, t.end, t.speaker))
    ]
    cut = Annotation("r", tuple(pieces))
    assert parts(score(reference, hypothesis)) == pytest.approx(parts(score(reference, cut)), abs=1e-9)


@pytest.mark.slow
@given(*BOTH, st.floats(0.1, 30))
def test_a_map_cut_in_two_adds_up(reference, hypothesis, where):
    """Total and detection are sums over time; so is every error once the mapping is fixed."""
    whole = score(reference, hypothesis, uem=[[0, 40]])
    halves = [score(reference, hypothesis, uem=rows) for rows in ([[0, where]], [[where, 40]])]
    assert Score.pooled(each.score for each in halves).total == pytest.approx(whole.score.total)
    assert sum(each.detection.missed for each in halves) == pytest.approx(whole.detection.missed)
    assert sum(each.score.confusion for each in halves) <= whole.score.confusion + 1e-9


def test_long_meetings_are_quick():
    """Five thousand turns of twenty speakers on each side well within five seconds."""
    rng = np.random.default_rng(0)
    starts = np.sort(rng.uniform(0, 14400, 5000))
    turns = [
        Turn(a, a + d, f"S{k}")
        for a, d, k in zip(starts, rng.exponential(3, 5000), rng.integers(0, 20, 5000), strict=True)
    ]
    other = [Turn(t.start + 0.1, t.end + 0.2, t.speaker) for t in turns]
    began = time.perf_counter()
    result = score(Annotation("r", tuple(turns)), Annotation("r", tuple(other)))
    assert time.perf_counter() - began < 5
    assert 0 < result.der < 1
