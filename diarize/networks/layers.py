"""The layers that the networks share: convolutions, moving means, recurrent layers, on float32 arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["averaging", "conv2d", "conv2d_weights", "leaky_relu", "lstm", "moving_mean", "relu", "sigmoid"]


def relu(x: Array) -> Array:
    """max(x, 0), in place."""
    return np.maximum(x, 0, out=x)


def leaky_relu(x: Array, slope: float = 0.01) -> Array:
    """x where it is positive, else ``slope`` x, in place."""
    return np.maximum(x, slope * x, out=x)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(−x)), in place; written with tanh, which does not overflow."""
    x *= 0.5
    np.tanh(x, out=x)
    x += 1
    x *= 0.5
    return x


def moving_mean(x: Array, width: int) -> Array:
    """Mean of the ``width`` rows around each of x (T, C), of fewer at the two ends; float32 (T, C)."""
    n = len(x)
    total = np.zeros((n + 1, x.shape[1]))
    np.cumsum(x, axis=0, dtype=np.float64, out=total[1:])
    first = np.arange(n) - width // 2
    start, stop = first.clip(min=0), (first + width).clip(max=n)
    mean: Array = ((total[stop] - total[start]) / (stop - start)[:, None]).astype(np.float32)
    return mean


def averaging(n: int, width: int) -> Array:
    """The matrix (n, n) whose product with x (n, C) is ``moving_mean`` of it, float32."""
    first = np.arange(n) - width // 2
    start, stop = first.clip(min=0)[:, None], (first + width).clip(max=n)[:, None]
    inside = (np.arange(n) >= start) & (np.arange(n) < stop)
    matrix: Array = (inside / (stop - start)).astype(np.float32)
    return matrix


def conv2d_weights(weight: Array) -> Array:
    """Weights (C_out, C_in, 3, 3) over frequency and time as ``conv2d`` takes them: (3, 3·C_in, C_out).

    First axis: offset in frequency; rows: offset in time, then input channel.
    """
    n_out, n_in = weight.shape[:2]
    arranged: Array = np.ascontiguousarray(weight.transpose(2, 3, 1, 0)).reshape(3, 3 * n_in, n_out)
    return arranged


def conv2d(x: Array, weight: Array, bias: Array, stride: int = 1) -> Array:
    """3 × 3 convolution with zero padding of x (F, T, C_in), every ``stride``-th row in frequency.

    Returns (F / stride, T, C_out). One matrix product for each offset in frequency, over three joined frames.
    """
    joined = _joined_frames(x)
    n_out = -(-len(x) // stride)
    shape = (n_out, x.shape[1], weight.shape[2])
    out: Array = np.matmul(joined[::stride], weight[1]).reshape(shape)
    above = joined[stride - 1 : len(x) - 1 : stride]  # rows 2f − 1, or f − 1 with stride 1
    out[n_out - len(above) :] += np.matmul(above, weight[0])
    below = joined[1::stride]
    out[: len(below)] += np.matmul(below, weight[2])
    out += bias
    return out


def _joined_frames(x: Array) -> Array:
    """Each frame of x (F, T, C) with the one before and the one after it: (F, T, 3 C)."""
    n_channels = x.shape[2]
    joined = np.empty((*x.shape[:2], 3 * n_channels), np.float32)
    joined[:, :1, :n_channels] = 0
    joined[:, 1:, :n_channels] = x[:, :-1]
    joined[:, :, n_channels : 2 * n_channels] = x
    joined[:, :-1, 2 * n_channels :] = x[:, 1:]
    joined[:, -1:, 2 * n_channels :] = 0
    return joined


def lstm(x: Array, w_input: Array, w_hidden: Array, bias: Array) -> Array:
    """A bidirectional long short-term memory over x (T, B, D): float32 (T, B, 2 H), forwards then backwards.

    ``w_input`` (2, D, 4H), ``w_hidden`` (2, H, 4H), ``bias`` (2, 4H) of the two directions; gates in the
    order input, forget, output, cell, those of the first three already halved, for σ(z) = (1 + tanh(z/2)) / 2
    makes one tanh serve all four. Hochreiter & Schmidhuber 1997; no peepholes, as in PyTorch.
    """
    n_frames, n_batch, n_dims = x.shape
    size = w_hidden.shape[1]
    driven = (x.reshape(-1, n_dims) @ w_input + bias[:, None]).reshape(2, n_frames, n_batch, 4 * size)
    out = np.empty((n_frames, n_batch, 2 * size), np.float32)
    hidden = np.zeros((2, n_batch, size), np.float32)
    cell = np.zeros((2, n_batch, size), np.float32)
    for t in range(n_frames):
        back = n_frames - 1 - t
        gates = np.matmul(hidden, w_hidden)
        gates[0] += driven[0, t]
        gates[1] += driven[1, back]
        np.tanh(gates, out=gates)
        opened = 0.5 * (gates[..., : 3 * size] + 1)
        cell = opened[..., size : 2 * size] * cell + opened[..., :size] * gates[..., 3 * size :]
        hidden = opened[..., 2 * size :] * np.tanh(cell)
        out[t, :, :size] = hidden[0]
        out[back, :, size:] = hidden[1]
    return out
