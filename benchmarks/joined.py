"""Recordings of a corpus played one after the other as if they were one.

    python -m benchmarks.joined --corpus DIR [--together 2 4 8] [--most 28] [--own]

Speakers of equal names are one person. All choices of so many recordings are joined, or ``--most`` of them
drawn at random where there are more. Wrong: confusion, collar 0, overlap scored, seconds pooled, speech
activity of the reference (``--own``: one's own); the number of speakers is unknown.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import accumulate, combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

import diarize
from benchmarks.corpora import find_corpora
from benchmarks.heldout import format_counts
from diarize import audio, scoring
from diarize.annotation import Annotation
from diarize.intervals import union
from diarize.types import Waveform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.corpora import Corpus, Recording

RATE = 16000


def join_recordings(parts: Sequence[Recording]) -> tuple[Waveform, Annotation]:
    """Recordings one after the other, and who speaks when in that."""
    sounds = [audio.read(each.path, rate=RATE) for each in parts]
    starts = accumulate((sound.duration for sound in sounds[:-1]), initial=0.0)
    name = "+".join(each.path.stem for each in parts)
    turns = tuple(
        diarize.Turn(turn.start + start, turn.end + start, turn.speaker)
        for each, start in zip(parts, starts, strict=True)
        for turn in each.reference.turns
    )
    return Waveform(np.concatenate([sound.samples for sound in sounds]), RATE, name), Annotation(name, turns)


def draw_groups(corpus: Corpus, together: int, most: int) -> Iterator[tuple[Recording, ...]]:
    """Recordings to join: every choice of ``together``, or ``most`` in random order."""
    if comb(len(corpus.recordings), together) <= most:
        yield from combinations(corpus.recordings, together)
        return
    rng = np.random.default_rng(0)
    for _ in range(most):
        yield tuple(corpus.recordings[i] for i in rng.permutation(len(corpus.recordings))[:together])


@dataclass(frozen=True)
class Result:
    """Seconds of one joined recording and its grade."""

    seconds: float
    score: scoring.FileScore


def score_group(parts: Sequence[Recording], own: bool) -> Result:
    """Join, diarize and grade."""
    sound, truth = join_recordings(parts)
    speech = None if own else union(truth.intervals())
    found = diarize.diarize(sound, speech=speech)
    return Result(sound.duration, scoring.score(truth, found.annotation))


def format_row(name: str, results: Sequence[Result]) -> str:
    """One line of the table."""
    errors = np.array([r.score.hypothesis_speakers - r.score.reference_speakers for r in results])
    pooled = diarize.Score.pooled(r.score.score for r in results)
    minutes = [r.seconds / 60 for r in results]
    length = f"{min(minutes):.0f}–{max(minutes):.0f}"
    wrong, der = 100 * pooled.confusion / pooled.total, 100 * (pooled.der or 0.0)
    return f"{name:<26} {len(results):4d} {length:>8} {format_counts(errors)} {wrong:6.1f} {der:6.1f}"


def main() -> None:
    """Print a line for each corpus and number of recordings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=find_corpora, action="extend", required=True)
    parser.add_argument("--together", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--most", type=int, default=28)
    parser.add_argument("--own", action="store_true", help="own speech activity instead of the reference's")
    asked = parser.parse_args()
    heads = f"{'n':>4} {'minutes':>8} {'exact':>5} {'±1':>5} {'error':>6} {'wrong':>6} {'DER':>6}"
    print(f"{'recordings joined':<26} {heads}")
    for corpus in asked.corpus:
        for together in asked.together:
            found = [score_group(parts, asked.own) for parts in draw_groups(corpus, together, asked.most)]
            if found:
                print(format_row(f"{corpus.name}, {together}", found), flush=True)


if __name__ == "__main__":
    main()
