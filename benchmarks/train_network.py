"""Train the compact network on what ``benchmarks.network_data`` has made (an experiment).

docs/experiments says how far it came: not far enough to be included.

::

    pip install '.[train]'
    python -m benchmarks.train_network POOL OUT.pt [--steps N] [--checkpoint FILE]

The network learns to make

- the activations that CAM++ has before pooling, from which embeddings of any window are pooled;
- the embeddings of windows: as the teacher's of the same window, as the teacher's of all that the speaker
  says in the stream, and as far from each other as the teacher's are;
- for every 20 ms, the probability of speech, of overlap and of a speaker change: the truth of the
  simulation, for the first two its mean with what the segmentation network hears.

``benchmarks.training_loop`` says how it goes on from a checkpoint.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from benchmarks.compact_net import MIN_WEIGHT, CompactNet, window_statistics
from benchmarks.training_loop import Course, Trainer, examples, train, training_parser
from diarize.networks import store
from diarize.networks.campplus import MEAN_WIDTH
from diarize.networks.layers import moving_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Array = Any
    Tensor = torch.Tensor

CROP = 400  # frames of mel energies: 4 s
CHANGE_REACH = 5  # labels of 20 ms before and after a moment at which speakers are compared
WINDOWS = 6  # windows of each crop that are pooled
COURSE = Course(
    shares={"frames": 0.5, "window": 1.0, "speaker": 1.0, "relation": 3.0, "scores": 2.0},
    learning_rate=2e-3,
    warm_up=200,
    weight_decay=0.03,
    largest_gradient=5.0,
    averaged=0.999,
    settling=20,
)


class Teacher:
    """Pools activations of CAM++ and projects embeddings to where the covariance within a speaker is I."""

    def __init__(self) -> None:
        weights = store.load_included_network("campplus").weights
        self.dense_w, self.dense_b = (torch.from_numpy(weights[k].copy()) for k in ("dense_w", "dense_b"))
        self.mean = torch.from_numpy(weights["model_mean"].astype(np.float32))
        self.projection = torch.from_numpy(weights["model_projection"].astype(np.float32))

    def project(self, embeddings: Tensor) -> Tensor:
        """Embeddings (n, 192) as points (n, 64)."""
        return (functional.normalize(embeddings, dim=1) - self.mean) @ self.projection

    def pooled(self, activations: Tensor) -> Tensor:
        """Embedding (192,) of frames (n, 512)."""
        mean = activations.mean(dim=0)
        deviation = activations.var(dim=0, unbiased=False).clamp_min(1e-8).sqrt()
        return torch.cat((mean, deviation)) @ self.dense_w + self.dense_b


class Stream:
    """One stream of the pool, and the projected embedding of every speaker in it."""

    def __init__(self, path: Path, teacher: Teacher) -> None:
        with np.load(path) as stored:
            energies = stored["energies"].astype(np.float32)
            self.activations = stored["activations"]
            active, heard = stored["active"], stored["heard"] / np.float32(255)
        self.x = (energies - moving_mean(energies, MEAN_WIDTH)).astype(np.float16)
        self.labels = self._labels(active, heard)
        n = min(len(active) // 2, len(self.activations))
        both = active[: 2 * n].reshape(n, 2, -1).all(axis=1)
        self.alone = np.where(both.sum(axis=1) == 1, both.argmax(axis=1), -1)  # who speaks alone, or -1
        frames = torch.from_numpy(self.activations[:n].astype(np.float32))
        whole = torch.zeros((active.shape[1], 192))
        for speaker in range(active.shape[1]):
            of = frames[self.alone == speaker]
            if len(of) >= 25:
                whole[speaker] = teacher.pooled(of)
        self.speakers = whole.numpy()

    @staticmethod
    def _labels(active: Array, heard: Array) -> Array:
        """Targets (n, 3) of the scores."""
        truth = np.stack((active.any(axis=1), active.sum(axis=1) > 1)).astype(np.float32)
        first = np.where(active.any(axis=1), active.argmax(axis=1), -1)
        before, after = np.roll(first, CHANGE_REACH), np.roll(first, -CHANGE_REACH)
        change = (before != after) & (before >= 0) & (after >= 0)
        change[:CHANGE_REACH] = change[-CHANGE_REACH:] = False
        labels: Array = np.concatenate(((truth + heard) / 2, change[None].astype(np.float32))).T
        return labels.astype(np.float16)


def crops(
    streams: Sequence[Stream], n: int, rng: np.random.Generator, plain: bool = False
) -> dict[str, Tensor]:
    """A batch of ``n`` crops, and windows in them with the embeddings that they should have."""
    rows: dict[str, list[Array]] = {"x": [], "activations": [], "labels": []}
    bounds, speakers = [], []
    size = CROP // 4
    for _ in range(n):
        stream = streams[int(rng.integers(len(streams)))]
        first = int(rng.integers(0, len(stream.alone) - size))
        x = stream.x[4 * first : 4 * (first + size)]
        rows["x"].append(x if plain else augment(x, rng))
        rows["activations"].append(stream.activations[first : first + size])
        rows["labels"].append(stream.labels[2 * first : 2 * (first + size)])
        alone = stream.alone[first : first + size]
        for _ in range(WINDOWS):
            length = int(rng.integers(15, 60))
            a = int(rng.integers(0, size - length))
            inside = alone[a : a + length]
            found = inside[inside >= 0]
            row = np.zeros(size, np.float32)
            row[a : a + length] = 1
            bounds.append(row)
            one = len(found) >= 0.7 * length and (found == found[0]).all()
            target = stream.speakers[found[0]] if one else np.zeros(192, np.float32)
            speakers.append(target)
    batch = {k: torch.from_numpy(np.stack(v).astype(np.float32)) for k, v in rows.items()}
    windows = torch.from_numpy(np.stack(bounds)).reshape(n, WINDOWS, size)
    return {**batch, "inside": windows, "speakers": torch.from_numpy(np.stack(speakers))}


def augment(x: Array, rng: np.random.Generator) -> Array:
    """A crop (T, 80) with noise, bands and moments missing: what it should give stays the same."""
    x = x.astype(np.float32)
    if rng.random() < 0.5:
        colour = np.cumsum(rng.normal(0, 0.15, x.shape[1]))
        grain = np.log(rng.gamma(3.0, 1 / 3, x.shape) + 1e-3)
        x = np.logaddexp(x, (colour - colour.mean() + rng.uniform(-3.5, 0.0) + grain).astype(np.float32))
        x -= x.mean(axis=0)
    for _ in range(int(rng.integers(0, 3))):
        low = int(rng.integers(0, x.shape[1] - 10))
        x[:, low : low + int(rng.integers(2, 10))] = 0
    for _ in range(int(rng.integers(0, 3))):
        first = int(rng.integers(0, len(x) - 20))
        x[first : first + int(rng.integers(3, 20))] = 0
    return x


def losses(net: CompactNet, batch: dict[str, Tensor], teacher: Teacher, scale: Tensor) -> dict[str, Tensor]:
    """Each to be weighed by ``COURSE.shares``."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        activations, weight, scores = net(batch["x"])
    activations, scores = activations.float(), scores.float()
    weights = functional.softplus(weight.float()) + MIN_WEIGHT
    found = net.pooled(activations, weights, batch["inside"])
    with torch.no_grad():
        inside = batch["inside"]
        stats = window_statistics(batch["activations"], inside / inside.sum(dim=2, keepdim=True))
        window = torch.cat(stats, dim=2).flatten(0, 1) @ teacher.dense_w + teacher.dense_b
        known = batch["speakers"].abs().sum(dim=1) > 0
        goal, whole = teacher.project(window), teacher.project(batch["speakers"][known])
    points = teacher.project(found)
    cosine = functional.cosine_similarity
    near = 1 - cosine(points[known], whole, dim=1).mean()
    s = functional.normalize(points[known], dim=1)
    t = functional.normalize(whole, dim=1)
    relation = ((s @ s.T - t @ t.T) ** 2).mean()
    return {
        "frames": (((activations - batch["activations"]) / scale) ** 2).mean(),
        "window": 1 - cosine(points, goal, dim=1).mean() + 0.01 * ((points - goal) ** 2).mean(),
        "speaker": near,
        "relation": relation,
        "scores": functional.binary_cross_entropy_with_logits(scores, batch["labels"]),
    }


