"""Counts made while a recording is decoded, and the notes that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["SampleCounts", "clean_samples", "mix_channels"]

FULL_SCALE = 0.999  # of full scale: a sample that was probably clipped
MAX_SAMPLE = 2.0**31  # no scaling of samples reaches this
CLIPPED = 1e-3  # share of clipped samples from which there is a note
OFFSET = 0.01  # of full scale
OFFSET_MIN_SAMPLES = 4000  # samples; the mean of fewer says little
CANCELLED = 1e-2  # power of the mix against that of its channels


def clean_samples(chunk: Array) -> Array:
    """The chunk with NaN, infinity and absurd numbers replaced by 0."""
    if np.abs(chunk).max(initial=0.0) < MAX_SAMPLE:  # false with any NaN
        return chunk
    return np.where(np.abs(chunk) < MAX_SAMPLE, chunk, np.float32(0))


def mix_channels(chunk: Array) -> Array:
    """The mean of the channels of (n, channels), float32 (n,); the same whatever the size of the chunk."""
    total = chunk[:, 0].copy()
    for column in range(1, chunk.shape[1]):
        total += chunk[:, column]
    return np.asarray(total / np.float32(chunk.shape[1]))


@dataclass(slots=True)
class SampleCounts:
    """Counts over the selected interval, of the samples of every used channel unless stated otherwise."""

    samples: int = 0
    replaced: int = 0
    clipped: int = 0
    peak: float = 0.0
    power: float = 0.0
    n_mixed: int = 0
    mixed_sum: float = 0.0
    mixed_power: float = 0.0

    def add(self, chunk: Array, clean: Array, mono: Array) -> None:
        """Count a chunk (n, channels), cleaned and mixed (n,)."""
        size = np.abs(clean)
        peak = float(size.max(initial=0.0))
        self.samples += chunk.size
        self.replaced += int(np.count_nonzero(chunk != clean))
        self.clipped += int(np.count_nonzero(size >= FULL_SCALE)) if peak >= FULL_SCALE else 0
        self.peak = max(self.peak, peak)
        self.power += float(np.sum(np.square(size), dtype=np.float64))
        self.n_mixed += mono.size
        self.mixed_sum += float(np.sum(mono, dtype=np.float64))
        self.mixed_power += float(np.sum(np.square(mono), dtype=np.float64))

    def _level_notes(self) -> list[str]:
        if self.peak == 0:
            return ["silent: every sample is 0"]
        if self.peak > 1 / FULL_SCALE:
            return [f"over full scale: the peak is {self.peak:.3g}"]
        if self.clipped > CLIPPED * self.samples:
            return [f"clipped: {100 * self.clipped / self.samples:.1f} % of samples"]
        return []

    def _mix_notes(self) -> list[str]:
        offset = self.mixed_sum / max(self.n_mixed, OFFSET_MIN_SAMPLES)
        notes = [f"DC offset: {offset:+.3f} of full scale"] if OFFSET < abs(offset) <= 1 else []
        channel_power = self.power * self.n_mixed / max(self.samples, 1)
        if channel_power > 0 and self.mixed_power < CANCELLED * channel_power:
            notes.append("the channels cancel each other when mixed; choose one of them")
        return notes

    def notes(self) -> list[str]:
        """Short texts; none for a normal recording."""
        replaced = [f"not finite: samples replaced by 0: {self.replaced}"] if self.replaced else []
        return replaced + (self._level_notes() + self._mix_notes() if self.samples else [])
