"""Lessons: what one simulated recording teaches, as its truth allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.background import Activity, TrainingUtterance
from diarize.features import cepstra, clear, cmvn, denoised, voice_cepstra
from diarize.intervals import subtract, union
from diarize.speech import activity_features, motion
from diarize.types import FrameGrid, SpeechMask, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from diarize.config import Config
    from diarize.types import Annotation, Features, Waveform

    Array = NDArray[Any]
    Scene = Callable[[np.random.Generator, int], tuple[Waveform, Annotation]]

__all__ = ["Lesson", "lesson", "motion_lesson"]

EDGE: Final = 0.03  # seconds at the edges of speech that teach neither speech nor pause
WORD: Final = 1 / 8  # of a stretch must be speech for it to count as talk
LEAST_SOLO: Final = 2.0  # seconds that a voice must have alone to teach what a voice is


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one simulated recording teaches: voices, and what speech activity is told by."""

    utterances: tuple[TrainingUtterance, ...]
    activity: Activity


def lesson(scene: Scene, rng: np.random.Generator, band: str, config: Config) -> Lesson:
    """Simulate one recording and take from it what its truth allows."""
    sound, truth = scene(rng, config.audio.rate)
    features = cepstra([sound.samples], sound.rate, config.features)
    frames = _activity_frames(features, truth, config, rng)
    activity = Activity(*frames, *_stretches(features, truth, config))
    return Lesson(tuple(_utterances(features, truth, band, config)), activity)


def motion_lesson(scene: Scene, rng: np.random.Generator, band: str, config: Config) -> Lesson:
    """How music or talk moves that is made of signal: chords would make the mixtures doubt vowels, and voices
    that nobody has are none to learn from.
    """
    speech, other, talk, music = lesson(scene, rng, band, config).activity
    return Lesson((), Activity(speech[:0], other[:0], talk, music))


def _utterances(
    features: Features, truth: Annotation, band: str, config: Config
) -> Iterator[TrainingUtterance]:
    """Every voice of the recording where it is alone, normalised over all of its speech."""
    grid = features.grid
    speech = grid.mask(union(truth.intervals()))
    bare = voice_cepstra(denoised(features, speech, config.features), band, config.features)
    values = cmvn(bare, speech)
    telling = clear(features, speech)
    for name in truth.speakers:
        others = [truth.intervals(each) for each in truth.speakers if each != name]
        alone = subtract(truth.intervals(name), union(*others) if others else np.empty((0, 2)))
        mask = SpeechMask(grid.mask(alone), grid)
        if mask.seconds >= LEAST_SOLO:
            yield _cut(name, values, mask, telling)


def _cut(name: str, values: Array, mask: SpeechMask, telling: Array) -> TrainingUtterance:
    """The frames of one voice with pauses between its turns, without the turns of others."""
    kept, gap = [], mask.grid.frames_in(0.5)
    for start, end in runs(mask.values):
        kept += [np.arange(start, end), np.full(gap, -1)]
    frames = np.concatenate(kept)
    grid = FrameGrid(mask.grid.rate, mask.grid.hop, mask.grid.window, mask.grid.offset, len(frames))
    there = frames >= 0
    return TrainingUtterance(
        name, np.where(there[:, None], values[frames], 0), SpeechMask(there, grid), there & telling[frames]
    )


def _activity_frames(
    features: Features, truth: Annotation, config: Config, rng: np.random.Generator
) -> tuple[Array, Array]:
    """A quarter of the frames that are surely speech and of those that surely are not."""
    grid, spoken = features.grid, union(truth.intervals())  # nothing at all when nobody speaks
    inner = np.column_stack((spoken[:, 0] + EDGE, spoken[:, 1] - EDGE))
    outer = np.column_stack((spoken[:, 0] - EDGE, spoken[:, 1] + EDGE))
    x, drawn = activity_features(features, config.features.n_mels), rng.random(grid.n_frames) < 0.25
    return x[grid.mask(inner[inner[:, 1] > inner[:, 0]]) & drawn], x[~grid.mask(np.maximum(outer, 0)) & drawn]


def _stretches(features: Features, truth: Annotation, config: Config) -> tuple[Array, Array]:
    """How stretches of the recording move, one a second: those with a word in them, and all where nobody ever
    speaks.
    """
    rows = motion(features, config.features.n_mels)
    length, every = len(features.values) - len(rows) + 1, round(features.grid.frame_rate)
    spoken = np.cumsum(np.pad(features.grid.mask(union(truth.intervals())), (1, 0)))
    talk = (spoken[length:] - spoken[:-length]) >= WORD * length
    return rows[talk][::every], rows[:0] if truth.turns else rows[::every]
