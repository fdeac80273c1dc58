"""What is known of a voice, and how two are compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from diarize.errors import ModelError
from diarize.identity import Voice, VoiceEmbeddings, log_odds
from diarize.identity.voice import OFFSET, SLOPE, pool_voices

from .builders import corner, voice


def dense_log_density(values, variances, between):
    """Log density of points (n, d) of one speaker: every dimension a Gaussian of n numbers."""
    covariances = [np.diag(variances) + psi for psi in between]
    return sum(
        multivariate_normal(np.zeros(len(values)), covariance).logpdf(column)
        for column, covariance in zip(values.T, covariances, strict=True)
    )


def test_log_odds_are_the_calibrated_log_likelihood_ratio():
    """Against dense Gaussians; the same both ways, whatever the recordings know."""
    rng = np.random.default_rng(0)
    between = rng.uniform(0.5, 5, 3)
    one, other = (
        VoiceEmbeddings(rng.normal(size=(n, 3)) * 2, rng.uniform(0.1, 2, n), np.full(n, 9.0), between, "m")
        for n in (2, 3)
    )
    together = np.concatenate((one.means, other.means)), np.concatenate((one.variances, other.variances))
    ratio = dense_log_density(*together, between) - sum(
        dense_log_density(each.means, each.variances, between) for each in (one, other)
    )
    a, b = Voice("a", one), Voice("b", other)
    assert log_odds(a, b) == pytest.approx(SLOPE * ratio + OFFSET, abs=1e-9)
    assert log_odds(b, a) == pytest.approx(log_odds(a, b), abs=1e-9)


def test_near_voices_are_likelier_one_than_far_ones():
    """The sign says which."""
    ann = voice("Ann", corner("++++"))
    assert log_odds(ann, voice("x", 0.9 * corner("++++"))) > 2
    assert log_odds(ann, voice("x", corner("----"))) < -2


def test_the_order_does_not_matter_and_the_same_recording_counts_once():
    """Parts in any order, some of them again: the same value to the bit."""
    points = [corner("+000"), corner("0+00"), corner("00+0")]
    whole = pool_voices("a", [voice("a", *points)])
    parts = pool_voices("a", [voice("a", points[2]), voice("a", *points[:2]), voice("a", points[2])])
    for name in ("means", "variances", "seconds"):
        np.testing.assert_array_equal(getattr(parts.embeddings, name), getattr(whole.embeddings, name))
    assert parts.n_recordings == 3
    assert parts.seconds == pytest.approx(90.0)


def test_more_recordings_say_more():
    """Of the same voice."""
    target = voice("x", corner("++--"))
    once = voice("a", corner("++--"))
    thrice = pool_voices("a", [voice("a", corner("++--") * s) for s in (0.99, 1.0, 1.01)])
    assert log_odds(thrice, target) > log_odds(once, target) + 0.3


def test_other_embeddings_are_not_compared():
    """Neither others, nor one of another size or calibration under the same name."""
    ann = voice("Ann", corner("++++"))
    recalibrated = Voice("b", replace(ann.embeddings, between=2 * ann.embeddings.between))
    strangers = voice("b", corner("++++"), model="other"), voice("b", np.ones(3)), recalibrated
    for stranger in strangers:
        with pytest.raises(ModelError, match="different embeddings; enroll them again"):
            log_odds(ann, stranger)
        with pytest.raises(ModelError, match="'Ann' was enrolled with another embedding"):
            pool_voices("Ann", [ann, stranger])


FITTING = {
    "means": np.zeros((1, 2)),
    "variances": np.ones(1),
    "seconds": np.ones(1),
    "between": np.ones(2),
    "model": "m",
}


@pytest.mark.parametrize(
    "changed",
    [
        {"means": np.zeros((0, 2)), "variances": np.zeros(0), "seconds": np.zeros(0)},
        {"means": np.zeros(2)},
        {"means": np.zeros((1, 3))},
        {"means": np.full((1, 2), np.nan)},
        {"variances": np.ones(2)},
        {"variances": np.array([np.inf])},
        {"variances": np.zeros(1)},
        {"seconds": np.ones(2)},
        {"seconds": np.zeros(1)},
        {"between": np.ones(3)},
        {"between": np.array([1.0, -1.0])},
    ],
)
def test_arrays_that_do_not_fit_are_refused(changed):
    """Shapes, finiteness, and variances that are none."""
    VoiceEmbeddings(**FITTING)
    with pytest.raises(ModelError, match="voice embeddings"):
        VoiceEmbeddings(**FITTING | changed)
