"""Synthetic voices: syllables of vowels, each voice with a pitch and a vocal tract of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import ConfigError
from diarize.types import Waveform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["synthesize_voices"]

# First three formants in Hz of five vowels of an average man (Peterson and Barney 1952): a, e, i, o, u.
FORMANTS: Final = (
    (730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240),
)  # fmt: skip
HIGHER_FORMANTS: Final = (3500, 4500, 5500)  # Hz, the same in all vowels
BANDWIDTHS: Final = (70, 100, 140, 200, 250, 300)  # Hz, of the six
PITCHES: Final = (85.0, 260.0)  # Hz, lowest and highest voice
TRACT_LENGTHS: Final = (0.88, 1.2)  # formants against the average man's
# Differences of voices besides tract length: standard deviations of the logarithms of each formant over all
# vowels, of each in each vowel (about what Peterson and Barney found within men), and of bandwidths.
FORMANT_DEVIATION: Final = 0.04
VOWEL_DEVIATION: Final = 0.06
BANDWIDTH_DEVIATION: Final = 0.3
DIPS: Final = (3500.0, 5500.0)  # Hz, dip of the piriform fossae (Dang & Honda 1997)
DIP_WIDTHS: Final = (200.0, 500.0)  # Hz
TILTS: Final = (0.88, 0.98)  # pole of the glottal pulse's lowpass
BREATHS: Final = (0.003, 0.05)  # of noise against a pulse


@dataclass(frozen=True, slots=True)
class _Tract:
    """Parameters of a voice: ``formants`` (5, 6) and ``bandwidths`` (6,) in Hz; ``dip``: its frequency and
    width in Hz; ``tilt``, ``breath``.
    """

    formants: Array
    bandwidths: Array
    dip: tuple[float, float]
    tilt: float
    breath: float


def _tract(throat: float, rng: np.random.Generator) -> _Tract:
    """A vocal tract of a relative size: 1 is the average man's, smaller is longer."""
    average = np.array([(*lower, *HIGHER_FORMANTS) for lower in FORMANTS], dtype=float)
    own = FORMANT_DEVIATION * rng.standard_normal(6) + VOWEL_DEVIATION * rng.standard_normal(average.shape)
    return _Tract(
        throat * average * np.exp(own),
        np.array(BANDWIDTHS) * np.exp(BANDWIDTH_DEVIATION * rng.standard_normal(6)),
        (float(rng.uniform(*DIPS)), float(rng.uniform(*DIP_WIDTHS))),
        float(rng.uniform(*TILTS)),
        float(np.exp(rng.uniform(*np.log(BREATHS)))),
    )


def _source(pitch: float, breath: float, n: int, rate: int, rng: np.random.Generator) -> Array:
    """Glottal pulses (n,) of a pitch that drifts by a few semitones, with some breath."""
    slow = np.interp(
        np.arange(n), np.arange(0, n + rate, rate // 4), rng.standard_normal(-(-(n + rate) // (rate // 4)))
    )
    phase = np.cumsum(pitch * 2 ** (0.1 * slow) / rate)
    pulses = np.diff(np.floor(phase), prepend=0.0)
    return np.asarray(pulses + breath * rng.standard_normal(n))


def _filters(tract: _Tract, rate: int, rng: np.random.Generator) -> Array:
    """Second-order sections (m, 6) of a vowel interpolated between two of the five, below half the rate."""
    one, other = rng.integers(len(FORMANTS), size=2)
    formants = tract.formants[one] * (tract.formants[other] / tract.formants[one]) ** rng.uniform()
    peaks = np.array([_pair(*each, rate) for each in zip(formants, tract.bandwidths, strict=True)])
    flat, at = np.array([1.0, 0, 0]), _pair(*tract.dip, rate)
    sections = np.vstack((
        [1, -0.9, 0, 1, -tract.tilt, 0],
        np.column_stack((peaks.sum(axis=1, keepdims=True) * flat, peaks)),
        np.concatenate((at / at.sum(), flat)),
    ))  # fmt: skip
    is_below_nyquist: Array = np.array([0.0, *formants, tract.dip[0]]) < 0.45 * rate
    return sections[is_below_nyquist]


def _pair(frequency: float, bandwidth: float, rate: int) -> Array:
    """Coefficients (3,) of the polynomial in 1/z that is least at a frequency, Hz."""
    radius = np.exp(-np.pi * bandwidth / rate)
    return np.array([1.0, -2 * radius * np.cos(2 * np.pi * frequency / rate), radius**2])


def _syllables(n: int, rate: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Positions of syllables in n samples: phrases of a few, with pauses of 0.35 to 0.8 s between."""
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
    """One speaker's vowels for n samples, float32 (n,), RMS of the syllables about 0.1."""
    from scipy.signal import sosfilt

    tract, said = _tract(throat, rng), np.zeros(n)
    source = _source(pitch, tract.breath, n, rate, rng)
    for start, end in _syllables(n, rate, rng):
        sound = sosfilt(_filters(tract, rate, rng), source[start:end])
        edge = np.minimum(1, np.minimum(np.arange(end - start), np.arange(end - start)[::-1]) / (0.02 * rate))
        said[start:end] = sound * edge * rng.uniform(0.7, 1.0) * (0.1 / max(float(sound.std()), 1e-12))
    return np.asarray(said, dtype=np.float32)


def synthesize_voices(
    n_speakers: int, seconds: float = 20.0, *, rate: int = 16_000, seed: int = 0
) -> dict[str, list[Waveform]]:
    """Make clearly different voices without recordings.

    Pitch and tract length are spaced in equal ratios from low and long to high and short, in mixed order.
    Formants, bandwidths, dip, tilt and breath are drawn for every voice.

    Parameters
    ----------
    n_speakers : number of voices, 1 or more
    seconds : length of each, 1 or more
    rate : Hz, 8000 or more
    seed : the same seed gives the same bits

    Returns
    -------
    Voices by name, ``voice_00`` …, as ``conversation`` takes them.

    Raises
    ------
    ConfigError
        For numbers that are too small.

    """
    if n_speakers < 1 or seconds < 1 or rate < 8_000:
        raise ConfigError(
            f"{n_speakers} voices of {seconds:g} s at {rate} Hz; at least 1 voice, 1 s and 8000 Hz are needed"
        )
    rng = np.random.default_rng(seed)
    steps = (np.arange(n_speakers) + 0.5) / n_speakers
    pitches = PITCHES[0] * (PITCHES[1] / PITCHES[0]) ** steps
    throats = TRACT_LENGTHS[0] + (TRACT_LENGTHS[1] - TRACT_LENGTHS[0]) * rng.permutation(steps)
    voices: dict[str, list[Waveform]] = {}
    for number, (pitch, throat) in enumerate(zip(pitches, throats, strict=True)):
        name = f"voice_{number:02d}"
        voices[name] = [Waveform(_voice(pitch, throat, round(seconds * rate), rate, rng), rate, name)]
    return voices
