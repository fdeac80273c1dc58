"""How well speaker changes are found: purity, coverage and boundary F1 of both methods.

    python -m benchmarks.changes --corpus DIR [--corpus DIR …] [--threshold P] [--penalty L …] [--each]

Every recording NAME.flac (or .wav) needs NAME.rttm beside it. Speech activity is the tool's own and the same
for both methods. Counts and seconds are pooled over the recordings of a folder; nothing is averaged over
files. A true change is where somebody starts who is not the one that started last, overlap included.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

import diarize
from benchmarks.corpora import find_corpora
from diarize import pipeline, scoring
from diarize.resegmentation import changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.corpora import Corpus, Recording

TOLERANCES = (0.25, 0.5)
HEAD = f"{'':<28} {'true':>5} {'found':>5}" + "".join(f"  P@{t} R@{t} F@{t}" for t in TOLERANCES)
HEAD += "  purity coverage"


@dataclass(frozen=True)
class Graded:
    """Changes of one recording by one method, at each tolerance."""

    recording: str
    method: str
    scores: tuple[scoring.ChangeScore, ...]


def score_recording(recording: Recording, threshold: float, penalties: Sequence[float]) -> list[Graded]:
    """Both methods on one recording, ΔBIC once for every penalty."""
    config = diarize.Config()
    result = diarize.diarize(recording.path, config)
    found = {"posteriors": changes.changes_by_posteriors(result.posteriors, min_probability=threshold)}
    heard, _ = pipeline.speech_features(recording.path, config)
    features = changes.bic_features(heard.features, heard.band, heard.acoustics)
    for penalty in penalties:
        settings = changes.BicSettings(penalty=penalty)
        found[f"bic, penalty {penalty:g}"] = changes.changes_by_bic(features, result.speech, settings)
    return [
        Graded(recording.path.stem, method, tuple(_scores(recording, changes)))
        for method, changes in found.items()
    ]


def _scores(recording: Recording, changes: Iterable[changes.Change]) -> list[scoring.ChangeScore]:
    times = [change.time for change in changes]
    return [scoring.score_changes(recording.reference, times, tolerance=t) for t in TOLERANCES]


def format_row(name: str, scores: Sequence[scoring.ChangeScore]) -> str:
    """One line of the table."""
    rates = "".join(
        f"  {_percent(s.precision):>6} {_percent(s.recall):>6} {_percent(s.f1):>6}" for s in scores
    )
    first = scores[0]
    shares = f"  {_percent(first.purity):>6} {_percent(first.coverage):>8}"
    return f"{name:<28} {first.true:>5} {first.found:>5}{rates}{shares}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def format_table(corpus: Corpus, results: Sequence[Graded], *, each: bool) -> str:
    """Per method, pooled, and per recording where asked."""
    lines = [f"{corpus.name} ({len({r.recording for r in results})} recordings)", HEAD]
    for method in dict.fromkeys(r.method for r in results):
        mine = [r for r in results if r.method == method]
        pooled = [scoring.ChangeScore.pooled(r.scores[i] for r in mine) for i in range(len(TOLERANCES))]
        lines.append(format_row(method, pooled))
        lines += [format_row(f"  {r.recording}", r.scores) for r in mine if each]
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=find_corpora, action="extend", required=True)
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--penalty", type=float, nargs="+", default=[changes.BicSettings().penalty])
    parser.add_argument("--each", action="store_true", help="a line for every recording too")
    options = parser.parse_args()
    print("P, R, F: precision, recall and F1 of changes in %, within so many seconds.\n")
    for corpus in options.corpus:
        found = [g for r in corpus.recordings for g in score_recording(r, options.threshold, options.penalty)]
        print(format_table(corpus, found, each=options.each) + "\n", flush=True)


if __name__ == "__main__":
    main()
