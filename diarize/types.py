"""The values passed between stages: frozen, validated, with read-only arrays and a clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import AudioError, DiarizeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = [
    "Features",
    "FrameGrid",
    "Match",
    "Posteriors",
    "Score",
    "SpeakerPoints",
    "SpeechMask",
    "Waveform",
    "runs",
    "speaker_name",
]


def speaker_name(index: int) -> str:
    """``SPEAKER_00``, ``SPEAKER_01`` …, as usual in the field, numbered by first appearance."""
    return f"SPEAKER_{index:02d}"


def _read_only(values: Array, dtype: type | None = None) -> Array:
    """A read-only view of an array."""
    view = np.ascontiguousarray(values, dtype=dtype).view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, slots=True)
class Waveform:
    """One channel of sound.

    ``samples``: float32 (n,), finite, nominally in [−1, 1]; ``rate`` in Hz; ``recording``: the id that
    output files carry (a file name without folder and extension).
    """

    samples: Array
    rate: int
    recording: str = "recording"

    def __post_init__(self) -> None:
        samples = _read_only(self.samples, np.float32)
        if samples.ndim != 1:
            raise AudioError(
                f"a Waveform is one channel, got an array of shape {samples.shape}; mix it first"
            )
        if not np.isfinite(samples).all():
            raise AudioError(f"{self.recording}: samples contain NaN or infinity; clean the recording first")
        if self.rate <= 0:
            raise AudioError(f"{self.recording}: a sample rate of {self.rate} Hz; it must be positive")
        object.__setattr__(self, "samples", samples)

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.samples.size / self.rate


@dataclass(frozen=True, slots=True)
class FrameGrid:
    """The clock of a frame sequence, and the only place where frames are converted to seconds and back.

    All fields are integer samples at ``rate`` Hz. The window of frame t is the ``window`` samples from
    ``offset + t · hop`` (the offset may be negative: the first window may begin before the recording). Frame
    t *owns* the ``hop`` samples in the middle of its window, its cell, so the cells tile the recording
    without gap or overlap.
    """

    rate: int
    hop: int
    window: int
    offset: int
    n_frames: int

    def __post_init__(self) -> None:
        if min(self.rate, self.hop, self.window) <= 0 or self.n_frames < 0:
            raise DiarizeError(f"rate, hop and window must be positive and n_frames ≥ 0, got {self}")

    @property
    def origin(self) -> int:
        """Sample at which the cell of frame 0 begins."""
        return self.offset + (self.window - self.hop) // 2

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.rate / self.hop

    @property
    def duration(self) -> float:
        """Seconds covered by the cells."""
        return self.n_frames * self.hop / self.rate

    def edges(self) -> Array:
        """Cell boundaries in seconds, float64 (n_frames + 1,)."""
        return (self.origin + self.hop * np.arange(self.n_frames + 1)) / self.rate

    def seconds(self, boundary: int) -> float:
        """Time of the boundary before frame ``boundary``."""
        return (self.origin + boundary * self.hop) / self.rate

    def boundary(self, seconds: float) -> int:
        """The nearest cell boundary, clipped to the grid (rounded in integer samples, halves up)."""
        sample = int(np.floor(seconds * self.rate + 0.5)) - self.origin
        return min(max((2 * sample + self.hop) // (2 * self.hop), 0), self.n_frames)

    def frames_in(self, seconds: float) -> int:
        """Number of hops in a duration, at least one."""
        return max(1, round(seconds * self.rate / self.hop))

    def mask(self, intervals: Array) -> Array:
        """Bool (n_frames,): cells whose boundaries, rounded to the grid, lie inside ``intervals`` (n, 2)
        s.
        """
        mask = np.zeros(self.n_frames, dtype=bool)
        for start, end in intervals:
            mask[self.boundary(start) : self.boundary(end)] = True
        return mask

    def intervals(self, mask: Array) -> Array:
        """The runs of a bool (n_frames,) mask as float64 (n, 2) seconds."""
        return self.edges()[runs(mask)].reshape(-1, 2)


def runs(mask: Array) -> Array:
    """Boundaries (n, 2) of the runs of True in a bool (n_frames,) array, half-open."""
    padded = np.concatenate(([False], np.asarray(mask, dtype=bool), [False]))
    changes: Array = np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)
    return changes


@dataclass(frozen=True, slots=True)
class Features:
    """One row a frame: ``values`` float32 (n_frames, n_dims), finite; ``grid``; ``names`` of the columns."""

    values: Array
    grid: FrameGrid
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        values = _read_only(self.values, np.float32)
        if values.shape != (self.grid.n_frames, len(self.names)):
            raise DiarizeError(
                f"{values.shape} values for {self.grid.n_frames} frames of {len(self.names)} names"
            )
        if not np.isfinite(values).all():
            raise DiarizeError("features contain NaN or infinity; clean the recording first")
        object.__setattr__(self, "values", values)

    def columns(self, prefix: str) -> Array:
        """The columns whose name starts with ``prefix``, which lie side by side, (n_frames, n); no copy."""
        picked = [i for i, name in enumerate(self.names) if name.startswith(prefix)]
        return self.values[:, picked[0] : picked[-1] + 1] if picked else self.values[:, :0]


@dataclass(frozen=True, slots=True)
class SpeechMask:
    """Speech frames: ``values`` bool (n_frames,); ``grid``."""

    values: Array
    grid: FrameGrid

    def __post_init__(self) -> None:
        values = _read_only(self.values, np.bool_)
        if values.shape != (self.grid.n_frames,):
            raise DiarizeError(f"a mask of shape {values.shape} for {self.grid.n_frames} frames")
        object.__setattr__(self, "values", values)

    @property
    def intervals(self) -> Array:
        """Intervals of speech, float64 (n, 2) seconds."""
        return self.grid.intervals(self.values)

    @property
    def seconds(self) -> float:
        """Seconds of speech."""
        return float(np.count_nonzero(self.values)) / self.grid.frame_rate


@dataclass(frozen=True, slots=True)
class SpeakerPoints:
    """The input of clustering: one point per window of speech.

    ``values`` (n, d): the points; ``bounds`` (n, 2): starts and ends in frames of ``grid``, half-open,
    sorted; ``first`` bool (n,): whether the window begins a run of speech; ``weights`` (n,): length of each
    window in full windows, and ``between`` ψ (d,): variance between speakers in every dimension, where the
    variance within a speaker is 1, both None without a two-covariance model; ``model``: the first digits of
    the checksum of the embedding that made them.
    """

    values: Array
    bounds: Array
    first: Array
    grid: FrameGrid
    weights: Array | None = None
    between: Array | None = None
    model: str = ""

    def __post_init__(self) -> None:
        n = len(self.values)
        columns = (("values", None), ("bounds", np.int64), ("first", np.bool_), ("weights", np.float64))
        for name, dtype in columns:
            column = getattr(self, name)
            if column is None:
                continue
            if len(column) != n:
                raise DiarizeError(f"{len(column)} {name} for {n} windows")
            object.__setattr__(self, name, _read_only(column, dtype))
        if self.between is not None:
            object.__setattr__(self, "between", _read_only(self.between, None))


@dataclass(frozen=True, slots=True)
class Posteriors:
    """Who speaks in each frame: ``values`` float32 (n_frames, K), rows summing to 1 on speech and 0
    elsewhere; ``grid``; ``speakers``: K names.
    """

    values: Array
    grid: FrameGrid
    speakers: tuple[str, ...]

    def __post_init__(self) -> None:
        values = _read_only(self.values, np.float32)
        if values.shape != (self.grid.n_frames, len(self.speakers)):
            raise DiarizeError(f"{values.shape} posteriors for {self.grid.n_frames} × {len(self.speakers)}")
        sums = values.sum(axis=1)
        if not (np.isclose(sums, 1, rtol=0, atol=1e-3) | (sums == 0)).all():
            raise DiarizeError("posterior rows must sum to 1 on speech and be 0 elsewhere")
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class Match:
    """The match of a speaker with known voices: ``name``, None if unknown; ``nearest`` known voice and its
    ``log_odds``, None if there was nothing to compare; ``threshold``: the log odds needed for a name.
    """

    speaker: str
    name: str | None
    nearest: str | None
    log_odds: float | None
    threshold: float


@dataclass(frozen=True, slots=True)
class Score:
    """The parts of DER in seconds; ``a + b`` pools recordings (NIST Rich Transcription evaluation plan).

    ``total``: reference speaker time, overlap counted once for each speaker; ``missed``, ``false_alarm`` and
    ``confusion`` in the same seconds.
    """

    total: float = 0.0
    missed: float = 0.0
    false_alarm: float = 0.0
    confusion: float = 0.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.total + other.total,
            self.missed + other.missed,
            self.false_alarm + other.false_alarm,
            self.confusion + other.confusion,
        )

    @property
    def der(self) -> float | None:
        """Diarization error rate as a fraction; None when nothing is scored."""
        return (self.missed + self.false_alarm + self.confusion) / self.total if self.total > 0 else None

    @classmethod
    def pooled(cls, scores: Iterable[Score]) -> Score:
        """The sum over recordings.

        Parameters
        ----------
        scores : the score of each recording

        Returns
        -------
        One score of all seconds together.

        """
        return sum(scores, cls())
