"""What the latent points of one group have in common, learnt from many groups.

A group g has members i, each a point y_i = r_g + e_i: r_g ~ N(0, C) is the same for all of them, e_i ~
N(0, W) is a member's own. What is heard of each point is a Gaussian likelihood exp(ρᵀy − ½ yᵀΦy)
(``factors.Observations``). Who compares members of one group must not take C for a difference between them.

Two-covariance model (Brümmer & de Villiers 2010) one level up, on uncertain points (Cumani 2015);
expectation–maximisation is exact, for all of it is linear and Gaussian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from diarize.errors import ModelError
from diarize.models.factors import RIDGE, Observations, unpacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["fit_shared", "in_units_of", "root"]

N_ITER: Final = 30


def root(covariance: Array) -> Array:
    """The symmetric square root of a covariance (R, R); eigenvalues under nought count as nought."""
    values, vectors = np.linalg.eigh(covariance)
    square: Array = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return square


def in_units_of(own: Array, shared: Array) -> Array:
    """``shared`` (R, R) where ``own`` (R, R), positive definite, is the identity: W^(−½) C W^(−½)."""
    inverse = np.linalg.inv(root(own))
    scaled: Array = inverse @ shared @ inverse
    return (scaled + scaled.T) / 2


class _Members(NamedTuple):
    """Of N members in G groups: ``linear`` (N, R), ``precision`` (N, R, R), ``group`` (N,), and where every
    group ``starts`` (G,).
    """

    linear: Array
    precision: Array
    group: Array
    starts: Array


def fit_shared(observations: Observations, groups: Array, n_iter: int = N_ITER) -> tuple[Array, Array]:
    """Covariances (R, R) of what is a member's own, W, and of what all of its group share, C.

    ``observations``: a row for each member; ``groups`` (N,): the number of its group, members of one group
    side by side. ``n_iter`` steps of EM from W = C = I. Raises ModelError when no group has two members.
    """
    begins = np.diff(groups, prepend=-1) != 0
    if begins.all():
        raise ModelError("no two points of one group, so nothing tells what they share; give some")
    linear, precision = (np.asarray(each, dtype=np.float64) for each in observations)
    members = _Members(linear, unpacked(precision), np.cumsum(begins) - 1, np.flatnonzero(begins))
    own = shared = np.eye(linear.shape[1])
    for _ in range(n_iter):
        own, shared = _em_step(members, own, shared)
    return own, shared


def _em_step(members: _Members, own: Array, shared: Array) -> tuple[Array, Array]:
    """New W and C: the mean second moments of e_i and of r_g given what was heard."""
    identity = np.eye(len(own))
    damped = np.linalg.inv(identity + members.precision @ own)  # (I + ΦW)⁻¹
    place, spread = _group_points(members, damped, shared)
    covariance = own @ damped  # of e_i, r_g known
    rest = members.linear - _applied(members.precision, place[members.group])
    moved = covariance @ members.precision  # by how much e_i follows r_g, with the sign turned
    known = covariance + moved @ spread[members.group] @ moved.transpose(0, 2, 1)
    return _moment(_applied(covariance, rest), known), _moment(place, spread)


def _group_points(members: _Members, damped: Array, shared: Array) -> tuple[Array, Array]:
    """Posterior means (G, R) and covariances (G, R, R) of the r_g, each member's own integrated out."""
    precision = np.add.reduceat(damped @ members.precision, members.starts)
    linear = np.add.reduceat(_applied(damped, members.linear), members.starts)
    spread = np.linalg.inv(np.linalg.inv(shared + RIDGE * np.eye(len(shared))) + precision)
    return _applied(spread, linear), spread


def _applied(matrices: Array, vectors: Array) -> Array:
    product: Array = np.matmul(matrices, vectors[..., None])[..., 0]
    return product


def _moment(means: Array, covariances: Array) -> Array:
    """Mean of the second moments of Gaussians, symmetric to the bit."""
    moment: Array = (covariances.sum(axis=0) + means.T @ means) / len(means)
    symmetric: Array = (moment + moment.T) / 2
    return symmetric
