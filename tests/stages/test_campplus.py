"""The included extractor: where it runs over a recording, and how little depends on that."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from diarize.embedding import campplus

RATE = 16_000


@pytest.fixture(scope="module")
def sound(people):
    """Thirty seconds of readers in turn, float32 (n,)."""
    pieces = [people[name][k].samples for k in range(2) for name in sorted(people)]
    return np.concatenate(pieces)


@pytest.fixture(scope="module")
def extractor():
    """The weights are read once."""
    return campplus.CampplusExtractor()


def intervals(*seconds):
    """Windows of a second and a half that begin at these seconds, (n, 2) in samples."""
    starts = np.array(seconds) * RATE
    return np.stack((starts, starts + 3 * RATE // 2), axis=1).astype(np.int64)


def test_the_network_runs_over_what_is_asked_for():
    """Intervals that overlap or are near are one, far ones are not, and long ones come in pieces."""
    near = 2 * campplus.CONTEXT
    first, last = np.array([40 + near, 0, 30, 500]), np.array([60 + near, 40, 35, 520])
    assert campplus._spans(first, last) == [(0, 60 + near), (500, 520)]
    long = campplus._spans(np.array([7]), np.array([12 + 2 * campplus.PIECE]))
    assert long[0][0] == 7
    assert [b - a for a, b in long] == [campplus.PIECE, campplus.PIECE, 5]


def test_how_blocks_are_cut_changes_nothing(sound, extractor):
    """To the bit: pieces lie where intervals are."""
    bounds = intervals(0.0, 2.5, 11.0, 20.25, 28.5)
    whole = extractor.embed([sound], bounds)
    assert_array_equal(
        extractor.embed((sound[a : a + 12345] for a in range(0, len(sound), 12345)), bounds), whole
    )


def test_an_interval_alone_is_nearly_what_it_is_among_others(sound, extractor):
    """A second beside it is most of what its frames see."""
    seconds = np.arange(0, 28.5, 0.5)
    among = extractor.embed([sound], intervals(*seconds))
    for number in (0, 9, 30, 56):
        alone = extractor.embed([sound], intervals(seconds[number]))
        assert np.corrcoef(alone[0], among[number])[0, 1] > 0.95


def test_intervals_after_the_end_are_embedded_as_nothing(sound, extractor):
    """They are finite, and those before them are as ever."""
    bounds = intervals(3.0, 40.0)
    found = extractor.embed([sound], bounds)
    assert np.isfinite(found).all()
    assert_allclose(found[:1], extractor.embed([sound], bounds[:1]), atol=1e-4)
