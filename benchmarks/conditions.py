"""The same voice under other conditions: rooms, noise, a telephone, and other moods, for calibration.

A calibration of what a speaker's windows have in common must have heard speakers who change. The recordings
at hand have half a minute of each in one mood and one place, so moods are made by analysis and synthesis
(pyworld; Morise, Yokomori & Ozawa 2016, "WORLD: a vocoder-based high-quality speech synthesis system"): an
excited voice is higher, livelier, faster and brighter, with a mouth more open; a subdued one is lower,
flatter, slower, darker or breathy. Rooms are exponentially decaying noise, noise has a random slope.

Every function takes and gives samples float64 (n,) at 16 kHz and draws from ``rng``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Array = Any
    Condition = Callable[[Array, np.random.Generator], Array]

RATE = 16_000


def as_recorded(samples: Array, rng: np.random.Generator) -> Array:
    """Nothing changed."""
    return samples


def in_noise(samples: Array, rng: np.random.Generator) -> Array:
    """In a room, with noise 5 to 25 dB under the voice."""
    inside = _in_room(samples, rng)
    return inside + inside.std() * 10 ** (-rng.uniform(5, 25) / 20) * _noise(len(inside), rng)


def by_telephone(samples: Array, rng: np.random.Generator) -> Array:
    """In the band of a telephone, in µ-law of eight bits, with noise of the line 15 to 35 dB under it."""
    from scipy.signal import butter, sosfilt

    band = rng.uniform(200, 350), rng.uniform(3000, 3600)
    narrow = sosfilt(butter(4, band, "band", fs=RATE, output="sos"), samples)
    peak = np.abs(narrow).max() + 1e-9
    coded = np.round(127 * np.log1p(255 * np.abs(narrow) / peak) / np.log(256)) / 127
    decoded = np.sign(narrow) * (256**coded - 1) / 255 * peak
    return decoded + decoded.std() * 10 ** (-rng.uniform(15, 35) / 20) * rng.standard_normal(len(decoded))


def excited(samples: Array, rng: np.random.Generator) -> Array:
    """Higher by up to two thirds of an octave and more, livelier, brighter, faster."""
    return _said_again(
        samples,
        pitch=np.exp(rng.uniform(0.1, 0.6)),
        liveliness=rng.uniform(1.0, 1.8),
        brightness=rng.uniform(0, 13.5),
        opening=np.exp(rng.uniform(0, 0.06)),
        breath=0.0,
        speed=np.exp(rng.uniform(-0.05, 0.2)),
    )


def subdued(samples: Array, rng: np.random.Generator) -> Array:
    """Lower, flatter, darker, slower; three in ten breathy."""
    return _said_again(
        samples,
        pitch=np.exp(rng.uniform(-0.3, 0)),
        liveliness=rng.uniform(0.4, 1.0),
        brightness=rng.uniform(-13.5, 0),
        opening=np.exp(rng.uniform(-0.04, 0.02)),
        breath=rng.uniform(0.3, 0.8) if rng.random() < 0.3 else 0.0,
        speed=np.exp(rng.uniform(-0.2, 0.05)),
    )


def change_voice(samples: Array, *, pitch: float, opening: float, brightness: float) -> Array:
    """Another voice that says the same: factors of pitch and formants, and dB of brightness."""
    return _said_again(
        samples,
        pitch=pitch,
        liveliness=1.0,
        brightness=brightness,
        opening=opening,
        breath=0.0,
        speed=1.0,
    )


def excited_in_noise(samples: Array, rng: np.random.Generator) -> Array:
    """Both."""
    return in_noise(excited(samples, rng), rng)


CONDITIONS: Mapping[str, Condition] = {
    "as recorded": as_recorded,
    "in noise": in_noise,
    "by telephone": by_telephone,
    "excited": excited,
    "subdued": subdued,
    "excited, in noise": excited_in_noise,
}


def _in_room(samples: Array, rng: np.random.Generator) -> Array:
    """With echo of 0.15 to 0.8 s, from 10 dB under to 3 dB over the direct sound; as loud as before."""
    from scipy.signal import fftconvolve

    seconds = rng.uniform(0.15, 0.8)
    time = np.arange(int(seconds * RATE)) / RATE
    response = rng.standard_normal(time.size) * 10 ** (-3 * time / seconds)
    response[:32] = 0
    response /= np.sqrt(response @ response)
    response[0] = 10 ** (rng.uniform(-3, 10) / 20)
    echoing = fftconvolve(samples, response)[: len(samples)]
    return echoing / max(echoing.std(), 1e-9) * samples.std()


def _noise(n: int, rng: np.random.Generator) -> Array:
    """Of unit variance, its power falling with a power of frequency between 0 and 2."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    noise = np.fft.irfft(spectrum * np.maximum(np.arange(spectrum.size), 1.0) ** -rng.uniform(0, 1), n)
    return noise / max(noise.std(), 1e-9)


def _said_again(
    samples: Array,
    *,
    pitch: float,
    liveliness: float,
    brightness: float,
    opening: float,
    breath: float,
    speed: float,
) -> Array:
    """The same words with another pitch, as loud as before.

    ``pitch``: factor of the mean; ``liveliness``: of its movements, in logarithms; ``brightness``: dB that
    the spectrum gains from 300 Hz to four octaves above; ``opening``: factor of the formants; ``breath``:
    least share of noise in every band; ``speed``: factor.
    """
    import pyworld

    f0, time = pyworld.dio(samples, RATE)
    f0 = pyworld.stonemask(samples, f0, time, RATE)
    envelope = pyworld.cheaptrick(samples, f0, time, RATE)
    noisiness = np.maximum(pyworld.d4c(samples, f0, time, RATE), breath)
    voiced = f0 > 0
    if voiced.any():
        mean = np.exp(np.log(f0[voiced]).mean())
        f0[voiced] = np.clip(mean * pitch * (f0[voiced] / mean) ** liveliness, 60, 700)
    hertz = np.linspace(0, RATE / 2, envelope.shape[1])
    octaves = np.clip(np.log2(np.maximum(hertz, 300) / 300), 0, 4)
    moved = np.exp(_interpolated(np.log(envelope), hertz / opening, hertz))
    tilted = np.ascontiguousarray(moved * 10 ** (brightness / 10 * octaves / 4))
    said = pyworld.synthesize(f0, tilted, np.ascontiguousarray(noisiness), RATE, 5.0 / speed)
    return said / max(said.std(), 1e-9) * samples.std()


def _interpolated(rows: Array, at: Array, places: Array) -> Array:
    """Rows (n, d) of values at equally spaced ``places`` (d,), linearly in between at ``at`` (d,)."""
    index = np.clip(at / places[1], 0, len(places) - 1)
    low = np.floor(index).astype(int)
    high, share = np.minimum(low + 1, len(places) - 1), index - low
    return (1 - share) * rows[:, low] + share * rows[:, high]
