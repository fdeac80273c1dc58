"""Mel filter-bank energies as Kaldi computes them, the common input of speaker embeddings, streamed.

Frames of 25 ms every 10 ms, whole ones only (Kaldi's ``snip-edges``), each without its mean, with high
frequencies emphasised, windowed; logarithm of the energy in triangles that are equally wide in mel, floored
at the smallest step of float32. No dither, so the same samples give the same numbers; a frame depends on its
own samples alone, so blocks and one piece agree. Povey et al., "The Kaldi Speech Recognition Toolkit",
ASRU 2011.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import ConfigError
from diarize.lazy_imports import import_librosa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["FilterBank", "fbank_of", "filter_bank"]

MIN_ENERGY: Final = float(np.finfo(np.float32).eps)
BATCH_SIZE: Final = 512  # frames whose spectra are held at a time: they stay in the processor's cache
WINDOWS: Final = ("povey", "hamming", "hann")
SCALES: Final = ("kaldi", "slaney", "tensorflow")


def fbank_of(samples: Array, rate: int, n_mels: int = 80, *, scale: float = 1.0, **options: Any) -> Array:
    """Log mel energies of samples in memory.

    Parameters
    ----------
    samples : (n,), or (m, n) for several pieces of the same length; they are computed in float32
    rate : sample rate, Hz
    n_mels : number of mel filters
    scale : factor for the samples: 32768 for a model that was trained on 16-bit numbers
    options : as for ``filter_bank``

    Returns
    -------
    Natural logarithms of energies, float32 (n_frames, n_mels), or (m, n_frames, n_mels); n_frames is 0 where
    the samples are shorter than a frame.

    Raises
    ------
    ConfigError
        As ``filter_bank`` does.

    References
    ----------
    Povey et al. 2011, "The Kaldi Speech Recognition Toolkit".

    """
    bank = filter_bank(rate, n_mels, scale=scale, **options)
    pieces = np.atleast_2d(samples)
    values = np.stack([bank.energies(piece) for piece in pieces])
    return values[0] if samples.ndim == 1 else values


@dataclass(frozen=True, slots=True, eq=False)
class FilterBank:
    """A filter bank made by `filter_bank`: frames of ``length`` samples every ``hop``.

    ``taper`` float32 (length,) has the scale of the samples in it; ``weights`` float32 (n_bins, n_mels).
    """

    rate: int
    length: int
    hop: int
    n_fft: int
    preemphasis: float
    remove_dc: bool
    taper: Array
    weights: Array
    floor: float

    def n_frames(self, n_samples: int) -> int:
        """Whole frames in so many samples."""
        return max(0, (n_samples - self.length) // self.hop + 1)

    def energies(self, samples: Array) -> Array:
        """Log mel energies of samples in memory.

        Parameters
        ----------
        samples : (n,) at ``rate``; they are computed in float32

        Returns
        -------
        Natural logarithms of energies, float32 (n_frames, n_mels), of whole frames only.

        """
        samples = np.asarray(samples, dtype=np.float32)
        n = self.n_frames(len(samples))
        values = np.empty((n, self.weights.shape[1]), dtype=np.float32)
        for first in range(0, n, BATCH_SIZE):
            last = min(n, first + BATCH_SIZE)
            piece = samples[first * self.hop : (last - 1) * self.hop + self.length]
            values[first:last] = self._log_energies(piece)
        return values

    def stream(self, blocks: Iterable[Array]) -> Iterator[Array]:
        """Log mel energies in parts, as the samples come in; the same numbers as from ``energies``.

        Parameters
        ----------
        blocks : consecutive samples (n_i,) at ``rate``, of any lengths

        Returns
        -------
        An iterator over float32 (n, n_mels), none of them empty; samples of less than a frame at the end are
        dropped.

        """
        held: list[Array] = []
        n_held = 0
        for block in blocks:
            held.append(np.asarray(block, dtype=np.float32))
            n_held += len(block)
            n = self.n_frames(n_held)
            if n:
                samples = np.concatenate(held)
                yield self.energies(samples)
                held = [samples[n * self.hop :].copy()]
                n_held -= n * self.hop

    def _log_energies(self, samples: Array) -> Array:
        """Of samples that hold whole frames, few enough to be transformed at once."""
        from scipy import fft

        spectrum = fft.rfft(self._apply_window(samples), axis=-1)
        power = np.square(spectrum.real)
        power += np.square(spectrum.imag)
        energies: Array = power[:, : len(self.weights)] @ self.weights
        np.maximum(energies, np.float32(self.floor), out=energies)
        return np.log(energies, out=energies)

    def _apply_window(self, samples: Array) -> Array:
        """Frames (n, n_fft) ready to transform, zeros behind the window.

        Pre-emphasis is linear, so it is applied once for all frames. It turns the mean m of a frame into (1 -
        preemphasis) m, and the first sample of each frame is handled separately.
        """
        share = np.float32(1 - self.preemphasis)
        emphasised = samples.copy()
        emphasised[1:] -= np.float32(self.preemphasis) * samples[:-1]
        cut = np.lib.stride_tricks.sliding_window_view
        raw = cut(samples, self.length)[:: self.hop]
        frames = np.zeros((len(raw), self.n_fft), dtype=np.float32)
        inside = frames[:, : self.length]
        inside[:] = cut(emphasised, self.length)[:: self.hop]
        inside[:, 0] = share * raw[:, 0]
        if self.remove_dc:
            inside -= share * raw.mean(axis=1, keepdims=True)
        inside *= self.taper
        return frames


@lru_cache(maxsize=16)
def filter_bank(
    rate: int,
    n_mels: int = 80,
    *,
    scale: float = 1.0,
    window: str = "povey",
    low: float = 20.0,
    high: float | None = None,
    frame_length: float = 0.025,
    frame_shift: float = 0.010,
    preemphasis: float = 0.97,
    remove_dc: bool = True,
    mel: str = "kaldi",
    floor: float = MIN_ENERGY,
) -> FilterBank:
    """A bank of triangular mel filters, with the frames and the window before them; cached.

    Parameters
    ----------
    rate : sample rate, Hz
    n_mels : number of filters
    scale : factor for the samples: 32768 for a model that was trained on 16-bit numbers
    window : "povey" (Kaldi's own), "hamming" or "hann"
    low, high : lowest and highest frequency of the filters, Hz; None: half the rate
    frame_length, frame_shift : length of a frame, and from one frame to the next, seconds
    preemphasis : share of each sample that is subtracted from the next one, 0 to 1
    remove_dc : whether the mean of each frame is subtracted
    mel : "kaldi" (HTK's scale, triangles of height 1 in mel), "slaney" (librosa's, as NeMo has it) or
        "tensorflow" (Kaldi's with frequencies spread over n_fft / 2 bins from 0 to Nyquist, as ReDimNet has
        them)
    floor : least energy of a filter, before the logarithm

    Returns
    -------
    The filter bank; its n_fft is the least power of two that holds a frame.

    Raises
    ------
    ConfigError
        For an unknown window or mel scale, and unless 0 ≤ low < high ≤ rate / 2.

    References
    ----------
    Povey et al. 2011, "The Kaldi Speech Recognition Toolkit".

    """
    _check(window, WINDOWS, "window")
    _check(mel, SCALES, "mel scale")
    length, hop = round(frame_length * rate), round(frame_shift * rate)
    n_fft = 1 << (length - 1).bit_length()
    top = rate / 2 if high is None else high
    if not 0 <= low < top <= rate / 2:
        raise ConfigError(
            f"filters from {low:g} to {top:g} Hz at {rate} Hz; choose 0 <= low < high <= {rate / 2:g}"
        )
    weights = _WEIGHTS[mel](rate, n_fft, n_mels, low, top)
    taper = scale * _window(window, length)
    tables = taper.astype(np.float32), weights.astype(np.float32)
    return FilterBank(rate, length, hop, n_fft, preemphasis, remove_dc, *tables, floor)


def _check(name: str, known: tuple[str, ...], what: str) -> None:
    if name not in known:
        raise ConfigError(f"{what} {name!r} is not known; choose from {', '.join(known)}")


def _window(name: str, length: int) -> Array:
    """Symmetric windows (length,), float64, as Kaldi has them."""
    wave = np.cos(2 * np.pi * np.arange(length) / (length - 1))
    hann: Array = 0.5 - 0.5 * wave
    return {"hamming": 0.54 - 0.46 * wave, "hann": hann, "povey": hann**0.85}[name]


def _kaldi_weights(rate: int, n_fft: int, n_mels: int, low: float, high: float) -> Array:
    """Triangles (n_bins, n_mels) with straight sides in mel; Kaldi leaves the bin at Nyquist out."""
    return _triangles(np.arange(n_fft // 2) * rate / n_fft, n_mels, low, high)


def _tensorflow_weights(rate: int, n_fft: int, n_mels: int, low: float, high: float) -> Array:
    """The same with TensorFlow's bin frequencies; the first filter is empty."""
    weights = _triangles(np.linspace(0, rate / 2, n_fft // 2), n_mels, low, high)
    weights[0] = 0
    return weights


def _slaney_weights(rate: int, n_fft: int, n_mels: int, low: float, high: float) -> Array:
    """librosa's filters of equal area (n_bins, n_mels)."""
    weights: Array = import_librosa().filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, fmin=low, fmax=high)
    return weights.T


def _triangles(hertz: Array, n_mels: int, low: float, high: float) -> Array:
    edges = np.linspace(_mel(low), _mel(high), n_mels + 2)
    bins, left, centre, right = _mel(hertz)[:, None], edges[:-2], edges[1:-1], edges[2:]
    weights: Array = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre))
    return np.maximum(weights, 0, out=weights)


def _mel(hertz: Any) -> Any:
    return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)


_WEIGHTS: Final = {"kaldi": _kaldi_weights, "slaney": _slaney_weights, "tensorflow": _tensorflow_weights}
