"""Annotations for the tests of this folder: one by hand, and random ones on the millisecond."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from diarize.annotation import Annotation, Turn

MEETING = Annotation(
    "meeting",
    (
        Turn(0.0, 1.5, "Ann", confidence=0.9876, runner_up="Bob"),
        Turn(1.5, 62.0004, "Bob", confidence=0.5),
        Turn(61.25, 3725.0006, "Ann"),
        Turn(3725.0006, 3725.0009, "Bob"),
    ),
)
"""Touching, overlapping, past the hour, rounded both ways, and a last turn that vanishes in the rounding."""

PLAIN = st.sampled_from(
    ["Ann", "Bob", "SPEAKER_00", "Zoë", "李雷", "a&b<c>", "-->", "=1+1", '"quoted"', "x,y;z"]
)
"""Names without blanks."""

UNQUOTED = PLAIN.filter(lambda name: '"' not in name)
"""Names for readers that take a quotation mark to be markup of their own."""

ANY = st.text(min_size=1, max_size=12)
"""Names of whatever Unicode there is, lone surrogates left out."""


@st.composite
def annotations(draw, names=PLAIN, disjoint=False, most=12):
    """Turns on the millisecond; no speaker overlaps themselves when ``disjoint``."""
    turns = []
    for name in draw(st.lists(names, unique=True, max_size=4)):
        steps = draw(st.lists(st.tuples(st.integers(0, 9999), st.integers(1, 99999)), max_size=most))
        gaps = np.cumsum([x for step in steps for x in step]).reshape(-1, 2)
        rows = gaps if disjoint else [(a, a + d) for a, d in steps]
        turns += [Turn(float(a) / 1000, float(b) / 1000, name) for a, b in rows]
    return Annotation("meeting", tuple(turns))


def rows(annotation):
    """Turns as (start ms, end ms, speaker)."""
    return [(round(turn.start * 1000), round(turn.end * 1000), turn.speaker) for turn in annotation.turns]
