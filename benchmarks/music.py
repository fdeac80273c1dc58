"""How much music is taken for speech.

    python -m benchmarks.music DIR [DIR …] [--most 10] [--seconds 40]

Of every folder, at most so many sound files over 200 kB (drawn at random, folders below included), so many
seconds of each from the tenth on. Shares of time that three detectors call speech, in %: what of it is sung
or spoken is not known, so only listen-only music tells anything. "none": files in which under a twentieth is
called speech.
"""

from __future__ import annotations

import argparse
import random
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.accuracy import DETECTORS
from diarize import audio
from diarize.config import Config, override
from diarize.errors import DiarizeError
from diarize.pipeline import speech_mask

SUFFIXES = {".flac", ".mp3", ".ogg", ".opus", ".wav"}
MIN_BYTES = 200_000
FROM = 10.0


def pieces(folder: Path, most: int) -> list[Path]:
    """Some of the sound files of a folder, the same every time."""
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    large = [p for p in found if p.is_file() and p.stat().st_size > MIN_BYTES]
    return random.Random(0).sample(large, min(most, len(large)))  # noqa: S311 (a draw, no secret)


def speech_shares(path: Path, seconds: float) -> list[float] | None:
    """Shares of time that each detector calls speech; None for a file that is too short or cannot be read."""
    try:
        sound = audio.read(path, rate=16000, start=FROM, end=FROM + seconds)
    except DiarizeError:
        return None
    configs = [override(Config(), {"speech": {"method": method}}) for method in DETECTORS]
    return [float(speech_mask(sound, config).values.mean()) for config in configs]


def format_row(name: str, found: np.ndarray) -> str:
    """One line of the table, ``found`` (n, detectors)."""
    cells = [f"{100 * mean:8.1f}" for mean in found.mean(axis=0)]
    none = [f"{np.sum(each < 0.05):8d}" for each in found.T]
    return f"{name:<32} {len(found):5d} {''.join(cells)}   {''.join(none)}"


def main() -> None:
    """Print a line for each folder, and one for all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    parser.add_argument("--most", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=40.0)
    asked = parser.parse_args()
    heads = "".join(f"{name:>8}" for name in DETECTORS)
    print(f"{'% called speech; files under 5 %':<32} {'files':>5} {heads}   {heads}")
    everything = []
    with ProcessPoolExecutor(2) as pool:
        for folder in asked.folders:
            heard = pool.map(partial(speech_shares, seconds=asked.seconds), pieces(folder, asked.most))
            found = [each for each in heard if each is not None]
            if found:
                print(format_row(folder.resolve().name, np.array(found)), flush=True)
            everything += found
    if not everything:
        parser.error("no sound files of that length there")
    print(format_row("all", np.array(everything)))


if __name__ == "__main__":
    main()
