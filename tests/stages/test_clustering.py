"""How many speakers: planted points, honoured limits, honest ties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from diarize.models.factors import Observations, observations_at, posterior_means, unpacked
from numpy.testing import assert_allclose, assert_array_equal

from diarize.clustering import Clustering, clustered, factor_analysis, nobody
from diarize.config import ClusteringConfig
from diarize.errors import DiarizeError
from diarize.types import SpeakerPoints

from .made import agreement, grid, planted_points


def exact_points(seed, n_speakers, n=300, distance=12.0):
    """Exact points of well separated blobs in three dimensions, and whose each is."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_speakers, n)
    corners = distance * np.eye(3)[np.arange(n_speakers) % 3] * (1 + np.arange(n_speakers) // 3)[:, None]
    frames = np.arange(n)
    bounds = np.column_stack((frames, frames + 1))
    return SpeakerPoints(corners[labels] + rng.normal(size=(n, 3)), bounds, frames == 0, grid(n)), labels


def two_voices_apart(distance, knows, n):
    """Uncertain points of two voices that differ by ``distance`` in one of eight directions."""
    return voices_at(distance * np.outer([-0.5, 0.5], np.eye(8)[0]), knows, n)


def voices_at(places, knows, n):
    """Uncertain points of voices at ``places`` (K, 8) that take turns of ten windows, and whose each is."""
    points, _ = planted_points(4, 1, n=n, knows=knows, distance=0.0)
    labels = np.repeat(np.arange(n // 10) % len(places), 10)
    moved = places[labels]
    observed = observations_at(points.values, points.precision)
    linear = observed.linear + np.einsum("nij,nj->ni", unpacked(points.precision), moved)
    values = posterior_means(Observations(linear, points.precision))
    return SpeakerPoints(values, points.bounds, points.first, points.grid, points.precision), labels


def settings(**changes):
    """Clustering settings."""
    return ClusteringConfig(**changes)


class TestEvidence:
    @pytest.mark.parametrize("n_speakers", [1, 2, 4, 6])
    def test_planted_speakers_are_counted_and_told_apart(self, n_speakers):
        """The number is free; the windows are shared out as planted."""
        points, labels = planted_points(n_speakers, n_speakers)
        found = clustered(points, settings(), 0)
        assert (found.criterion, found.chosen) == ("evidence", n_speakers)
        assert found.responsibilities.shape == (120, n_speakers)
        assert_allclose(found.responsibilities.sum(axis=1), 1, rtol=1e-6)
        assert agreement(labels, found.responsibilities) > 0.97

    @pytest.mark.parametrize("asked", [1, 2, 3, 5, 9, 30, 120])
    def test_the_same_number_twice_fixes_it(self, asked):
        """Fewer, as many, and more than there are; as many as there are windows."""
        points, _ = planted_points(3, 3)
        found = clustered(points, settings(min_speakers=asked, max_speakers=asked), 0)
        assert found.chosen == asked
        assert found.equivalent == (asked,)
        assert found.responsibilities.shape == (120, asked)

    @pytest.mark.parametrize(("low", "high"), [(1, 2), (4, 5), (5, 20), (1, 1), (3, 8)])
    def test_limits_are_kept(self, low, high):
        """The best of what is allowed, however much better something else would be."""
        points, _ = planted_points(3, 3)
        found = clustered(points, settings(min_speakers=low, max_speakers=high), 0)
        assert low <= found.chosen <= high
        assert all(low <= k <= high for k in found.equivalent)
        allowed = {k: v for k, v in zip(found.counts, found.values, strict=True) if low <= k <= high}
        assert found.chosen == min(allowed, key=allowed.get)

    def test_the_whole_curve_is_kept(self):
        """Every count tried has its value and its solution; the chosen has the least."""
        points, _ = planted_points(5, 3)
        found = clustered(points, settings(), 0)
        assert list(found.counts) == sorted(set(found.counts))
        assert {1, 2, 3} <= set(found.counts)
        for k, solution in zip(found.counts, found.solutions, strict=True):
            assert solution.shape == (120, k)
        assert min(found.values) == found.values[found.counts.index(found.chosen)]

    def test_equivalent_counts_are_those_within_the_margin(self):
        """None at zero but the chosen, all at infinity."""
        points, _ = planted_points(6, 3)
        assert clustered(points, settings(equivalent=0.0), 0).equivalent == (3,)
        wide = clustered(points, settings(equivalent=1e6), 0)
        assert wide.equivalent == wide.counts
        values = dict(zip(wide.counts, wide.values, strict=True))
        margin = values[4] - values[3] if 4 in values else values[2] - values[3]
        near = clustered(points, settings(equivalent=margin + 1e-6), 0).equivalent
        assert near == tuple(k for k in wide.counts if values[k] - values[3] <= margin + 1e-6)
        assert len(near) >= 2

    def test_more_starts_find_nothing_worse(self):
        """For every count that both have met."""
        points, _ = planted_points(8, 5, knows=0.7)
        one, many = (clustered(points, settings(n_starts=n), 0) for n in (1, 4))
        few = dict(zip(one.counts, one.values, strict=True))
        more = dict(zip(many.counts, many.values, strict=True))
        assert set(few) <= set(more)
        assert all(more[k] <= few[k] for k in few)

    def test_the_same_seed_is_the_same_result(self):
        """To the bit."""
        points, _ = planted_points(9, 4)
        one, two = (clustered(points, settings(), 7) for _ in range(2))
        assert (one.counts, one.values, one.equivalent) == (two.counts, two.values, two.equivalent)
        for a, b in zip(one.solutions, two.solutions, strict=True):
            assert_array_equal(a, b)

    def test_a_start_that_holds_a_turn_is_likelier_to_go_on(self):
        """Within a stretch of speech a window without evidence has the speaker before; after a pause less."""
        points, labels = planted_points(2, 2)
        values, precision = points.values.copy(), points.precision.copy()
        at = int(np.flatnonzero((labels[1:-1] == labels[:-2]) & (labels[2:] == labels[1:-1]))[5]) + 1
        values[at], precision[at] = 0, 0
        sure = []
        for pause in (False, True):
            first = points.first.copy()
            first[[at, at + 1]] = pause
            changed = SpeakerPoints(values, points.bounds, first, points.grid, precision)
            found = clustered(changed, settings(min_speakers=2, max_speakers=2), 0).responsibilities
            sure.append(found[at].max())
        assert sure[0] > 0.95
        assert sure[1] < sure[0] - 0.05

    def test_one_voice_that_drifted_stays_one(self):
        """Much is known, a little differs: the evidence prefers two, but two voices would differ by more."""
        everywhere = 0.05 * np.eye(8)
        points, labels = two_voices_apart(0.9, knows=8.0, n=400)
        found = clustered(replace(points, drift=everywhere), settings(equivalent=0.0), 0)
        values = dict(zip(found.counts, found.values, strict=True))
        assert values[2] < values[1]
        assert (found.chosen, found.alike[0], found.equivalent) == (1, 2, (1,))
        assert found.explanation == "1 by evidence; two voices of 2 would be too much alike"
        near = clustered(replace(points, drift=everywhere), settings(equivalent=10.0), 0)
        assert near.chosen == 1
        assert near.equivalent == (1, 2)  # ten nats would be enough to tell them apart
        narrow = clustered(replace(points, drift=everywhere), settings(equivalent=0.1), 0)
        assert narrow.equivalent == (1,)  # a tenth would not, though two have the better value by far
        points, labels = two_voices_apart(2.5, knows=8.0, n=400)
        found = clustered(replace(points, drift=everywhere), settings(), 0)
        assert (found.chosen, found.alike) == (2, ())
        assert agreement(labels, found.responsibilities) > 0.97

    def test_a_voice_drifts_with_time(self):
        """What tells two voices of seconds from each other may be one voice that is heard for minutes."""
        points, _ = two_voices_apart(1.0, knows=8.0, n=400)
        chosen = []
        for seconds in (2.0, 2_000.0):
            edges = np.round(np.linspace(0, seconds * points.grid.frame_rate, 401)).astype(np.int64)
            heard = replace(
                points,
                bounds=np.column_stack((edges[:-1], edges[1:])),
                grid=grid(edges[-1]),
                drift=0.05 * np.eye(8),
            )
            chosen.append(clustered(heard, settings(), 0).chosen)
        assert chosen == [2, 1]

    def test_half_of_its_drift_is_there_after_a_minute(self):
        """By hand: t / (t + 60) of the covariance after t seconds, shared windows counting in part."""
        points = SpeakerPoints(
            np.zeros((3, 2)),
            np.array([[0, 1_000], [1_000, 3_000], [3_000, 3_000]]),
            np.ones(3, bool),
            grid(4_000),
            drift=np.diag([0.6, 0.2]),
        )
        shares = np.array([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0], [0.0, 0.5, 0.5]])
        assert grid(1).frame_rate == 100
        most = np.diag([0.6, 0.2])
        assert_allclose(factor_analysis._drifts(points, shares), [most / 5, most / 5, 0 * most])
        assert_allclose(factor_analysis._drifts(replace(points, drift=None), shares), np.zeros((3, 2, 2)))
        doubled = np.diag([0.9, 0.4])  # of two voices, and never more than 0.9
        assert_allclose(factor_analysis._drifts(points, shares[:, :2]), [doubled / 5, doubled / 5])

    def test_two_halves_are_one_voice_where_two_voices_among_others_are_two(self):
        """One voice may differ from itself by more than two voices of a company do from each other."""
        drift, voices = 0.05 * np.eye(8), np.zeros((3, 8))
        voices[:2, 0], voices[2, 1] = (-0.75, 0.75), 3.0
        points, _ = voices_at(voices[:2], 8.0, 400)
        alone = clustered(replace(points, drift=drift), settings(), 0)
        assert (alone.chosen, alone.alike[0]) == (1, 2)
        points, labels = voices_at(voices, 8.0, 600)
        company = clustered(replace(points, drift=drift), settings(), 0)
        assert company.chosen == 3
        assert agreement(labels, company.responsibilities) > 0.97

    def test_the_direction_in_which_voices_drift_counts(self):
        """The same distance is one voice along it, and two across it or where nothing drifts."""
        points, _ = two_voices_apart(2.0, knows=8.0, n=400)
        along, across = 0.4 * np.diag(np.eye(8)[0]), 0.4 * np.diag(np.eye(8)[1])
        assert clustered(replace(points, drift=along), settings(), 0).chosen == 1
        assert clustered(replace(points, drift=across), settings(), 0).chosen == 2
        assert clustered(points, settings(), 0).chosen == 2

    def test_neighbours_who_do_not_agree_are_believed_less(self):
        """One voice and more noise than was learnt: two by what the windows claim, one by what they show."""
        points, _ = planted_points(5, 1, n=200, distance=0.0)
        observed = observations_at(points.values, points.precision)
        half = np.linalg.cholesky(unpacked(points.precision))
        noise = np.einsum("nij,nj->ni", half, np.random.default_rng(0).normal(size=observed.linear.shape))
        values = posterior_means(Observations(observed.linear + 3 * noise, points.precision))
        noisy = SpeakerPoints(values, points.bounds, points.first, points.grid, points.precision)
        assert clustered(noisy, settings(), 0).chosen == 1
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(factor_analysis, "fitted_power", lambda *given: factor_analysis.USUAL_POWER)
            assert clustered(noisy, settings(), 0).chosen > 1

    def test_neighbours_are_windows_of_one_stretch(self):
        """What a pause lies between does not count."""
        points, _ = planted_points(3, 3)
        asked = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(factor_analysis, "fitted_power", lambda *given: asked.append(given) or 1.0)
            clustered(points, settings(), 0)
        assert_array_equal(asked[0][1], ~points.first)
        assert asked[0][2:] == (factor_analysis.STAY_WITHIN, factor_analysis.USUAL_POWER)

    def test_neighbours_who_agree_well_are_believed_no_more_than_the_model_says(self):
        """The claim of a window is the most that it is taken for."""
        points, _ = planted_points(3, 3)
        kept = []
        for power in (1.0, 1.5):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(
                    factor_analysis, "fitted_power", lambda *given, p=power: p * factor_analysis.USUAL_POWER
                )
                kept.append(clustered(points, settings(), 0).values)
        assert_array_equal(kept[0], kept[1])

    def test_whoever_asks_for_two_gets_two_voices_however_alike(self):
        """Nothing better is allowed, and that is said as it is."""
        points, _ = two_voices_apart(0.9, knows=8.0, n=400)
        drifting = replace(points, drift=0.05 * np.eye(8))
        found = clustered(drifting, settings(min_speakers=2, max_speakers=2, equivalent=0.0), 0)
        assert (found.chosen, found.alike[0], found.equivalent) == (2, 2, (2,))
        assert found.explanation == "2 as asked, though two of the voices are much alike"
        assert clustered(drifting, settings(equivalent=0.0), 0).chosen == 1

    def test_numbers_that_were_not_allowed_count_as_alike_too(self):
        """Who asks for one and gets what would have been found anyway is not told of a better number."""
        points, _ = two_voices_apart(0.9, knows=8.0, n=400)
        drifting = replace(points, drift=0.05 * np.eye(8))
        found = clustered(drifting, settings(max_speakers=1, equivalent=0.0), 0)
        assert (found.chosen, found.alike[0]) == (1, 2)
        assert found.explanation == "1 by evidence; two voices of 2 would be too much alike"

    def test_a_second_voice_has_its_price(self):
        """And so has every further one, on top of what the bound says."""
        assert [factor_analysis.price(k) for k in (1, 2, 3, 5)] == [0.0, 12.0, 13.0, 15.0]
        points, _ = planted_points(3, 3)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(factor_analysis, "price", lambda k: 0.0)
            free = clustered(points, settings(), 0)
        priced = clustered(points, settings(), 0)
        more = np.subtract(priced.values, free.values)
        assert_allclose(more, [factor_analysis.price(k) for k in free.counts], atol=1e-9)
        assert max(free.counts) > 2

    def test_what_all_voices_share_counts_for_no_voice(self, monkeypatch):
        """Two voices in a channel that moves both far off, as it may: they are two as clearly as without it.

        (Evidence taken at its word: neighbours share the channel, too.)
        """
        monkeypatch.setattr(factor_analysis, "fitted_power", lambda *given: factor_analysis.USUAL_POWER)
        apart = 5.0 * np.outer([-0.5, 0.5], np.eye(8)[0])
        channel = 100.0 * np.eye(8)[1]
        near, far = (voices_at(apart + move, 4.0, 200)[0] for move in (0.0, channel))
        known = replace(far, shared=np.diag([0.0, 1e6, *np.zeros(6)]))
        found = [clustered(points, settings(), 0) for points in (near, known, far)]
        assert [each.chosen for each in found] == [2, 2, 1]
        here, there, unknown = (each.values[0] - each.values[1] for each in found)
        assert_allclose(here, there, rtol=1e-3)
        assert unknown < here - 100

    def test_a_number_that_merging_passed_over_knows_what_is_shared(self):
        """The bound of a channel far off is lower where it has to be paid for by every voice."""
        away = voices_at(100.0 * np.outer([1.0, 1.0], np.eye(8)[1]), 4.0, 40)[0]
        known = replace(away, shared=np.diag([0.0, 1e6, *np.zeros(6)]))
        found = [
            factor_analysis._missing(
                {},
                observations_at(points.values, points.precision),
                np.full(40, 0.9),
                points,
                settings(min_speakers=2, max_speakers=2),
                0,
            )[2].bound
            for points in (away, known)
        ]
        assert found[0] < found[1] - 1000

    def test_more_speakers_than_windows_are_refused(self):
        """In one line with both numbers."""
        points, _ = planted_points(0, 2, n=5)
        with pytest.raises(DiarizeError, match=r"at least 6 speakers .* for 5 at most; allow fewer"):
            clustered(points, settings(min_speakers=6), 0)

    @pytest.mark.parametrize("n", [1, 2, 3])
    def test_next_to_nothing_is_one_speaker(self, n):
        """One, two, three windows of one person."""
        points, _ = planted_points(0, 1, n=n)
        assert clustered(points, settings(), 0).chosen == 1


class TestGaussians:
    @pytest.mark.parametrize("n_speakers", [1, 2, 3, 5])
    def test_separate_blobs_are_counted_by_bic(self, n_speakers):
        """The textbook's way works where the textbook's picture is true."""
        points, labels = exact_points(n_speakers, n_speakers)
        found = clustered(points, settings(max_speakers=7), 0)
        assert (found.criterion, found.chosen) == ("BIC", n_speakers)
        assert found.counts == tuple(range(1, 8))
        assert agreement(labels, found.responsibilities) > 0.99

    def test_limits_are_kept(self):
        """A fixed number, and no more speakers than points."""
        points, _ = exact_points(1, 3)
        fixed = clustered(points, settings(min_speakers=2, max_speakers=2), 0)
        assert (fixed.counts, fixed.chosen) == ((2,), 2)
        few, _ = exact_points(0, 1, n=4)
        assert max(clustered(few, settings(max_speakers=20), 0).counts) <= 4
        with pytest.raises(DiarizeError, match="at least 5 speakers"):
            clustered(few, settings(min_speakers=5), 0)

    def test_uncertain_points_may_be_counted_by_bic_too(self):
        """By setting; the curve runs over the allowed counts."""
        points, labels = planted_points(3, 3, rank=3, knows=30.0, distance=3.0)
        found = clustered(points, settings(criterion="bic", max_speakers=6), 0)
        assert (found.criterion, found.chosen, found.counts) == ("BIC", 3, (1, 2, 3, 4, 5, 6))
        assert agreement(labels, found.responsibilities) > 0.97


class TestExplanation:
    def explained(self, values, chosen, equivalent, alike=()):
        """The line of a made-up result."""
        solutions = tuple(np.ones((1, k)) for k in values)
        counts, costs = tuple(values), tuple(values.values())
        return Clustering("evidence", counts, costs, chosen, equivalent, solutions, alike).explanation

    def test_one_line_says_how_sure(self):
        """Alone, ahead of the next, or with others nearly as good."""
        assert self.explained({1: 5.0}, 1, (1,)) == "1: no other number came up"
        line = self.explained({1: 90.0, 2: 10.0, 3: 32.4}, 2, (2,))
        assert line == "2 by evidence; next is 3, 22 nats behind"
        line = self.explained({1: 11.0, 2: 10.0, 3: 12.0}, 2, (1, 2, 3))
        assert line == "2 by evidence; nearly as good: 1, 3"

    def test_a_number_that_was_asked_for_is_not_called_the_best(self):
        """What the criterion would have chosen is said, and by how much."""
        line = self.explained({1: 90.0, 2: 10.0, 3: 30.0}, 1, (1,))
        assert line == "1 as asked; evidence alone says 2, 80 nats ahead"

    def test_numbers_with_voices_alike_are_what_nothing_says(self):
        """Neither of a number that was found nor of one that was asked for are they the better."""
        values = {1: 90.0, 2: 40.0, 3: 10.0, 4: 30.0}
        line = self.explained(values, 2, (2,), alike=(3, 4))
        assert line == "2 by evidence; two voices of 3 would be too much alike"
        line = self.explained(values, 1, (1,), alike=(3, 4))
        assert line == "1 as asked; evidence alone says 2, 50 nats ahead"
        line = self.explained(values, 3, (3,), alike=(3, 4))
        assert line == "3 as asked, though two of the voices are much alike"
        assert self.explained({1: 90.0, 2: 40.0}, 1, (1,), alike=(2,)).startswith("1 by evidence; two voices")

    def test_nobody_is_nobody(self):
        """No speech, no speakers."""
        assert (nobody().chosen, nobody().responsibilities.shape) == (0, (0, 0))


def test_exact_points_are_counted_by_bic_whatever_is_asked():
    """They are points of another space, which does not say how sure it is, so there is no evidence."""
    points, _ = planted_points(2, 1)
    exact = SpeakerPoints(points.values, points.bounds, points.first, points.grid)
    one, two = (clustered(exact, settings(criterion=each, max_speakers=4), 0) for each in ("evidence", "bic"))
    assert one.criterion == two.criterion == "BIC"
    assert_array_equal(one.responsibilities, two.responsibilities)
