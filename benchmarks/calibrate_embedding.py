"""Learn what the embeddings that ship do: mean, projection and covariances, from voices in many conditions.

    python -m benchmarks.calibrate_embedding --voices DIR [--voices DIR …] [--output FILE]

Voices are a file or a folder a speaker (LibriSpeech and speechocean762); every fifth (``benchmarks.heldout``)
is left out, so figures of those are of voices that nothing knew. The first 12 s of each are heard as they
were recorded and in five other conditions (``benchmarks.conditions``); a class of the discriminant analysis
is a speaker in all of them, so directions in which moods and channels move a voice count little. Needs
pyworld, which the product does not. About half an hour on two cores; the same voices give the same numbers.
"""

from __future__ import annotations

import argparse
import hashlib
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.conditions import CONDITIONS, RATE
from benchmarks.heldout import is_held_out
from benchmarks.pack_networks import write
from diarize import audio
from diarize.embedding.campplus import CampplusExtractor
from diarize.embedding.two_covariance import fit_two_covariance
from diarize.networks import store

if TYPE_CHECKING:
    from collections.abc import Sequence

    Array = Any

N_DIMS = 64
WINDOW = 24_000  # samples: the windows of the pipeline, 1.5 s, here one after the other
WINDOWS = 8  # of a voice in a condition, at most
HEARD = 12 * RATE  # samples of a voice
SAID_AGAIN = 9 * RATE  # of a voice in another mood
QUIET = 15.0  # dB under the loudest window: what is quieter is mostly pause
LEVEL = 0.05  # deviation of the samples, before each condition has another
MOODS = ("excited", "subdued", "excited, in noise")


def embeddings_of(voice: tuple[str, Sequence[Path]]) -> Array:
    """Embeddings (n, 192) of a voice in every condition."""
    name, paths = voice
    rng = np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16))
    samples = np.concatenate([audio.read(path, rate=RATE).samples for path in paths])[:HEARD]
    samples = samples.astype(np.float64) * LEVEL / max(samples.std(), 1e-9)
    found = []
    for condition, change in CONDITIONS.items():
        changed = change(samples[: SAID_AGAIN if condition in MOODS else HEARD], rng)
        heard = np.clip(changed * rng.uniform(0.3, 2), -1, 1).astype(np.float32)
        found.append(_extractor().embed([heard], loud_windows(heard)))
    return np.concatenate(found)


@cache
def _extractor() -> CampplusExtractor:
    return CampplusExtractor()


def loud_windows(samples: Array, size: int = WINDOW, most: int = WINDOWS) -> Array:
    """Bounds (≤ most, 2) of windows of ``size`` samples, one after the other, that are not mostly pause."""
    starts = np.arange(0, len(samples) - size + 1, size)
    power = np.array([np.mean(samples[a : a + size].astype(np.float64) ** 2) for a in starts])
    kept = starts[power >= power.max() / 10 ** (QUIET / 10)][:most]
    return np.column_stack((kept, kept + size))


def calibrate(voices: dict[str, list[Path]]) -> dict[str, Array]:
    """The two-covariance model under the names that it has in the file."""
    embeddings, names = [], []
    with ProcessPoolExecutor(2) as pool:
        for name, found in zip(voices, pool.map(embeddings_of, voices.items(), chunksize=4), strict=True):
            embeddings.append(found)
            names += [name] * len(found)
            print(f"\r{len(embeddings)} of {len(voices)} voices", end="", flush=True)
    model = fit_two_covariance(np.concatenate(embeddings).astype(np.float64), np.array(names), N_DIMS)
    print(f"\nvariance between speakers, that within being 1: {np.round(model.between, 1)}")
    return {"model_mean": model.mean, "model_projection": model.projection, "model_between": model.between}


def main() -> None:
    """Write the network's file with another calibration."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voices", type=Path, action="append", required=True)
    shipped = Path(store.__file__).parent.parent / "data" / "campplus.npz"
    parser.add_argument("--output", type=Path, default=shipped)
    options = parser.parse_args()
    voices = {
        name: paths
        for folder in options.voices
        for name, paths in audio.find_voices(folder).items()
        if not is_held_out(name)
    }
    with np.load(shipped) as file:
        arrays = dict(file)
    write(options.output, arrays | calibrate(voices))


if __name__ == "__main__":
    main()
