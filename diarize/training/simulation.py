"""Simulated recordings for training: sound and reference."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.annotation import Annotation, Turn
from diarize.intervals import union
from diarize.training.augmentation import change_speed, vary_effort
from diarize.types import Waveform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.synth import SynthConfig
    from diarize.training.plan import TrainingPlan

    Array = NDArray[Any]

__all__ = [
    "simulate_meeting",
    "simulate_music",
    "simulate_noise",
    "simulate_synthetic_voices",
    "simulate_talk_between_music",
]

SPEEDS: Final = (1.0, 1.0, 0.9, 1.1, 0.85, 1.15)  # voices played at another speed are other voices
SECONDS_EACH: Final = 10.0  # of conversation for each voice in it
SPEECHLESS_SECONDS: Final = 20.0  # of noise or music
MECHANICAL_SECONDS: Final = 40.0
# Talk between music: number of phrases, longest phrase and pieces of music in seconds, and their level in dB.
PHRASES: Final = 12
PHRASE_SECONDS: Final = (0.4, 3.0)
BETWEEN_SECONDS: Final = (2.0, 5.0)
BETWEEN_LEVELS: Final = (-10.0, 6.0)
TELEPHONE_SHARE: Final = 0.15  # share of wide-band conversations without an upper band


def simulate_meeting(
    cast: tuple[str, ...], plan: TrainingPlan, rng: np.random.Generator, rate: int
) -> tuple[Waveform, Annotation]:
    """A meeting of the voices of ``cast``, each with changing effort and pitch."""
    from diarize.audio import read
    from diarize.synth import simulate_conversation

    speed = float(rng.choice(SPEEDS))
    clean = {
        name: [change_speed(read(path, rate=rate), speed) for path in plan.voices[name]] for name in cast
    }
    voices = {
        name: [varied for each in said for varied in vary_effort(each, rng)] for name, said in clean.items()
    }
    measured = bool(plan.rooms) and rng.random() < 0.4
    rooms = [read(plan.rooms[int(rng.integers(len(plan.rooms)))], rate=rate)] if measured else []
    return simulate_conversation(
        voices, _draw_conditions(len(cast), rng, rate), int(rng.integers(1 << 31)), rooms=rooms
    )


def _draw_conditions(n_voices: int, rng: np.random.Generator, rate: int) -> SynthConfig:
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


def simulate_talk_between_music(
    cast: tuple[str, ...], plan: TrainingPlan, rng: np.random.Generator, rate: int
) -> tuple[Waveform, Annotation]:
    """Phrases of a conversation, each between music or tones, so that a word among them is talk."""
    sound, truth = simulate_meeting(cast, plan, rng, rate)
    spans = np.round(union(truth.intervals())[:PHRASES] * rate).astype(int)
    loudness = float(np.concatenate([sound.samples[start:end] for start, end in spans]).std())
    parts: list[Array] = []
    turns: list[Turn] = []
    for start, end in spans:
        parts.append(loudness * _music_or_tone(rng, rate))
        parts.append(sound.samples[start : min(end, start + round(rng.uniform(*PHRASE_SECONDS) * rate))])
        clock = sum(part.size for part in parts)
        turns.append(Turn((clock - parts[-1].size) / rate, clock / rate, "talk"))
    whole = np.concatenate(parts)
    return Waveform(0.5 * whole / np.abs(whole).max(), rate), Annotation("interludes", tuple(turns))


def _music_or_tone(rng: np.random.Generator, rate: int) -> Array:
    """Music or a tone, a few decibels about unit variance."""
    from diarize.synth import synthesize_music

    seconds = rng.uniform(*BETWEEN_SECONDS)
    if rng.random() < 0.7:
        sound = synthesize_music(seconds, rate, int(rng.integers(1 << 31))).samples
    else:
        sound = np.sin(2 * np.pi * rng.uniform(200, 1000) * np.arange(round(seconds * rate)) / rate)
    between: Array = 10 ** (rng.uniform(*BETWEEN_LEVELS) / 20) * sound / sound.std()
    return between


def simulate_synthetic_voices(rng: np.random.Generator, rate: int) -> tuple[Waveform, Annotation]:
    """Talk of one to four synthetic voices, so that speech of machines counts as talk, too."""
    from diarize.synth import SynthConfig, simulate_conversation, synthesize_voices

    voices = synthesize_voices(int(rng.integers(1, 5)), rate=rate, seed=int(rng.integers(1 << 31)))
    scenery = SynthConfig(
        duration=MECHANICAL_SECONDS,
        rate=rate,
        pause_mean=float(rng.uniform(0.1, 1.0)),
        rt60=float(rng.choice([0.0, rng.uniform(0.1, 0.6)])),
        snr=float(rng.uniform(10.0, 40.0)),
    )
    return simulate_conversation(voices, scenery, int(rng.integers(1 << 31)))


def simulate_music(rng: np.random.Generator, rate: int) -> tuple[Waveform, Annotation]:
    """A made-up piece of music."""
    from diarize.synth import synthesize_music

    return synthesize_music(SPEECHLESS_SECONDS, rate, int(rng.integers(1 << 31))), Annotation("music")


def simulate_noise(rng: np.random.Generator, rate: int) -> tuple[Waveform, Annotation]:
    """Hum, chords, bursts of noise: sounds of rooms and radios without speech."""
    n = round(SPEECHLESS_SECONDS * rate)
    sound = 10 ** rng.uniform(-3, -1) * _coloured_noise(n, rng)
    for _ in range(int(rng.integers(0, 30))):
        start, length = int(rng.integers(n)), int(rng.uniform(0.1, 4.0) * rate)
        event = _event(min(length, n - start), rng, rate)
        sound[start : start + event.size] += 10 ** rng.uniform(-1.5, 0) * event
    loudest = np.abs(sound).max()
    return Waveform(0.5 * sound / loudest, rate), Annotation("noise")


def _coloured_noise(n: int, rng: np.random.Generator) -> Array:
    """Noise of unit variance whose power falls with a random power of frequency."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    shaped = np.fft.irfft(spectrum * np.maximum(np.arange(spectrum.size), 1.0) ** -rng.uniform(0, 1), n)
    noise: Array = shaped / max(shaped.std(), 1e-12)
    return noise


def _event(n: int, rng: np.random.Generator, rate: int) -> Array:
    """A chord of one to four notes with overtones, or a burst of noise, with a fade in and out."""
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
