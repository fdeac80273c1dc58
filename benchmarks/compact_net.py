"""A compact network of 2.2 million weights in PyTorch (an experiment).

Residual convolutions over frequency and time, then gated convolutions over frames of 40 ms. It is trained to
give the activations of CAM++ before pooling, and probabilities of speech, overlap and change for every 20 ms.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from diarize.networks.campplus import N_HIDDEN

if TYPE_CHECKING:
    Tensor = torch.Tensor

CONTEXT = 37  # frames of activations whose mean a gate sees
DILATIONS = (1, 2, 4, 1, 2, 4)
HEAD_DILATIONS = (1, 2, 4, 8)
MIN_VARIANCE = 1e-4  # of an activation in a window
MIN_WEIGHT = 1e-3  # of a frame in a window
N_BANDS = 10  # that the front end leaves
CHANNELS = 64  # of each
WIDTH = 256
GATE = 64
HEAD_WIDTH = 96
N_EMBEDDING = 192
DROPOUT = 0.1


class ConvNorm(nn.Module):
    """A 3 × 3 convolution over time and frequency, normalised over the batch."""

    def __init__(self, n_in: int, n_out: int, stride: tuple[int, int] = (1, 1), size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, size, stride, padding=size // 2, bias=False)
        self.norm = nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Not rectified."""
        return self.norm(self.conv(x))


class Residual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, n_in: int, n_out: int, stride: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.a, self.b = ConvNorm(n_in, n_out, stride), ConvNorm(n_out, n_out)
        self.s = ConvNorm(n_in, n_out, stride, 1) if n_in != n_out or stride != (1, 1) else None

    def forward(self, x: Tensor) -> Tensor:
        """Rectified."""
        out = self.b(functional.relu(self.a(x)))
        return functional.relu(out + (x if self.s is None else self.s(x)))


class Frames(nn.Module):
    """A convolution over time (B, C, T) of three frames ``dilation`` apart, or of one."""

    def __init__(self, n_in: int, n_out: int, dilation: int = 1, size: int = 3) -> None:
        super().__init__()
        reach = dilation * (size // 2)
        self.conv = nn.Conv1d(n_in, n_out, size, padding=reach, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Not rectified."""
        return self.norm(self.conv(x))


@lru_cache(maxsize=4)
def _moving_mean_matrix(n: int) -> Tensor:
    """(n, n): what makes the moving mean of rows; a product is much faster than pooling and its gradient."""
    rows = torch.arange(n)
    inside = ((rows[:, None] - rows[None]).abs() <= CONTEXT // 2).float()
    return inside / inside.sum(dim=0)


class Gated(nn.Module):
    """A convolution over time times a gate that sees the mean of the frames around, beside a shortcut."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.frames = Frames(width, width, dilation)
        self.squeeze, self.excite = nn.Conv1d(width, GATE, 1), nn.Conv1d(GATE, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """As long as x."""
        out = functional.relu(self.frames(x))
        around = out @ _moving_mean_matrix(out.shape[2])
        gate = torch.sigmoid(self.excite(functional.relu(self.squeeze(around))))
        return x + functional.dropout(out * gate, DROPOUT, self.training)


class CompactNet(nn.Module):
    """Energies without their moving mean (B, T, 80) to activations (B, T/4, 512), weights of frames in the
    pool (B, T/4) and scores (B, T/2, 3) of speech, overlap and change.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = ConvNorm(1, 16, (2, 2))
        self.r0 = Residual(16, 32, (1, 2))
        self.r1 = Residual(32, 32)
        self.r2 = Residual(32, CHANNELS, (2, 2))
        self.r3 = Residual(CHANNELS, CHANNELS)
        self.inner = Frames(CHANNELS * N_BANDS, WIDTH, size=1)
        self.gated = nn.ModuleList(Gated(WIDTH, d) for d in DILATIONS)
        self.out = nn.Conv1d(WIDTH, N_HIDDEN, 1)
        self.weight = nn.Conv1d(WIDTH, 1, 1)
        self.enter = Frames(WIDTH, HEAD_WIDTH, size=1)
        self.heads = nn.ModuleList(Frames(HEAD_WIDTH, HEAD_WIDTH, d) for d in HEAD_DILATIONS)
        self.scores = nn.Conv1d(HEAD_WIDTH, 6, 1)
        self.dense = nn.Linear(2 * N_HIDDEN, N_EMBEDDING)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Weights before softplus, scores before the logistic function."""
        x = functional.relu(self.conv(x[:, None].contiguous(memory_format=torch.channels_last)))
        for layer in (self.r0, self.r1, self.r2, self.r3):
            x = layer(x)
        x = x.permute(0, 1, 3, 2).reshape(len(x), -1, x.shape[2])  # (B, C · 10, T/4)
        x = functional.relu(self.inner(x))
        for layer in self.gated:
            x = layer(x)
        y = functional.relu(self.enter(x))
        for layer in self.heads:
            y = y + functional.relu(layer(y))
        scores = self.scores(y).transpose(1, 2)  # (B, T/4, 6)
        scores = scores.reshape(len(scores), -1, 3)
        return self.out(x).transpose(1, 2), self.weight(x)[:, 0], scores

    def pooled(self, activations: Tensor, weights: Tensor, inside: Tensor) -> Tensor:
        """Embeddings (B · n, 192) of windows, ``inside`` (B, n, T/4); ``weights`` of frames are positive."""
        share = inside * weights[:, None]
        mean, deviation = window_statistics(activations, share / share.sum(dim=2, keepdim=True))
        return self.dense(torch.cat((mean, deviation), dim=2).flatten(0, 1))


def window_statistics(activations: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (B, n, 512) of windows, whose frames have ``share`` (B, n, T/4)."""
    mean = share @ activations
    variance = share @ activations**2 - mean**2
    return mean, variance.clamp_min(MIN_VARIANCE).sqrt()
