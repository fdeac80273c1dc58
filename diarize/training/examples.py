"""Training examples: frames of one simulated recording, chosen by its truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.annotation.statistics import solo_intervals
from diarize.background import DetectionData
from diarize.config import AudioConfig
from diarize.features import compute_cepstra, compute_voice_features, loud_frames
from diarize.intervals import union
from diarize.speech import activity_features, modulation_features

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from diarize.annotation import Annotation
    from diarize.config import AcousticConfig
    from diarize.types import Features, Waveform

    Array = NDArray[Any]
    Scene = Callable[[np.random.Generator, int], tuple[Waveform, Annotation]]

__all__ = ["Example", "make_activity_example", "make_example"]

SPEECH_MARGIN: Final = 0.03  # seconds at the edges of speech that are not used for training
MIN_TALK_SHARE: Final = 1 / 8  # of an interval must be speech for it to count as talk
MIN_SOLO: Final = 2.0  # least seconds alone of a voice used for training


@dataclass(frozen=True, slots=True)
class Example:
    """Training data of one simulated recording: ``frames`` (n, D) of voices, and rows of speech activity."""

    frames: Array
    activity: DetectionData


def make_example(scene: Scene, rng: np.random.Generator, band: str, acoustics: AcousticConfig) -> Example:
    """Simulate one recording and take training data according to its reference."""
    sound, truth = scene(rng, AudioConfig().rate)
    features = compute_cepstra([sound.samples], sound.rate, acoustics)
    frames = _activity_frames(features, truth, acoustics, rng)
    activity = DetectionData(*frames, *_segments(features, truth, acoustics))
    return Example(_voice_frames(features, truth, band, acoustics), activity)


def make_activity_example(
    scene: Scene, rng: np.random.Generator, band: str, acoustics: AcousticConfig
) -> Example:
    """Modulation features of synthetic music or talk only: chords would spoil the mixtures of speech, and
    synthetic voices must not train the voice mixture.
    """
    example = make_example(scene, rng, band, acoustics)
    speech, other, talk, music = example.activity
    return Example(example.frames[:0], DetectionData(speech[:0], other[:0], talk, music))


def _voice_frames(features: Features, truth: Annotation, band: str, acoustics: AcousticConfig) -> Array:
    """Loud frames (n, D) of every voice where it is alone, normalised over all speech of the recording."""
    grid = features.grid
    speech = grid.mask(union(truth.intervals()))
    values = compute_voice_features(features, speech, band, acoustics)
    loud = loud_frames(features, speech)
    found = [values[:0]]
    for spans in solo_intervals(truth).values():
        alone = grid.mask(spans)
        if np.count_nonzero(alone) >= MIN_SOLO * grid.frame_rate:
            found.append(values[alone & loud])
    return np.concatenate(found)


def _activity_frames(
    features: Features, truth: Annotation, acoustics: AcousticConfig, rng: np.random.Generator
) -> tuple[Array, Array]:
    """A quarter of the frames that are certainly speech, and of those that certainly are not."""
    grid, spoken = features.grid, union(truth.intervals())  # empty without speech
    inner = np.column_stack((spoken[:, 0] + SPEECH_MARGIN, spoken[:, 1] - SPEECH_MARGIN))
    outer = np.column_stack((spoken[:, 0] - SPEECH_MARGIN, spoken[:, 1] + SPEECH_MARGIN))
    x, drawn = activity_features(features, acoustics.n_mels), rng.random(grid.n_frames) < 0.25
    return x[grid.mask(inner[inner[:, 1] > inner[:, 0]]) & drawn], x[~grid.mask(np.maximum(outer, 0)) & drawn]


def _segments(features: Features, truth: Annotation, acoustics: AcousticConfig) -> tuple[Array, Array]:
    """Modulation features, one segment per second: with speech, or all of a recording without speech."""
    rows = modulation_features(features, acoustics.n_mels)
    length, every = len(features.values) - len(rows) + 1, round(features.grid.frame_rate)
    spoken = np.cumsum(np.pad(features.grid.mask(union(truth.intervals())), (1, 0)))
    talk = (spoken[length:] - spoken[:-length]) >= MIN_TALK_SHARE * length
    return rows[talk][::every], rows[:0] if truth.turns else rows[::every]
