"""Mel-frequency cepstral coefficients, streamed.

Every frame depends on its own window alone (no level relative to the loudest frame of the file; only a large
constant offset is measured over half a minute), so a long recording read in blocks gives the same numbers as
in one piece.

Davis & Mermelstein 1980; mel filters and cosine transform by librosa.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import AudioError, ConfigError
from diarize.lazy_imports import import_librosa
from diarize.types import Features, FrameGrid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from diarize.config import AcousticConfig

    Array = NDArray[Any]

__all__ = ["compute_cepstra", "frame_grid"]

# Power floor: below the rounding noise of 16-bit audio.
FLOOR = 1e-11
# In standard deviations: a larger mean over half a minute comes only from a bad converter.
OFFSET = 0.05
BATCH_SECONDS = 30  # seconds whose spectra are held at a time, however long a block is


def frame_grid(n_samples: int, rate: int, config: AcousticConfig) -> FrameGrid:
    """The clock: cells of one hop tile the recording, each in the middle of its window.

    Raises ConfigError when the hop is longer than the window, because samples between windows would be lost.
    """
    hop, window = round(config.hop * rate), round(config.window * rate)
    if hop > window:
        raise ConfigError(
            f"features.hop = {config.hop:g} s is longer than features.window = {config.window:g} s; "
            "choose a shorter hop or a longer window"
        )
    return FrameGrid(rate, hop, window, -((window - hop) // 2), -(-n_samples // hop))


def compute_cepstra(blocks: Iterable[Array], rate: int, config: AcousticConfig) -> Features:
    """Mel-frequency cepstral coefficients of two bands, from one spectrum.

    Parameters
    ----------
    blocks : consecutive samples float32 (n_i,) at ``rate``, of any lengths, which do not change the result
    rate : sample rate, Hz
    config : frames, filters and coefficients

    Returns
    -------
    Features (n_frames, n_mfcc + n_upper + 3): ``c0`` … of the telephone band and ``u0`` … of the band above
    it, in librosa's scaling (10 log10, orthonormal DCT-II); and ``tilt``, the power from 4.2 kHz up over that
    from 0.3 to 3 kHz, in dB.

    Raises
    ------
    AudioError
        Without samples.
    ConfigError
        Unless there are more filters than coefficients, and for a hop that is longer than the window.

    References
    ----------
    Davis & Mermelstein 1980, "Comparison of parametric representations for monosyllabic word recognition in
    continuously spoken sentences".

    """
    _check_room(config)
    lower, upper = _lower_filters(rate, config), _upper_filters(rate, config)
    names = (
        *(f"c{i}" for i in range(config.n_mfcc + 1)),
        *(f"u{i}" for i in range(config.n_upper + 1)),
        "tilt",
    )
    table = _Rows(np.empty((0, len(names)), dtype=np.float32))
    n_samples = 0
    for samples, is_new in _whole_windows(blocks, rate, config):
        n_samples += is_new
        spectrum = _power_spectrum(samples, rate, config)
        parts = (
            _mfcc(spectrum, lower, config.n_mfcc, config),
            _mfcc(spectrum, upper, config.n_upper, config),
            _tilt(spectrum, rate),
        )
        table.add(np.column_stack(parts))
    if not n_samples:
        raise AudioError("the recording has no samples; record or export it again")
    grid = frame_grid(n_samples, rate, config)
    return Features(table.values[: grid.n_frames], grid, names)


@dataclass(slots=True)
class _Rows:
    """A growing table (capacity, D); concatenating parts at the end would need twice the memory."""

    values: Array
    n: int = 0

    def add(self, rows: Array) -> None:
        needed = self.n + len(rows)
        if needed > len(self.values):
            self.values.resize((needed + needed // 8, self.values.shape[1]), refcheck=False)
        self.values[self.n : needed] = rows
        self.n = needed


def _whole_windows(blocks: Iterable[Array], rate: int, config: AcousticConfig) -> Iterator[tuple[Array, int]]:
    """Pieces that hold whole windows, and the number of new samples in each."""
    grid = frame_grid(0, rate, config)
    held = np.zeros(-grid.offset, dtype=np.float32)
    new = 0
    for block in _remove_offset(_rechunk(blocks, BATCH_SECONDS * rate), rate):
        held, new = np.concatenate((held, block)), new + len(block)
        n_frames = (len(held) - grid.window) // grid.hop + 1
        if n_frames >= 1:
            yield held[: (n_frames - 1) * grid.hop + grid.window], new
            held, new = held[n_frames * grid.hop :], 0
    tail = np.concatenate((held, np.zeros(grid.window + grid.hop, dtype=np.float32)))
    yield tail, new


def _rechunk(blocks: Iterable[Array], length: int) -> Iterator[Array]:
    """The same samples in pieces of ``length``, the last one shorter."""
    held: list[Array] = []
    missing = length
    for block in blocks:
        rest = block
        while len(rest) >= missing:
            yield np.concatenate((*held, rest[:missing]))
            held, rest, missing = [], rest[missing:], length
        held.append(rest)
        missing -= len(rest)
    if missing < length:
        yield np.concatenate(held)


def _remove_offset(pieces: Iterable[Array], rate: int) -> Iterator[Array]:
    """Pieces without the constant offset of a bad converter, which leaks into every filter of quiet frames.

    A small offset is left; a piece of less than a second uses the offset of the piece before.
    """
    offset = np.float32(0)
    for piece in pieces:
        if len(piece) >= rate:
            mean = piece.mean(dtype=np.float64)
            offset = np.float32(mean if abs(mean) > OFFSET * piece.std(dtype=np.float64) else 0)
        yield piece - offset if offset else piece


def _power_spectrum(samples: Array, rate: int, config: AcousticConfig) -> Array:
    """Power (n_bins, n_frames) of full windows only; float64, so that sums hardly depend on the blocks."""
    window = round(config.window * rate)
    hop = round(config.hop * rate)
    n_fft = _fft_size(window)
    # librosa centres a short window in n_fft: pad so that the first window starts at the first sample.
    before = (n_fft - window) // 2
    padded = np.pad(samples, (before, n_fft - window - before))
    hamming = np.hamming(window + 1)[:-1]  # given by name, librosa would import scipy.signal, half a second
    spectrum = import_librosa().stft(
        padded, n_fft=n_fft, hop_length=hop, win_length=window, window=hamming, center=False
    )
    power: Array = spectrum.real**2 + spectrum.imag**2
    return power.astype(np.float64)


def _tilt(power: Array, rate: int) -> Array:
    """10 log10 of the power from 4.2 kHz up over that from 0.3 to 3 kHz, (n_frames,)."""
    hertz = np.linspace(0, rate / 2, len(power))
    above, below = power[hertz >= 4200], power[(hertz >= 300) & (hertz <= 3000)]
    ratio: Array = (above.sum(axis=0) + FLOOR) / (below.sum(axis=0) + FLOOR)
    return 10 * np.log10(ratio)


def _check_room(config: AcousticConfig) -> None:
    for coefficients, filters in (("n_mfcc", "n_mels"), ("n_upper", "upper_mels")):
        n, room = getattr(config, coefficients), getattr(config, filters)
        if n >= room:
            raise ConfigError(
                f"features.{coefficients} = {n} above c0 from features.{filters} = {room} filters; choose "
                "fewer coefficients or more filters"
            )


def _fft_size(window: int) -> int:
    return 1 << (window - 1).bit_length()


def _lower_filters(rate: int, config: AcousticConfig) -> Array:
    return _mel_filters(rate, config, config.n_mels, config.fmin, config.fmax)


def _upper_filters(rate: int, config: AcousticConfig) -> Array:
    """Weights of the upper band, all 0 where the rate is too low for it."""
    if rate / 2 < config.upper_fmax:
        return np.zeros((config.upper_mels, _fft_size(round(config.window * rate)) // 2 + 1))
    return _mel_filters(rate, config, config.upper_mels, config.fmax, config.upper_fmax)


def _mel_filters(rate: int, config: AcousticConfig, n_mels: int, low: float, high: float) -> Array:
    """Mel weights (n_mels, n_bins)."""
    n_fft = _fft_size(round(config.window * rate))
    weights: Array = import_librosa().filters.mel(
        sr=rate, n_fft=n_fft, n_mels=n_mels, fmin=low, fmax=high, htk=True
    )
    return weights


def _mfcc(power: Array, weights: Array, n: int, config: AcousticConfig) -> Array:
    """c0 … cn (n_frames, n + 1) of a power spectrum (n_bins, n_frames)."""
    log_mel = 10 * np.log10(np.maximum(weights @ power, FLOOR))
    values: Array = import_librosa().feature.mfcc(S=log_mel, n_mfcc=n + 1, lifter=config.lifter).T
    return values
