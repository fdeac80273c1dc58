"""SubRip subtitles: numbered cues. SRT has no field for speakers, so the name stands before a colon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarize.errors import FormatError
from diarize.formats import lines, times
from diarize.formats.cues import Cue, attribute_speakers, cues_to_turns, parse_cue, split_blocks, split_cues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Annotation

__all__ = ["read", "read_cues", "write"]

_LONGEST_NAME = 40  # characters


def read(text: str, source: str = "text.srt") -> dict[str, Annotation]:
    """The annotation, under the name of the file: a turn for each text with a name before a colon.

    If all cues are names only, as in files written without words, there is a turn for each cue.
    Sounds such as ``[music]`` are skipped. Raises FormatError for what is not SRT and for a file that names
    no speaker.
    """
    found = read_cues(text, source)
    if found and all(who is None and _is_name(said) for _, who, said in found):
        found = [(cue, said, said) for cue, _, said in found]
    turns = lines.turns_of_texts(cues_to_turns(found))
    if found and not turns:
        raise FormatError(
            f"{source}: no cue begins with a name and a colon, as in 'Ann: Good morning'; a file that names "
            "speakers is needed ('diarize label' gives them)"
        )
    recording = lines.recording_name(source)
    return lines.group_by_recording([(recording, None), *((recording, turn) for turn in turns)])


def read_cues(text: str, source: str = "text.srt") -> list[tuple[Cue, str | None, str]]:
    """Cue, speaker (None without a name) and plain text, in order. Raises FormatError."""
    found = _join_blocks(split_blocks(text, source))
    return attribute_speakers([parse_cue(cue) for block in found for cue in split_cues(block)])


def _join_blocks(found: Sequence[Sequence[lines.Line]]) -> list[list[lines.Line]]:
    """Join split_blocks that a blank line inside a cue has split."""
    whole: list[list[lines.Line]] = []
    for block in found:
        if whole and not any("-->" in line.text for line in block[:2]):
            whole[-1].extend(block)
        else:
            whole.append(list(block))
    return whole


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and len(text.split()) <= 3 and not text.endswith((".", "?", "!", ","))


def write(annotations: Sequence[Annotation]) -> str:
    """One cue per turn: the speaker's name and, after a colon, the text if known.

    SRT has no escapes: line ends become spaces, and angle brackets, which players take for markup, become
    ``‹`` and ``›``.
    """
    annotation = lines.require_one_annotation(annotations, "SRT")
    names = lines.make_labels(annotation.speakers)
    rows = times.round_turns(annotation)
    worded = any(turn.text for *_, turn in rows)
    texts = lines.turn_texts([turn for *_, turn in rows], names)
    return "\n".join(
        f"{number}\n{times.clock(start, ',')} --> {times.clock(end, ',')}\n"
        f"{_escape_tags(f'{names[turn.speaker]}: {text}' if worded else text)}\n"
        for number, ((start, end, turn), text) in enumerate(zip(rows, texts, strict=True), 1)
    )


def _escape_tags(text: str) -> str:
    return text.replace("<", "‹").replace(">", "›")
