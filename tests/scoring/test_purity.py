"""Purity, coverage and each speaker's own figures: by hand and against pyannote.metrics."""

from __future__ import annotations

import pytest
from drawn import annotations
from hypothesis import given

from diarize.annotation import Annotation, Turn
from diarize.scoring import score

TRUTH = Annotation("call", (Turn(0, 6, "Ann"), Turn(6, 10, "Bob"), Turn(12, 13, "Cid")))
GUESS = Annotation("call", (Turn(0, 4, "S0"), Turn(4, 7, "S1"), Turn(7, 11, "S2")))


def test_by_hand():
    """S0 4 s of Ann; S1 2 s of Ann and 1 of Bob; S2 3 s of Bob."""
    found = score(TRUTH, GUESS)
    assert found.purity.purity == pytest.approx((4 + 2 + 3) / 11)
    assert found.purity.coverage == pytest.approx((4 + 3) / 11)
    rows = {row.speaker: (row.matched, row.seconds, row.found, row.false) for row in found.speakers}
    assert rows == {
        "Ann": ("S0", 6.0, 4.0, 0.0),
        "Bob": ("S2", 4.0, 3.0, 1.0),
        "Cid": (None, 1.0, 0.0, 0.0),
    }
    assert sum(row.jer for row in found.speakers) / 3 == pytest.approx(found.jer)
    assert (score(TRUTH, Annotation("call")).purity.purity, score(TRUTH, TRUTH).purity.purity) == (None, 1.0)


def test_changes_of_speaker_are_scored_with_it():
    """Ann to Bob at 6 s is found a second late, which is too late, and Cid not at all."""
    changes = score(TRUTH, GUESS).changes
    assert (changes.true, changes.found, changes.matched) == (2, 2, 0)


@given(annotations(), annotations())
def test_pyannote_agrees(reference, hypothesis):
    """Over the extent of both."""
    diarization = pytest.importorskip("pyannote.metrics.diarization")
    from pyannote.core import Segment, Timeline

    end = max([t.end for t in (*reference.turns, *hypothesis.turns)], default=1.0)
    truth, guess = reference.to_pyannote(), hypothesis.to_pyannote()
    ours = score(reference, hypothesis, uem=[(0.0, end)]).purity
    if not (ours.found and ours.said):
        return
    uem = Timeline([Segment(0, end)])
    for name, mine in (("Purity", ours.purity), ("Coverage", ours.coverage)):
        theirs = getattr(diarization, f"Diarization{name}")()(truth, guess, uem=uem)
        assert mine == pytest.approx(theirs, abs=1e-6)
