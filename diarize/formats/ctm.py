"""CTM: one word per line with its time. Only written here; ``transcripts`` reads it.

    <recording> <channel> <start> <duration> <word> NA lex <speaker>

The sixth field is the recogniser's confidence in the word, which is unknown here. Source: NIST, *Rich
Transcription 2009 Evaluation Plan*, appendix, and the SCTK documentation (*ctm*).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarize.errors import FormatError
from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Annotation

__all__ = ["write"]


def write(annotations: Sequence[Annotation], *, words: Annotation | None, channel: str = "1") -> str:
    """``words``: each with its time and text; ``channel``: of words without a channel.

    Raises FormatError without words.
    """
    annotation = lines.require_one_annotation(annotations, "CTM")
    if words is None:
        raise FormatError("CTM needs words with times; use 'diarize label'")
    names, recording = lines.make_tokens(words.speakers), lines.make_tokens([annotation.recording])
    return "".join(
        f"{recording[annotation.recording]} {turn.channel or channel} {times.seconds(start)} "
        f"{times.seconds(end - start)} {lines.one_line(turn.text or '').replace(' ', '_') or lines.SILENT} "
        f"NA lex {names[turn.speaker]}\n"
        for start, end, turn in times.round_turns(words)
    )
