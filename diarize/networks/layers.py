"""Layers used by both networks, on float32 arrays: convolutions, moving means, recurrent layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["conv2d", "conv2d_weights", "leaky_relu", "lstm", "moving_mean", "pad_frame", "relu", "sigmoid"]

ROWS: Final = 8  # rows that a convolution computes at a time
LSTM_BATCH_SIZE: Final = (
    8  # frames whose input product a recurrent layer computes at a time: they fit the cache
)


def relu(x: Array) -> Array:
    """max(x, 0), in place.

    Parameters
    ----------
    x : an array of any shape, which is overwritten

    Returns
    -------
    The same array.

    """
    return np.maximum(x, 0, out=x)


def leaky_relu(x: Array) -> Array:
    """x where it is positive, else 0.01 x, in place.

    Parameters
    ----------
    x : an array of any shape, which is overwritten

    Returns
    -------
    The same array.

    """
    return np.maximum(x, 0.01 * x, out=x)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(−x)), in place; written with tanh, which does not overflow.

    Parameters
    ----------
    x : an array of any shape, which is overwritten

    Returns
    -------
    The same array.

    """
    x *= 0.5
    np.tanh(x, out=x)
    x += 1
    x *= 0.5
    return x


def moving_mean(x: Array, width: int) -> Array:
    """Mean of the rows around each row, of fewer at both ends.

    The sum of ``width`` rows is composed of sums of 1, 2, 4, … rows: one or two additions per binary digit of
    ``width``, and no differences of large sums.

    Parameters
    ----------
    x : (T, C)
    width : number of rows, the row itself included

    Returns
    -------
    Float32 (T, C).

    """
    n = len(x)
    before, after = min(width // 2, n), min(width - width // 2, n)  # the row itself counts as after
    padded = np.zeros((n + before + after, x.shape[1]), np.float32)
    padded[before : before + n] = x
    total, first = np.zeros(x.shape, np.float32), 0
    sums, size = padded, 1  # sums of ``size`` rows, starting at each row
    while size <= before + after:
        if (before + after) & size:
            total += sums[first : first + n]
            first += size
        sums = sums[:-size] + sums[size:] if 2 * size <= before + after else sums
        size *= 2
    rows = np.arange(n)
    counts = np.minimum(rows + after, n) - np.maximum(rows - before, 0)
    total /= counts[:, None].astype(np.float32)
    return total


def conv2d_weights(weight: Array) -> Array:
    """Arrange the weights of a convolution for ``conv2d``.

    Parameters
    ----------
    weight : (C_out, C_in, 3, 3), the last two axes over frequency and time, as in PyTorch

    Returns
    -------
    (3, 3·C_in, C_out). First axis: offset in frequency; rows: offset in time, then input channel.

    """
    n_out, n_in = weight.shape[:2]
    arranged: Array = np.ascontiguousarray(weight.transpose(2, 3, 1, 0)).reshape(3, 3 * n_in, n_out)
    return arranged


def pad_frame(x: Array) -> Array:
    """Pad with zeros on all four sides, for ``conv2d``.

    Parameters
    ----------
    x : (F, T, C), over frequency, time and channels

    Returns
    -------
    (F + 2, T + 2, C).

    """
    return np.pad(x, ((1, 1), (1, 1), (0, 0)))


def conv2d(x: Array, weight: Array, bias: Array, stride: int = 1, beside: Array | None = None) -> Array:
    """max(3 × 3 convolution + bias + ``beside``, 0).

    Processes a few rows at a time, so that they stay in the processor's cache, with one matrix product per
    offset in frequency, over three joined frames.

    Parameters
    ----------
    x : float32 (F + 2, T + 2, C_in), padded by ``pad_frame`` or returned by this function
    weight : float32 (3, 3·C_in, C_out), from ``conv2d_weights``
    bias : float32 (C_out,)
    stride : only every ``stride``-th row in frequency is computed
    beside : float32 (⌈F / stride⌉, T, C_out), the residual connection; nothing is added unless given

    Returns
    -------
    Float32 (⌈F / stride⌉ + 2, T + 2, C_out), padded with zeros like ``x``.

    """
    n_out, n_frames = -(-(len(x) - 2) // stride), x.shape[1] - 2
    out = np.zeros((n_out + 2, n_frames + 2, weight.shape[2]), np.float32)
    inside, biases = out[1:-1, 1:-1], np.tile(bias, n_frames)
    joined = sliding_window_view(x.reshape(len(x), -1), weight.shape[1], axis=1)[:, :: x.shape[2]]
    for first in range(0, n_out, ROWS):
        last = min(first + ROWS, n_out)
        rows = np.ascontiguousarray(joined[stride * first : stride * (last - 1) + 3])
        n_rows = stride * (last - first - 1) + 1
        found = rows[:n_rows:stride] @ weight[0]
        for offset in (1, 2):
            found += rows[offset : offset + n_rows : stride] @ weight[offset]
        found.reshape(last - first, -1)[:] += biases
        if beside is not None:
            found += beside[first:last]
        np.maximum(found, 0, out=inside[first:last])
    return out


def lstm(x: Array, w_input: Array, w_hidden: Array, bias: Array) -> Array:
    """A bidirectional long short-term memory, without peepholes, as in PyTorch.

    The weights of the first three gates are already halved: because σ(z) = (1 + tanh(z/2)) / 2, one tanh
    computes all four.

    Parameters
    ----------
    x : float32 (T, B, D): T frames of B sequences
    w_input, w_hidden : float32 (2, D, 4H) and (2, H, 4H), forwards and backwards; gates in the order input,
        forget, output, cell
    bias : float32 (2, 4H)

    Returns
    -------
    Float32 (T, B, 2H), forwards then backwards.

    References
    ----------
    Hochreiter & Schmidhuber 1997, "Long short-term memory"; Gers, Schmidhuber & Cummins 2000, "Learning to
    forget" (the forget gate).

    """
    n_frames, n_batch, _ = x.shape
    size = w_hidden.shape[1]
    out = np.empty((n_frames, n_batch, 2 * size), np.float32)
    hidden, cell, entered = (np.zeros((2, n_batch, size), np.float32) for _ in range(3))
    gates = np.empty((2, n_batch, 4 * size), np.float32)
    opened, shown = gates[..., : 3 * size], gates[..., 2 * size : 3 * size]
    for t, (ahead, behind) in enumerate(_input_contributions(x, w_input, bias)):
        np.matmul(hidden, w_hidden, out=gates)
        gates[0] += ahead
        gates[1] += behind
        np.tanh(gates, out=gates)
        opened += 1
        opened *= 0.5
        np.multiply(gates[..., :size], gates[..., 3 * size :], out=entered)
        cell *= gates[..., size : 2 * size]
        cell += entered
        np.tanh(cell, out=hidden)
        hidden *= shown
        out[t, :, :size] = hidden[0]
        out[n_frames - 1 - t, :, size:] = hidden[1]
    return out


def _input_contributions(x: Array, w_input: Array, bias: Array) -> Iterator[tuple[Array, Array]]:
    """Contributions of the input to the gates, two (B, 4H): of frame t and of frame T − 1 − t, for each t."""
    n_frames, n_batch, n_dims = x.shape
    for start in range(0, n_frames, LSTM_BATCH_SIZE):
        end = min(start + LSTM_BATCH_SIZE, n_frames)
        pieces = x[start:end], x[n_frames - end : n_frames - start]
        ahead, behind = (
            (piece.reshape(-1, n_dims) @ w_input[k]).reshape(end - start, n_batch, -1)
            for k, piece in enumerate(pieces)
        )
        ahead += bias[0]
        behind += bias[1]
        yield from zip(ahead, behind[::-1], strict=True)
