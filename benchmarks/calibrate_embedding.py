"""Calibrate the included embeddings: mean, projection and covariances, from voices in many conditions.

    python -m benchmarks.calibrate_embedding --voices DIR … [--embedding FILE.onnx] [--output FILE]

Without ``--embedding`` it is the network in NumPy, whose file gets the calibration; with it, the embedding in
an ONNX file, whose calibration becomes a file of the package, named after its checksum.

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
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.conditions import CONDITIONS, RATE
from benchmarks.heldout import voices_of
from benchmarks.pack_networks import write
from diarize import audio
from diarize.embedding.campplus import CampplusExtractor
from diarize.embedding.two_covariance import TwoCovariance, fit_two_covariance
from diarize.networks import store
from diarize.parts import load_embedding
from diarize.parts.calibration import save_calibration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.networks.protocols import EmbeddingExtractor

    Array = Any

DATA = Path(store.__file__).parent.parent / "data"
N_DIMS = 64
WINDOW = 24_000  # samples: the windows of the pipeline, 1.5 s, here one after the other
WINDOWS = 8  # of a voice in a condition, at most
HEARD = 12 * RATE  # samples of a voice
SAID_AGAIN = 9 * RATE  # of a voice in another mood
QUIET = 15.0  # dB under the loudest window: what is quieter is mostly pause
LEVEL = 0.05  # deviation of the samples, before each condition has another
MOODS = ("excited", "subdued", "excited, in noise")


def embed_voice(voice: tuple[str, Sequence[Path]], embedding: Path | None = None) -> Array:
    """Embeddings (n, D) of a voice in every condition, by the network in NumPy or of an ONNX file."""
    name, paths = voice
    rng = np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16))
    samples = np.concatenate([audio.read(path, rate=RATE).samples for path in paths])[:HEARD]
    samples = samples.astype(np.float64) * LEVEL / max(samples.std(), 1e-9)
    found = []
    for condition, change in CONDITIONS.items():
        changed = change(samples[: SAID_AGAIN if condition in MOODS else HEARD], rng)
        heard = np.clip(changed * rng.uniform(0.3, 2), -1, 1).astype(np.float32)
        found.append(load_extractor(embedding).embed([heard], loud_windows(heard)))
    return np.concatenate(found)


@cache
def load_extractor(embedding: Path | None) -> EmbeddingExtractor:
    """The network in NumPy, or the embedding in an ONNX file, for sound at 16 kHz."""
    if embedding is None:
        return CampplusExtractor()
    found = load_embedding(embedding)
    if found.rate != RATE:
        raise SystemExit(f"{embedding} works at {found.rate} Hz; voices are heard at {RATE}")
    return found


def loud_windows(samples: Array, size: int = WINDOW, most: int = WINDOWS) -> Array:
    """Bounds (≤ most, 2) of windows of ``size`` samples, one after the other, that are not mostly pause."""
    starts = np.arange(0, len(samples) - size + 1, size)
    power = np.array([np.mean(samples[a : a + size].astype(np.float64) ** 2) for a in starts])
    kept = starts[power >= power.max() / 10 ** (QUIET / 10)][:most]
    return np.column_stack((kept, kept + size))


def calibrate(voices: dict[str, list[Path]], embedding: Path | None = None) -> TwoCovariance:
    """The two-covariance model of the embeddings of all voices."""
    embeddings, names = [], []
    embed = partial(embed_voice, embedding=embedding)
    with ProcessPoolExecutor(2) as pool:
        for name, found in zip(voices, pool.map(embed, voices.items(), chunksize=4), strict=True):
            embeddings.append(found)
            names += [name] * len(found)
            print(f"\r{len(embeddings)} of {len(voices)} voices", end="", flush=True)
    model = fit_two_covariance(np.concatenate(embeddings).astype(np.float64), np.array(names), N_DIMS)
    print(f"\nvariance between speakers, that within being 1: {np.round(model.between, 1)}")
    return model


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the network's file with another calibration, or the calibration of an ONNX file."""
    options = parse_arguments(arguments)
    voices = voices_of(options.voices, held_out=False)
    if options.embedding:
        model = calibrate(voices, options.embedding)  # before this process opens the file: others are forked
        named = DATA / "calibrations" / f"{load_extractor(options.embedding).checksum}.npz"
        save_calibration(options.output or named, model)
        return
    with np.load(DATA / "campplus.npz") as file:
        arrays = dict(file)
    model = calibrate(voices)
    learnt = {f"model_{name}": getattr(model, name) for name in ("mean", "projection", "between")}
    write(options.output or DATA / "campplus.npz", arrays | learnt)


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voices", type=Path, action="append", required=True)
    parser.add_argument("--embedding", type=Path, help="an ONNX file instead of the network in NumPy")
    parser.add_argument("--output", type=Path, help="default: where the package looks for it")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
