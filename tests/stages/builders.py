"""Values that several stages take: a clock of a hundred frames a second, masks, mixtures, planted points."""

from __future__ import annotations

import numpy as np

from diarize.mixtures import GMM
from diarize.types import FrameGrid, SpeakerPoints, SpeechMask


def grid(n_frames):
    """Frames of 10 ms whose first cell begins at 0."""
    return FrameGrid(16_000, 160, 400, -120, n_frames)


def mask_of(n_frames, *spans):
    """Speech in half-open spans of frames."""
    values = np.zeros(n_frames, bool)
    for start, end in spans:
        values[start:end] = True
    return SpeechMask(values, grid(n_frames))


def mixture(seed=0, k=3, d=2, spread=4.0):
    """A small diagonal mixture."""
    rng = np.random.default_rng(seed)
    return GMM(
        rng.dirichlet(np.full(k, 5.0)),
        rng.normal(size=(k, d)) * spread,
        rng.uniform(0.5, 2.0, (k, d)),
        "diag",
    )


def planted_points(seed, n_speakers, n=120, rank=8, knows=3.0, distance=1.2):
    """Points of speakers who hold turns under a two-covariance model, and who spoke in each window.

    ``knows``: variance of speakers where that of a window is 1, so that more tells speakers apart better.
    """
    rng = np.random.default_rng(seed)
    voices = rng.normal(size=(n_speakers, rank)) * distance * np.sqrt(knows)
    order = rng.permuted(np.arange(n) % n_speakers)
    labels = np.repeat(order, rng.integers(2, 6, n))[:n]
    return points_at(voices[labels] + rng.normal(size=(n, rank)), np.full(rank, knows), rng), labels


def points_at(values, between, rng=None):
    """Full windows of 100 frames at ``values`` (n, d); a fifth of them begin an interval where ``rng``."""
    n = len(values)
    bounds = 100 * np.column_stack((np.arange(n), np.arange(1, n + 1)))
    first = np.zeros(n, bool) if rng is None else rng.random(n) < 0.2
    first[:1] = True
    return SpeakerPoints(values, bounds, first, grid(100 * n), np.ones(n), between)


def agreement(labels, responsibilities):
    """Share of pairs of windows on which two partitions agree."""
    found = responsibilities.argmax(axis=1)
    return ((labels[:, None] == labels) == (found[:, None] == found)).mean()
