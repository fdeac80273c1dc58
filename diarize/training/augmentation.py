"""Augmentation: voices that vary from turn to turn.

Vocal effort tilts the spectrum, excitement raises it. Short training recordings do not show this, so it is
simulated.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.lazy_imports import import_librosa
from diarize.types import Waveform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["change_speed", "vary_effort"]

# Every few seconds another tilt (largest coefficient of a one-sample delay) and another speed (standard
# deviation of its logarithm).
EFFORT_SECONDS: Final = (2.0, 4.5)
EFFORT_TILT: Final = 0.5
EFFORT_SPEED: Final = 0.07


def vary_effort(waveform: Waveform, rng: np.random.Generator) -> Iterator[Waveform]:
    """The recording, cut at its quietest moments, every part with another effort and pitch."""
    for part in np.split(waveform.samples, _quiet_moments(waveform)):
        speed = float(np.exp(EFFORT_SPEED * rng.standard_normal()))
        moved = change_speed(Waveform(part, waveform.rate, waveform.recording), speed)
        yield replace(moved, samples=_tilt(moved.samples, rng.uniform(-EFFORT_TILT, EFFORT_TILT)))


def _quiet_moments(waveform: Waveform) -> list[int]:
    """Samples at which to cut the recording where it is quietest, about ``EFFORT_SECONDS`` apart."""
    hop = waveform.rate // 100
    energies = np.square(waveform.samples[: waveform.samples.size // hop * hop]).reshape(-1, hop).sum(axis=1)
    smooth = np.convolve(energies, np.ones(5), "same")
    near, far = (round(100 * seconds) for seconds in EFFORT_SECONDS)
    moments = [0]
    while smooth.size - moments[-1] > near + far:
        moments.append(moments[-1] + near + int(smooth[moments[-1] + near : moments[-1] + far].argmin()))
    return [moment * hop for moment in moments[1:]]


def _tilt(samples: Array, coefficient: float) -> Array:
    """y_t = x_t + coefficient · x_(t−1), as loud as before."""
    tilted = samples + coefficient * np.concatenate((samples[:1], samples[:-1]))
    loudness: Array = np.sqrt(np.mean(samples**2) / max(float(np.mean(tilted**2)), 1e-12))
    return np.clip(tilted * loudness, -1, 1)


def change_speed(waveform: Waveform, speed: float) -> Waveform:
    """The recording played faster, or slower: another voice."""
    if speed == 1:
        return waveform
    rate = round(waveform.rate * speed)
    played = import_librosa().resample(waveform.samples, orig_sr=rate, target_sr=waveform.rate)
    return Waveform(played, waveform.rate, waveform.recording)
