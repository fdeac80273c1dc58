"""How the number of speakers is best chosen: criteria and covariances on the same windows of the same sound.

    python -m benchmarks.criteria --corpus DIR [--corpus DIR …] [--own]

Speech is given by the reference, or found (--own). "wrong" is the share of windows that are not the speaker's
who says most in them, pooled and as the mean over recordings, at the best match of speakers; then how often
the number is right, right within one, and its mean error. The pipeline runs once a recording; windows are
then clustered in each way. Counts on few recordings differ by chance: two of sixty are nothing.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.corpora import find_corpora
from benchmarks.points import diarize_with_points
from diarize import clustering
from diarize.config import ClusteringConfig, Config
from diarize.intervals import union

if TYPE_CHECKING:
    from benchmarks.corpora import Recording
    from diarize.types import SpeakerPoints

WAYS = {
    "BIC, one spherical variance": ClusteringConfig(criterion="bic", covariance="tied_spherical"),
    "BIC, spherical": ClusteringConfig(criterion="bic", covariance="spherical"),
    "BIC, diag": ClusteringConfig(criterion="bic", covariance="diag"),
    "BIC, tied": ClusteringConfig(criterion="bic", covariance="tied"),
    "BIC, full": ClusteringConfig(criterion="bic", covariance="full"),
    "variational bound": ClusteringConfig(criterion="evidence"),
}


def analyse(recording: Recording, own: bool) -> SpeakerPoints | None:
    """The windows of a recording as points, or None where there is no speech."""
    speech = None if own else union(recording.reference.intervals())
    return diarize_with_points(recording.path, speech)[0]


def speakers_of(points: SpeakerPoints, recording: Recording) -> np.ndarray:
    """Frames that each speaker of the reference says in each window, (n, speakers)."""
    names = recording.reference.speakers
    said = np.zeros((len(names), points.grid.n_frames + 1), dtype=np.int64)
    for turn in recording.reference.turns:
        mask = points.grid.mask(np.array([[turn.start, turn.end]]))
        said[names.index(turn.speaker), 1:] |= mask
    sums = np.cumsum(said, axis=1)
    return (sums[:, points.bounds[:, 1]] - sums[:, points.bounds[:, 0]]).T


def score_points(points: SpeakerPoints, said: np.ndarray, config: ClusteringConfig) -> tuple[int, int, int]:
    """Windows that are wrong, windows with a speaker, and by how much the number is wrong."""
    found = clustering.cluster_windows(points, config, Config().seed)
    labels = found.responsibilities.argmax(axis=1)
    spoken = said.max(axis=1) > 0
    pairs = np.zeros((said.shape[1], labels.max() + 1), dtype=np.int64)
    np.add.at(pairs, (said.argmax(axis=1)[spoken], labels[spoken]), 1)
    right = pairs[linear_sum_assignment(-pairs)].sum()
    return int(spoken.sum() - right), int(spoken.sum()), len(np.unique(labels)) - said.shape[1]


def format_row(name: str, results: list[tuple[int, int, int]]) -> str:
    """One line of the table."""
    wrong, total, errors = np.array(results).T
    counts = f"{np.sum(errors == 0)}/{np.sum(abs(errors) <= 1)}/{len(errors)}"
    shares = f"{100 * wrong.sum() / total.sum():6.1f} {100 * np.mean(wrong / np.maximum(total, 1)):6.1f}"
    return f"{name:<28} {shares} {counts:>9} {errors.mean():+6.2f}"


def main() -> None:
    """Print a table per corpus."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=find_corpora, action="extend", required=True)
    parser.add_argument("--own", action="store_true", help="speech as it is found, not of the reference")
    options = parser.parse_args()
    for corpus in options.corpus:
        windows = [(recording, analyse(recording, options.own)) for recording in corpus.recordings]
        known = [(points, speakers_of(points, each)) for each, points in windows if points is not None]
        print(f"{corpus.name:<28} {'wrong':>6} {'mean':>6} {'counts':>9} {'error':>6}", flush=True)
        for name, config in WAYS.items():
            print(
                format_row(name, [score_points(points, said, config) for points, said in known]), flush=True
            )
        print()


if __name__ == "__main__":
    main()
