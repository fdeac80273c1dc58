"""Every setting changes something: the turns, their posteriors, the speech or the counts."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import diarize
from diarize.audio import read
from diarize.config import Config, override, setting_fields
from diarize.types import Waveform

CALL = Path(__file__).parent.parent / "audio_samples" / "call.flac"
TEXTBOOK = {"space": {"kind": "mfcc"}, "speech": {"method": "energy"}, "clustering": {"max_speakers": 3}}
HMM = {"speech": {"method": "hmm"}}

# Another value of each setting, and what else is set where it matters only then.
CHANGES = {
    "audio.rate": (24000, TEXTBOOK),
    "features.window": (0.03, TEXTBOOK),
    "features.hop": (0.0125, TEXTBOOK),
    "features.n_mfcc": (12, TEXTBOOK),
    "features.lifter": (22.0, TEXTBOOK),
    "features.n_mels": (24, TEXTBOOK),
    "features.fmin": (50.0, TEXTBOOK),
    "features.fmax": (3400.0, TEXTBOOK),
    "features.normalization": ("sliding", TEXTBOOK),
    "features.sliding_window": (1.0, TEXTBOOK | {"features": {"normalization": "sliding"}}),
    "features.deltas": (1, TEXTBOOK),
    "features.band": ("wide", {}),
    "speech.method": ("energy", {}),
    "speech.bias": (3.0, {}),
    "speech.min_speech": (2.0, {}),
    "speech.min_pause": (1.0, {}),
    "speech.padding": (0.2, {}),
    "space.kind": ("mfcc", {"clustering": {"max_speakers": 3}}),
    "space.window": (1.0, {}),
    "space.step": (0.75, {}),
    "space.max_pause": (0.05, {}),
    "clustering.min_speakers": (3, {}),
    "clustering.max_speakers": (1, {}),
    "clustering.criterion": ("evidence", {}),
    "clustering.whole_curve": (True, {"clustering": {"criterion": "evidence", "max_speakers": 6}}),
    "clustering.n_starts": (1, {"clustering": {"max_speakers": 40}}),
    "clustering.covariance": ("spherical", {}),
    "clustering.equivalent": (1e6, {}),
    "resegmentation.rounds": (0, {}),
    "resegmentation.relevance": (4.0, {}),
    "resegmentation.likelihood_scale": (0.1, {}),
    "resegmentation.stay": (0.9, {}),
    "resegmentation.min_turn": (1.0, {}),
    "resegmentation.overlap": (0.05, {}),
    "seed": (5, TEXTBOOK),
}
# Settings of files and of sound that other tests have: what they change needs more than a recording.
ELSEWHERE = {
    "audio.channel": "tests/test_channels.py",
    "audio.track": "tests/test_audio_tracks.py",
    "speech.segmentation": "tests/parts/test_loading.py",
    "speech.segmentation_sha256": "tests/parts/test_pinning.py",
    "space.embedding": "tests/parts/test_loading.py",
    "space.embedding_sha256": "tests/parts/test_pinning.py",
    "space.background": "tests/cli/test_background.py",
}


@cache
def recording():
    """Twelve seconds of two voices who interrupt each other."""
    sound = read(CALL, rate=16_000)
    return Waveform(sound.samples[: 12 * 16_000], 16_000, "call")


def nested(dotted, value):
    """A setting as changes of a configuration."""
    section, _, key = dotted.rpartition(".")
    return {section: {key: value}} if section else {key: value}


@cache
def digest_of(text):
    """Of what anybody sees of a result with these settings, given as JSON for the cache."""
    result = diarize.diarize(recording(), override(Config(), json.loads(text)))
    parts = [result.annotation.turns, result.clustering.counts, result.clustering.equivalent]
    arrays = (result.posteriors.values, result.speech.values, *result.clustering.solutions)
    shown = repr(parts).encode() + b"".join(np.ascontiguousarray(each).tobytes() for each in arrays)
    return hashlib.sha256(shown).hexdigest()


def result_of(*layers):
    """The digest of a result with layers of changes laid over each other."""
    whole = {}
    for layer in layers:
        for key, value in layer.items():
            whole[key] = whole.get(key, {}) | value if isinstance(value, dict) else value
    return digest_of(json.dumps(whole))


def test_every_setting_is_here():
    """Or says where it is tested."""
    assert set(setting_fields(Config())) == set(CHANGES) | set(ELSEWHERE)
    root = Path(__file__).parent.parent
    assert all((root / place).is_file() for place in ELSEWHERE.values() if place.startswith("tests/"))


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_changes_something(name):
    """Of what comes out, with twelve seconds of two people."""
    value, base = CHANGES[name]
    assert result_of(base) != result_of(base, nested(name, value))
