"""Calls with a channel for each side: every channel is diarized by itself, without crosstalk of others.

What leaks is the other channel again, weaker and a little later. So a stretch of a channel is taken for the
other's when, there, it is the quieter of the two by ``QUIETER`` and follows the other's waveform: the largest
normalised correlation over delays up to ``DELAY`` is ``ALIKE`` or more.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.annotation import Annotation
from diarize.audio import open_recording
from diarize.config import Config, override
from diarize.errors import AudioError
from diarize.intervals import subtract
from diarize.pipeline import Diarization, diarize, speech_mask
from diarize.types import Posteriors, SpeechMask, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

    from diarize.results import VoiceStatistics

    Array = NDArray[Any]
    Progress = Callable[[str, float], None]

__all__ = ["diarize_channels", "find_leaks"]

RATE: Final = 8_000
CELL: Final = 0.25  # seconds that are compared at a time
DELAY: Final = 0.05  # seconds
QUIETER: Final = 3.0  # dB
ALIKE: Final = 0.5
SAME: Final = 0.95  # of the cells alike and as loud: both channels carry one sound
MOST: Final = 8  # channels


def diarize_channels(
    recording: str | PathLike[str],
    config: Config | None = None,
    *,
    speech: ArrayLike | None = None,
    start: float = 0.0,
    end: float | None = None,
    progress: Progress = lambda stage, share: None,
) -> Diarization:
    """Say who spoke when in each channel; one result, whose turns know their channel.

    Speakers are called after their channel: CH1, or CH1_SPEAKER_00 where there are several in it. Arguments
    and errors are those of ``diarize``; AudioError for a recording of one channel, or of more than eight.
    """
    config = config or Config()
    track = config.audio.track
    opened = open_recording(recording, rate=RATE, track=track, start=start, end=end)
    n = opened.header.channels
    if not 1 < n <= MOST:
        there = "one channel" if n == 1 else f"{n} channels"
        raise AudioError(f"{opened.path}: {there}; --channels separate is for two to {MOST}")
    foreign, same = find_leaks([_blocks(recording, track, k, (start, end)) for k in range(1, n + 1)])
    found = []
    for k in range(1, n + 1):
        alone = override(config, {"audio": {"channel": k}}, "--channels")
        own = (
            speech_mask(recording, alone, start=start, end=end).intervals + start
            if speech is None
            else speech
        )
        own_speech = _subtract_leaks(np.maximum(own, 0.0), foreign[k - 1] + start, config.speech.min_speech)
        found.append(diarize(recording, alone, speech=own_speech, start=start, end=end, progress=progress))
    notes = ("the channels carry the same sound; every voice is found in each of them",) if same else ()
    return _join_channels(found, foreign, notes, config)


def _subtract_leaks(own: ArrayLike, foreign: Array, shortest: float) -> Array:
    """Stretches (n, 2) without those of other channels; what a cut leaves of one must last ``shortest`` s."""
    whole = np.asarray(own, dtype=np.float64).reshape(-1, 2)
    left = subtract(whole, foreign)
    uncut = np.isin(left[:, 0], whole[:, 0]) & np.isin(left[:, 1], whole[:, 1])
    return left[uncut | (np.diff(left)[:, 0] >= shortest)]


def _blocks(
    recording: str | PathLike[str], track: int, channel: int, span: tuple[float, float | None]
) -> Iterator[Array]:
    start, end = span
    opened = open_recording(recording, rate=RATE, channel=channel, track=track, start=start, end=end)
    return (block.samples for block in opened.blocks())


def find_leaks(channels: Sequence[Iterator[Array]]) -> tuple[list[Array], bool]:
    """Stretches (n, 2) in seconds of each channel that are another's, and whether all carry one sound.

    ``channels``: blocks of samples of each at ``RATE``, of equal lengths.
    """
    rows: list[Array] = []
    alike: list[float] = []
    for blocks in zip(*channels, strict=True):
        size = min(map(len, blocks))
        cells = -(-size // round(CELL * RATE))
        padded = [np.pad(block[:size], (0, cells * round(CELL * RATE) - size)) for block in blocks]
        found, together = _find_leaking_cells(np.array(padded).reshape(len(blocks), cells, -1))
        rows.append(found)
        alike.extend(together)
    mask = np.concatenate(rows, axis=1) if rows else np.zeros((len(channels), 0), bool)
    stretches = [runs(row).astype(np.float64) * CELL for row in mask]
    return stretches, bool(alike) and float(np.mean(alike)) >= SAME


def _find_leaking_cells(cells: Array) -> tuple[Array, list[float]]:
    """Which cells (channels, n) are another's, and for each loud cell whether two channels are one sound."""
    n_fft = 1 << int(np.ceil(np.log2(2 * cells.shape[2])))
    spectra = np.fft.rfft(cells, n_fft)
    power = np.square(cells, dtype=np.float64).sum(axis=2)
    delay = round(DELAY * RATE)
    foreign = np.zeros(cells.shape[:2], bool)
    same: list[float] = []
    for mine, other in permutations(range(len(cells)), 2):
        product = np.fft.irfft(spectra[mine] * np.conj(spectra[other]), n_fft)
        near = np.concatenate((product[:, : delay + 1], product[:, -delay:]), axis=1)
        like = np.abs(near).max(axis=1) / np.sqrt(power[mine] * power[other] + 1e-20)
        quieter = 10 * np.log10((power[other] + 1e-12) / (power[mine] + 1e-12))
        foreign[mine] |= (like >= ALIKE) & (quieter >= QUIETER)
        loud = power[mine] > 1e-6 * cells.shape[2]
        same += list(((like >= ALIKE) & (np.abs(quieter) < QUIETER))[loud].astype(float))
    return foreign, same


