"""Random annotations for the tests of this folder: milliseconds, no speaker overlapping themselves."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from diarize.annotation import Annotation, Turn


@st.composite
def annotations(draw, speakers="ABC", unit=1000, most=8, recording="r"):
    """Each speaker alternates between silence and speech, in whole 1/``unit`` seconds; may touch."""
    turns = []
    for speaker in speakers:
        steps = draw(st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 3000)), max_size=most))
        edges = np.cumsum([x for step in steps for x in step]).reshape(-1, 2)
        turns += [Turn(float(a) / unit, float(b) / unit, speaker) for a, b in edges]
    return Annotation(recording, tuple(turns))


@st.composite
def maps(draw, unit=1000):
    """Evaluation maps of one or a few intervals, (n, 2) seconds."""
    steps = draw(st.lists(st.tuples(st.integers(1, 2000), st.integers(1, 20000)), min_size=1, max_size=4))
    return np.cumsum([x for step in steps for x in step]).reshape(-1, 2) / unit


def irregular(seed, speakers, recording="r"):
    """A meeting whose times are so irregular that no two mappings tie."""
    rng = np.random.default_rng(seed)
    turns = []
    for speaker in speakers:
        edges = np.cumsum(rng.exponential(2.0, size=2 * rng.integers(1, 8))).reshape(-1, 2)
        turns += [Turn(float(a), float(b), speaker) for a, b in edges]
    return Annotation(recording, tuple(turns))
