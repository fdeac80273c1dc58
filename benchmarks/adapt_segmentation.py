"""Train the segmentation network to give the same output in rooms, in noise and at a distance as close by.

::

    pip install '.[train]'
    python -m benchmarks.segmentation_data POOL PUBLISHED.npz …
    python -m benchmarks.adapt_segmentation POOL PUBLISHED.npz TARGET.npz [--steps N] [--checkpoint FILE]
        [--learnt SHARE]

The network learns from its own answers to clean sound (``benchmarks.segmentation_data``; Hinton, Vinyals &
Dean 2015, "Distilling the knowledge in a neural network"), so nothing is taught about what counts as speech
or as a pause. Cross entropy of the classes, for the permutation of the local speakers that fits a window best
(Yu, Kolbæk, Tan & Jensen 2017). The filters stay as published; the recurrent and linear layers learn
(``benchmarks.training_loop``). What is written is the mean of published and learnt weights, which forgets
less (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). Printed are the loss on scenes that are
kept from training and the share of their speech that is missed and added, as the clean sound has it.
"""

from __future__ import annotations

from functools import partial
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.pack_networks import write
from benchmarks.training_loop import Course, Trainer, examples, train, training_parser
from diarize.networks import pyannet
from diarize.networks.store import pack_weights, read_network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Array = Any
    Tensor = torch.Tensor

COURSE = Course(
    shares={"loss": 1.0},
    learning_rate=6e-4,
    warm_up=50,
    weight_decay=1e-3,
    largest_gradient=1.0,
    averaged=0.99,
    settling=10,
)
LEARNT = 0.6  # share of the learnt weights in what is written
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


def start_training(scenes: Scenes, weights: Mapping[str, Array], course: Course, seed: int) -> Trainer:
    """A trainer with the weights of the package."""
    net = Recurrent()
    net.load_state_dict(from_stored(weights))

    def lost(n: int, rng: np.random.Generator) -> dict[str, Tensor]:
        activations, targets = scenes.batch(scenes.draw(n, rng))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = net(activations + JITTER * torch.randn_like(activations))
        return {"loss": cross_entropy(scores, targets)}

    return Trainer(net, lost, course, seed)


@torch.no_grad()
def evaluate(state: Mapping[str, Tensor], kept: Scenes) -> str:
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


def blend(published: Mapping[str, Array], learnt: Mapping[str, Array], share: float) -> dict[str, Array]:
    """The weighted mean of published and ``learnt`` weights; ``share`` is that of the latter."""
    means = {name: (1 - share) * published[name] + share * values for name, values in learnt.items()}
    return {**published, **means}


def main() -> None:
    """Train and write the network."""
    parser = training_parser(__doc__)
    parser.add_argument("pool", type=Path, help="what benchmarks.segmentation_data wrote")
    parser.add_argument("published", type=Path, help="the network that benchmarks.pack_networks wrote")
    parser.add_argument("target", type=Path, help="npz file to write, in eight bits")
    parser.add_argument("--learnt", type=float, default=LEARNT, help="share of what was learnt, 0 to 1")
    parser.set_defaults(checkpoint=Path("segmentation.pt"), steps=1000, report=50)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    learn, kept = (Scenes(paths) for paths in examples(given.pool))
    print(f"{len(learn.targets)} windows to learn from, {len(kept.targets)} kept")
    weights = read_network(given.published).weights
    trainer = start_training(learn, weights, COURSE, given.seed)
    train(trainer, given, partial(evaluate, kept=kept))
    adapted = blend(weights, to_stored(trainer.mean), given.learnt)
    write(given.target, pack_weights(adapted, pyannet.EXACT))


if __name__ == "__main__":
    main()
