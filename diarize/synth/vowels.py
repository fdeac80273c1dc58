"""Voices of pure signal: syllables of vowels by a pitch and a throat of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import ConfigError
from diarize.types import Waveform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["vowels"]

# First three formants in Hz of five vowels of an average man (Peterson and Barney 1952): a, e, i, o, u.
FORMANTS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
BANDWIDTHS = (70.0, 100.0, 140.0, 200.0)
FOURTH = 3500.0
PITCHES = (85.0, 260.0)  # Hz, lowest and highest voice
THROATS = (0.88, 1.2)  # formants against the average man's


def _source(pitch: float, n: int, rate: int, rng: np.random.Generator) -> Array:
    """Glottal pulses (n,) of a pitch that drifts by a few semitones, with some breath."""
    slow = np.interp(
        np.arange(n), np.arange(0, n + rate, rate // 4), rng.standard_normal(-(-(n + rate) // (rate // 4)))
    )
    phase = np.cumsum(pitch * 2 ** (0.1 * slow) / rate)
    pulses = np.diff(np.floor(phase), prepend=0.0)
    return np.asarray(pulses + 0.01 * rng.standard_normal(n))


def _resonances(formants: Array, rate: int) -> Array:
    """Second-order sections (m, 6) of the formants below half the rate."""
    bands = [(f, b) for f, b in zip(formants, BANDWIDTHS, strict=True) if f < 0.45 * rate]
    radii = [np.exp(-np.pi * b / rate) for _, b in bands]
    poles = [(-2 * r * np.cos(2 * np.pi * f / rate), r * r) for (f, _), r in zip(bands, radii, strict=True)]
    return np.array([(1 + a + b, 0, 0, 1, a, b) for a, b in poles])


def _syllables(n: int, rate: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Where the syllables are in n samples: phrases of a few, with pauses of 0.35 to 0.8 s between."""
    places: list[tuple[int, int]] = []
    clock = round(0.2 * rate)
    while True:
        for _ in range(rng.integers(3, 11)):
            end = clock + round(rng.uniform(0.12, 0.28) * rate)
            if end > n - round(0.1 * rate):
                return places
            places.append((clock, end))
            clock = end + round(0.02 * rate)
        clock += round(rng.uniform(0.35, 0.8) * rate)


def _voice(pitch: float, throat: float, n: int, rate: int, rng: np.random.Generator) -> Array:
    """One speaker saying vowels for n samples, float32 (n,), RMS of its syllables about 0.1."""
    from scipy.signal import sosfilt

    source, said = _source(pitch, n, rate, rng), np.zeros(n)
    tilt = np.array([[1.0, -0.9, 0, 1, -rng.uniform(0.9, 0.97), 0]])
    for start, end in _syllables(n, rate, rng):
        formants = throat * np.array([*FORMANTS[rng.integers(len(FORMANTS))], FOURTH])
        sound = sosfilt(np.vstack((tilt, _resonances(formants, rate))), source[start:end])
        edge = np.minimum(1, np.minimum(np.arange(end - start), np.arange(end - start)[::-1]) / (0.02 * rate))
        said[start:end] = sound * edge * rng.uniform(0.7, 1.0) * (0.1 / max(float(sound.std()), 1e-12))
    return np.asarray(said, dtype=np.float32)


def vowels(
    n_speakers: int, seconds: float = 20.0, *, rate: int = 16_000, seed: int = 0
) -> dict[str, list[Waveform]]:
    """Clearly different voices as ``conversation`` takes them: ``voice_00`` …, ``seconds`` of each.

    Pitch and throat go from a low and long one to a high and short one in equal ratios, in mixed order.
    Raises ConfigError for no speaker or less than a second.
    """
    if n_speakers < 1 or seconds < 1 or rate < 8_000:
        raise ConfigError(
            f"{n_speakers} voices of {seconds:g} s at {rate} Hz; at least 1 voice, 1 s and 8000 Hz are needed"
        )
    rng = np.random.default_rng(seed)
    steps = (np.arange(n_speakers) + 0.5) / n_speakers
    pitches = PITCHES[0] * (PITCHES[1] / PITCHES[0]) ** steps
    throats = THROATS[0] + (THROATS[1] - THROATS[0]) * rng.permutation(steps)
    voices: dict[str, list[Waveform]] = {}
    for number, (pitch, throat) in enumerate(zip(pitches, throats, strict=True)):
        name = f"voice_{number:02d}"
        voices[name] = [Waveform(_voice(pitch, throat, round(seconds * rate), rate, rng), rate, name)]
    return voices
