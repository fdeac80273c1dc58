"""Mixture and Markov models on plain arrays: no audio, no seconds, no speakers."""

from __future__ import annotations

from diarize.models.fitting import FitTrace, fit_gmm
from diarize.models.gaussian import COVARIANCES, log_densities, n_parameters
from diarize.models.gmm import GMM
from diarize.models.hmm import (
    PathCounts,
    Transitions,
    expected_counts,
    forward_backward,
    sticky,
    viterbi,
)
from diarize.models.kmeans import KMeans, fit_kmeans, seed_points

__all__ = [
    "COVARIANCES",
    "GMM",
    "FitTrace",
    "KMeans",
    "PathCounts",
    "Transitions",
    "expected_counts",
    "fit_gmm",
    "fit_kmeans",
    "forward_backward",
    "log_densities",
    "n_parameters",
    "seed_points",
    "sticky",
    "viterbi",
]
