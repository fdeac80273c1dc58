"""Acoustics of a simulated recording: room, channel, noise and codec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from diarize.synth.settings import SynthConfig
    from diarize.types import Waveform

    Array = NDArray[Any]

__all__ = ["amplitude", "compand", "convolve", "impulse_response", "noise_loop", "resample"]

NOISE_SECONDS = 30.0  # seconds of noise before it repeats seamlessly
FILTER_SECONDS = 0.02  # length of the channel's filter, seconds
MU = 255.0


def amplitude(decibels: float) -> float:
    """The linear factor of a level in dB."""
    return float(10 ** (decibels / 20))


def resample(waveform: Waveform, rate: int) -> Array:
    """The samples of a short recording at another rate, float32 (n,)."""
    from scipy.signal import resample_poly

    if waveform.rate == rate:
        return waveform.samples
    common = int(np.gcd(waveform.rate, rate))
    return np.asarray(resample_poly(waveform.samples, rate // common, waveform.rate // common), np.float32)


def convolve(samples: Array, impulse_response: Array) -> Array:
    """Full convolution of float32 (n,) and (m,) to (n + m − 1,)."""
    from scipy.signal import oaconvolve

    if impulse_response.size == 1:
        return np.asarray(samples * impulse_response[0], dtype=np.float32)
    return np.asarray(oaconvolve(samples, impulse_response), dtype=np.float32)


def _reverberation(config: SynthConfig, rng: np.random.Generator) -> Array:
    """A direct sound and a tail of exponentially decaying noise, float64; the direct sound is at sample 0."""
    n = max(2, round(config.rt60 * config.rate))
    ratio = config.direct_to_reverberant + config.distance_spread * rng.standard_normal()
    tail = rng.standard_normal(n) * 10 ** (-3 * np.arange(n) / n)
    tail[: 1 + round(rng.uniform(0.002, 0.008) * config.rate)] = 0
    tail *= amplitude(-ratio) / max(float(np.sqrt(np.sum(tail**2))), 1e-12)
    tail[0] = 1.0
    return tail


def _trim_response(room: Waveform, rate: int) -> Array:
    """A measured response from its strongest sample on, until it has died away by 60 dB."""
    response = resample(room, rate).astype(np.float64)
    response = response[np.argmax(np.abs(response)) :]
    is_audible = np.flatnonzero(np.abs(response) > 1e-3 * abs(response[0]))
    return np.asarray(response[: is_audible[-1] + 1]) if is_audible.size else np.ones(1)


def _channel(config: SynthConfig) -> Array:
    """A linear-phase band-pass, odd length; one tap when the band is open."""
    from scipy.signal import firwin

    top = config.high_cut if config.high_cut < 0.98 * config.rate / 2 else None
    edges = [edge for edge in (config.low_cut or None, top) if edge]
    if not edges:
        return np.ones(1)
    taps = 2 * (round(FILTER_SECONDS * config.rate) // 2) + 1
    return np.asarray(firwin(taps, edges, fs=config.rate, pass_zero=not config.low_cut))


def impulse_response(
    config: SynthConfig, rooms: Sequence[Waveform], rng: np.random.Generator
) -> tuple[Array, int]:
    """Impulse response (m,) from one speaker's place to the file, and the sample of its direct sound."""
    channel = _channel(config)
    if rooms:
        room = _trim_response(rooms[int(rng.integers(len(rooms)))], config.rate)
    else:
        room = _reverberation(config, rng) if config.rt60 > 0 else np.ones(1)
    return np.convolve(room, channel) if room.size == 1 else convolve(room, channel), channel.size // 2


def _voice_spectrum(voices: Sequence[Array], frequencies: Array, rate: int) -> Array:
    """Average magnitude of the voices at ``frequencies`` (m,)."""
    from scipy.signal import welch

    spectra = [welch(v, rate, nperseg=min(512, v.size)) for v in voices]
    grids = [np.interp(frequencies, at, power / max(power.sum(), 1e-20)) for at, power in spectra]
    return np.asarray(np.sqrt(np.mean(grids, axis=0)))


def _syllable_beat(n: int, rate: int, rng: np.random.Generator) -> Array:
    """A seamless loop (n,) around 1 with modulation up to eight times a second."""
    spectrum = np.zeros(n // 2 + 1, dtype=complex)
    top = max(2, round(8 * n / rate))
    spectrum[1:top] = rng.standard_normal(top - 1) + 1j * rng.standard_normal(top - 1)
    beat = np.fft.irfft(spectrum, n)
    return np.asarray(1 + 0.4 * beat / max(float(beat.std()), 1e-12))


def noise_loop(config: SynthConfig, voices: Sequence[Array], rng: np.random.Generator) -> Array:
    """Noise that can be repeated without a seam, float32 (m,), at ``snr`` under ``level``, within the band.

    ``voices``: float (n,) each, whose average spectrum babble takes.
    """
    n = min(round(NOISE_SECONDS * config.rate), config.n_samples)
    if np.isinf(config.snr):
        return np.zeros(1, dtype=np.float32)
    frequencies = np.fft.rfftfreq(n, 1 / config.rate)
    shape = np.ones_like(frequencies)
    if config.noise == "pink":
        shape = 1 / np.sqrt(np.maximum(frequencies, 20.0))
    elif config.noise == "babble":
        shape = _voice_spectrum(voices, frequencies, config.rate)
    shape[0] = 0.0
    loop = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * shape, n)
    if config.noise == "babble":
        loop = loop * _syllable_beat(n, config.rate, rng)
    loop = np.fft.irfft(np.fft.rfft(loop) * np.fft.rfft(_channel(config), n), n)
    return np.asarray(loop * (amplitude(config.level - config.snr) / loop.std()), dtype=np.float32)


def compand(samples: Array) -> Array:
    """Eight-bit µ-law (µ = 255) encoded and decoded, float32 (n,)."""
    curve = np.sign(samples) * np.log1p(MU * np.abs(samples)) / np.log1p(MU)
    steps = np.round(curve * 127) / 127
    return np.asarray(np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(MU)) / MU, dtype=np.float32)
