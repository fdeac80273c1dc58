"""One voice in several acoustic conditions, so that a calibration learns what channels do to an embedding."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from diarize.synth import SynthConfig

    Array = NDArray[Any]

__all__ = ["simulate_conditions"]

LEVEL: Final = -26.0  # dB of the voice
# Ranges that are drawn from: reverberation time in seconds, direct-to-reverberant ratio and signal-to-noise
# ratios in dB, and the edges of a telephone band in Hz.
REVERBERATION: Final = (0.15, 0.8)
DIRECT_TO_REVERBERANT: Final = (-3.0, 10.0)
SNR_ROOM: Final = (5.0, 25.0)
SNR_LINE: Final = (15.0, 35.0)
LOW_CUT: Final = (200.0, 350.0)
HIGH_CUT: Final = (3000.0, 3600.0)


def simulate_conditions(samples: Array, rate: int, rng: np.random.Generator) -> Iterator[Array]:
    """Samples float32 (n,) as they are, in a room with noise, and by telephone; each float32 (n,)."""
    from diarize.synth import SynthConfig

    yield samples
    plain = SynthConfig(duration=max(0.1, len(samples) / rate), rate=rate, level=LEVEL)
    room = replace(
        plain,
        rt60=rng.uniform(*REVERBERATION),
        direct_to_reverberant=rng.uniform(*DIRECT_TO_REVERBERANT),
        noise="pink",
        snr=rng.uniform(*SNR_ROOM),
    )
    low, high = rng.uniform(*LOW_CUT), rng.uniform(*HIGH_CUT)
    line = replace(plain, low_cut=low, high_cut=high, noise="white", snr=rng.uniform(*SNR_LINE), mu_law=True)
    for config in (room, line):
        yield _simulate(samples, config, rng)


def _simulate(samples: Array, config: SynthConfig, rng: np.random.Generator) -> Array:
    """The voice at the level, in the room or band, with the noise, of ``config``."""
    from diarize.synth.acoustics import amplitude, compand, convolve, impulse_response, noise_loop

    voice = samples * (amplitude(LEVEL) / max(float(samples.std()), 1e-9))
    response, lead = impulse_response(config, (), rng)
    heard = convolve(voice, response)[lead:][: len(samples)]
    noise = np.resize(noise_loop(config, [voice], rng), len(heard))
    mixed = np.clip(heard + noise, -1, 1).astype(np.float32)
    return compand(mixed) if config.mu_law else mixed
