"""Gaussian mixtures on plain arrays: EM, selection, Bayesian and online fits, k-means, PCA, anomalies.

Input: points (n, D). Output: frozen, fitted values with the attribute names of scikit-learn. The package is
independent: it does not deal with audio, seconds or speakers, and imports only ``errors`` of the other rooms.
Public names are imported at first use, so importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diarize.mixtures.anomaly import AnomalyScale, calibrate_anomaly
    from diarize.mixtures.bayesian import WEIGHT_PRIOR_TYPES, BayesianGMM
    from diarize.mixtures.bayesian_fitting import fit_bayesian_gmm
    from diarize.mixtures.fitting import FitTrace, fit_gmm
    from diarize.mixtures.gaussian import COVARIANCE_TYPES, log_densities, n_parameters
    from diarize.mixtures.gibbs import (
        GibbsRun,
        NormalInverseWishart,
        log_partition_evidence,
        sample_partitions,
    )
    from diarize.mixtures.gmm import GMM, Criteria
    from diarize.mixtures.holdout import HeldOut, blocked_folds, effective_sample_size, held_out_likelihood
    from diarize.mixtures.kmeans import KMeans, fit_kmeans
    from diarize.mixtures.online_em import OnlineFit, fit_blocks, start_online_em
    from diarize.mixtures.pca import PCA, fit_pca
    from diarize.mixtures.selection import CRITERIA, Candidate, Selection, select_gmm
    from diarize.mixtures.split_merge import merge_components, split_component

__all__ = [
    "COVARIANCE_TYPES",
    "CRITERIA",
    "GMM",
    "PCA",
    "WEIGHT_PRIOR_TYPES",
    "AnomalyScale",
    "BayesianGMM",
    "Candidate",
    "Criteria",
    "FitTrace",
    "GibbsRun",
    "HeldOut",
    "KMeans",
    "NormalInverseWishart",
    "OnlineFit",
    "Selection",
    "blocked_folds",
    "calibrate_anomaly",
    "effective_sample_size",
    "fit_bayesian_gmm",
    "fit_blocks",
    "fit_gmm",
    "fit_kmeans",
    "fit_pca",
    "held_out_likelihood",
    "log_densities",
    "log_partition_evidence",
    "merge_components",
    "n_parameters",
    "sample_partitions",
    "select_gmm",
    "split_component",
    "start_online_em",
]

_HOMES = {
    "anomaly": ("AnomalyScale", "calibrate_anomaly"),
    "bayesian": ("BayesianGMM", "WEIGHT_PRIOR_TYPES"),
    "bayesian_fitting": ("fit_bayesian_gmm",),
    "fitting": ("FitTrace", "fit_gmm"),
    "gaussian": ("COVARIANCE_TYPES", "log_densities", "n_parameters"),
    "gibbs": ("GibbsRun", "NormalInverseWishart", "log_partition_evidence", "sample_partitions"),
    "gmm": ("Criteria", "GMM"),
    "holdout": ("HeldOut", "blocked_folds", "effective_sample_size", "held_out_likelihood"),
    "kmeans": ("KMeans", "fit_kmeans"),
    "pca": ("PCA", "fit_pca"),
    "split_merge": ("merge_components", "split_component"),
    "selection": ("CRITERIA", "Candidate", "Selection", "select_gmm"),
    "online_em": ("OnlineFit", "fit_blocks", "start_online_em"),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
