"""Folders of numbered examples for training, made from recordings of voices, noise and rooms.

Example ``n`` is the same whenever it is made, and those that are there are kept, so a command that makes a
pool can be stopped and started again. Every fifth voice is left out (``benchmarks.heldout.is_held_out``).
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.heldout import voices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Array = Any


@dataclass(frozen=True)
class Material:
    """What examples are made of: recordings of every voice, of noise, and impulse responses of rooms."""

    voices: Mapping[str, Sequence[Path]]
    noises: Sequence[Path]
    rooms: Sequence[Path]


def pool_parser(description: str | None, what: str, number: int) -> argparse.ArgumentParser:
    """The options of a command that makes a pool of ``number`` examples, called ``what``."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pool", type=Path)
    parser.add_argument("--voices", type=Path, nargs="+", required=True, help="folders, one for each corpus")
    parser.add_argument("--noise", type=Path, help="folder of recorded noise")
    parser.add_argument("--rooms", type=Path, help="folder of impulse responses")
    parser.add_argument(f"--{what}", type=int, default=number, dest="number", help="of half a minute")
    parser.add_argument("--workers", type=int, default=2)
    return parser


def find_material(given: argparse.Namespace) -> Material:
    """The recordings in the folders that were given."""
    voices = voices_of(given.voices, held_out=False)
    material = Material(voices, _sound_files(given.noise), _sound_files(given.rooms))
    print(f"{len(voices)} voices, {len(material.noises)} recordings of noise, {len(material.rooms)} rooms")
    return material


def _sound_files(folder: Path | None) -> list[Path]:
    """Recordings of a folder and those in it; none where there is no folder."""
    if folder is None:
        return []
    return sorted(p for p in folder.rglob("*") if p.suffix in {".opus", ".flac", ".wav"})


def fill_pool(given: argparse.Namespace, make: Callable[[int], Mapping[str, Array]]) -> None:
    """Write what ``make`` gives for each number, in several processes."""
    given.pool.mkdir(parents=True, exist_ok=True)
    add = partial(_add_example, make=make, folder=given.pool)
    with ProcessPoolExecutor(given.workers) as processes:
        for done, _ in enumerate(processes.map(add, range(given.number), chunksize=4), 1):
            if done % 50 == 0:
                print(f"{done} of {given.number}", flush=True)


def _add_example(number: int, make: Callable[[int], Mapping[str, Array]], folder: Path) -> None:
    """Write one example, whole or not at all, unless it is there."""
    path = folder / f"{number:05d}.npz"
    if path.exists():
        return
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, **make(number))
    part.rename(path)
