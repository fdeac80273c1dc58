"""The textbook's space: every frame is a point."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from diarize.embedding.frames import frame_points

from .builders import mask_of

VALUES = np.random.default_rng(1).normal(size=(10, 3)).astype(np.float32)


def test_every_frame_of_speech_is_a_point_in_the_textbook_space():
    """Exact points, one per frame; the first of an interval is marked."""
    mask = mask_of(10, (0, 3), (5, 6), (8, 10))
    found = frame_points(VALUES, mask)
    assert found.weights is None
    assert found.between is None
    assert_array_equal(found.values, VALUES[[0, 1, 2, 5, 8, 9]])
    assert_array_equal(found.bounds, [[0, 1], [1, 2], [2, 3], [5, 6], [8, 9], [9, 10]])
    assert_array_equal(found.first, [True, False, False, True, True, False])
