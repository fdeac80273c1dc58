"""PyanNet, a recurrent network that says which of up to three local voices speak in ten seconds of sound.

Learnable band-pass filters (SincNet, Ravanelli & Bengio 2018), four bidirectional recurrent layers, and seven
classes, the sets of at most two of three voices (Bredin 2023, "pyannote.audio 2.1 speaker diarization
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

__all__ = ["CLASSES", "FIRST_CENTRE", "RATE", "STEP", "WINDOW", "class_probabilities"]

RATE: Final = 16000
"""Hz."""
WINDOW: Final = 160_000
"""Samples that are looked at at once."""
STEP: Final = 270
"""Samples from frame to frame."""
FIRST_CENTRE: Final = 495
"""Samples before the middle of what the first frame sees, 991 samples."""
CLASSES: Final = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
"""The local voices of every class."""

N_LSTM: Final = 4
KERNEL, STRIDE, POOL = 251, 10, 3
EPSILON: Final = 1e-5  # under the variances of instance normalisation


def class_probabilities(windows: Array, weights: Mapping[str, Array]) -> Array:
    """Probabilities (n, 589, 7) of the classes in every frame of ``windows`` (n, 160 000), float32."""
    x = np.stack([_sincnet(window, weights) for window in windows], axis=1)
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


def _sincnet(samples: Array, weights: Mapping[str, Array]) -> Array:
    """Activations (589, 60) of one window: filters and two convolutions, each pooled and normalised."""
    x = _normalized(samples[:, None].astype(np.float32), weights, "wave")[:, 0]
    frames = np.lib.stride_tricks.sliding_window_view(x, KERNEL)[::STRIDE]
    x = np.abs(np.ascontiguousarray(frames) @ weights["sinc_w"])
    x = leaky_relu(_normalized(_max_pooled(x), weights, "norm0"))
    for layer in (1, 2):
        weight, n = weights[f"conv{layer}_w"], len(x) - 4
        x = np.concatenate([x[k : k + n] for k in range(5)], axis=1) @ weight + weights[f"conv{layer}_b"]
        x = leaky_relu(_normalized(_max_pooled(x), weights, f"norm{layer}"))
    return x


def _max_pooled(x: Array) -> Array:
    n = len(x) // POOL
    pooled: Array = x[: n * POOL].reshape(n, POOL, -1).max(axis=1)
    return pooled


def _normalized(x: Array, weights: Mapping[str, Array], key: str) -> Array:
    """Instance normalisation: mean 0 and variance 1 of every channel over the window, then affine."""
    mean, variance = x.mean(axis=0, dtype=np.float64), x.var(axis=0, dtype=np.float64)
    factor = weights[f"{key}_g"] / np.sqrt(variance + EPSILON)
    offset = weights[f"{key}_o"] - mean * factor
    normal: Array = x * factor.astype(np.float32) + offset.astype(np.float32)
    return normal
