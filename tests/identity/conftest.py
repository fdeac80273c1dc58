"""Voices made by hand, and a talk of two with one of them again in another."""

from __future__ import annotations

import numpy as np
import pytest

from diarize import synth
from diarize.audio import write
from diarize.formats import write_file
from diarize.identity import Evidence, Voice
from diarize.models.factors import packed

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


@pytest.fixture(scope="session")
def talks(tmp_path_factory):
    """one.wav of voices 00 and 04, two.wav of 00 and 01, alone.wav of 04, with their truth as .rttm."""
    folder = tmp_path_factory.mktemp("talks")
    voices = synth.vowels(5, 20.0, rate=16_000, seed=3)
    config = synth.SynthConfig(duration=30.0, snr=30.0, overlap_probability=0.0)
    casts = {"one": ("voice_00", "voice_04"), "two": ("voice_00", "voice_01"), "alone": ("voice_04",)}
    for seed, (name, cast) in enumerate(casts.items()):
        sound, truth = synth.conversation(
            {each: voices[each] for each in cast}, config, seed=20 + seed, recording=name
        )
        write(folder / f"{name}.wav", sound)
        write_file(folder / f"{name}.rttm", truth, "rttm")
    return folder
