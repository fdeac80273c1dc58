"""How a background model is made: simulated recordings of real voices, heard as recordings are heard.

Single-speaker recordings become conversations with rooms, noise, gains, codecs and speeds drawn at random,
so that the model knows voices as they come: several in one recording, normalised together, in one channel.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.background import Activity, BackgroundModel, TrainingUtterance, fitted
from diarize.config import Config
from diarize.errors import ModelError
from diarize.features import cepstra, clear, cmvn, denoised, voice_cepstra
from diarize.intervals import subtract, union
from diarize.speech import activity_features
from diarize.types import Annotation, FrameGrid, SpeechMask, Waveform, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from diarize.synth import SynthConfig
    from diarize.types import Features

    Array = NDArray[Any]
    Progress = Callable[[str, float], None]

__all__ = ["TrainingPlan", "trained"]

SPEEDS: Final = (1.0, 1.0, 0.9, 1.1, 0.85, 1.15)  # voices played at another speed are other voices
SPEECHLESS: Final = 6  # for so many conversations there is one recording in which nobody speaks
SECONDS_EACH: Final = 10.0  # of conversation for each voice in it
TELEPHONE_SHARE: Final = 0.15  # of wide-band conversations that lost their upper band all the same
EDGE: Final = 0.03  # seconds at the edges of speech that teach neither speech nor pause
# A voice is not the same from turn to turn: effort tilts its spectrum, excitement raises it. What training
# recordings of seconds do not show is put in: every few seconds another tilt (largest coefficient of one
# sample's delay) and another speed (deviation of its logarithm).
MOOD_SECONDS: Final = (2.0, 4.5)
MOOD_TILT: Final = 0.5
MOOD_SPEED: Final = 0.07
LEAST_SOLO: Final = 2.0  # seconds that a voice must have alone to teach what a voice is


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What goes into a model: ``voices``: files by speaker; ``rooms``: impulse responses; ``rounds``: how
    often each voice is used; ``seed``; ``jobs``: processes, which do not change the result.
    """

    voices: Mapping[str, Sequence[Path]]
    rooms: Sequence[Path] = ()
    rounds: int = 6
    seed: int = 0
    jobs: int = 2


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What one simulated recording teaches: voices, and frames of speech and of the rest."""

    utterances: tuple[TrainingUtterance, ...]
    speech: Array
    other: Array


def trained(
    plan: TrainingPlan, band: str, config: Config, *, progress: Progress = lambda stage, share: None
) -> BackgroundModel:
    """Learn the model of a band, "wide" or "narrow". Raises ModelError when there are too few voices."""
    from threadpoolctl import threadpool_limits

    if len(plan.voices) < 2 * _LARGEST:
        raise ModelError(
            f"{len(plan.voices)} voices; a background model needs {2 * _LARGEST}, hundreds are better"
        )
    casts = list(_casts(plan))
    casts += [()] * max(1, len(casts) // SPEECHLESS)
    lesson = partial(_lesson, plan=plan, band=band, config=config)
    lessons = []
    with ProcessPoolExecutor(plan.jobs) as pool:
        for done, each in enumerate(pool.map(lesson, range(len(casts)), casts, chunksize=4)):
            lessons.append(each)
            progress("simulated recordings", (done + 1) / len(casts))
    utterances = [u for each in lessons for u in each.utterances]
    frames = Activity(np.concatenate([x.speech for x in lessons]), np.concatenate([x.other for x in lessons]))
    with threadpool_limits(limits=1):  # sums in another order would differ in the last bits
        return fitted(
            utterances,
            frames,
            band=band,
            config=config,
            seed=plan.seed,
            origin=_origin(plan),
            progress=progress,
        )


_SMALLEST: Final = 2
_LARGEST: Final = 7


def _origin(plan: TrainingPlan) -> dict[str, Any]:
    return {"voices": len(plan.voices), "rooms": len(plan.rooms), "rounds": plan.rounds, "seed": plan.seed}


def _casts(plan: TrainingPlan) -> Iterator[tuple[str, ...]]:
    """Who meets whom: every voice once a round, in groups of two to seven."""
    rng = np.random.default_rng(plan.seed)
    for _ in range(plan.rounds):
        names = list(plan.voices)
        rng.shuffle(names)
        while names:
            size = int(rng.integers(_SMALLEST, _LARGEST + 1))
            cast, names = names[:size], names[size:]
            yield tuple(cast)


def _lesson(number: int, cast: tuple[str, ...], plan: TrainingPlan, band: str, config: Config) -> _Lesson:
    """Simulate one recording and take from it what its truth allows."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        rng = np.random.default_rng((plan.seed, number))
        rate = config.audio.rate
        sound, truth = _conversation(cast, rng, plan, rate) if cast else _speechless(rng, rate)
        features = cepstra([sound.samples], sound.rate, config.features)
        speech, other = _activity_frames(features, truth, config, rng)
        return _Lesson(tuple(_utterances(features, truth, band, config)), speech, other)


def _conversation(
    cast: tuple[str, ...], rng: np.random.Generator, plan: TrainingPlan, rate: int
) -> tuple[Waveform, Annotation]:
    from diarize.audio import read
    from diarize.synth import conversation

    speed = float(rng.choice(SPEEDS))
    clean = {name: [_at_speed(read(path, rate=rate), speed) for path in plan.voices[name]] for name in cast}
    voices = {name: [mood for each in said for mood in _moods(each, rng)] for name, said in clean.items()}
    measured = bool(plan.rooms) and rng.random() < 0.4
    rooms = [read(plan.rooms[int(rng.integers(len(plan.rooms)))], rate=rate)] if measured else []
    return conversation(voices, _scenery(len(cast), rng, rate), int(rng.integers(1 << 31)), rooms=rooms)


