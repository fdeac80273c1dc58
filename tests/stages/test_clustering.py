"""How many speakers: planted points, honoured limits, honest ties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from diarize.clustering import Clustering, cluster_windows, evidence, gaussians, no_speakers
from diarize.clustering.count import choose_count
from diarize.config import ClusteringConfig
from diarize.errors import DiarizeError
from diarize.types import SpeakerPoints

from .builders import agreement, grid, planted_points, points_at


def exact_points(seed, n_speakers, n=300, distance=12.0):
    """Exact points of well separated blobs in three dimensions, and whose each is."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_speakers, n)
    corners = distance * np.eye(3)[np.arange(n_speakers) % 3] * (1 + np.arange(n_speakers) // 3)[:, None]
    frames = np.arange(n)
    bounds = np.column_stack((frames, frames + 1))
    return SpeakerPoints(corners[labels] + rng.normal(size=(n, 3)), bounds, frames == 0, grid(n)), labels


def two_voices_apart(distance, n, knows=8.0, rank=32):
    """Points of two voices that differ by ``distance`` in one direction and take turns of ten windows."""
    rng = np.random.default_rng(4)
    labels = np.repeat(np.arange(n // 10) % 2, 10)
    places = distance * np.outer([-0.5, 0.5], np.eye(rank)[0])
    return points_at(places[labels] + rng.normal(size=(n, rank)), np.full(rank, knows))


def settings(**changes):
    """Clustering settings."""
    return ClusteringConfig(**changes)


def by_evidence(**changes):
    """Clustering settings, the number by evidence."""
    return ClusteringConfig(criterion="evidence", **changes)


class TestEvidence:
    @pytest.mark.parametrize("n_speakers", [1, 2, 4, 6])
    def test_planted_speakers_are_counted_and_distinguished(self, n_speakers):
        """The number is free; the windows are shared out as planted."""
        points, labels = planted_points(n_speakers, n_speakers)
        found = cluster_windows(points, by_evidence(), 0)
        assert (found.criterion, found.chosen) == ("evidence", n_speakers)
        assert found.responsibilities.shape == (120, n_speakers)
        assert_allclose(found.responsibilities.sum(axis=1), 1, rtol=1e-6)
        assert agreement(labels, found.responsibilities) > 0.97

    @pytest.mark.parametrize("asked", [1, 2, 3, 5, 9, 30, 120])
    def test_the_same_number_twice_fixes_it(self, asked):
        """Fewer, as many, and more than there are; as many as there are windows."""
        points, _ = planted_points(3, 3)
        found = cluster_windows(points, by_evidence(min_speakers=asked, max_speakers=asked), 0)
        assert found.chosen == asked
        assert found.equivalent == (asked,)
        assert found.responsibilities.shape == (120, asked)

    @pytest.mark.parametrize(("low", "high"), [(1, 2), (4, 5), (5, 20), (1, 1), (3, 8)])
    def test_limits_are_kept(self, low, high):
        """The best of what is allowed, however much better something else would be."""
        points, _ = planted_points(3, 3)
        found = cluster_windows(points, by_evidence(min_speakers=low, max_speakers=high), 0)
        assert low <= found.chosen <= high
        assert all(low <= k <= high for k in found.equivalent)
        allowed = {k: v for k, v in zip(found.counts, found.values, strict=True) if low <= k <= high}
        assert found.chosen == min(allowed, key=allowed.get)

    def test_the_whole_curve_is_kept(self):
        """Every count tried has its value and its solution; the chosen has the least."""
        points, _ = planted_points(5, 3)
        found = cluster_windows(points, by_evidence(), 0)
        assert list(found.counts) == sorted(set(found.counts))
        assert {1, 2, 3} <= set(found.counts)
        for k, solution in zip(found.counts, found.solutions, strict=True):
            assert solution.shape == (120, k)
        assert min(found.values) == found.values[found.counts.index(found.chosen)]

    def test_equivalent_counts_are_those_within_the_margin(self):
        """None at zero but the chosen, all at infinity."""
        points, _ = planted_points(6, 3)
        assert cluster_windows(points, by_evidence(equivalent=0.0), 0).equivalent == (3,)
        wide = cluster_windows(points, by_evidence(equivalent=1e6), 0)
        assert wide.equivalent == wide.counts
        values = dict(zip(wide.counts, wide.values, strict=True))
        margin = values[4] - values[3] if 4 in values else values[2] - values[3]
        near = cluster_windows(points, by_evidence(equivalent=margin + 1e-6), 0).equivalent
        assert near == tuple(k for k in wide.counts if values[k] - values[3] <= margin + 1e-6)
        assert len(near) >= 2

    def test_more_starts_find_nothing_worse(self):
        """For every count that both have met."""
        points, _ = planted_points(8, 5, knows=0.7)
        one, many = (cluster_windows(points, by_evidence(n_starts=n), 0) for n in (1, 4))
        few = dict(zip(one.counts, one.values, strict=True))
        more = dict(zip(many.counts, many.values, strict=True))
        assert set(few) <= set(more)
        assert all(more[k] <= few[k] for k in few)

    def test_the_same_seed_is_the_same_result(self):
        """To the bit."""
        points, _ = planted_points(9, 4)
        one, two = (cluster_windows(points, by_evidence(), 7) for _ in range(2))
        assert (one.counts, one.values, one.equivalent) == (two.counts, two.values, two.equivalent)
        for a, b in zip(one.solutions, two.solutions, strict=True):
            assert_array_equal(a, b)

    def test_a_window_without_evidence_has_the_speaker_of_its_interval(self):
        """Within an interval of speech it has the speaker before; after a pause that is less sure."""
        points, labels = planted_points(2, 2)
        values, weights = points.values.copy(), points.weights.copy()
        same = (labels[1:-1] == labels[:-2]) & (labels[2:] == labels[1:-1])
        at = int(np.flatnonzero(same)[5]) + 1
        values[at], weights[at] = 0, 1e-6
        sure = []
        for pause in (False, True):
            first = points.first.copy()
            first[[at, at + 1]] = pause
            changed = replace(points, values=values, weights=weights, first=first)
            shares = cluster_windows(changed, by_evidence(), 0).responsibilities
            own = shares[labels == labels[at]].mean(axis=0).argmax()
            sure.append(shares[at, own])
        assert sure[0] > sure[1] > 0.5

    def test_overlapping_windows_are_not_taken_for_independent(self, monkeypatch):
        """The evidence of windows is multiplied by ACOUSTIC_SCALE: so is that for a second speaker."""
        points, _ = planted_points(3, 2)
        found = {}
        for scale in (0.5, 0.25, 0.125):
            monkeypatch.setattr(evidence, "ACOUSTIC_SCALE", scale)
            curve = cluster_windows(points, by_evidence(), 0)
            values = dict(zip(curve.counts, curve.values, strict=True))
            found[scale] = values[1] - values[2]
        assert found[0.5] > 1.5 * found[0.25] > 2 * found[0.125] > 0

    def test_halves_of_one_voice_that_changed_are_one(self):
        """Evidence alone would part them; they are too near for two speakers."""
        near = two_voices_apart(4.0, 400)
        found = cluster_windows(near, by_evidence(equivalent=0.0), 0)
        values = dict(zip(found.counts, found.values, strict=True))
        assert values[2] < values[1]
        assert (found.chosen, found.confusable[0]) == (1, 2)
        assert found.explanation.startswith("1 by evidence; with 2, two speakers may be one person")
        assert cluster_windows(two_voices_apart(9.0, 400), by_evidence(equivalent=0.0), 0).chosen == 2

    def test_two_requested_speakers_are_found_even_if_they_are_alike(self):
        """Nothing better is allowed, and that is said as it is."""
        found = cluster_windows(
            two_voices_apart(4.0, 400), by_evidence(min_speakers=2, max_speakers=2, equivalent=0.0), 0
        )
        assert (found.chosen, found.confusable[0], found.equivalent) == (2, 2, (2,))
        assert found.explanation == "2 as requested, but two of these speakers may be one person"

    def test_the_whole_curve_has_every_number_and_the_same_choice(self):
        """Numbers that merging passes by are tried too, up to the limit or the number of windows."""
        points, _ = planted_points(3, 2)
        usual = cluster_windows(points, by_evidence(max_speakers=7), 0)
        whole = cluster_windows(points, by_evidence(max_speakers=7, whole_curve=True), 0)
        assert usual.counts != whole.counts == tuple(range(1, 8))
        assert (whole.chosen, whole.equivalent) == (usual.chosen, usual.equivalent)
        np.testing.assert_array_equal(whole.responsibilities, usual.responsibilities)
        curve = dict(zip(whole.counts, whole.values, strict=True))
        assert {k: curve[k] for k in usual.counts} == dict(zip(usual.counts, usual.values, strict=True))
        assert min(curve.values()) == curve[usual.chosen]
        few, _ = planted_points(0, 2, n=4)
        assert max(cluster_windows(few, by_evidence(max_speakers=9, whole_curve=True), 0).counts) == 4

    def test_more_speakers_than_windows_are_refused(self):
        """In one line with both numbers."""
        points, _ = planted_points(0, 2, n=5)
        with pytest.raises(DiarizeError, match=r"at least 6 speakers .* for 5 at most; allow fewer"):
            cluster_windows(points, by_evidence(min_speakers=6), 0)

    @pytest.mark.parametrize("n", [1, 2, 3])
    def test_next_to_nothing_is_one_speaker(self, n):
        """One, two, three windows of one person."""
        points, _ = planted_points(0, 1, n=n)
        assert cluster_windows(points, by_evidence(), 0).chosen == 1


class TestBic:
    @pytest.mark.parametrize("covariance", ["tied_spherical", "spherical"])
    @pytest.mark.parametrize("n_speakers", [1, 2, 4, 6])
    def test_planted_speakers_are_counted_and_distinguished(self, n_speakers, covariance):
        """The number is free; the windows are shared out as planted."""
        points, labels = planted_points(n_speakers, n_speakers)
        found = cluster_windows(points, settings(covariance=covariance), 0)
        assert (found.criterion, found.chosen) == ("BIC", n_speakers)
        assert found.responsibilities.shape == (120, n_speakers)
        assert_allclose(found.responsibilities.sum(axis=1), 1, rtol=1e-6)
        assert agreement(labels, found.responsibilities) > 0.97

    @pytest.mark.parametrize("asked", [1, 2, 3, 5, 9, 30, 120])
    def test_the_same_number_twice_fixes_it(self, asked):
        """Fewer, as many, and more than there are; as many as there are windows."""
        points, _ = planted_points(3, 3)
        found = cluster_windows(points, settings(min_speakers=asked, max_speakers=asked), 0)
        assert (found.chosen, found.equivalent) == (asked, (asked,))
        assert found.responsibilities.shape == (120, asked)

    @pytest.mark.parametrize("asked", [1, 2, 4])
    def test_windows_that_are_all_the_same_are_one_speaker_or_as_many_as_asked(self, asked):
        """As of a tone: nothing varies, so no Gaussian can be fitted."""
        points, _ = planted_points(3, 3)
        tone = replace(points, values=np.ones_like(points.values))
        found = cluster_windows(tone, settings(min_speakers=asked), 0)
        assert (found.chosen, found.responsibilities.shape) == (asked, (120, asked))
        assert np.isfinite(found.values).all()

    def test_the_same_seed_is_the_same_result(self):
        """To the bit."""
        points, _ = planted_points(9, 4)
        one, two = (cluster_windows(points, settings(), 7) for _ in range(2))
        assert (one.counts, one.values, one.other_values) == (two.counts, two.values, two.other_values)
        for a, b in zip(one.solutions, two.solutions, strict=True):
            assert_array_equal(a, b)

    def test_halves_of_one_voice_that_changed_are_one(self):
        """BIC alone would part them; they are too near for two speakers."""
        found = cluster_windows(two_voices_apart(4.0, 400), settings(equivalent=0.0), 0)
        values = dict(zip(found.counts, found.values, strict=True))
        assert values[2] < values[1]
        assert found.chosen == 1
        assert 2 in found.confusable
        assert cluster_windows(two_voices_apart(9.0, 400), settings(equivalent=0.0), 0).chosen == 2

    def test_the_sample_size_is_that_of_windows_which_do_not_overlap(self):
        """By hand: full windows of 15 frames every 5, a pause, a window of 6 frames."""
        starts = np.array([0, 5, 10, 40, 60])
        ends = np.array([15, 20, 25, 55, 66])
        weights = np.minimum(1.0, (ends - starts) / 15)
        points = SpeakerPoints(
            np.eye(5),
            np.column_stack((starts, ends)),
            starts > 0,
            grid(70),
            weights=weights,
            between=np.ones(5),
        )
        assert_allclose(gaussians.independent_windows(points), (25 + 15 + 6) / 15, rtol=1e-12)

    def test_windows_twice_as_dense_say_no_more(self):
        """Every window twice: the same BIC, for the speech is the same."""
        points, _ = planted_points(4, 3)
        twice = np.repeat(np.arange(120), 2)
        dense = SpeakerPoints(
            points.values[twice],
            points.bounds[twice],
            points.first[twice],
            points.grid,
            weights=points.weights[twice],
            between=points.between,
        )
        one, two = (cluster_windows(each, settings(), 0) for each in (points, dense))
        ours, theirs = (dict(zip(each.counts, each.values, strict=True)) for each in (one, two))
        for k in (1, 2, 3):
            assert_allclose(theirs[k], ours[k], rtol=1e-3)

    @pytest.mark.parametrize("criterion", ["bic", "evidence"])
    def test_the_other_criterion_is_reported_for_the_same_solutions(self, criterion):
        """It agrees about planted speakers, and it is not the same number."""
        points, _ = planted_points(7, 4)
        found = cluster_windows(points, settings(criterion=criterion), 0)
        names = {"bic": ("BIC", "evidence"), "evidence": ("evidence", "BIC")}
        assert (found.criterion, found.other_criterion) == names[criterion]
        assert len(found.other_values) == len(found.counts)
        assert found.counts[int(np.argmin(found.other_values))] == 4
        assert not np.allclose(found.other_values, found.values)


class TestGaussians:
    @pytest.mark.parametrize("n_speakers", [1, 2, 3, 5])
    def test_separate_blobs_are_counted_by_bic(self, n_speakers):
        """The textbook's way works where the textbook's picture is true."""
        points, labels = exact_points(n_speakers, n_speakers)
        found = cluster_windows(points, by_evidence(max_speakers=7), 0)
        assert (found.criterion, found.chosen) == ("BIC", n_speakers)
        assert found.counts == tuple(range(1, 8))
        assert agreement(labels, found.responsibilities) > 0.99

    def test_limits_are_kept(self):
        """A fixed number, and no more speakers than points."""
        points, _ = exact_points(1, 3)
        fixed = cluster_windows(points, settings(min_speakers=2, max_speakers=2), 0)
        assert (fixed.counts, fixed.chosen) == ((2,), 2)
        few, _ = exact_points(0, 1, n=4)
        assert max(cluster_windows(few, settings(max_speakers=20), 0).counts) <= 4
        with pytest.raises(DiarizeError, match="at least 5 speakers"):
            cluster_windows(few, settings(min_speakers=5), 0)


def test_a_number_that_is_close_and_refused_is_named_with_the_reason():
    """Two nats behind is nearly as good, and would be called so if its voices were not alike."""
    solutions = {k: np.full((6, k), 1 / k) for k in (1, 2, 3, 4)}
    values = {1: 50.0, 2: 10.0, 3: 12.0, 4: 60.0}
    config = ClusteringConfig()
    found = choose_count("BIC", solutions, values, config, lambda shares, margin: shares.shape[1] < 3)
    assert (found.chosen, found.equivalent, found.confusable) == (2, (2,), (3,))
    assert found.explanation == "2 by BIC; with 3, two speakers may be one person"
    assert found.why_no_more.startswith("3 was not chosen: two of its speakers are more likely one person")
    free = choose_count("BIC", solutions, values, config)
    assert (free.equivalent, free.confusable) == ((2, 3), ())


def explain_next(values, chosen, equivalent=(), confusable=()):
    """The sentence about the next number, of a made-up result."""
    solutions = tuple(np.ones((1, k)) for k in values)
    counts, costs = tuple(values), tuple(values.values())
    return Clustering("evidence", counts, costs, chosen, equivalent, solutions, confusable).why_no_more


def test_one_sentence_says_why_the_next_number_was_not_chosen():
    """By nats, by two voices that are one, nearly as good, never there, and where nobody speaks."""
    assert explain_next({1: 90.0, 2: 10.0, 3: 32.4}, 2) == (
        "3 was not chosen: it is worse by 22 nats, because one more speaker raises the likelihood by less "
        "than the penalty for its parameters"
    )
    assert explain_next({1: 10.0, 2: 5.0}, 1, confusable=(2,)).startswith(
        "2 was not chosen: two of its speakers are more likely one person"
    )
    assert explain_next({1: 90.0, 2: 10.0}, 1) == "2 is better by 80 nats, but was not allowed"
    assert (
        explain_next({1: 10.0, 2: 12.0}, 1, (1, 2)) == "2 is worse by only 2 nats: listen before you trust 1"
    )
    assert explain_next({1: 26.0, 2: 12.0}, 1, (1, 2), (2,)) == (
        "2 is better by 14 nats, but two of its speakers may be one person: listen before you trust 1"
    )
    assert explain_next({1: 10.0}, 1) == "2 was not tried: the search found no further speaker"
    assert explain_next({0: 0.0}, 0) == "1 was not chosen: there is no speech"


def test_a_curve_may_end_at_a_limit():
    """With what belongs to its counts; never before the chosen one."""
    solutions = tuple(np.ones((1, k)) for k in (1, 2, 3, 4))
    found = Clustering("BIC", (1, 2, 3, 4), (9.0, 5.0, 6.0, 8.0), 2, (2, 3), solutions, (), "x", (1, 2, 3, 4))
    part = found.limit(3)
    assert (part.counts, part.values, part.other_values) == ((1, 2, 3), (9.0, 5.0, 6.0), (1, 2, 3))
    assert (part.chosen, len(part.solutions), part.why_no_more) == (2, 3, found.why_no_more)
    assert found.limit(1).counts == (1, 2)


class TestExplanation:
    def explained(self, values, chosen, equivalent, confusable=()):
        """The line of a made-up result."""
        solutions = tuple(np.ones((1, k)) for k in values)
        counts, costs = tuple(values), tuple(values.values())
        return Clustering("evidence", counts, costs, chosen, equivalent, solutions, confusable).explanation

    def test_one_line_says_how_sure(self):
        """Alone, ahead of the next, or with others nearly as good."""
        assert self.explained({1: 5.0}, 1, (1,)) == "1: no other number was found"
        channels = replace(no_speakers(), criterion="channels", chosen=2)
        assert channels.explanation == "2: the sum over channels"
        line = self.explained({1: 90.0, 2: 10.0, 3: 32.4}, 2, (2,))
        assert line == "2 by evidence; second best is 3, worse by 22 nats"
        line = self.explained({1: 11.0, 2: 10.0, 3: 12.0}, 2, (1, 2, 3))
        assert line == "2 by evidence; nearly as good: 1, 3"

    def test_a_number_that_was_asked_for_is_not_called_the_best(self):
        """What the criterion would have chosen is said, and by how much."""
        line = self.explained({1: 90.0, 2: 10.0, 3: 30.0}, 1, (1,))
        assert line == "1 as requested; by evidence it is worse than 2 by 80 nats"

    def test_confusable_numbers_are_not_reported_as_the_best(self):
        """Neither of a number that was found nor of one that was asked for are they the better."""
        values = {1: 90.0, 2: 40.0, 3: 10.0, 4: 30.0}
        line = self.explained(values, 2, (2,), confusable=(3, 4))
        assert line == "2 by evidence; with 3, two speakers may be one person"
        line = self.explained(values, 1, (1,), confusable=(3, 4))
        assert line == "1 as requested; by evidence it is worse than 2 by 50 nats"
        line = self.explained(values, 3, (3,), confusable=(3, 4))
        assert line == "3 as requested, but two of these speakers may be one person"
        assert self.explained({1: 90.0, 2: 40.0}, 1, (1,), confusable=(2,)).startswith(
            "1 by evidence; with 2, two speakers"
        )

    def test_nobody_is_nobody(self):
        """No speech, no speakers."""
        assert (no_speakers().chosen, no_speakers().responsibilities.shape) == (0, (0, 0))


def test_exact_points_are_counted_by_bic_whatever_is_asked():
    """They are points of another space, which does not say how sure it is, so there is no evidence."""
    points, _ = planted_points(2, 1)
    exact = SpeakerPoints(points.values, points.bounds, points.first, points.grid)
    one, two = (
        cluster_windows(exact, settings(criterion=each, max_speakers=4), 0) for each in ("evidence", "bic")
    )
    assert one.criterion == two.criterion == "BIC"
    assert_array_equal(one.responsibilities, two.responsibilities)
