"""Anomaly scores: calibrated shares, thresholds and weights."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from diarize.errors import ModelError
from diarize.mixtures import GMM, calibrate_anomaly

NORMAL = GMM([1.0], [[0.0]], [[1.0]], "diag")


def test_four_points_by_hand() -> None:
    scale = calibrate_anomaly(NORMAL, [[0.0], [1.0], [2.0], [3.0]], contamination=0.25)
    # densities fall with distance; a quarter of the points (the one at 3) lies below the threshold at 2
    assert_allclose(scale.offset_, NORMAL.score_samples([[2.0]])[0], rtol=1e-14)
    assert_array_equal(scale.predict([[0.0], [2.0], [2.5], [-9.0]]), [1, 1, -1, -1])
    assert_allclose(scale.score_samples([[2.0]]), NORMAL.score_samples([[2.0]]), rtol=1e-14)
    assert_allclose(
        scale.rarity([[0.0], [0.5], [2.5], [9.0]]), [0.0, 0.25, 0.75, 1.0], rtol=1e-14, atol=1e-14
    )
    assert_allclose(scale.decision_function([[4.0]]), [-0.5 * (16.0 - 4.0)], rtol=1e-12)


@pytest.mark.parametrize("contamination", [0.01, 0.1, 0.5])
def test_new_points_of_the_same_kind_are_flagged_at_the_contamination(contamination: float) -> None:
    rng = np.random.default_rng(0)
    scale = calibrate_anomaly(NORMAL, rng.normal(size=(20_000, 1)), contamination=contamination)
    fresh = rng.normal(size=(20_000, 1))
    assert_allclose((scale.predict(fresh) < 0).mean(), contamination, atol=0.01, rtol=0.0)
    assert (scale.predict(rng.normal(size=(1000, 1)) + 6.0) < 0).mean() > 0.99
    assert_allclose(np.sort(scale.rarity(fresh)), np.linspace(0.0, 1.0, 20_000), atol=0.02, rtol=0.0)


def test_weights_are_replication() -> None:
    rng = np.random.default_rng(1)
    x, times = rng.normal(size=(50, 1)), rng.integers(1, 4, size=50)
    a = calibrate_anomaly(NORMAL, x, contamination=0.1, sample_weight=times)
    b = calibrate_anomaly(NORMAL, np.repeat(x, times, axis=0), contamination=0.1)
    assert_allclose(a.offset_, b.offset_, rtol=1e-12)
    assert_allclose(a.rarity(x + 0.1), b.rarity(x + 0.1), rtol=1e-9, atol=1e-12)


def test_at_most_the_contamination_is_flagged_among_the_calibrating_points() -> None:
    x = np.random.default_rng(2).normal(size=(997, 1))
    for contamination in (0.001, 0.03, 0.2):
        flagged = (calibrate_anomaly(NORMAL, x, contamination=contamination).predict(x) < 0).mean()
        assert flagged <= contamination


@pytest.mark.parametrize("contamination", [0.0, 1.0, -0.1])
def test_contaminations_out_of_range_are_refused(contamination: float) -> None:
    with pytest.raises(ModelError, match="contamination"):
        calibrate_anomaly(NORMAL, [[0.0]], contamination=contamination)
