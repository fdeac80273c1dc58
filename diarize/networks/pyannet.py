"""PyanNet, a recurrent network that detects when up to three local speakers talk in ten seconds of audio.

Learnable band-pass filters (SincNet, Ravanelli & Bengio 2018), four bidirectional recurrent layers and seven
classes, one for each set of at most two of three voices (Bredin 2023, "pyannote.audio 2.1 speaker diarization
pipeline"; Plaquet & Bredin 2023, "Powerset multi-class cross entropy loss for neural speaker diarization").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.networks.layers import leaky_relu, lstm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = [
    "CLASSES",
    "EXACT",
    "FIRST_CENTRE",
    "OUTPUT",
    "RATE",
    "STEP",
    "WINDOW",
    "class_probabilities",
    "filter_activations",
]

RATE: Final = 16000
"""Hz."""
WINDOW: Final = 160_000
"""Samples in one input window."""
STEP: Final = 270
"""Samples from frame to frame."""
FIRST_CENTRE: Final = 495
"""Sample at the centre of the first frame, whose receptive field is 991 samples."""
CLASSES: Final = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
"""The local speakers that speak in each class."""
OUTPUT: Final = (589, 7)
"""Frames and classes per window."""
EXACT: Final = ("sinc_w",)
"""Weights that are not rounded to eight bits. A rounded filter passes low frequencies at −47 dB, and high
frequencies of speech are weaker than low ones by more than that."""

N_LSTM: Final = 4
KERNEL, STRIDE, POOL = 251, 10, 3
EPSILON: Final = np.float32(1e-5)  # added to the variances in instance normalisation
BATCH_SIZE: Final = 256 * POOL  # frames computed at a time: they stay in the processor's cache


def class_probabilities(windows: Array, weights: Mapping[str, Array]) -> Array:
    """Probabilities of the classes in every frame.

    Parameters
    ----------
    windows : float32 (n, 160 000), ten seconds of samples at 16 kHz each
    weights : float32 arrays by name, as they are in the file of the network

    Returns
    -------
    Float32 (n, 589, 7), columns in the order of ``CLASSES``; they sum to 1 in every frame.

    References
    ----------
    Bredin 2023, "pyannote.audio 2.1 speaker diarization pipeline"; Plaquet & Bredin 2023, "Powerset
    multi-class cross entropy loss for neural speaker diarization".

    """
    x = np.stack([filter_activations(window, weights) for window in windows], axis=1)
    for layer in range(N_LSTM):
        key = f"lstm{layer}"
        parts = (weights[f"{key}_{part}"] for part in ("input", "hidden", "bias"))
        x = lstm(x, *parts)
    for key in ("linear0", "linear1"):
        x = leaky_relu(x @ weights[f"{key}_w"] + weights[f"{key}_b"])
    scores = x @ weights["classes_w"] + weights["classes_b"]
    scores -= scores.max(axis=2, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=2, keepdims=True)
    return np.ascontiguousarray(scores.transpose(1, 0, 2))


def filter_activations(samples: Array, weights: Mapping[str, Array]) -> Array:
    """Activations of one window after the filters and two convolutions, each pooled and normalised.

    Parameters
    ----------
    samples : (160 000,) at 16 kHz; they are computed in float32
    weights : float32 arrays by name, as they are in the file of the network

    Returns
    -------
    Float32 (589, 60).

    References
    ----------
    Ravanelli & Bengio 2018, "Speaker recognition from raw waveform with SincNet".

    """
    x = _normalize(samples.astype(np.float32), weights, "wave")
    x = leaky_relu(_normalize(_apply_filters(x, weights["sinc_w"]), weights, "norm0"))
    for layer in (1, 2):
        x = _convolve(x, weights[f"conv{layer}_w"]) + weights[f"conv{layer}_b"]
        x = leaky_relu(_normalize(x, weights, f"norm{layer}"))
    return x


def _apply_filters(x: Array, filters: Array) -> Array:
    """Absolute output of the filters (251, 80) for x (n,) at every tenth sample, pooled.

    The first half of the filters are even (cosines), the others odd (sines). They are applied to the sum, or
    the difference, of the samples on both sides of the centre, which halves the work.
    """
    middle, n_even = KERNEL // 2, filters.shape[1] // 2
    weights = filters[: middle + 1].copy()
    weights[middle] /= 2  # the sum contains the centre twice
    cut = np.lib.stride_tricks.sliding_window_view
    n = len(x) - KERNEL + 1
    from_left = cut(x, middle + 1)[:n:STRIDE]
    from_right = cut(x[::-1].copy(), middle + 1)[n - 1 :: -STRIDE]
    parts = []
    for start in range(0, len(from_left), BATCH_SIZE):
        left, right = from_left[start : start + BATCH_SIZE], from_right[start : start + BATCH_SIZE]
        found = np.empty((len(left), filters.shape[1]), np.float32)
        np.matmul(left + right, weights[:, :n_even], out=found[:, :n_even])
        np.matmul(left - right, weights[:, n_even:], out=found[:, n_even:])
        parts.append(_max_pool(np.abs(found, out=found)))
    return np.concatenate(parts)


def _convolve(x: Array, weight: Array) -> Array:
    """A convolution over k frames of x (n, C) with ``weight`` (k C, C_out), pooled."""
    frames = np.lib.stride_tricks.sliding_window_view(x.reshape(-1), len(weight))[:: x.shape[1]]
    starts = range(0, len(frames), BATCH_SIZE)
    parts = [np.ascontiguousarray(frames[start : start + BATCH_SIZE]) @ weight for start in starts]
    return np.concatenate([_max_pool(part) for part in parts])


def _max_pool(x: Array) -> Array:
    """Maximum of every three rows; one or two rows left at the end are dropped."""
    n = len(x) - len(x) % POOL
    pooled: Array = np.maximum(x[0:n:POOL], x[1:n:POOL])
    return np.maximum(pooled, x[2:n:POOL], out=pooled)


def _normalize(x: Array, weights: Mapping[str, Array], key: str) -> Array:
    """Instance normalisation: mean 0 and variance 1 of every channel over the window, then affine."""
    share = np.full(len(x), 1 / len(x), np.float32)
    normal: Array = x - share @ x
    variance = share @ np.square(normal)
    normal *= weights[f"{key}_g"] / np.sqrt(variance + EPSILON)
    normal += weights[f"{key}_o"]
    return normal
