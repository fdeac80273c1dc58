"""WebVTT: one cue per turn, the speaker in a voice span.

Source: W3C, *WebVTT: The Web Video Text Tracks Format*.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from diarize.errors import FormatError
from diarize.formats import lines, times
from diarize.formats.cues import (
    UNKNOWN,
    Cue,
    attribute_speakers,
    cues_below,
    cues_to_turns,
    parse_cue,
    plain_text,
    split_blocks,
    split_cues,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diarize.annotation import Annotation

__all__ = ["read", "read_cues", "write"]

_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>")
_WORD_TIME = re.compile(r"<\d+(:\d\d){1,2}\.\d{3}>")
_HEADER = re.compile(r"\ufeff?WEBVTT(\s|$)")
_BLOCKS = re.compile(r"(NOTE|STYLE|REGION)([ \t].*)?")
_SOUND = re.compile(r"\s*[\[(♪].*[\])♪]\s*", re.DOTALL)


def read(text: str, source: str = "text.vtt") -> dict[str, Annotation]:
    """The annotation, under the name of the file: a turn for each voice span of each cue.

    Without voice spans, names before a colon are used. Sounds such as ``[music]`` are skipped. In a file with
    voice spans, other cues without one have the speaker UNKNOWN. Raises FormatError for other files and for a
    file without names of speakers.
    """
    found = read_cues(text, source)
    turns = lines.turns_of_texts(cues_to_turns(found))
    if found and not turns:
        raise FormatError(
            f"{source}: no cue has a voice span such as <v Ann>, or a name and a colon; a file that names "
            "speakers is needed ('diarize label' gives them)"
        )
    recording = lines.recording_name(source)
    return lines.group_by_recording([(recording, None), *((recording, turn) for turn in turns)])


def read_cues(text: str, source: str = "text.vtt") -> list[tuple[Cue, str | None, str]]:
    """Cue, speaker (None without a name) and plain text, in order. Raises FormatError."""
    found = split_blocks(text, source, blanks_separate=False)
    if not found or not _HEADER.match(found[0][0].text):
        raise FormatError(f"{source}:1: does not start with WEBVTT; is this a .vtt file?")
    bodies = [
        cues_below(block) if _HEADER.match(block[0].text) else block  # joined segments have several headers
        for block in found
        if not _BLOCKS.fullmatch(block[0].text)
    ]
    cues = _drop_repeated([parse_cue(cue) for block in bodies if block for cue in split_cues(block)])
    if not any(_VOICE.search(cue.text) for cue in cues):
        rows = attribute_speakers(cues)
        return [(cue, who and html.unescape(who), html.unescape(said)) for cue, who, said in rows]
    return [row for cue in cues for row in _voices(cue)]


def _drop_repeated(cues: Sequence[Cue]) -> list[Cue]:
    """Without the lines that rolling captions, whose words have times of their own, show once more."""
    if not any(_WORD_TIME.search(cue.text) for cue in cues):
        return list(cues)
    found, shown = [], ""
    for cue in cues:
        rows = [row for row in cue.text.split("\n") if plain_text(row)]
        new = rows[1:] if rows and plain_text(rows[0]) == shown else rows
        if new:
            found.append(replace(cue, text="\n".join(new)))
            shown = plain_text(new[-1])
    return found


def _voices(cue: Cue) -> Iterator[tuple[Cue, str | None, str]]:
    before, *parts = _VOICE.split(cue.text)
    if text := html.unescape(plain_text(before)):
        yield cue, None if _SOUND.fullmatch(text) else UNKNOWN, text
    for name, said in zip(parts[::2], parts[1::2], strict=True):
        who = html.unescape(name).strip()
        if not who:
            raise cue.line.error("a turn without a speaker name; give it one")
        yield cue, who, html.unescape(plain_text(said))


def write(annotations: Sequence[Annotation]) -> str:
    """One cue per turn with the text or, without words, the name; ``&``, ``<`` and ``>`` are escaped, line
    ends become spaces.
    """
    annotation = lines.require_one_annotation(annotations, "WebVTT")
    names = lines.make_labels(annotation.speakers)
    rows = times.round_turns(annotation)
    texts = lines.turn_texts([turn for *_, turn in rows], names)
    cues = [
        f"\n{times.clock(start)} --> {times.clock(end)}\n"
        f"<v {html.escape(names[turn.speaker], quote=False)}>{html.escape(text, quote=False)}</v>\n"
        for (start, end, turn), text in zip(rows, texts, strict=True)
    ]
    return "WEBVTT\n" + "".join(cues)
