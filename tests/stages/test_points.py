"""From speech to points: what windows need, where their samples are, and laws of the two-covariance model."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from diarize.config import SpaceConfig
from diarize.embedding.points import embed_windows, split_speech
from diarize.embedding.two_covariance import (
    TwoCovariance,
    fit_two_covariance,
    log_evidence,
    log_likelihood_ratio,
)
from diarize.errors import ConfigError, ModelError
from diarize.speech import SpeechActivity
from diarize.types import FrameGrid, SpeechMask

from .builders import mask_of

SAME = TwoCovariance(np.zeros(2), np.eye(2), np.ones(2))


def test_windows_are_in_speech_with_or_without_overlap_and_changes():
    """Of a detector that knows neither, or one of them."""
    mask, space = mask_of(300, (0, 100)), SpaceConfig()
    assert split_speech(SpeechActivity(mask), space)[0].tolist() == [[0, 100]]
    assert split_speech(SpeechActivity(mask, np.zeros(300)), space)[0].tolist() == [[0, 100]]
    cut = split_speech(SpeechActivity(mask, None, np.array([50])), space)[0]
    assert cut.tolist() == [[0, 50], [50, 100]]


def extractor(rate=16_000):
    """Its embedding of a window are the first and the last sample of it."""
    return SimpleNamespace(
        name="made", rate=rate, checksum="0123456789abcdef" * 4, embed=lambda blocks, bounds: bounds + 1.0
    )


def test_a_window_is_embedded_from_its_own_samples():
    """Frames of 10 ms whose first begins 120 samples before the sound: there is none before it."""
    values = mask_of(300, (0, 100), (200, 290)).values
    mask = SpeechMask(values, FrameGrid(16_000, 160, 160, -120, 300))
    found = embed_windows([], SpeechActivity(mask), extractor(), SAME, SpaceConfig())
    ratio = found.values[:, 0] / found.values[:, 1]
    first, last = np.array([0, 200 * 160 - 120]), np.array([100 * 160 - 120, 290 * 160 - 120])
    np.testing.assert_allclose(ratio, (first + 1) / (last + 1))
    assert found.model == "0123456789abcdef"


def test_an_embedding_of_another_rate_is_refused():
    """In a line that names both."""
    with pytest.raises(ConfigError, match="made works at 8000 Hz, not 16000"):
        embed_windows([], SpeechActivity(mask_of(9, (0, 9))), extractor(8000), SAME, SpaceConfig())


@pytest.mark.parametrize(
    ("projection", "between"),
    [(np.zeros(2), np.ones(2)), (np.zeros((2, 0)), np.ones(0)), (np.eye(2), np.ones(3))],
)
def test_parameters_that_do_not_fit_are_refused(projection, between):
    """A vector for a matrix, no dimension, one too many."""
    with pytest.raises(ModelError, match="do not fit each other"):
        TwoCovariance(np.zeros(2), projection, between)


def test_an_embedding_of_nothing_has_a_place():
    """Of digital silence it may be 0, which has no direction, in use as in a fit."""
    assert np.isfinite(SAME.project(np.zeros((1, 2)))).all()
    values = np.random.default_rng(0).normal(size=(40, 3))
    values[0] = 0
    model = fit_two_covariance(values, np.repeat(np.arange(8), 5), 3)
    assert np.isfinite(model.projection).all()
    assert (model.projection.sum(axis=0) >= 0).all()


def test_evidence_of_both_less_that_of_each_is_the_likelihood_ratio():
    """One and two voices of the same points."""
    rng = np.random.default_rng(1)
    points, variances, between = rng.normal(size=(2, 4)), np.array([0.3, 1.2]), np.array([5.0, 2.0, 1.0, 0.1])
    alone = sum(log_evidence(points[i : i + 1], variances[i : i + 1], between) for i in (0, 1))
    ratio = log_likelihood_ratio(points[0], points[1], (variances[0], variances[1]), between)
    assert log_evidence(points, variances, between) - alone == pytest.approx(float(ratio), rel=1e-9)
