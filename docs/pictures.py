"""The pictures of docs/timeline.md and the README, drawn anew from the sample meeting.

python -m docs.pictures [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import diarize
from diarize import formats, plots, scoring
from diarize.annotation import Annotation, Turn
from diarize.audio import read
from diarize.config import Config
from diarize.intervals import union
from diarize.types import SpeechMask, speaker_name

HERE = Path(__file__).parent
MEETING = HERE.parent / "audio_samples" / "meeting.flac"


def speech(mask: SpeechMask) -> Annotation:
    """What was taken for speech, as if one person called so had spoken."""
    return Annotation("meeting", tuple(Turn(a, b, "speech") for a, b in np.maximum(mask.intervals, 0)))


def windows(result: diarize.Diarization) -> Annotation:
    """The windows of speech, each with the likeliest speaker of the clustering, by first appearance."""
    labels = result.clustering.responsibilities.argmax(axis=1)
    order = {int(label): i for i, label in enumerate(dict.fromkeys(labels.tolist()))}
    edges = np.maximum(result.speech.grid.edges(), 0)
    bounds = () if result.outliers is None else result.outliers.bounds
    turns = []
    for label, place in order.items():
        spans = union(np.array([edges[span] for span, k in zip(bounds, labels, strict=True) if k == label]))
        turns += [Turn(float(a), float(b), speaker_name(place)) for a, b in spans]
    return Annotation("meeting", tuple(turns))


def pictures() -> dict[str, Any]:
    """All pictures by file name."""
    sound = read(MEETING, rate=8_000)
    result = diarize.diarize(MEETING, Config())
    truth = formats.read_file(MEETING.parent / "references" / "meeting.rttm")["meeting"]
    common = {"duration": sound.duration}
    loud = common | {"loudness": plots.peak_envelope(sound)}
    mapping = scoring.score(truth, result.annotation).mapping
    found = result.clustering
    return {
        "timeline-speech.png": plots.plot_timeline(speech(result.speech), **loud),
        "timeline-windows.png": plots.plot_timeline(windows(result), **common),
        "timeline-count.png": plots.plot_selection(
            found.counts, found.values, found.chosen, equivalents=found.equivalent, criterion=found.criterion
        ),
        "timeline-turns.png": plots.plot_timeline(
            result.annotation, reference=truth, mapping=mapping, **common
        ),
        "meeting.png": plots.plot_timeline(result.annotation, **common),
    }


def main() -> None:
    """Write them beside the pages, or into a folder."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    folder.mkdir(exist_ok=True)
    for name, figure in pictures().items():
        plots.save(figure, folder / name, overwrite=True)


if __name__ == "__main__":
    main()
