"""From windows to frames: shares, adaptation against the slow loop, least durations, and turns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from diarize.annotation import Annotation, Turn
from diarize.config import ResegmentationConfig
from diarize.mixtures import GMM
from diarize.resegmentation import frames
from diarize.resegmentation.frames import adapted_posteriors, component_posteriors, turn_posteriors
from diarize.resegmentation.turns import posteriors_to_turns, split_long_turns
from diarize.types import FrameGrid, Posteriors, SpeakerPoints, runs

from . import LAW
from .builders import grid, mask_of, mixture


def windows(bounds, n_frames):
    """Points that only say where their windows are."""
    bounds = np.array(bounds).reshape(-1, 2)
    return SpeakerPoints(np.zeros((len(bounds), 1)), bounds, np.ones(len(bounds), bool), grid(n_frames))


def scores_of(labels, n_speakers, certainty=4.0):
    """Log-likelihoods that favour a speaker in every frame."""
    return certainty * np.eye(n_speakers)[labels]


class TestTurnPosteriors:
    @LAW
    @given(
        seed=st.integers(0, 1000),
        lengths=st.lists(st.integers(1, 90), min_size=1, max_size=9),
        n_speakers=st.integers(1, 4),
        min_turn=st.sampled_from([0.0, 0.3, 5.0]),
    )
    def test_rows_sum_to_one_on_speech_and_are_zero_elsewhere(self, seed, lengths, n_speakers, min_turn):
        """Whatever the mask, the scores and the least duration, which may exceed the recording."""
        values = np.repeat(np.arange(len(lengths)) % 2 == 0, lengths)
        mask = mask_of(len(values), *runs(values))
        scores = np.random.default_rng(seed).normal(size=(values.sum(), n_speakers)) * 10
        found = turn_posteriors(scores, mask, ResegmentationConfig(min_turn=min_turn))
        assert_allclose(found.values[values].sum(axis=1), 1, rtol=0, atol=1e-5)
        assert not found.values[~values].any()
        assert found.speakers == tuple(f"SPEAKER_{k:02d}" for k in range(n_speakers))

    @pytest.mark.parametrize("min_turn", [0.1, 0.3, 1.0])
    def test_no_turn_is_shorter_than_its_minimum(self, min_turn):
        """Interjections of every length among clear turns: those under the minimum go, the rest stay."""
        wanted = []
        for length in (5, 10, 20, 30, 60, 100, 150):
            wanted += [0] * 200 + [1] * length
        labels = np.array(wanted + [0] * 200)
        mask = mask_of(len(labels), (0, len(labels)))
        config = ResegmentationConfig(min_turn=min_turn, likelihood_scale=1.0, stay=0.9)
        found = turn_posteriors(scores_of(labels, 2), mask, config).values.argmax(axis=1)
        lengths = np.diff(runs(found == 1), axis=1)[:, 0]
        assert lengths.min() >= 100 * min_turn
        long_enough = [n for n in (5, 10, 20, 30, 60, 100, 150) if n >= 100 * min_turn]
        assert sorted(lengths)[-len(long_enough) :] == long_enough

    def test_a_pause_is_time_without_evidence(self):
        """As good as speech that fits everybody alike."""
        labels = np.repeat([0, 1, 0, 1], [50, 50, 50, 50])
        scores = scores_of(labels, 2, 0.3)
        apart = turn_posteriors(scores, mask_of(250, (0, 100), (150, 250)), ResegmentationConfig())
        unclear = np.concatenate((scores[:100], np.zeros((50, 2)), scores[100:]))
        whole = turn_posteriors(unclear, mask_of(250, (0, 250)), ResegmentationConfig())
        assert_allclose(apart.values[:100], whole.values[:100], rtol=0, atol=1e-6)
        assert_allclose(apart.values[150:], whole.values[150:], rtol=0, atol=1e-6)

    def test_after_a_long_pause_its_length_does_not_matter(self):
        """A second or ten: the same; half a second is not."""
        labels = np.repeat([0, 1, 0, 1], [50, 50, 50, 50])
        scores = scores_of(labels, 2, 0.3)
        short, one, ten = (
            turn_posteriors(scores, mask_of(n + 200, (0, 100), (n + 100, n + 200)), ResegmentationConfig())
            for n in (50, 100, 1000)
        )
        assert_allclose(ten.values[-100:], one.values[-100:], rtol=0, atol=1e-6)
        assert np.abs(short.values[-100:] - one.values[-100:]).max() > 1e-3

    def test_speakers_change_in_the_pause_beside_an_unclear_tenth_of_a_second(self):
        """Frames before the pause that resemble the next speaker a little still are the last one's."""
        labels = np.repeat([0, 1, 1], [190, 10, 200])
        scores = scores_of(labels, 2, 0.5)
        paused = turn_posteriors(scores, mask_of(500, (0, 200), (300, 500)), ResegmentationConfig())
        joined = turn_posteriors(scores, mask_of(400, (0, 400)), ResegmentationConfig())
        assert (paused.values[190:200].argmax(axis=1) == 0).all()
        assert (joined.values[190:200].argmax(axis=1) == 1).all()

    @pytest.mark.parametrize(("near", "heard"), [(20, 0), (25, 1)])
    def test_up_to_a_fifth_of_a_second_beside_a_pause_is_no_turn(self, near, heard):
        """However clear: before a pause it is the last speaker's, behind one the next one's."""
        labels = np.repeat([0, 1, 1, 0], [200 - near, near, near, 200 - near])
        config = ResegmentationConfig(min_turn=0.05, likelihood_scale=1.0)
        found = turn_posteriors(scores_of(labels, 2), mask_of(500, (0, 200), (300, 500)), config).values
        assert found[200 - near : 200].argmax(axis=1).tolist() == [heard] * near
        assert found[300 : 300 + near].argmax(axis=1).tolist() == [heard] * near

    @pytest.mark.parametrize(("first", "heard"), [(15, 1), (20, 0)])
    def test_a_change_near_two_pauses_moves_to_the_nearer(self, first, heard):
        """In a word of 0.35 s that begins as one and ends as another; nobody takes another's part."""
        labels = np.repeat([0, 0, 1, 1], [200, first, 35 - first, 200])
        mask = mask_of(635, (0, 200), (300, 335), (435, 635))
        config = ResegmentationConfig(min_turn=0.05, likelihood_scale=1.0)
        found = turn_posteriors(scores_of(labels, 2), mask, config).values
        assert found[300:335].argmax(axis=1).tolist() == [heard] * 35

    def test_a_block_is_assigned_in_one_piece(self):
        """Five frames of 10 ms have one posterior: blocks lie on the clock, not on the speech."""
        mask = mask_of(100, (3, 98))
        scores = np.random.default_rng(0).normal(size=(95, 2))
        found = turn_posteriors(scores, mask, ResegmentationConfig(min_turn=0.05)).values
        for start in range(0, 100, 5):
            block = found[start : start + 5][mask.values[start : start + 5]]
            assert (block == block[0]).all()
        assert len(np.unique(found[mask.values, 0])) > 15

    def test_weaker_scores_are_less_sure(self):
        """Scaling likelihoods down draws posteriors to the middle."""
        labels = np.repeat([0, 1], [100, 100])
        mask = mask_of(200, (0, 200))
        sure, unsure = (
            turn_posteriors(scores_of(labels, 2, 0.2), mask, ResegmentationConfig(likelihood_scale=s)).values
            for s in (1.0, 0.01)
        )
        assert sure[50, 0] > 0.99
        assert 0.5 < unsure[50, 0] < 0.9

    def test_one_speaker_has_everything(self):
        """Whatever the scores."""
        found = turn_posteriors(np.full((50, 1), -1e4), mask_of(50, (0, 50)), ResegmentationConfig())
        assert_array_equal(found.values, np.ones((50, 1)))


