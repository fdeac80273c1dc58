"""Speaker verification by single windows of speech: equal error rates of CAM++ and of a compact network.

    python -m benchmarks.window_errors --voices DIR [--voices DIR …] [--compact WEIGHTS.pt]

Of every fifth voice, which no included calibration and no training knows (``benchmarks.heldout``): windows of
1, 1.5 and 3 s, one after the other, as they were recorded and in a room with noise. A trial is two windows;
half of the voices are judged by a calibration on the other half, both ways round.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.calibrate_embedding import loud_windows
from benchmarks.conditions import CONDITIONS, RATE
from benchmarks.heldout import voices_of
from diarize import audio
from diarize.embedding import CampplusExtractor
from diarize.features.fbank import fbank_of
from diarize.networks.campplus import MEAN_WIDTH
from diarize.networks.layers import moving_mean
from diarize.parts.calibration import equal_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Array = Any
    Embed = Callable[[Array, Array], Array]

SECONDS = (1.0, 1.5, 3.0)
HEARD = 18 * RATE  # samples of a voice
HOP = 640  # samples from activation to activation of the compact network


def compact_embedding(path: Path) -> Embed:
    """Embeddings of windows by the weights that ``benchmarks.train_network`` wrote."""
    import torch

    from benchmarks.compact_net import MIN_WEIGHT, CompactNet

    net = CompactNet()
    net.load_state_dict(torch.load(path, weights_only=True))
    net.eval()

    @torch.no_grad()
    def embed(samples: Array, bounds: Array) -> Array:
        energies = fbank_of(samples, RATE)
        x = torch.from_numpy(energies - moving_mean(energies, MEAN_WIDTH))[None]
        activations, weights, _ = net(x)
        inside = torch.zeros((1, len(bounds), activations.shape[1]))
        for row, (first, last) in enumerate(bounds // HOP):
            inside[0, row, first : max(last, first + 2)] = 1
        counts = torch.nn.functional.softplus(weights) + MIN_WEIGHT
        found: Array = net.pooled(activations, counts, inside).numpy()
        return found

    return embed


def equal_error_of(
    voices: Mapping[str, Sequence[Path]], embed: Embed, condition: str, seconds: float
) -> float:
    """The equal error of windows of ``seconds``."""
    vectors, speakers = [], []
    for number, paths in enumerate(voices.values()):
        samples = np.concatenate([audio.read(path, rate=RATE).samples for path in paths[:8]])[:HEARD]
        if len(samples) < 2 * seconds * RATE:
            continue
        change = CONDITIONS[condition]
        heard = change(samples.astype(np.float64), np.random.default_rng(number)).astype(np.float32)
        vectors.append(embed(heard, loud_windows(heard, round(seconds * RATE), HEARD)))
        speakers += [number] * len(vectors[-1])
    return equal_error(np.concatenate(vectors), np.array(speakers))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voices", type=Path, action="append", required=True)
    parser.add_argument("--compact", type=Path, help="weights that benchmarks.train_network wrote")
    given = parser.parse_args()
    voices = voices_of(given.voices, held_out=True)
    included = CampplusExtractor()
    networks: dict[str, Embed] = {"CAM++": lambda samples, bounds: included.embed([samples], bounds)}
    if given.compact:
        networks["compact"] = compact_embedding(given.compact)
    print(f"{len(voices)} voices, equal error in %")
    print(f"{'':<24}" + "".join(f"{seconds:>7g} s" for seconds in SECONDS))
    for name, embed in networks.items():
        for condition in ("as recorded", "in noise"):
            shown = [100 * equal_error_of(voices, embed, condition, seconds) for seconds in SECONDS]
            print(f"{f'{name}, {condition}':<24}" + "".join(f"{each:9.1f}" for each in shown), flush=True)


if __name__ == "__main__":
    main()
