"""Whether posteriors are calibrated: posteriors of frames against how often they are right.

    python -m benchmarks.calibration --corpus DIR [--corpus DIR …] [--plot FILE.png]

Reference speech activity; frames of speech with one reference speaker, speakers mapped as for DER (collar
0). The expected calibration error is the mean distance of the two columns, weighted by frames (Naeini et al.
2015).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import diarize
from benchmarks.corpora import Recording, find_corpora
from diarize import scoring
from diarize.config import Config
from diarize.intervals import union

EDGES = np.array([0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0])


def confidences(recording: Recording) -> tuple[Any, Any]:
    """Largest posterior of every frame that counts, and whether its speaker is right."""
    result = diarize.diarize(recording.path, Config(), speech=union(recording.reference.intervals()))
    mapping = scoring.score(recording.reference, result.annotation, uem=recording.uem).mapping
    grid, posteriors = result.posteriors.grid, result.posteriors.values
    masks = {name: grid.mask(recording.reference.intervals(name)) for name in recording.reference.speakers}
    alone = (sum(mask.astype(int) for mask in masks.values()) == 1) & posteriors.any(axis=1)
    nobody = np.zeros(grid.n_frames, dtype=bool)
    truth = np.column_stack([masks.get(mapping.get(name, ""), nobody) for name in result.posteriors.speakers])
    best = posteriors.argmax(axis=1)
    right = truth[np.arange(len(best)), best]
    return posteriors.max(axis=1)[alone], right[alone]


def format_table(sure: Any, right: Any) -> tuple[str, Any]:
    """The table, and (bins, 3): mean posterior, share right, frames."""
    place = np.clip(np.searchsorted(EDGES, sure, side="left") - 1, 0, len(EDGES) - 2)
    rows = np.array(
        [(sure[place == b].mean(), right[place == b].mean(), (place == b).sum()) for b in np.unique(place)]
    )
    error = float(np.sum(np.abs(rows[:, 0] - rows[:, 1]) * rows[:, 2]) / rows[:, 2].sum())
    lines = ["posterior   right   frames", *(f"{p:9.3f} {r:7.3f} {n:8.0f}" for p, r, n in rows)]
    return "\n".join([*lines, f"expected calibration error {error:.3f}"]), rows


def plot(rows: Any, path: Path) -> None:
    """Reliability diagram."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.plot(rows[:, 0], rows[:, 1], marker="o", color="#0072b2")
    axes.set(
        xlabel="mean posterior", ylabel="share of frames that are right", xlim=(0.3, 1.02), ylim=(0, 1.02)
    )
    figure.savefig(path)


def main() -> None:
    """Print a table over all corpora together."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=find_corpora, action="extend", required=True)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    parts = [confidences(r) for corpus in options.corpus for r in corpus.recordings]
    text, rows = format_table(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    print(text)
    if options.plot:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
