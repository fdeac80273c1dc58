"""Mixture and Markov models on plain arrays: no audio, no seconds, no speakers."""

from __future__ import annotations

from diarize.models.bayesian import WEIGHT_PRIORS, BayesianGMM, fit_bayesian_gmm
from diarize.models.fitting import FitTrace, fit_gmm
from diarize.models.gaussian import COVARIANCES, log_densities, n_parameters
from diarize.models.gmm import GMM, Criteria
from diarize.models.hmm import (
    PathCounts,
    Transitions,
    expected_counts,
    forward_backward,
    sticky,
    viterbi,
)
from diarize.models.holdout import HeldOut, blocked_folds, effective_sample_size, held_out_likelihood
from diarize.models.kmeans import KMeans, fit_kmeans, seed_points
from diarize.models.selection import CRITERIA, Candidate, Selection, select_gmm

__all__ = [
    "COVARIANCES",
    "CRITERIA",
    "GMM",
    "WEIGHT_PRIORS",
    "BayesianGMM",
    "Candidate",
    "Criteria",
    "FitTrace",
    "HeldOut",
    "KMeans",
    "PathCounts",
    "Selection",
    "Transitions",
    "blocked_folds",
    "effective_sample_size",
    "expected_counts",
    "fit_bayesian_gmm",
    "fit_gmm",
    "fit_kmeans",
    "forward_backward",
    "held_out_likelihood",
    "log_densities",
    "n_parameters",
    "seed_points",
    "select_gmm",
    "sticky",
    "viterbi",
]
