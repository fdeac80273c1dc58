"""Voices made by hand."""

from __future__ import annotations

import numpy as np
from diarize.models.factors import packed

from diarize.identity import Evidence, Voice

RANK = 4


def evidence(*points, known=6.0, model="m"):
    """One recording for each point, of which it knows ``known`` in every direction."""
    points = np.atleast_2d(np.array(points, dtype=float))
    precision = np.repeat(packed(known * np.eye(points.shape[1])[None]), len(points), axis=0)
    return Evidence(points * (1 + known), precision, np.full(len(points), 30.0), model)


def voice(name, *points, band="wide", **more):
    """A voice heard once at each point."""
    return Voice(name, {band: evidence(*points, **more)})


def corner(*signs):
    """A point far out: +, 0 or − in each direction."""
    return 2.0 * np.array([{"+": 1, "-": -1, "0": 0}[sign] for sign in "".join(signs)])