class TestShares:
    def test_every_frame_of_a_window_has_its_shares(self):
        """Frames in no window have none."""
        points = windows([(0, 3), (3, 5), (8, 9)], 10)
        rows = np.array([[1.0, 0.0], [0.25, 0.75], [0.5, 0.5]])
        wanted = np.zeros((10, 2))
        for (start, end), row in zip(points.bounds, rows, strict=True):
            wanted[start:end] = row
        assert_array_equal(frames._spread(rows, points, 10), wanted)

    def test_nobody_has_less_than_nothing(self):
        """0.3 + 0.6 − 0.3 − 0.6 is less than 0 in floating point."""
        rows = np.array([[0.3, 0.7], [0.6, 0.4], [0.0, 1.0]])
        found = frames._spread(rows, windows([(0, 8), (2, 9), (4, 12)], 12), 12)
        assert found.min() == 0

    def test_speech_that_no_window_reached_is_anybodys(self):
        """An interval too short for a window is speech all the same: even shares."""
        mask = mask_of(60, (0, 40), (50, 60))
        config = ResegmentationConfig(rounds=0)
        rows = np.array([[0.9, 0.1]])
        found = adapted_posteriors(np.zeros((60, 2)), mask, windows([(0, 40)], 60), rows, mixture(), config)
        assert_allclose(found.values[:40], np.tile([0.9, 0.1], (40, 1)), rtol=1e-6)
        assert not found.values[40:50].any()
        assert_array_equal(found.values[50:], np.full((10, 2), 0.5))

    def test_a_pause_that_a_window_bridges_is_nobodys(self):
        """The window's shares are for its speech."""
        config, rows = ResegmentationConfig(rounds=0), np.array([[0.9, 0.1]])
        mask = mask_of(60, (0, 25), (35, 60))
        found = adapted_posteriors(np.zeros((60, 2)), mask, windows([(0, 60)], 60), rows, mixture(), config)
        assert_array_equal(found.values.any(axis=1), mask.values)

    def test_in_the_textbook_space_a_frame_keeps_its_own_shares(self):
        """Smoothed in time: a doubtful frame among sure ones follows them."""
        mask = mask_of(60, (0, 60))
        rows = np.tile([0.95, 0.05], (60, 1))
        rows[30] = [0.4, 0.6]
        found = component_posteriors(
            mask, windows([(t, t + 1) for t in range(60)], 60), rows, ResegmentationConfig()
        )
        assert (found.values[:, 0] > 0.99).all()
        hard = component_posteriors(
            mask,
            windows([(t, t + 1) for t in range(60)], 60),
            np.eye(2)[np.arange(60) // 30],
            ResegmentationConfig(),
        )
        assert_array_equal(hard.values.argmax(axis=1), np.arange(60) // 30)


class TestAdaptation:
    def test_statistics_are_those_of_the_slow_loop(self):
        """Soft counts and whitened sums of each speaker's share of the frames."""
        ubm, rng = mixture(1, 3, 2), np.random.default_rng(0)
        values = rng.normal(size=(50, 2)) * 3
        shares = rng.dirichlet([1, 1, 1], 50) * (np.arange(50) % 5 > 0)[:, None]
        counts, sums = np.zeros((3, 3)), np.zeros((3, 3, 2))
        for t in range(50):
            aligned = ubm.predict_proba(values[t : t + 1])[0]
            for k in range(3):
                counts[k] += shares[t, k] * aligned
                offset = (values[t] - ubm.means_) / np.sqrt(ubm.covariances_)
                sums[k] += shares[t, k] * aligned[:, None] * offset
        found = frames._shared_statistics(ubm, values, shares)
        assert_allclose(found[0], counts, rtol=1e-9, atol=1e-12)
        assert_allclose(found[1], sums, rtol=1e-9, atol=1e-9)

    def test_means_move_by_relevance(self):
        """One component by hand: sixteen frames at 3 and relevance 16 move a mean of 0 half the way."""
        ubm = GMM(np.ones(1), np.zeros((1, 1)), np.full((1, 1), 4.0), "diag")
        (near,) = frames._adapt_models(ubm, np.full((16, 1), 3.0), np.ones((16, 1)), ResegmentationConfig())
        assert_allclose(near.means_, [[1.5]], rtol=1e-12)
        assert_array_equal(near.covariances_, ubm.covariances_)
        (at,) = frames._adapt_models(
            ubm, np.full((16, 1), 3.0), np.ones((16, 1)), ResegmentationConfig(relevance=0)
        )
        assert_allclose(at.means_, [[3.0]], rtol=1e-12)

    def test_without_relevance_components_without_frames_stay(self):
        """All is finite, and a speaker without any frame is the background."""
        ubm = GMM(np.full(2, 0.5), np.array([[0.0], [1e3]]), np.ones((2, 1)), "diag")
        shares = np.column_stack((np.ones(16), np.zeros(16)))
        one, nobody = frames._adapt_models(
            ubm, np.full((16, 1), 3.0), shares, ResegmentationConfig(relevance=0)
        )
        assert_allclose(one.means_, [[3.0], [1e3]], rtol=1e-12)
        assert_array_equal(nobody.means_, ubm.means_)

    def test_pauses_that_a_window_bridges_teach_nothing(self):
        """What is said there does not matter, in any round."""
        ubm, rng = mixture(3, 3, 2), np.random.default_rng(4)
        values, mask = rng.normal(size=(200, 2)) * 4, mask_of(200, (0, 90), (100, 200))
        points, rows = windows([(0, 120), (120, 200)], 200), rng.dirichlet([1, 1], 2)
        other = np.where(mask.values[:, None], values, 50.0)
        for rounds in (1, 2):
            settings = ResegmentationConfig(rounds=rounds)
            found = [adapted_posteriors(v, mask, points, rows, ubm, settings).values for v in (values, other)]
            assert_array_equal(found[0], found[1])

    def test_a_second_round_starts_from_the_shares_of_the_first(self):
        """One round, its models, and their posteriors are two rounds."""
        ubm, rng = mixture(3, 3, 2), np.random.default_rng(4)
        values, mask = rng.normal(size=(300, 2)) * 4, mask_of(300, (0, 120), (140, 300))
        points, rows = windows([(0, 60), (60, 120), (140, 300)], 300), rng.dirichlet([1, 1], 3)
        once, twice = ResegmentationConfig(rounds=1), ResegmentationConfig(rounds=2)
        first = adapted_posteriors(values, mask, points, rows, ubm, once).values
        models = frames._adapt_models(ubm, values, first, once)
        scores = np.column_stack([model.score_samples(values[mask.values]) for model in models])
        found = adapted_posteriors(values, mask, points, rows, ubm, twice).values
        assert_array_equal(found, turn_posteriors(scores, mask, once).values)
        assert not np.allclose(found, first, rtol=0, atol=1e-3)

    @pytest.mark.parametrize("rounds", [1, 3])
    def test_frames_find_the_turns_that_windows_straddle(self, rounds):
        """Windows of 1 s whose speaker changes in the middle of one: the frames know where."""
        ubm, rng = mixture(2, 4, 6), np.random.default_rng(1)
        labels = np.repeat([0, 1, 0, 1], [650, 700, 800, 650])
        which = rng.choice(4, size=2800, p=ubm.weights_)
        moved = ubm.means_ + np.array([1.0, -1.0])[:, None, None] * np.sqrt(ubm.covariances_) * 0.8
        values = moved[labels, which] + np.sqrt(ubm.covariances_[which]) * rng.normal(size=(2800, 6))
        points = windows([(t, t + 100) for t in range(0, 2800, 100)], 2800)
        rows = np.stack([np.bincount(labels[a:b], minlength=2) / 100 for a, b in points.bounds])
        rows = np.clip(rows, 0.2, 0.8)
        mask = mask_of(2800, (0, 2800))
        found = adapted_posteriors(values, mask, points, rows, ubm, ResegmentationConfig(rounds=rounds))
        assert (found.values.argmax(axis=1) == labels).mean() > 0.99
        edges = runs(found.values.argmax(axis=1) == 0).ravel()
        assert_allclose(edges, [0, 650, 1350, 2150], rtol=0, atol=15)


class TestTurns:
    def test_touching_turns_touch_and_confidence_is_the_mean_posterior(self):
        """Half-open on the clock's edges; whoever else it might have been is named from one in a hundred."""
        mask = mask_of(12, (0, 8), (10, 12))
        values = np.zeros((12, 2), np.float32)
        values[:4] = [0.75, 0.25]
        values[4:8] = [0.25, 0.75]
        values[6] = [0.125, 0.875]
        values[10:] = [0.995, 0.005]
        found = posteriors_to_turns(Posteriors(values, grid(12), ("A", "B")), mask, "meeting")
        first, second, third = found.turns
        assert first == Turn(0.0, 0.04, "A", 0.75, "B")
        assert second == Turn(0.04, 0.08, "B", (3 * 0.75 + 0.875) / 4, "A")
        assert (third.start, third.end, third.speaker, third.runner_up) == (0.1, 0.12, "A", None)
        assert_allclose(third.confidence, 0.995, rtol=1e-6)
        assert found.recording == "meeting"

    def test_a_second_speaker_speaks_too_where_there_is_one(self):
        """Beside the likeliest, whatever its posterior, and not in a pause."""
        mask = mask_of(12, (0, 8))
        values = np.tile(np.float32([0.625, 0.25, 0.125]), (12, 1))
        posteriors = Posteriors(values, grid(12), ("A", "B", "C"))
        assert {t.speaker for t in posteriors_to_turns(posteriors, mask, "r").turns} == {"A"}
        second = np.zeros((12, 3), np.float32)
        second[[0, 1, 8, 9], 1] = 0.75
        second[4:6, 2] = 0.5
        found = posteriors_to_turns(posteriors, mask, "r", second=second).turns
        assert [(t.speaker, t.start, t.end) for t in sorted(found, key=lambda t: (t.speaker, t.start))] == [
            ("A", 0.0, 0.08),
            ("B", 0.0, 0.02),
            ("C", 0.04, 0.06),
        ]
        assert {t.speaker: t.confidence for t in found} == {"A": 0.625, "B": 0.75, "C": 0.5}

    @pytest.mark.parametrize(
        ("longest", "edges"), [(4.0, [0.0, 3.0, 6.0, 9.0]), (4.5, [0.0, 4.5, 9.0]), (1e12, [0.0, 9.0])]
    )
    def test_long_turns_are_cut_into_equal_parts(self, longest, edges):
        """As few as are short enough, and one at least."""
        cut = split_long_turns(Annotation("a", (Turn(0.0, 9.0, "A"),)), longest).turns
        assert [(turn.start, turn.end) for turn in cut] == list(pairwise(edges))

    def test_rounding_makes_no_further_part(self):
        """0.4 − 0.1 is more than three times 0.1 in floating point."""
        assert len(split_long_turns(Annotation("a", (Turn(0.1, 0.4, "A"),)), 0.1).turns) == 3
        assert len(split_long_turns(Annotation("a", (Turn(0.0, 3.0000003, "A"),)), 1.0).turns) == 4

    def test_nobody_is_surer_than_sure(self):
        """Posteriors may be a rounding above 1."""
        mask = mask_of(50, (0, 50))
        values = np.full((50, 1), np.nextafter(np.float32(1), np.float32(2)))
        (turn,) = posteriors_to_turns(Posteriors(values, mask.grid, ("SPEAKER_00",)), mask, "a").turns
        assert turn.confidence == 1.0

    def test_a_pause_parts_two_turns_of_one_speaker(self):
        """However short."""
        mask = mask_of(9, (0, 4), (5, 9))
        values = mask.values[:, None].astype(np.float32)
        found = posteriors_to_turns(Posteriors(values, grid(9), ("A",)), mask, "r")
        assert [(t.start, t.end) for t in found.turns] == [(0.0, 0.04), (0.05, 0.09)]

    def test_the_second_at_which_the_interval_begins_is_added(self):
        """Times are those of the file; what the first cell has before the sound is cut."""
        early = FrameGrid(16_000, 160, 400, -130, 4)
        found = posteriors_to_turns(
            Posteriors(np.ones((4, 1), np.float32), early, ("A",)), mask_of(4, (0, 4)), "r", (30.0, 1.0)
        )
        (turn,) = found.turns
        assert turn.start == 30.0
        assert_allclose(turn.end, 30.0 + 630 / 16_000, rtol=1e-12)

    def test_no_turn_passes_the_end(self):
        """The last frame is a whole one, whatever there is of it."""
        posteriors = Posteriors(np.ones((4, 1), np.float32), grid(4), ("A",))
        found = posteriors_to_turns(posteriors, mask_of(4, (1, 4)), "r", (30.0, 0.0325))
        assert [(t.start, t.end) for t in found.turns] == [(30.01, 30.0325)]

    @LAW
    @given(seed=st.integers(0, 10_000), n=st.integers(1, 60), n_speakers=st.integers(1, 3))
    def test_turns_tile_the_speech(self, seed, n, n_speakers):
        """Their lengths add up to it, none overlap, and neighbours of one speaker never touch."""
        rng = np.random.default_rng(seed)
        spoken = rng.random(n) < 0.8
        values = rng.dirichlet(np.ones(n_speakers), n) * spoken[:, None]
        mask = mask_of(n, *runs(spoken))
        names = tuple("ABC"[:n_speakers])
        found = posteriors_to_turns(Posteriors(values.astype(np.float32), grid(n), names), mask, "r").turns
        assert_allclose(sum(t.duration for t in found), mask.seconds, rtol=0, atol=1e-9)
        for before, after in pairwise(found):
            assert after.start >= before.end
            assert after.start > before.end or after.speaker != before.speaker

    def test_no_speech_no_turns(self):
        """Neither an error."""
        nobody = Posteriors(np.zeros((5, 1), np.float32), grid(5), ("A",))
        assert posteriors_to_turns(nobody, mask_of(5), "r").turns == ()
