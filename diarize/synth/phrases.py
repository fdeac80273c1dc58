"""Phrases: the speech between two pauses of a clean recording of one speaker, found by energy.

A recording is cut only inside pauses of at least ``MIN_PAUSE`` seconds, so that no word is cut. Neighbouring
cells overlap in a short complementary ramp, so that cells at their original distance sum to the recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.types import runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["MAX_PAUSE_IN_TURN", "Phrase", "speech_runs", "split_phrases"]

HIGH_PASS = 100.0  # Hz; sound below is not a voice
HOP = 0.005  # seconds between energies, each over two hops
MIN_PAUSE = 0.15  # the shortest pause to cut in: stop consonants close for less
SILENCE_LEVEL = -90.0  # dB; a recording that is never louder is empty
MIN_BURST = 0.04  # bursts alone and shorter than this are no speech
MAX_PAUSE_IN_TURN = 0.3  # pauses up to this are part of a turn; longer ones are marked
MAX_PAUSE_IN_RECORDING = 1.0  # phrases with a longer pause between them are not used in one turn
MARGIN = 0.1  # kept around a phrase without a neighbour
RAMP = 0.01  # the cross-fade of two cells


@dataclass(frozen=True, slots=True)
class Phrase:
    """Speech between two pauses, with a part of the pauses.

    ``onset``: sample of the recording at which the speech starts; ``cell``: float32 (n,), in which the speech
    is ``cell[lead : lead + length]``; ``gap``: samples of pause until the next phrase of the same recording,
    None if there is none close enough.
    """

    onset: int
    cell: Array
    lead: int
    length: int
    gap: int | None


def _energies(samples: Array, rate: int, hop: int) -> Array:
    """Mean square above ``HIGH_PASS`` in dB, of two hops around each whole hop, float64 (samples // hop,)."""
    from scipy.signal import butter, sosfilt

    n = samples.size // hop
    voice = sosfilt(
        butter(2, HIGH_PASS, "highpass", fs=rate, output="sos"), samples[: n * hop].astype(np.float64)
    )
    cells = np.square(voice).reshape(n, hop).mean(axis=1)
    padded = np.concatenate((cells[:1], cells, cells[-1:]))
    smooth = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    return np.asarray(10 * np.log10(smooth + 1e-12))


def _threshold(energies: Array) -> float:
    """Level between the pauses and the speech: 15 dB over the quiet, 18 to 33 under the loud.

    The loud level is taken above the quiet level only, so the share of speech does not matter.
    """
    quiet = np.percentile(energies, 5)
    above = energies[energies > quiet + 15]
    loud = np.percentile(above if above.size else energies, 95)
    return float(np.clip(quiet + 15, loud - 33, loud - 18))


def _bridge(rows: Array, gap: float) -> Array:
    """Runs (n, 2), at least one, with the pauses shorter than ``gap`` filled."""
    far = rows[1:, 0] - rows[:-1, 1] >= gap
    first, last = np.concatenate(([True], far)), np.concatenate((far, [True]))
    return np.column_stack((rows[first, 0], rows[last, 1]))


def speech_runs(samples: Array, rate: int) -> Array:
    """Runs of speech in a clean recording of one speaker: int64 (n, 2) samples, ``MIN_PAUSE`` s apart.

    ``samples``: (n,). Energy only: the recording must be clean. A recording of silence has no runs.
    """
    hop = max(1, round(HOP * rate))
    if samples.size < hop:
        return np.empty((0, 2), dtype=np.int64)
    energies = _energies(samples, rate, hop)
    if energies.max() < SILENCE_LEVEL:
        return np.empty((0, 2), dtype=np.int64)
    rows = _bridge(runs(energies > _threshold(energies)), MIN_PAUSE / HOP)
    return rows[rows[:, 1] - rows[:, 0] >= MIN_BURST / HOP].astype(np.int64) * hop


def _cut_points(rows: Array, n: int, rate: int) -> list[tuple[int, int]]:
    """Start and end of each phrase's cell without ramps: mid-pause, or a margin away."""
    margin, far = round(MARGIN * rate), round(MAX_PAUSE_IN_RECORDING * rate)
    starts, ends = np.maximum(rows[:, 0] - margin, 0), np.minimum(rows[:, 1] + margin, n)
    middle = (rows[:-1, 1] + rows[1:, 0]) // 2
    near = rows[1:, 0] - rows[:-1, 1] <= far
    starts[1:][near] = middle[near]
    ends[:-1][near] = middle[near]
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def _cell(samples: Array, start: int, end: int, ramp: int) -> tuple[Array, int]:
    """Samples ``start`` to ``end``, extended by half a ramp on both sides and faded, and the start of the
    cell.
    """
    low, high = start - ramp // 2, end - ramp // 2 + ramp
    cell = np.zeros(high - low, dtype=np.float32)
    inside = slice(max(low, 0), min(high, samples.size))
    cell[inside.start - low : inside.stop - low] = samples[inside]
    slope = ((np.arange(ramp) + 0.5) / ramp).astype(np.float32)
    cell[:ramp] *= slope
    cell[-ramp:] *= slope[::-1]
    return cell, low


def split_phrases(samples: Array, rate: int) -> list[Phrase]:
    """The phrases of one clean recording (n,) at ``rate`` Hz, in order; none when it is silent."""
    rows = speech_runs(samples, rate)
    if not len(rows):
        return []
    ramp, found = max(2, round(RAMP * rate)), []
    for index, (start, end) in enumerate(_cut_points(rows, samples.size, rate)):
        cell, low = _cell(samples, start, end, ramp)
        onset, offset = (int(x) for x in rows[index])
        gap = int(rows[index + 1, 0]) - offset if index + 1 < len(rows) else None
        near = gap if gap is not None and gap <= MAX_PAUSE_IN_RECORDING * rate else None
        found.append(Phrase(onset, cell, onset - low, offset - onset, near))
    return found
