"""Word diarization error: by posteriors, and by the turn at the middle of a word.

    python -m benchmarks.words [--samples audio_samples] [--preset NAME]

Every recording NAME.flac needs references/NAME.ctm, or NAME.ctm beside it: words with their true speakers
(eighth field). Words are given to speakers by ``diarize.transcripts``, once with times of words and once with
those of segments alone, as subtitles have them; compared with giving each word the turn at its middle, or the
nearest one.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import diarize
from diarize import transcripts
from diarize.config import Config, load_preset
from diarize.scoring.words import WordScore, score_words
from diarize.transcripts.words import segments_of_words

if TYPE_CHECKING:
    from diarize.pipeline import Diarization
    from diarize.transcripts import Transcript

    Rows = list[tuple[float, float, str, str]]

WAYS = ("turn at the middle", "by posteriors", "by segments alone")
SEGMENT_SECONDS = 8.0


def read_reference(path: Path) -> Rows:
    """Start, end, word and speaker, by start."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted((float(r[2]), float(r[2]) + float(r[3]), r[4], r[7]) for r in rows)


def transcript(rows: Rows, name: str) -> Transcript:
    """The words without their speakers, in sentences that heed no speaker."""
    words = [transcripts.Word(word, start, end) for start, end, word, _ in rows]
    segments = tuple(replace(each, source=i) for i, each in enumerate(segments_of_words(words)))
    return transcripts.Transcript(name, segments, "ctm")


def label_by_middle(rows: Rows, result: Diarization) -> list[str | None]:
    """The speaker of the turn at the middle of each word, or of the nearest turn."""
    turns = result.annotation.turns

    def nearest(middle: float) -> str | None:
        return min(turns, key=lambda t: max(t.start - middle, middle - t.end, 0.0)).speaker if turns else None

    return [nearest((start + end) / 2) for start, end, *_ in rows]


def label_by_transcript(rows: Rows, result: Diarization, *, timed: bool) -> list[str | None]:
    """As ``diarize label`` does it; without ``timed``, words have no times of their own."""
    given = transcript(rows, result.annotation.recording)
    if not timed:
        given = replace(given, segments=tuple(_coarse(rows)))
    found = transcripts.assign_speakers(given, result.annotation, result.posteriors, duration=result.duration)
    return [word.speaker for word in found.words]


def _coarse(rows: Rows) -> list[Any]:
    """Segments of seconds, as subtitles are, whose words have no times."""
    segments, run = [], rows[:1]
    for each in [*rows[1:], None]:
        if each is None or each[1] - run[0][0] > SEGMENT_SECONDS:
            words = tuple(transcripts.Word(word) for _, _, word, _ in run)
            segments.append(
                transcripts.Segment(words, run[0][0], max(r[1] for r in run), source=len(segments))
            )
            run = []
        run += [each] if each else []
    return segments


def score_recording(path: Path, reference: Path, config: Config) -> list[WordScore]:
    """One for each way."""
    rows, result = read_reference(reference), diarize.diarize(path, config)
    true = [who for *_, who in rows]
    found = [
        label_by_middle(rows, result),
        *(label_by_transcript(rows, result, timed=t) for t in (True, False)),
    ]
    return [score_words(true, each)[0] for each in found]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=Path, action="append", default=[], metavar="DIR")
    parser.add_argument("--preset")
    options = parser.parse_args()
    config = load_preset(options.preset) if options.preset else Config()
    print(f"{'words with the wrong speaker, %':<34} {'words':>6}  " + "  ".join(f"{way:>18}" for way in WAYS))
    total = [WordScore()] * len(WAYS)
    for folder in options.samples or [Path("audio_samples")]:
        for path in sorted(folder.glob("*.flac")):
            near = (folder / "references" / f"{path.stem}.ctm", path.with_suffix(".ctm"))
            for reference in filter(Path.exists, near):
                each = score_recording(path, reference, config)
                print(_row(path.stem, each), flush=True)
                total = [a + b for a, b in zip(total, each, strict=True)]
    print(_row("pooled", total))


def _row(name: str, each: list[WordScore]) -> str:
    rates = "  ".join(f"{100 * (score.rate or 0.0):18.2f}" for score in each)
    return f"{name:<34} {each[0].total:6d}  {rates}"


if __name__ == "__main__":
    main()
