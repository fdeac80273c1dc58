"""Tones of telephones and machines: ringing, keys, beeps, which a segmentation network takes for speech.

A voice is never constant: even a hummed vowel varies and has a dozen harmonics. A telephone tone is one or
two constant frequencies (ITU-T E.180, Q.23) with nearly all of the power.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.types import runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from diarize.types import FrameGrid

    Array = NDArray[Any]

__all__ = ["MIN_SPEECH", "ToneDetector", "remove_tones"]

# Seconds of a spectrum, and between spectra.
LENGTH: Final = 0.064
HOP: Final = 0.02
MIN_FREQUENCY: Final = 90.0  # Hz: hum of the mains does not count
# Bins on either side of a peak over which the Hann window spreads a tone, and by which it may move.
SPREAD: Final = 2
MAX_MOVE: Final = 1
# Least share of the power in one or two peaks: a tone 27 dB above the noise. Speech hardly ever reaches it
# (docs/experiments).
TONE_SHARE: Final = 0.998
SECOND_PEAK_SHARE: Final = 0.02  # least share of the power of a second peak
MIN_SPECTRA: Final = 5  # spectra in a row: 144 ms
MIN_SPEECH: Final = 0.3  # least seconds of speech that continues after a tone
BATCH_SIZE: Final = 512  # spectra held at a time


class ToneDetector:
    """Passes blocks of samples at ``rate`` Hz through and records where they are only one or two tones."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._length, self._hop = round(LENGTH * rate), round(HOP * rate)
        self._found: list[Array] = []

    def watch(self, blocks: Iterable[Array]) -> Iterator[Array]:
        """The same blocks, float32 (n,) each."""
        held = np.zeros(0, np.float32)
        for block in blocks:
            held = np.concatenate((held, block))
            n = max(0, (len(held) - self._length) // self._hop + 1)
            for start in range(0, n, BATCH_SIZE):
                stop = min(start + BATCH_SIZE, n)
                part = held[start * self._hop : (stop - 1) * self._hop + self._length]
                self._found.append(self._peaks(part))
            held = held[n * self._hop :]
            yield block

    def mask(self, grid: FrameGrid) -> Array:
        """Frames of a grid whose middle lies in a tone, bool (n_frames,)."""
        peaks = np.concatenate([np.zeros((0, 2), np.int64), *self._found])
        if len(peaks) < MIN_SPECTRA:
            return np.zeros(grid.n_frames, bool)
        row = np.lib.stride_tricks.sliding_window_view(peaks, MIN_SPECTRA, axis=0)
        steady = (row.min(axis=2) >= 0).all(axis=1) & (np.ptp(row, axis=2) <= MAX_MOVE).all(axis=1)
        tones = [(a, b + MIN_SPECTRA - 1) for a, b in runs(steady)]
        edge = LENGTH / 8  # a spectrum may begin before the tone does
        seconds = [(a * HOP + edge, (b - 1) * HOP + LENGTH - edge) for a, b in tones]
        return grid.mask(np.array(seconds, dtype=np.float64).reshape(-1, 2))

    def _peaks(self, samples: Array) -> Array:
        """The lower and the higher peak (n, 2) in bins, equal for a single tone, −1 where there is other
        sound.
        """
        frames = np.lib.stride_tricks.sliding_window_view(samples, self._length)[:: self._hop]
        taper = np.hanning(self._length).astype(np.float32)
        power = np.abs(np.fft.rfft(frames * taper, axis=1)) ** 2
        total = power.sum(axis=1)
        power[:, : round(MIN_FREQUENCY * self._length / self._rate)] = 0
        first, share = _take_peak(power)
        second, more = _take_peak(power)
        second = np.where(more > SECOND_PEAK_SHARE * total, second, first)
        pure = (share + more >= TONE_SHARE * total) & (total > 0)
        peaks: Array = np.where(pure[:, None], np.sort(np.column_stack((first, second))), -1)
        return peaks


def _take_peak(power: Array) -> tuple[Array, Array]:
    """Bin and power of the highest peak of every spectrum (n, n_bins); the peak is set to 0."""
    rows = np.arange(len(power))
    highest = power.argmax(axis=1)
    around = np.clip(highest[:, None] + np.arange(-SPREAD, SPREAD + 1), 0, power.shape[1] - 1)
    taken: Array = power[rows[:, None], around].sum(axis=1)
    power[rows[:, None], around] = 0
    return highest, taken


def remove_tones(speech: Array, tones: Array, shortest: int) -> Array:
    """Speech (bool, (n_frames,)) without frames of ``tones`` and without speech of less than ``shortest``
    frames after a tone, because the network extends a tone into the silence after it.
    """
    kept: Array = speech & ~tones
    for start, end in runs(kept):
        after = start > 0 and bool(tones[start - 1])
        kept[start:end] = not after or end - start >= shortest
    return kept
