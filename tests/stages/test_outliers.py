"""Windows that fit none of the speakers."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.clustering.outliers import FLAGGED_SHARE, find_outliers
from diarize.types import SpeakerPoints

from .builders import points_at

RANK, N = 6, 400


@pytest.fixture
def drawn():
    """Windows of two speakers, the last ten of a third who is given to the first; and whose each is."""
    rng = np.random.default_rng(5)
    voices = 5 * rng.standard_normal((3, RANK))
    owner = np.arange(N) % 2
    owner[-10:] = 2
    points = points_at(voices[owner] + rng.standard_normal((N, RANK)), np.full(RANK, 25.0))
    return points, np.eye(2)[np.where(owner == 2, 0, owner)]


def test_the_density_of_usual_windows_is_that_of_a_standard_normal(drawn):
    """What is left without the speaker: minus half the squared length, on average half the dimensions."""
    points, shares = drawn
    density = find_outliers(points, shares).log_density[:-10]
    assert density.mean() == pytest.approx(-RANK / 2 * (1 + np.log(2 * np.pi)), abs=0.5)


def test_a_voice_without_a_speaker_of_its_own_is_flagged(drawn):
    """Its windows are the least dense, and no more than the share is flagged."""
    points, shares = drawn
    found = find_outliers(points, shares)
    flagged = np.flatnonzero(found.flagged)
    assert 0 < len(flagged) <= FLAGGED_SHARE * N
    assert flagged.min() >= N - 10
    assert set(np.argsort(found.log_density)[:10]) == set(range(N - 10, N))
    assert found.bounds.tolist() == points.bounds.tolist()


def test_bare_frames_and_no_points_tell_nothing(drawn):
    """Single frames would tell phones."""
    points, shares = drawn
    bare = SpeakerPoints(points.values, points.bounds, points.first, points.grid)
    assert find_outliers(bare, shares) is None
    none = SpeakerPoints(
        points.values[:0],
        points.bounds[:0],
        points.first[:0],
        points.grid,
        points.weights[:0],
        points.between,
    )
    assert find_outliers(none, shares[:0]) is None
