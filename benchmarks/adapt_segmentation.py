"""Teach the segmentation network to hear in rooms, in noise and from afar what it hears up close.

::

    pip install '.[train]'
    python -m benchmarks.segmentation_data POOL PUBLISHED.npz …
    python -m benchmarks.adapt_segmentation POOL PUBLISHED.npz TARGET.npz [--steps N] [--checkpoint FILE]

The network learns from its own answers to clean sound (``benchmarks.segmentation_data``; Hinton, Vinyals &
Dean 2015, "Distilling the knowledge in a neural network"), so nothing is taught about what counts as speech
or as a pause. Cross entropy of the classes, for the permutation of the local speakers that fits a window best
(Yu, Kolbæk, Tan & Jensen 2017). The filters stay as published; the recurrent and linear layers learn: AdamW,
a cosine learning rate, averaged weights (Polyak & Juditsky 1992). The checkpoint holds all that is needed:
the same command goes on from it, and gives the same file. Printed are the loss on scenes that are kept from
training (every fortieth) and the share of their speech that is missed and added, as the clean sound has it.
"""

from __future__ import annotations

import argparse
import math
import time
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.pack_networks import write
from diarize.networks import pyannet
from diarize.networks.store import pack_weights, read_network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Array = Any
    Tensor = torch.Tensor

KEPT = 40  # one scene of so many is kept from training
LEARNING_RATE = 6e-4
WARM_UP = 50  # steps
AVERAGED = 0.99  # of the mean of the weights stays from step to step
JITTER = 0.05  # standard deviation of what is added to the activations
N_INPUTS, N_HIDDEN = 60, 128
GATES = ("input", "forget", "output", "cell")  # as the package stores them, the first three halved
TORCH_GATES = ("input", "forget", "cell", "output")
LINEAR = {"linear0": "first", "linear1": "second", "classes": "classes"}
PERMUTED = [
    [pyannet.CLASSES.index(tuple(sorted(order[voice] for voice in voices))) for voices in pyannet.CLASSES]
    for order in permutations(range(3))
]


class Recurrent(nn.Module):
    """All of PyanNet after the filters: activations (n, 589, 60) to scores (n, 589, 7)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(N_INPUTS, N_HIDDEN, pyannet.N_LSTM, bidirectional=True, batch_first=True)
        self.first = nn.Linear(2 * N_HIDDEN, N_HIDDEN)
        self.second = nn.Linear(N_HIDDEN, N_HIDDEN)
        self.classes = nn.Linear(N_HIDDEN, len(pyannet.CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        """Scores before the soft maximum."""
        x, _ = self.lstm(x)
        x = functional.leaky_relu(self.first(x))
        x = functional.leaky_relu(self.second(x))
        scores: Tensor = self.classes(x)
        return scores


def _columns(gates: Sequence[str], of: Sequence[str]) -> Array:
    """Columns of the ``gates`` in a matrix whose gates are ordered as ``of``."""
    return np.concatenate([np.arange(N_HIDDEN) + N_HIDDEN * of.index(gate) for gate in gates])


def _halves() -> Array:
    """Factor (4 H,) of every column as the package stores it."""
    return np.repeat([1.0 if gate == "cell" else 0.5 for gate in GATES], N_HIDDEN).astype(np.float32)


def from_stored(weights: Mapping[str, Array]) -> dict[str, Tensor]:
    """The state of ``Recurrent`` with the weights of ``diarize.networks.pyannet``."""
    state, order = {}, _columns(TORCH_GATES, GATES)
    for layer in range(pyannet.N_LSTM):
        for direction, suffix in enumerate((f"_l{layer}", f"_l{layer}_reverse")):
            for part, name in (("input", "ih"), ("hidden", "hh")):
                matrix = (weights[f"lstm{layer}_{part}"][direction] / _halves())[:, order]
                state[f"lstm.weight_{name}{suffix}"] = matrix.T
            state[f"lstm.bias_ih{suffix}"] = (weights[f"lstm{layer}_bias"][direction] / _halves())[order]
            state[f"lstm.bias_hh{suffix}"] = np.zeros(4 * N_HIDDEN, np.float32)
    for stored, name in LINEAR.items():
        state[f"{name}.weight"], state[f"{name}.bias"] = weights[f"{stored}_w"].T, weights[f"{stored}_b"]
    return {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in state.items()}


def to_stored(state: Mapping[str, Tensor]) -> dict[str, Array]:
    """The reverse of ``from_stored``: recurrent and linear layers as the package has them."""
    values = {name: tensor.detach().numpy() for name, tensor in state.items()}
    stored, order = {}, _columns(GATES, TORCH_GATES)
    for layer in range(pyannet.N_LSTM):
        suffixes = (f"_l{layer}", f"_l{layer}_reverse")
        for part, name in (("input", "ih"), ("hidden", "hh")):
            both = [values[f"lstm.weight_{name}{suffix}"].T[:, order] * _halves() for suffix in suffixes]
            stored[f"lstm{layer}_{part}"] = np.stack(both)
        biases = [values[f"lstm.bias_ih{s}"] + values[f"lstm.bias_hh{s}"] for s in suffixes]
        stored[f"lstm{layer}_bias"] = np.stack([bias[order] * _halves() for bias in biases])
    for name, module in LINEAR.items():
        stored[f"{name}_w"], stored[f"{name}_b"] = values[f"{module}.weight"].T, values[f"{module}.bias"]
    return stored


def cross_entropy(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean over windows (n, 589, 7) of the cross entropy with the best permutation of local speakers."""
    logarithms = torch.log_softmax(scores.float(), dim=-1)
    each = [-(targets[:, :, order] * logarithms).sum(dim=-1).mean(dim=1) for order in PERMUTED]
    return torch.stack(each).min(dim=0).values.mean()


