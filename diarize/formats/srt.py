"""SubRip subtitles: numbered cues that show who speaks; written only, because SRT has no field for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.types import Annotation

__all__ = ["write"]


def write(annotations: Sequence[Annotation]) -> str:
    """A cue a turn, the speaker's name as its text.

    SRT has no escapes: line ends become spaces, angle brackets, which players take
    for markup (and ``-->`` for times), become ``‹`` and ``›``.
    """
    annotation = lines.only(annotations, "SRT")
    names = {raw: _shown(name) for raw, name in lines.labels(annotation.speakers).items()}
    return "\n".join(
        f"{number}\n{times.clock(start, ',')} --> {times.clock(end, ',')}\n{names[turn.speaker]}\n"
        for number, (start, end, turn) in enumerate(times.rounded(annotation), 1)
    )


def _shown(name: str) -> str:
    return name.replace("<", "‹").replace(">", "›")
