"""Evidence of sessions against dense algebra over all latents at once, and by law."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import numpy as np
import pytest

from diarize.mixtures import GMM
from diarize.models.factors import Observations, Statistics, packed, unpacked
from diarize.models.sessions import log_evidence, log_ratio, pooled, scattered, session_evidence

K, D, R, Q, N = 3, 2, 3, 2, 4


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def ubm(rng):
    return GMM(np.array([0.5, 0.3, 0.2]), rng.normal(size=(K, D)), rng.uniform(0.5, 2.0, size=(K, D)), "diag")


def statistics(rng, n=N):
    return Statistics(rng.uniform(0.5, 4.0, size=(n, K)), rng.normal(size=(n, K, D)))


def dense(stats, ubm, loadings, company, within):
    """ρ and Φ of y by writing down every latent of a session and integrating all but y out in one go.

    Latents: y, the scatter e of the session, one shift of D dimensions for the company, one x a window.
    """
    speaker, window = loadings
    share, others = company
    deviations = np.sqrt(ubm.covariances_)
    mean_shift = sum(w * s[:, None] * v for w, s, v in zip(ubm.weights_, deviations, speaker, strict=True))
    size = R + R + D + N * Q
    linear, matrix = np.zeros(size), np.zeros((size, size))
    # a shift b with covariance others · mean_shift mean_shiftᵀ, by its Cholesky factor
    factor = np.linalg.cholesky(others * mean_shift @ mean_shift.T + 1e-12 * np.eye(D))
    for n in range(N):
        for k in range(K):
            own = speaker[k] - share * mean_shift / deviations[k][:, None]
            row = np.zeros((D, size))
            row[:, :R] = np.sqrt(1 - within) * own
            row[:, R : 2 * R] = np.sqrt(within) * own
            row[:, 2 * R : 2 * R + D] = factor / deviations[k][:, None]
            row[:, 2 * R + D + n * Q : 2 * R + D + (n + 1) * Q] = window[k]
            linear += row.T @ stats.sums[n, k]
            matrix += stats.counts[n, k] * row.T @ row
    rest = matrix[R:, R:] + np.eye(size - R)
    cross = matrix[:R, R:]
    return (
        linear[:R] - cross @ np.linalg.solve(rest, linear[R:]),
        matrix[:R, :R] - cross @ np.linalg.solve(rest, cross.T),
    )


@pytest.mark.parametrize("company", [(0.4, 0.2), (1.0, 0.0), (0.0, 0.0), (0.05, 0.6)])
@pytest.mark.parametrize("within", [0.0, 0.5])
def test_a_session_says_what_dense_algebra_says(rng, ubm, company, within):
    stats = statistics(rng)
    loadings = rng.normal(size=(K, D, R)), rng.normal(size=(K, D, Q))
    found = session_evidence(stats, ubm, loadings, company, within)
    linear, matrix = dense(stats, ubm, loadings, company, within)
    np.testing.assert_allclose(found.linear[0], linear, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(unpacked(found.precision[0]), matrix, rtol=1e-6, atol=1e-8)


def test_alone_a_shift_of_everything_cannot_be_heard(rng, ubm):
    """The mean that was taken out of a monologue took the mean of the voice with it."""
    same = rng.normal(size=(1, D, 1)) / np.sqrt(ubm.covariances_)[..., None]
    loadings = same, np.zeros((K, D, 1))
    heard = [session_evidence(statistics(rng), ubm, loadings, (share, 0.0), 0.0) for share in (1.0, 0.2)]
    np.testing.assert_allclose(heard[0].linear, 0, atol=1e-12)
    np.testing.assert_allclose(heard[0].precision, 0, atol=1e-12)
    assert heard[1].precision[0, 0] > 0.1


def test_a_session_never_says_more_than_sessions_differ(rng, ubm):
    stats = Statistics(*(1e4 * each for each in statistics(rng)))
    loadings = rng.normal(size=(K, D, R)), np.zeros((K, D, 1))
    found = session_evidence(stats, ubm, loadings, (0.5, 0.1), 0.2)
    largest = np.linalg.eigvalsh(unpacked(found.precision[0]))[-1]
    assert 3.5 < largest < (1 - 0.2) / 0.2


def test_scatter_is_integrated_out_in_every_direction(rng):
    """y_session = (I − W)^½ y + e, e ~ N(0, W), against the two written down together."""
    half = rng.normal(size=(R, R))
    matrix, linear = half @ half.T, rng.normal(size=R)
    turned = np.linalg.qr(rng.normal(size=(R, R)))[0]
    shares = np.array([0.0, 0.3, 0.9])
    within, kept = ((turned * each) @ turned.T for each in (shares, np.sqrt(1 - shares)))
    root = turned * np.sqrt(shares)
    both = np.column_stack((kept, root))
    whole, said = both.T @ matrix @ both, both.T @ linear
    rest = whole[R:, R:] + np.eye(R)
    found = scattered(Observations(linear[None], packed(matrix[None])), within)
    expected = whole[:R, :R] - whole[:R, R:] @ np.linalg.solve(rest, whole[R:, :R])
    np.testing.assert_allclose(unpacked(found.precision[0]), expected, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(
        found.linear[0], said[:R] - whole[:R, R:] @ np.linalg.solve(rest, said[R:]), rtol=1e-9, atol=1e-10
    )


def test_the_order_of_windows_does_not_matter(rng, ubm):
    stats = statistics(rng)
    loadings = rng.normal(size=(K, D, R)), rng.normal(size=(K, D, Q))
    turned = Statistics(stats.counts[::-1], stats.sums[::-1])
    one, other = (session_evidence(each, ubm, loadings, (0.4, 0.2), 0.5) for each in (stats, turned))
    np.testing.assert_allclose(one.linear, other.linear, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(one.precision, other.precision, rtol=1e-10, atol=1e-12)


def row(linear, precision):
    return Observations(np.array([[float(linear)]]), np.array([[float(precision)]]))


def test_one_dimension_by_hand():
    """ρ = 3 and 1, Φ = 2 and 4: ½(16/7 − log 7) − ½(9/3 − log 3) − ½(1/5 − log 5)."""
    expected = 0.5 * (16 / 7 - np.log(7)) - 0.5 * (3 - np.log(3)) - 0.5 * (0.2 - np.log(5))
    assert log_ratio(row(3, 2), row(1, 4)) == pytest.approx(expected, abs=1e-12)
    assert log_ratio(row(1, 4), row(3, 2)) == pytest.approx(expected, abs=1e-12)


def test_the_evidence_is_the_integral():
    """log ∫ N(y; 0, 1) exp(ρ y − ½ Φ y²) dy as a fine sum."""
    y = np.linspace(-12, 12, 20_001)
    values = np.exp(1.5 * y - 0.5 * 0.7 * y**2 - 0.5 * y**2) / np.sqrt(2 * np.pi)
    assert log_evidence(row(1.5, 0.7)) == pytest.approx(np.log(values.sum() * (y[1] - y[0])), abs=1e-9)


def test_nothing_heard_speaks_for_nothing():
    assert log_ratio(row(0, 0), row(3, 2)) == pytest.approx(0, abs=1e-12)


def test_directions_decide(rng):
    """Two points on one side are likelier one; on opposite sides likelier two."""
    precision = packed(4 * np.eye(R)[None])
    point = rng.normal(size=(1, R)) * 8
    assert log_ratio(Observations(point, precision), Observations(point, precision)) > 1
    assert log_ratio(Observations(point, precision), Observations(-point, precision)) < -1


def test_rows_of_one_point_add_up(rng):
    many = Observations(rng.normal(size=(5, R)), packed(np.stack([np.eye(R) * (i + 1) for i in range(5)])))
    together = pooled(many)
    np.testing.assert_allclose(together.linear[0], many.linear.sum(axis=0))
    np.testing.assert_allclose(unpacked(together.precision[0]), 15 * np.eye(R))
    assert log_evidence(many) == pytest.approx(log_evidence(together), abs=1e-12)
