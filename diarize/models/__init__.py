"""Mixture and Markov models on plain arrays: no audio, no seconds, no speakers.

Every public name is loaded from its module when it is first used, so importing the package costs next to
nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diarize.models.anomaly import AnomalyScale, calibrate_anomaly
    from diarize.models.bayesian import WEIGHT_PRIORS, BayesianGMM, fit_bayesian_gmm
    from diarize.models.fitting import FitTrace, fit_gmm
    from diarize.models.gaussian import COVARIANCES, log_densities, n_parameters
    from diarize.models.gibbs import GibbsRun, NormalInverseWishart, log_partition_evidence, sample_partitions
    from diarize.models.gmm import GMM, Criteria
    from diarize.models.hmm import PathCounts, Transitions, expected_counts, forward_backward, sticky, viterbi
    from diarize.models.holdout import HeldOut, blocked_folds, effective_sample_size, held_out_likelihood
    from diarize.models.kmeans import KMeans, fit_kmeans, seed_points
    from diarize.models.pca import PCA, fit_pca
    from diarize.models.selection import CRITERIA, Candidate, Selection, select_gmm
    from diarize.models.stepwise import StepwiseFit, fit_blocks, start_stepwise

__all__ = [
    "COVARIANCES",
    "CRITERIA",
    "GMM",
    "PCA",
    "WEIGHT_PRIORS",
    "AnomalyScale",
    "BayesianGMM",
    "Candidate",
    "Criteria",
    "FitTrace",
    "GibbsRun",
    "HeldOut",
    "KMeans",
    "NormalInverseWishart",
    "PathCounts",
    "Selection",
    "StepwiseFit",
    "Transitions",
    "blocked_folds",
    "calibrate_anomaly",
    "effective_sample_size",
    "expected_counts",
    "fit_bayesian_gmm",
    "fit_blocks",
    "fit_gmm",
    "fit_kmeans",
    "fit_pca",
    "forward_backward",
    "held_out_likelihood",
    "log_densities",
    "log_partition_evidence",
    "n_parameters",
    "sample_partitions",
    "seed_points",
    "select_gmm",
    "start_stepwise",
    "sticky",
    "viterbi",
]

_HOMES = {
    "anomaly": ("AnomalyScale", "calibrate_anomaly"),
    "bayesian": ("BayesianGMM", "WEIGHT_PRIORS", "fit_bayesian_gmm"),
    "fitting": ("FitTrace", "fit_gmm"),
    "gaussian": ("COVARIANCES", "log_densities", "n_parameters"),
    "gibbs": ("GibbsRun", "NormalInverseWishart", "log_partition_evidence", "sample_partitions"),
    "gmm": ("Criteria", "GMM"),
    "hmm": ("PathCounts", "Transitions", "expected_counts", "forward_backward", "sticky", "viterbi"),
    "holdout": ("HeldOut", "blocked_folds", "effective_sample_size", "held_out_likelihood"),
    "kmeans": ("KMeans", "fit_kmeans", "seed_points"),
    "pca": ("PCA", "fit_pca"),
    "selection": ("CRITERIA", "Candidate", "Selection", "select_gmm"),
    "stepwise": ("StepwiseFit", "fit_blocks", "start_stepwise"),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
