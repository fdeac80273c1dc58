"""Training steps that can be stopped and resumed, for the networks of the benchmarks.

AdamW, a cosine learning rate, averaged weights (Polyak & Juditsky 1992). The checkpoint holds all that is
needed: the same command goes on from it, and gives the same weights. Every fortieth example is kept from
training; losses on these are printed, too.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Tensor = torch.Tensor
    Losses = Callable[[int, np.random.Generator], Mapping[str, Tensor]]

KEPT = 40  # one example of so many is kept from training


@dataclass(frozen=True)
class Course:
    """How a network is trained.

    ``shares`` weighs its losses. The learning rate rises for ``warm_up`` steps to ``learning_rate`` and then
    falls to 0. Gradients are cut to the norm ``largest_gradient``. The running mean of the weights keeps
    (1 + step) / (``settling`` + step) of itself from step to step, at most ``averaged``.
    """

    shares: Mapping[str, float]
    learning_rate: float
    warm_up: int
    weight_decay: float
    largest_gradient: float
    averaged: float
    settling: int


class Trainer:
    """A network on its way: its weights, their running mean, and how far it is.

    ``losses`` draws so many examples with a random generator and gives what the network loses on them.
    """

    def __init__(self, net: nn.Module, losses: Losses, course: Course, seed: int) -> None:
        self.net, self.losses, self.course, self.seed, self.step = net, losses, course, seed, 0
        self.optimizer = torch.optim.AdamW(
            net.parameters(), lr=course.learning_rate, weight_decay=course.weight_decay
        )
        self.mean = {name: value.clone() for name, value in net.state_dict().items()}

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

    def advance(self, steps: int, batch: int) -> dict[str, float]:
        """One step of ``steps``; what it lost. Its examples depend on the seed and its number alone."""
        torch.manual_seed(1_000_003 * self.seed + self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate(steps)
        found = self.losses(batch, np.random.default_rng((self.seed, self.step)))
        total = torch.stack([self.course.shares[name] * value for name, value in found.items()]).sum()
        self.optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), self.course.largest_gradient)
        self.optimizer.step()
        self.step += 1
        self._average()
        return {name: float(value.detach()) for name, value in found.items()}

    def _learning_rate(self, steps: int) -> float:
        warm, share = min(1, (self.step + 1) / self.course.warm_up), self.step / steps
        return self.course.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * share))

    def _average(self) -> None:
        keep = min(self.course.averaged, (1 + self.step) / (self.course.settling + self.step))
        for name, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.mean[name].mul_(keep).add_(value, alpha=1 - keep)
            else:
                self.mean[name].copy_(value)


def examples(pool: Path) -> tuple[list[Path], list[Path]]:
    """Files of a pool (``benchmarks.pools``): those to learn from, and those that are kept from training."""
    paths = sorted(pool.glob("*.npz"))
    return [p for p in paths if int(p.stem) % KEPT], [p for p in paths if int(p.stem) % KEPT == 0]


def training_parser(description: str | None) -> argparse.ArgumentParser:
    """The options that every training has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoint.pt"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int, default=32, help="examples a step")
    parser.add_argument("--report", type=int, help="steps between lines and checkpoints")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def train(trainer: Trainer, given: argparse.Namespace, judge: Callable[[Mapping[str, Tensor]], str]) -> None:
    """Train for the wanted steps, from the checkpoint on if there is one.

    ``judge`` says how good averaged weights are on what is kept from training.
    """
    if given.checkpoint.exists():
        trainer.resume(given.checkpoint)
    print(f"from step {trainer.step} on; kept: {judge(trainer.mean)}", flush=True)
    began, recent = time.monotonic(), []
    while trainer.step < given.steps:
        recent.append(trainer.advance(given.steps, given.batch))
        if trainer.step % given.report == 0 or trainer.step == given.steps:
            lost = " ".join(f"{name} {np.mean([each[name] for each in recent]):.3f}" for name in recent[0])
            print(f"{trainer.step} of {given.steps}, {(time.monotonic() - began) / 60:.1f} min: {lost}")
            print(f"    kept: {judge(trainer.mean)}", flush=True)
            trainer.save(given.checkpoint)
            recent = []