def _join_channels(
    found: Sequence[Diarization], foreign: Sequence[Array], notes: tuple[str, ...], config: Config
) -> Diarization:
    """One result of those of the channels."""
    from diarize.clustering import Clustering

    turns, columns, names = [], [], []
    names_by_channel = [_channel_names(each.posteriors.speakers, k) for k, each in enumerate(found, 1)]
    all_notes = list(notes)
    for k, (each, other) in enumerate(zip(found, foreign, strict=True), 1):
        called = names_by_channel[k - 1]
        turns += [replace(turn, channel=k) for turn in each.annotation.rename(called).turns]
        columns.append(each.posteriors.values)
        names += [called[name] for name in each.posteriors.speakers]
        all_notes += [f"channel {k}: {note}" for note in each.notes]
        if (seconds := float(np.diff(other).sum())) >= 1.0:
            all_notes.append(f"channel {k}: {seconds:.0f} s in which another channel is heard are left out")
    values = np.hstack(columns)
    sums = values.sum(axis=1, keepdims=True)
    shares = np.divide(values, sums, out=np.zeros_like(values), where=sums > 0)
    first, n = found[0], len(names)
    return replace(
        first,
        annotation=Annotation(first.annotation.recording, tuple(turns)),
        posteriors=Posteriors(shares, first.posteriors.grid, tuple(names)),
        clustering=Clustering("channels", (n,), (0.0,), n, (n,), (np.zeros((0, n)),)),
        speech=SpeechMask(np.any([each.speech.values for each in found], axis=0), first.speech.grid),
        notes=tuple(all_notes),
        config=config,
        outliers=None,
        alternatives=None,
        voices=_join_voices([each.voices for each in found], names_by_channel),
    )


def _join_voices(
    found: Sequence[VoiceStatistics | None], names: Sequence[Mapping[str, str]]
) -> VoiceStatistics | None:
    """The voices of all channels; None where the channels have none."""
    known = [each.rename(called) for each, called in zip(found, names, strict=True) if each]
    if not known:
        return None
    return replace(known[0], speakers=tuple(voice for each in known for voice in each.speakers))


def _channel_names(speakers: Sequence[str], channel: int) -> dict[str, str]:
    """After the channel alone where there is one speaker in it."""
    head = f"CH{channel}"
    return {name: head if len(speakers) == 1 else f"{head}_{name}" for name in speakers}
