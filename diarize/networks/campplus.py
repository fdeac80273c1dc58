"""CAM++, a densely connected time-delay network with context-aware masking (Wang et al. 2023,
arXiv:2303.00332). Its frame layers run once over a recording.

The published network processes one window at a time: it subtracts the mean of the window from the mel
energies, and its masks use the mean of the window. Here both are moving means, so the frame layers run once
and not again for every overlapping window; statistics of any set of frames are pooled afterwards. The
embeddings are close to those of separate windows, and the calibration was fitted to these embeddings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.networks.layers import conv2d, moving_mean, pad_frame, relu, sigmoid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = [
    "BLOCKS",
    "MASK_WIDTH",
    "MEAN_WIDTH",
    "N_HIDDEN",
    "STRIDE",
    "frame_activations",
    "pool_embeddings",
    "prepare_weights",
]

BLOCKS: Final = ((12, 1), (24, 2), (16, 2))
"""Layers and dilation of the three dense blocks."""
STRIDE: Final = 2
"""Frames of mel energies per frame of activations."""
N_HIDDEN: Final = 512
"""Activations per frame."""
MEAN_WIDTH: Final = 300
"""Width of the moving mean that is subtracted from the mel energies, frames."""
MASK_WIDTH: Final = 75
"""Frames of activations whose mean the masks use: 1.5 s, the window length for which the published masks are
equivalent."""

GROWTH: Final = 32  # activations added by each layer of a dense block
# Frames that the front end computes at a time, so that a few rows stay in the processor's cache, and its
# context on either side: ten convolutions over three frames.
BATCH_SIZE: Final = 240
CONTEXT_FRAMES: Final = 10


def prepare_weights(weights: Mapping[str, Array]) -> dict[str, Array]:
    """Bring the stored weights into the form that the functions of this module use.

    Normalisation and rectification before a layer, max(g x + o, 0) for g > 0, is g max(x, −o/g) + o: only the
    maximum is computed for every frame; g and o are merged into the weights of the layer. The first layer of
    a mask is linear, and so is the mean before it: it is computed in one product with the parallel
    convolution, and the mean follows.

    Parameters
    ----------
    weights : float32 arrays by name, as they are in the file of the network; they are not changed

    Returns
    -------
    Arrays by name, for ``frame_activations`` and ``pool_embeddings``.

    """
    ready = dict(weights)
    for key in [name[:-2] for name in weights if name.endswith("_g")]:
        factor, offset = ready.pop(f"{key}_g"), ready.pop(f"{key}_o")
        ready[f"{key}_least"] = -offset / factor
        ready[f"{key}_most"] = np.flatnonzero(factor < 0)  # for these channels: g min(x, −o/g) + o
        if key == "out":
            ready["out_g"], ready["out_o"] = factor, offset
            continue
        weight = ready[f"{key}_w"]
        ready[f"{key}_b"] = ready.get(f"{key}_b", np.float32(0)) + offset @ weight
        ready[f"{key}_w"] = factor[:, None] * weight
    for key in [name[: -len("_local")] for name in weights if name.endswith("_local")]:
        before, middle, after = ready.pop(f"{key}_local")
        ready[f"{key}_joined"] = np.concatenate((before, middle, after, 2 * ready.pop(f"{key}_c1w")), axis=1)
    return ready


def frame_activations(energies: Array, weights: Mapping[str, Array]) -> Array:
    """The activations before pooling, of one recording or of a piece of it.

    Parameters
    ----------
    energies : float32 (T, 80), log mel energies every 10 ms
    weights : from ``prepare_weights``

    Returns
    -------
    Float32 (⌈T/2⌉, 512), one row every 20 ms.

    References
    ----------
    Wang et al. 2023, "CAM++: A fast and efficient network for speaker verification using context-aware
    masking", arXiv:2303.00332.

    """
    x = energies - moving_mean(energies, MEAN_WIDTH)
    x = _front_end(x, weights)
    x = relu(_tdnn(x, weights["tdnn_w"], weights["tdnn_b"]))
    for block, (n_layers, dilation) in enumerate(BLOCKS):
        x = _dense_block(x, f"b{block}", n_layers, dilation, weights)
        x = _rectify(x, weights, f"b{block}t") @ weights[f"b{block}t_w"] + weights[f"b{block}t_b"]
    activations: Array = _rectify(x, weights, "out") * weights["out_g"] + weights["out_o"]
    return activations


def pool_embeddings(mean: Array, deviation: Array, weights: Mapping[str, Array]) -> Array:
    """Embeddings of sets of frames, from the statistics of their activations.

    Parameters
    ----------
    mean, deviation : float32 (n, 512), mean and standard deviation of the activations of each set
    weights : from ``prepare_weights``

    Returns
    -------
    Float32 (n, 192), not scaled to length one.

    """
    pooled: Array = np.concatenate((mean, deviation), axis=1) @ weights["dense_w"] + weights["dense_b"]
    return pooled


def _front_end(x: Array, weights: Mapping[str, Array]) -> Array:
    """Residual convolutions over frequency and time: (T, 80) to (T, 10 · 32)."""
    parts = []
    for start in range(0, len(x), BATCH_SIZE):
        first = max(0, start - CONTEXT_FRAMES)
        parts.append(
            _convolve(x[first : start + BATCH_SIZE + CONTEXT_FRAMES], weights)[start - first :][:BATCH_SIZE]
        )
    return np.concatenate(parts)


def _convolve(x: Array, weights: Mapping[str, Array]) -> Array:
    x = pad_frame(x.T[:, :, None].astype(np.float32))
    x = conv2d(x, weights["conv1_w"], weights["conv1_b"])
    for layer in ("l10", "l11", "l20", "l21"):
        x = _residual(x, layer, weights)
    x = conv2d(x, weights["conv2_w"], weights["conv2_b"], stride=2)[1:-1, 1:-1]
    return x.transpose(1, 0, 2).reshape(x.shape[1], -1)


def _residual(x: Array, layer: str, weights: Mapping[str, Array]) -> Array:
    """Two convolutions and a residual connection, which is a 1 × 1 convolution where rows are halved."""
    beside, stride = x[1:-1, 1:-1], 1
    if f"{layer}s_w" in weights:
        beside, stride = beside[::2] @ weights[f"{layer}s_w"] + weights[f"{layer}s_b"], 2
    out = conv2d(x, weights[f"{layer}a_w"], weights[f"{layer}a_b"], stride)
    return conv2d(out, weights[f"{layer}b_w"], weights[f"{layer}b_b"], beside=beside)


def _tdnn(x: Array, weight: Array, bias: Array) -> Array:
    """A layer over five frames, at every second one: (T, C) to (⌈T/2⌉, C_out); ``weight`` (5·C, C_out)."""
    padded = np.pad(x, ((2, 3), (0, 0)))
    n_out = -(-len(x) // STRIDE)
    joined = np.concatenate([padded[k : k + STRIDE * n_out : STRIDE] for k in range(5)], axis=1)
    out: Array = joined @ weight + bias
    return out


def _dense_block(x: Array, name: str, n_layers: int, dilation: int, weights: Mapping[str, Array]) -> Array:
    """Every layer appends 32 activations to those of all layers before it."""
    size = x.shape[1]
    joined = np.empty((len(x), size + n_layers * GROWTH), np.float32)
    joined[:, :size] = x
    for layer in range(n_layers):
        key = f"{name}l{layer}"
        inner = _rectify(joined[:, :size], weights, key) @ weights[f"{key}_w"]
        inner += weights[f"{key}_b"]
        joined[:, size : size + GROWTH] = _masked_convolution(relu(inner), key, dilation, weights)
        size += GROWTH
    return joined


def _rectify(x: Array, weights: Mapping[str, Array], key: str) -> Array:
    """max(x, least) in every channel; min where the factor of the channel is negative."""
    least, most = weights[f"{key}_least"], weights[f"{key}_most"]
    out: Array = np.maximum(x, least)
    out[:, most] = np.minimum(x[:, most], least[most])
    return out


def _masked_convolution(x: Array, key: str, dilation: int, weights: Mapping[str, Array]) -> Array:
    """A convolution over three frames, with each channel multiplied by a mask computed from the context.

    The published mask uses the mean of the window and the mean of a two-second segment. For windows of 1.5 s
    the two are equal; here the context is a moving mean of that length.
    """
    joined = x @ weights[f"{key}_joined"]
    before, out, after = (joined[:, k * GROWTH : (k + 1) * GROWTH] for k in range(3))
    out[dilation:] += before[:-dilation]
    out[:-dilation] += after[dilation:]
    hidden = moving_mean(joined[:, 3 * GROWTH :], MASK_WIDTH)
    hidden += weights[f"{key}_c1b"]
    mask = relu(hidden) @ weights[f"{key}_c2w"]
    mask += weights[f"{key}_c2b"]
    mask = sigmoid(mask)
    mask *= out
    return mask