def start_training(streams: Sequence[Stream], teacher: Teacher, scale: Tensor, seed: int) -> Trainer:
    """A trainer with new weights."""
    torch.manual_seed(seed)
    net = CompactNet().to(memory_format=torch.channels_last)

    def lost(n: int, rng: np.random.Generator) -> dict[str, Tensor]:
        return losses(net, crops(streams, n, rng), teacher, scale)

    return Trainer(net, lost, COURSE, seed)


def embedding_spread(streams: Sequence[Stream]) -> Tensor:
    """Standard deviation (512,) of the activations, never near 0: the scale of their losses."""
    values = np.concatenate([stream.activations[::20] for stream in streams]).astype(np.float32)
    return torch.from_numpy(values.std(axis=0) + 0.05)


@torch.no_grad()
def evaluate(state: Mapping[str, Tensor], kept: Sequence[Stream], teacher: Teacher, scale: Tensor) -> str:
    """Losses of a network on streams that are kept from training."""
    net, rng = CompactNet(), np.random.default_rng(0)
    net.load_state_dict(state)
    net.eval()
    drawn = [crops(kept, 32, rng, plain=True) for _ in range(6)]
    found = [losses(net, batch, teacher, scale) for batch in drawn]
    return " ".join(f"{name} {np.mean([float(f[name]) for f in found]):.3f}" for name in COURSE.shares)


def main() -> None:
    """Train and write the weights."""
    parser = training_parser(__doc__)
    parser.add_argument("pool", type=Path, help="what benchmarks.network_data wrote")
    parser.add_argument("target", type=Path, help="weights to write")
    parser.set_defaults(checkpoint=Path("compact.pt"), steps=6000, report=300, threads=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    teacher = Teacher()
    learn, kept = ([Stream(path, teacher) for path in paths] for paths in examples(given.pool))
    print(f"{len(learn)} streams to learn from, {len(kept)} kept")
    scale = embedding_spread(learn)
    trainer = start_training(learn, teacher, scale, given.seed)
    train(trainer, given, partial(evaluate, kept=kept, teacher=teacher, scale=scale))
    torch.save(trainer.mean, given.target)


if __name__ == "__main__":
    main()
