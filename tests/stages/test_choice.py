"""The choice of a number at its edges: hardly any windows, margins of belief, solutions that are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from diarize.clustering import cluster_windows, no_speakers
from diarize.clustering.confusable import are_all_distinct
from diarize.clustering.count import choose_count
from diarize.clustering.embeddings import compute_evidence
from diarize.config import ClusteringConfig
from diarize.errors import SpeakerCountError

from .made import planted_points, points_at


@pytest.mark.parametrize("n", [0, 1])
def test_less_than_two_windows_are_one_speaker_without_any_criterion(n):
    """There is nothing to compare; who asks for two speakers is told that there cannot be two."""
    points = points_at(np.ones((n, 3)), np.ones(3))
    for criterion in ("bic", "evidence"):
        found = cluster_windows(points, ClusteringConfig(criterion=criterion), 0)
        assert (found.criterion, found.counts, found.values) == ("too little speech", (1,), (0.0,))
        assert (found.chosen, found.equivalent) == (1, (1,))
        np.testing.assert_array_equal(found.responsibilities, np.ones((n, 1)))
    with pytest.raises(SpeakerCountError, match=f"for {n} at most"):
        cluster_windows(points, ClusteringConfig(min_speakers=2), 0)


def test_nobody_has_a_curve_of_one_point():
    """At nothing, and its line says so."""
    assert (no_speakers().counts, no_speakers().values) == ((0,), (0.0,))
    assert no_speakers().explanation == "0: nobody speaks"
    assert replace(no_speakers(), criterion="BIC", chosen=1).explanation == "1: no other number came up"


def test_who_is_chosen_has_no_margin_of_belief():
    """That is for the numbers which are nearly as good."""
    solutions = {k: np.full((6, k), 1 / k) for k in (1, 2, 3)}
    values = {1: 50.0, 2: 10.0, 3: 9.0}

    def believable(shares, margin):
        return shares.shape[1] < 3 or margin > 0.05

    found = choose_count("BIC", solutions, values, ClusteringConfig(equivalent=3.0), believable)
    assert (found.chosen, found.equivalent, found.confusable) == (2, (2, 3), (3,))


def test_a_solution_that_merging_came_to_is_kept_when_so_many_are_asked_for():
    """A start of its own is only for numbers that merging passed by."""
    points, _ = planted_points(1, 4, n=60, distance=0.6)
    free, asked = (
        cluster_windows(points, ClusteringConfig(criterion="evidence", min_speakers=k), 0) for k in (1, 2)
    )
    assert free.counts == (1, 2, 3)
    np.testing.assert_array_equal(asked.solutions[1], free.solutions[1])
    assert asked.counts == free.counts


def test_points_without_a_model_are_neither_alike_nor_evidence():
    """What two speakers of them have in common is not known."""
    points, labels = planted_points(1, 1)
    shares = np.eye(2)[labels + np.arange(len(labels)) % 2]
    assert not are_all_distinct(points, shares, 0.0)
    for gone in ({"weights": None}, {"between": None}, {"weights": None, "between": None}):
        bare = replace(points, **gone)
        assert are_all_distinct(bare, shares, 0.0)
        with pytest.raises(TypeError, match="without a model"):
            compute_evidence(bare, shares)
