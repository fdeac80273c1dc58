"""One voice in several recordings."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from diarize.errors import DiarizeError
from diarize.identity import RecordingVoices, link_voices

from .builders import corner, voice

ANN, BOB, CY = corner("++++"), corner("+--+"), corner("-+-+")


def near(point, seed):
    """The same voice on another day."""
    return voice("s", point + 0.1 * np.random.default_rng(seed).standard_normal(4))


HEARD = (
    RecordingVoices("a", {"S0": near(ANN, 1), "S1": near(BOB, 2)}),
    RecordingVoices("b", {"S0": near(BOB, 3), "S1": near(CY, 4)}),
    RecordingVoices("c", {"S0": near(CY, 5), "S1": near(ANN, 6), "S2": None}),
)
GROUPS = {
    "SPEAKER_00": (("a", "S0"), ("c", "S1")),
    "SPEAKER_01": (("a", "S1"), ("b", "S0")),
    "SPEAKER_02": (("b", "S1"), ("c", "S0")),
    "SPEAKER_03": (("c", "S2"),),
}


def test_the_same_voice_gets_the_same_label_by_first_appearance():
    """Who is not heard enough stays alone."""
    found = link_voices(HEARD, threshold=2.0)
    assert {each.label: each.members for each in found} == GROUPS
    assert all(each.weakest > 2.0 for each in found[:3])
    assert found[3].weakest is None


def test_the_order_of_recordings_does_not_matter():
    """To the bit."""
    assert len({link_voices(order, threshold=2.0) for order in permutations(HEARD)}) == 1


def test_speakers_of_one_recording_are_never_joined():
    """However alike, not even through a third."""
    twins = RecordingVoices("a", {"S0": near(ANN, 1), "S1": near(ANN, 2)})
    found = link_voices((twins, RecordingVoices("b", {"S0": near(ANN, 3)})), threshold=-100.0)
    assert sorted(len(each.members) for each in found) == [1, 2]
    assert {each.label for each in found} == {"SPEAKER_00", "SPEAKER_01"}


def test_a_high_threshold_links_nothing_and_known_voices_give_names():
    """Each name once."""
    assert len(link_voices(HEARD, threshold=1e6)) == 7
    named = link_voices(HEARD, threshold=2.0, known=(voice("Bob", BOB), voice("Stranger", corner("----"))))
    assert [each.label for each in named] == ["SPEAKER_00", "Bob", "SPEAKER_02", "SPEAKER_03"]


def test_two_recordings_of_one_name_are_refused():
    """Their speakers could not be told apart."""
    with pytest.raises(DiarizeError, match="two recordings are called 'a'"):
        link_voices((HEARD[0], HEARD[0]))


def test_nothing_is_linked_out_of_nothing():
    """No recording, or one without speakers."""
    assert link_voices(()) == ()
    assert link_voices((RecordingVoices("a", {}),)) == ()
