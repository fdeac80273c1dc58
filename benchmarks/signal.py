"""Voices of pure signal: how many are found of so many, and how far their windows scatter from what is known.

    python -m benchmarks.signal [--draws 6] [--corpus DIR …]

Conversations of the voices of ``diarize synth`` (20 s of material each, over and over), own speech activity.
DER: collar 0, overlap scored, seconds pooled over the draws. ``dispersion``: least and most median over
windows, as ``diarize.models.dispersion`` measures it; of a corpus nothing else is printed.
"""

from __future__ import annotations

import argparse
from typing import Any
from unittest import mock

import numpy as np

import diarize
from benchmarks.corpora import corpora
from diarize import scoring, space, synth
from diarize.models.dispersion import dispersions
from diarize.types import Score

CASES = ((1, 20.0), (1, 60.0), (1, 600.0), (2, 60.0), (4, 120.0), (6, 300.0), (12, 600.0))  # voices, seconds


def heard(recording: Any) -> tuple[diarize.Diarization, float]:
    """The result for a recording, and the median dispersion of its windows."""
    found = []

    def listening(*given: Any) -> Any:
        found.append(dispersions(*given))
        return found[-1]

    with mock.patch.object(space, "dispersions", listening):
        return diarize.diarize(recording), float(np.median(found[-1]))


def row(voices: int, seconds: float, draws: int) -> str:
    """One line of the table."""
    counts, scores, scatter = [], [], []
    for seed in range(draws):
        config = synth.SynthConfig(duration=seconds)
        sound, truth = synth.conversation(synth.vowels(voices, 20.0, seed=seed), config, seed=seed)
        result, measured = heard(sound)
        counts.append(str(len(result.annotation.speakers)))
        scores.append(scoring.score(truth, result.annotation).score)
        scatter.append(measured)
    der = 100 * (Score.pooled(scores).der or 0.0)
    return (
        f"| {voices} | {seconds:g} | {' '.join(counts)} | {der:.1f} | {min(scatter):.1f}–{max(scatter):.1f} |"
    )


def main() -> None:
    """Print the table, then a line for each corpus."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=6)
    parser.add_argument("--corpus", type=corpora, action="extend", default=[])
    options = parser.parse_args()
    print("| voices | seconds | found | DER % | dispersion |\n|---:|---:|---|---:|---|")
    for voices, seconds in CASES:
        print(row(voices, seconds, options.draws), flush=True)
    for corpus in options.corpus:
        scatter = [heard(each.path)[1] for each in corpus.recordings]
        print(f"{corpus.name}: dispersion {min(scatter):.1f}–{max(scatter):.1f}")


if __name__ == "__main__":
    main()
