"""Data that the tests of models share: small, seeded, with known truth."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """600 points of three correlated clusters in three dimensions, and which cluster each came from."""
    rng = np.random.default_rng(11)
    labels = rng.integers(0, 3, size=600)
    centres = np.array([[0.0, 0.0, 0.0], [4.0, 1.0, -2.0], [-1.0, 5.0, 2.0]])
    shapes = rng.normal(size=(3, 3, 3)) * 0.5 + np.eye(3)
    noise = rng.normal(size=(600, 3))
    return centres[labels] + np.einsum("nij,nj->ni", shapes[labels], noise), labels
