"""Folders of recordings with references, as the benchmarks take them from the command line.

Every recording NAME.flac (or .wav) needs NAME.rttm beside it or in the folder ``references``; NAME.uem, where
there is one, says what is scored. A folder without recordings of its own stands for those of its folders that
have some.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import diarize
from diarize import formats

if TYPE_CHECKING:
    from diarize.annotation import Annotation

    Array = Any

SUFFIXES = (".flac", ".wav", ".opus")


@dataclass(frozen=True)
class Recording:
    """A recording with its truth; ``uem`` the seconds (n, 2) that are scored, or None for all."""

    path: Path
    reference: Annotation
    uem: Array


@dataclass(frozen=True)
class Corpus:
    """A folder's recordings in the order of their names, at least one."""

    name: str
    recordings: tuple[Recording, ...]


def find_recordings(folder: Path) -> tuple[Recording, ...]:
    """All recordings of a folder that have a reference."""
    paths = sorted(p for p in folder.iterdir() if p.suffix in SUFFIXES)
    return tuple(_recording(path) for path in paths if _reference(path, ".rttm").exists())


def _reference(path: Path, suffix: str) -> Path:
    beside = path.with_suffix(suffix)
    return beside if beside.exists() else path.parent / "references" / beside.name


def _recording(path: Path) -> Recording:
    rttm, uem = _reference(path, ".rttm"), _reference(path, ".uem")
    reference = formats.read_file(rttm).get(path.stem) or diarize.Annotation(path.stem)
    return Recording(path, reference, formats.read_uem(uem).get(path.stem) if uem.exists() else None)


def find_corpora(given: str) -> list[Corpus]:
    """The corpora of a folder, for argparse (``type=find_corpora, action="extend"``).

    Raises ArgumentTypeError, which argparse shows in one line, where there are none.
    """
    folder = Path(given)
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {given}")
    inner = sorted(p for p in folder.iterdir() if p.is_dir())
    own = find_recordings(folder)
    groups = [(folder, own)] if own else [(path, find_recordings(path)) for path in inner]
    found = [Corpus(path.resolve().name, each) for path, each in groups if each]
    if not found:
        kinds = " or ".join(f"NAME{suffix}" for suffix in SUFFIXES)
        raise argparse.ArgumentTypeError(f"no {kinds} with NAME.rttm beside it in {given} or its folders")
    return found
