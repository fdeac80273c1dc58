"""Who gets which name, and who none."""

from __future__ import annotations

from itertools import permutations

import pytest

from diarize.identity import THRESHOLD, log_odds, match_voices

from .builders import corner, voice

KNOWN = (voice("Ann", corner("++++")), voice("Bob", corner("+--+")), voice("Cy", corner("-+-+")))
SPEAKERS = {
    "SPEAKER_00": voice("s", 0.95 * corner("+--+")),
    "SPEAKER_01": voice("s", corner("----")),
    "SPEAKER_02": voice("s", 0.95 * corner("++++")),
}


def test_speakers_get_the_names_of_their_voices_and_others_stay_unknown():
    """The stranger still hears whom it is nearest to."""
    found = match_voices(SPEAKERS, KNOWN, threshold=2.0)
    assert [match.name for match in found] == ["Bob", None, "Ann"]
    assert [match.speaker for match in found] == list(SPEAKERS)
    assert found[1].nearest in ("Ann", "Bob", "Cy")
    assert found[1].log_odds < 0
    assert found[0].log_odds == pytest.approx(log_odds(SPEAKERS["SPEAKER_00"], KNOWN[1]), abs=1e-9)


def test_the_order_of_known_voices_does_not_matter():
    """All six."""
    found = {match_voices(SPEAKERS, order, threshold=2.0) for order in permutations(KNOWN)}
    assert len(found) == 1


def test_a_name_is_given_once_and_to_the_best():
    """Two speakers like one voice: the nearer gets it, the other stays unknown and knows its nearest."""
    speakers = {"SPEAKER_00": voice("s", 0.7 * corner("++++")), "SPEAKER_01": voice("s", corner("++++"))}
    found = match_voices(speakers, KNOWN[:1], threshold=1.0)
    assert log_odds(speakers["SPEAKER_00"], KNOWN[0]) > 1.0
    assert [match.name for match in found] == [None, "Ann"]
    assert found[0].nearest == "Ann"


def test_the_sum_decides_and_not_the_first_best():
    """Greedy would give Ann to the first, who is a little nearer, and leave the second without a name."""
    ann, bob = voice("Ann", corner("++++")), voice("Bob", corner("+++0"))
    speakers = {"SPEAKER_00": voice("s", corner("++++") * 1.1), "SPEAKER_01": voice("s", corner("++++"))}
    odds = {(s, k.name): log_odds(v, k) for s, v in speakers.items() for k in (ann, bob)}
    assert max(odds, key=odds.get) == ("SPEAKER_00", "Ann")
    found = match_voices(speakers, (ann, bob), threshold=-5.0)
    sums = {
        order: sum(odds[s, n] for s, n in zip(speakers, order, strict=True))
        for order in (("Ann", "Bob"), ("Bob", "Ann"))
    }
    assert tuple(match.name for match in found) == max(sums, key=sums.get)


def test_only_what_is_over_the_threshold_is_a_match():
    """Just under it, and just over."""
    odds = log_odds(SPEAKERS["SPEAKER_02"], KNOWN[0])
    one = {"SPEAKER_02": SPEAKERS["SPEAKER_02"]}
    assert match_voices(one, KNOWN[:1], threshold=odds + 1e-6)[0].name is None
    assert match_voices(one, KNOWN[:1], threshold=odds - 1e-6)[0].name == "Ann"


def test_too_little_speech_is_unknown_without_odds():
    """And nobody at all is no error."""
    (match,) = match_voices({"SPEAKER_00": None}, KNOWN)
    assert (match.name, match.nearest, match.log_odds, match.threshold) == (None, None, None, THRESHOLD)
    assert match_voices({}, KNOWN) == ()
