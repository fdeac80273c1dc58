"""Recordings with one channel per side: each channel is diarized separately, without crosstalk.

Crosstalk is a weaker and slightly delayed copy of the other channel. So an interval of a channel is taken for
crosstalk when it is quieter than the other channel by ``QUIETER_DB`` and follows its waveform: the largest
normalised correlation over delays up to ``DELAY`` is ``MIN_CORRELATION`` or more.
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
from diarize.pipeline.arguments import check_intervals, with_checksums
from diarize.pipeline.diarization import run_stages
from diarize.pipeline.result import Diarization
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
CELL: Final = 0.25  # seconds of one comparison
DELAY: Final = 0.05  # seconds
QUIETER_DB: Final = 3.0  # dB
MIN_CORRELATION: Final = 0.5
SAME_SHARE: Final = (
    0.95  # share of similar and equally loud cells from which both channels carry the same sound
)
MAX_CHANNELS: Final = 8  # channels


def diarize_channels(
    recording: str | PathLike[str],
    config: Config | None = None,
    *,
    speech: ArrayLike | None = None,
    start: float = 0.0,
    end: float | None = None,
    progress: Progress = lambda stage, share: None,
) -> Diarization:
    """Diarize each channel separately; returns one result whose turns have a channel.

    Speakers are named after their channel: CH1, or CH1_SPEAKER_00 if it has several. Arguments and errors as
    for ``diarize``; AudioError for a recording with one channel, or with more than eight.
    """
    from threadpoolctl import threadpool_limits

    config = with_checksums(config or Config())
    intervals, track = check_intervals(speech), config.audio.track
    opened = open_recording(recording, rate=RATE, track=track, start=start, end=end)
    n = opened.header.channels
    if not 1 < n <= MAX_CHANNELS:
        there = "one channel" if n == 1 else f"{n} channels"
        raise AudioError(f"{opened.path}: {there}; --channels separate is for two to {MAX_CHANNELS}")
    foreign, same = find_leaks([_blocks(recording, track, k, (start, end)) for k in range(1, n + 1)])
    found = []
    for k in range(1, n + 1):
        alone = override(config, {"audio": {"channel": k}}, "--channels")
        with threadpool_limits(limits=1):  # another order of sums changes the last bits
            found.append(
                run_stages(recording, alone, intervals, (start, end), progress, foreign[k - 1] + start)
            )
    notes = ("all channels have the same sound, so every speaker is found in each of them",) if same else ()
    return _join_channels(found, foreign, notes, config)


def _blocks(
    recording: str | PathLike[str], track: int, channel: int, span: tuple[float, float | None]
) -> Iterator[Array]:
    start, end = span
    opened = open_recording(recording, rate=RATE, channel=channel, track=track, start=start, end=end)
    return (block.samples for block in opened.blocks())


def find_leaks(channels: Sequence[Iterator[Array]]) -> tuple[list[Array], bool]:
    """Intervals (n, 2) of crosstalk in seconds in each channel, and whether all channels carry the same
    sound.

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
    intervals = [runs(row).astype(np.float64) * CELL for row in mask]
    return intervals, bool(alike) and float(np.mean(alike)) >= SAME_SHARE


def _find_leaking_cells(cells: Array) -> tuple[Array, list[float]]:
    """Cells (channels, n) with crosstalk, and for each loud cell whether two channels have the same sound."""
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
        foreign[mine] |= (like >= MIN_CORRELATION) & (quieter >= QUIETER_DB)
        loud = power[mine] > 1e-6 * cells.shape[2]
        same += list(((like >= MIN_CORRELATION) & (np.abs(quieter) < QUIETER_DB))[loud].astype(float))
    return foreign, same


def _join_channels(
    found: Sequence[Diarization], foreign: Sequence[Array], notes: tuple[str, ...], config: Config
) -> Diarization:
    """Join the results of the channels."""
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
            all_notes.append(f"channel {k}: {seconds:.0f} s of crosstalk from another channel are left out")
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
    """Names by channel; the channel alone if it has one speaker."""
    head = f"CH{channel}"
    return {name: head if len(speakers) == 1 else f"{head}_{name}" for name in speakers}