class Scenes:
    """Windows of scenes: ``activations`` and ``targets``, float16."""

    def __init__(self, paths: Sequence[Path]) -> None:
        activations, targets = [], []
        for path in paths:
            with np.load(path) as stored:
                activations.append(stored["activations"])
                targets.append(stored["targets"])
        self.ends = np.cumsum([len(each) for each in targets])
        self.activations, self.targets = np.concatenate(activations), np.concatenate(targets)

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """Numbers (n,) of windows, of every scene as many: those without speech have fewer windows."""
        starts = np.concatenate(([0], self.ends[:-1]))
        scenes = rng.integers(len(self.ends), size=n)
        rows: Array = rng.integers(starts[scenes], self.ends[scenes])
        return rows

    def batch(self, rows: Array) -> tuple[Tensor, Tensor]:
        """Activations and targets of some windows, float32."""
        pair = self.activations[rows], self.targets[rows]
        return tuple(torch.from_numpy(each.astype(np.float32)) for each in pair)  # type: ignore[return-value]


class Trainer:
    """A network on its way: its weights, their running mean, and how far it is."""

    def __init__(self, scenes: Scenes, weights: Mapping[str, Array], seed: int) -> None:
        self.net = Recurrent()
        self.net.load_state_dict(from_stored(weights))
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=LEARNING_RATE, weight_decay=1e-3)
        self.mean = {name: value.clone() for name, value in self.net.state_dict().items()}
        self.scenes, self.seed, self.step = scenes, seed, 0

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.mean, self.step = state["mean"], state["step"]

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        part = path.with_suffix(".part")
        state = {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save(state | {"mean": self.mean, "step": self.step}, part)
        part.replace(path)

    def advance(self, steps: int, batch: int) -> float:
        """One step of ``steps``; what it lost. Its windows depend on the seed and its number alone."""
        rng = np.random.default_rng((self.seed, self.step))
        torch.manual_seed(1_000_003 * self.seed + self.step)
        for group in self.optimizer.param_groups:
            warm, share = min(1, (self.step + 1) / WARM_UP), self.step / steps
            group["lr"] = LEARNING_RATE * warm * 0.5 * (1 + math.cos(math.pi * share))
        activations, targets = self.scenes.batch(self.scenes.draw(batch, rng))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = self.net(activations + JITTER * torch.randn_like(activations))
        loss = cross_entropy(scores, targets)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        keep = min(AVERAGED, (1 + self.step) / (10 + self.step))
        for name, value in self.net.state_dict().items():
            self.mean[name].mul_(keep).add_(value, alpha=1 - keep)
        return float(loss.detach())


@torch.no_grad()
def judge(state: Mapping[str, Tensor], kept: Scenes) -> str:
    """Loss, missed and added speech of a network on scenes that are kept from training."""
    net = Recurrent()
    net.load_state_dict(state)
    losses, heard = [], []
    for first in range(0, len(kept.targets), 32):
        activations, targets = kept.batch(np.arange(first, min(first + 32, len(kept.targets))))
        scores = net(activations)
        losses.append(float(cross_entropy(scores, targets)))
        heard.append(torch.softmax(scores, dim=-1)[:, :, 0].numpy() < 0.5)
    speech, found = kept.targets[:, :, 0] < 0.5, np.concatenate(heard)
    missed, added = (100 * np.sum(x) / max(1, speech.sum()) for x in (speech & ~found, found & ~speech))
    return f"loss {np.mean(losses):.3f}, missed {missed:.2f} %, added {added:.2f} %"


def train(given: argparse.Namespace) -> Mapping[str, Tensor]:
    """Train for the wanted steps, from the checkpoint on if there is one; the averaged weights."""
    torch.set_num_threads(given.threads)
    paths = sorted(given.pool.glob("*.npz"))
    learn, kept = (Scenes([p for p in paths if (int(p.stem) % KEPT == 0) == k]) for k in (False, True))
    trainer = Trainer(learn, read_network(given.published).weights, given.seed)
    if given.checkpoint.exists():
        trainer.resume(given.checkpoint)
    print(f"{len(learn.targets)} windows to learn from, {len(kept.targets)} kept; step {trainer.step}")
    print(f"    kept: {judge(trainer.mean, kept)}", flush=True)
    began, recent = time.monotonic(), []
    while trainer.step < given.steps:
        recent.append(trainer.advance(given.steps, given.batch))
        if trainer.step % given.report == 0 or trainer.step == given.steps:
            minutes = (time.monotonic() - began) / 60
            print(f"{trainer.step} of {given.steps}, {minutes:.1f} min: loss {np.mean(recent):.3f}")
            print(f"    kept: {judge(trainer.mean, kept)}", flush=True)
            trainer.save(given.checkpoint)
            recent = []
    return trainer.mean


def main() -> None:
    """Train and write the network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pool", type=Path, help="what benchmarks.segmentation_data wrote")
    parser.add_argument("published", type=Path, help="the network that benchmarks.pack_networks wrote")
    parser.add_argument("target", type=Path, help="npz file to write, in eight bits")
    parser.add_argument("--checkpoint", type=Path, default=Path("segmentation.pt"))
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch", type=int, default=32, help="windows of 10 s a step")
    parser.add_argument("--report", type=int, default=50, help="steps between lines and checkpoints")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    adapted = to_stored(train(given))
    write(given.target, pack_weights({**read_network(given.published).weights, **adapted}))


if __name__ == "__main__":
    main()