def _speechless(rng: np.random.Generator, rate: int) -> tuple[Waveform, Annotation]:
    """Hum, chords, bursts of noise: what a room or a radio does when nobody speaks."""
    seconds = 20
    n = seconds * rate
    sound = 10 ** rng.uniform(-3, -1) * _coloured_noise(n, rng)
    for _ in range(int(rng.integers(0, 30))):
        start, length = int(rng.integers(n)), int(rng.uniform(0.1, 4.0) * rate)
        event = _event(min(length, n - start), rng, rate)
        sound[start : start + event.size] += 10 ** rng.uniform(-1.5, 0) * event
    loudest = np.abs(sound).max()
    return Waveform(0.5 * sound / loudest, rate), Annotation("speechless")


def _coloured_noise(n: int, rng: np.random.Generator) -> Array:
    """Noise of unit variance whose power falls with a random power of frequency."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    shaped = np.fft.irfft(spectrum * np.maximum(np.arange(spectrum.size), 1.0) ** -rng.uniform(0, 1), n)
    noise: Array = shaped / max(shaped.std(), 1e-12)
    return noise


def _event(n: int, rng: np.random.Generator, rate: int) -> Array:
    """A chord of one to four notes with overtones, or a burst of noise, swelling and dying away."""
    envelope = np.sin(np.pi * np.linspace(0, 1, n) ** rng.uniform(0.2, 1)) ** rng.uniform(0.2, 2)
    if n < 2 or rng.random() < 0.4:
        burst: Array = envelope * _coloured_noise(max(n, 2), rng)[:n]
        return burst
    time, chord = np.arange(n) / rate, np.zeros(n)
    for note in 55 * 2 ** rng.uniform(0, 5, int(rng.integers(1, 5))):
        for overtone in range(1, int(rng.integers(1, 12)) + 1):
            chord += (
                np.sin(2 * np.pi * note * overtone * time)
                * overtone ** -rng.uniform(0.5, 2)
                * (note * overtone < rate / 2)
            )
    swelling: Array = envelope * chord / max(chord.std(), 1e-12)
    return swelling


def _moods(waveform: Waveform, rng: np.random.Generator) -> Iterator[Waveform]:
    """The recording cut at its quietest moments, every part in another mood."""
    for part in np.split(waveform.samples, _quiet_moments(waveform)):
        speed = float(np.exp(MOOD_SPEED * rng.standard_normal()))
        moved = _at_speed(Waveform(part, waveform.rate, waveform.recording), speed)
        yield replace(moved, samples=_tilted(moved.samples, rng.uniform(-MOOD_TILT, MOOD_TILT)))


def _quiet_moments(waveform: Waveform) -> list[int]:
    """Samples that part the recording where it is quietest, ``MOOD_SECONDS`` apart."""
    hop = waveform.rate // 100
    energies = np.square(waveform.samples[: waveform.samples.size // hop * hop]).reshape(-1, hop).sum(axis=1)
    smooth = np.convolve(energies, np.ones(5), "same")
    near, far = (round(100 * seconds) for seconds in MOOD_SECONDS)
    moments = [0]
    while smooth.size - moments[-1] > near + far:
        moments.append(moments[-1] + near + int(smooth[moments[-1] + near : moments[-1] + far].argmin()))
    return [moment * hop for moment in moments[1:]]


def _tilted(samples: Array, coefficient: float) -> Array:
    """y_t = x_t + coefficient · x_(t−1), as loud as before."""
    tilted = samples + coefficient * np.concatenate((samples[:1], samples[:-1]))
    loudness: Array = np.sqrt(np.mean(samples**2) / max(float(np.mean(tilted**2)), 1e-12))
    return np.clip(tilted * loudness, -1, 1)


def _at_speed(waveform: Waveform, speed: float) -> Waveform:
    import librosa

    if speed == 1:
        return waveform
    played = librosa.resample(waveform.samples, orig_sr=round(waveform.rate * speed), target_sr=waveform.rate)
    return Waveform(played, waveform.rate, waveform.recording)


def _scenery(n_voices: int, rng: np.random.Generator, rate: int) -> SynthConfig:
    """Room, noise and channel of one recording."""
    from diarize.synth import SynthConfig

    telephone = rng.random() < TELEPHONE_SHARE
    return SynthConfig(
        duration=SECONDS_EACH * n_voices,
        rate=rate,
        share_concentration=10.0,
        turn_median=float(rng.uniform(1.5, 5.0)),
        pause_mean=float(rng.uniform(0.2, 1.0)),
        overlap_probability=0.05,
        gain_spread=float(rng.uniform(0.0, 5.0)),
        rt60=float(rng.choice([0.0, rng.uniform(0.1, 0.8)], p=[0.3, 0.7])),
        direct_to_reverberant=float(rng.uniform(0.0, 15.0)),
        noise=str(rng.choice(["white", "pink", "babble"], p=[0.2, 0.5, 0.3])),
        snr=float(rng.choice([inf, rng.uniform(8.0, 40.0)], p=[0.15, 0.85])),
        low_cut=200.0 if telephone else 0.0,
        high_cut=3500.0 if telephone else inf,
        mu_law=bool(rng.random() < 0.15),
        level=float(rng.uniform(-40.0, -18.0)),
    )


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
