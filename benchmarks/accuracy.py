"""Accuracy: a folder of recordings with references, own and reference speech activity, one
configuration.

    python -m benchmarks.accuracy --corpus DIR [--corpus DIR …] [--preset NAME] [--set
    clustering.max_speakers=8] [--space NAME] [--embedding FILE|NAME] [--segmentation FILE|NAME]

benchmarks/protocol.md says which corpora are for choosing settings and which are looked at once a release.
Every recording NAME.flac (or .wav, .opus) needs NAME.rttm beside it; NAME.uem, where there is one, says what
is scored. A folder without recordings of its own stands for those of its folders that have some. Pooled
figures sum seconds over the recordings of a folder; nothing is averaged over files.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import diarize
from benchmarks.corpora import find_corpora
from diarize import scoring
from diarize.config import Config, choices_of, load_preset, override, parse_toml
from diarize.intervals import union

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.corpora import Recording

    Array = Any

DETECTORS = ("network", "hmm", "energy", "silero")


@dataclass(frozen=True)
class Outcome:
    """What came of one recording under one speech activity."""

    recording: Recording
    strict: scoring.FileScore
    lenient: scoring.FileScore
    seconds: float
    speed: float


def score_recording(recording: Recording, config: Config, own: bool) -> Outcome:
    """Diarize once and grade twice: collar 0 with overlap, and ±0.25 s without."""
    speech = None if own else union(recording.reference.intervals())
    begin = time.perf_counter()
    result = diarize.diarize(recording.path, config, speech=speech)
    took = time.perf_counter() - begin
    graded = [
        scoring.score(recording.reference, result.annotation, uem=recording.uem, collar=c, skip_overlap=skip)
        for c, skip in ((0.0, False), (0.25, True))
    ]
    return Outcome(recording, graded[0], graded[1], result.duration, result.duration / took)


def format_row(
    name: str, scores: list[scoring.FileScore], lenient: list[scoring.FileScore], speed: float
) -> str:
    """One line of the table, seconds pooled."""
    strict = diarize.Score.pooled(s.score for s in scores)
    loose = diarize.Score.pooled(s.score for s in lenient)
    jer = [j for s in scores if (j := s.jer) is not None]
    counts = f"{sum(s.hypothesis_speakers for s in scores)}/{sum(s.reference_speakers for s in scores)}"
    seconds = (strict.missed, strict.false_alarm, strict.confusion)
    parts = "".join(f" {100 * part / strict.total if strict.total else 0:5.1f}" for part in seconds)
    mean_jer = _percent(float(np.mean(jer)) if jer else None)
    errors = f"{_percent(strict.der)} {_percent(loose.der)}  {parts}  {mean_jer}"
    return f"{name:<26} {errors} {counts:>7} {speed:6.0f}"


def _percent(share: float | None) -> str:
    return "    –" if share is None else f"{100 * share:5.1f}"


COLUMNS = ("DER", " DER¼", "  miss", "false", " conf", "   JER", "    spk", " ×real")
HEADER = f"{'':<26} " + " ".join(f"{name:>5}" for name in COLUMNS)


def format_table(title: str, outcomes: list[Outcome]) -> str:
    """Per recording and pooled, with the count of speakers."""
    lines = [title, HEADER]
    lines += [format_row(o.recording.path.stem, [o.strict], [o.lenient], o.speed) for o in outcomes]
    total = sum(o.seconds for o in outcomes) / sum(o.seconds / o.speed for o in outcomes)
    lines.append(format_row("pooled", [o.strict for o in outcomes], [o.lenient for o in outcomes], total))
    errors = [o.strict.hypothesis_speakers - o.strict.reference_speakers for o in outcomes]
    exact, near = np.mean([e == 0 for e in errors]), np.mean([abs(e) <= 1 for e in errors])
    counted = f"speakers counted exactly {100 * exact:.0f} %, within one {100 * near:.0f} %"
    lines.append(f"{counted}, mean error {np.mean(errors):+.2f}")
    return "\n".join(lines)


def detection_table(corpus: list[Recording], config: Config) -> str:
    """Speech activity alone, all detectors in one run, pooled seconds."""
    lines = [f"{'speech activity':<26} {'miss':>5} {'false':>5}   share of reference speech"]
    for method in DETECTORS:
        found = [score_detector(r, override(config, {"speech": {"method": method}})) for r in corpus]
        speech = sum(f.speech for f in found)
        miss, false = sum(f.missed for f in found), sum(f.false_alarm for f in found)
        lines.append(f"{method:<26} {100 * miss / speech:5.1f} {100 * false / speech:5.1f}")
    return "\n".join(lines)


def score_detector(recording: Recording, config: Config) -> scoring.Detection:
    """Miss and false alarm of one detector on one recording."""
    from diarize.pipeline import speech_mask

    mask = speech_mask(recording.path, config)
    spans = tuple(diarize.Turn(max(a, 0.0), b, "speech") for a, b in mask.intervals)
    found = diarize.Annotation(recording.path.stem, spans)
    return scoring.score(recording.reference, found, uem=recording.uem).detection


def parse_settings(changes: Iterable[str], name: str | None) -> Config:
    """A preset with dotted TOML assignments laid over it."""
    return override(load_preset(name) if name else Config(), parse_toml("\n".join(changes), "--set"), "--set")


def part_options(options: argparse.Namespace) -> list[str]:
    """The options that choose a space and its parts, as assignments of settings."""
    chosen = {"space.kind": options.space, "space.embedding": options.embedding}
    chosen["speech.segmentation"] = options.segmentation
    return [f'{key} = "{value}"' for key, value in chosen.items() if value]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=find_corpora, action="extend", required=True)
    parser.add_argument("--preset")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    parser.add_argument("--space", choices=choices_of("space.kind"))
    parser.add_argument("--embedding", metavar="FILE|NAME")
    parser.add_argument("--segmentation", metavar="FILE|NAME")
    parser.add_argument("--leave-out", default="", metavar="PREFIX", help="skip recordings so named")
    parser.add_argument("--no-detection", action="store_true", help="skip the table of speech detectors")
    options = parser.parse_args()
    config = parse_settings([*options.set, *part_options(options)], options.preset)
    print(
        "DER: collar 0, overlap scored. DER¼: collar ±0.25 s, overlap skipped. Parts of DER in % of reference"
    )
    print(
        "speaker time; JER is the mean over files; spk is found/true; ×real is seconds of audio per second.\n"
    )
    for corpus in options.corpus:
        found = [
            r
            for r in corpus.recordings
            if not options.leave_out or not r.path.stem.startswith(options.leave_out)
        ]
        for own in (False, True):
            activity = "own speech activity" if own else "reference speech activity"
            print(
                format_table(f"{corpus.name}, {activity}", [score_recording(r, config, own) for r in found])
                + "\n",
                flush=True,
            )
        if not options.no_detection:
            print(detection_table(found, config) + "\n", flush=True)


if __name__ == "__main__":
    main()
