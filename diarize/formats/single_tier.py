"""Files of an editor with a single tier: whether its texts are the speakers, and what pauses are called.

Sources: the Praat manual, *Sound: To TextGrid (silences)...*; *The HTK Book* and WebMAUS for pauses.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from diarize.formats import lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Turn

__all__ = ["PAUSES", "SILENCES", "name_by_texts"]

PAUSES = frozenset({"sil", "SIL", "sp", "pau", "<sil>", "<SIL>", "<p:>"})
"""Labels that forced aligners give to pauses."""
SILENCES = frozenset({"silent", "sounding"})
"""Labels of Praat's "silences" tier."""
_SPEAKERS = re.compile(
    r"speakers?|spkr?s?|speaker[ _-]?(turns?|ids?|labels?)|turns|who|diari[sz]ation", re.IGNORECASE
)
_NOBODY = re.compile(  # what a tier is called whose name is nobody's, as programs name them
    r"((interval|text)?[ _-]?tier|labels?|segments?|intervals?|annotations?|untitled|default)[ _-]?\d*",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(speaker|spkr?|s)[ _-]?\d+", re.IGNORECASE)


def name_by_texts(found: Sequence[tuple[str, Sequence[Turn]]], *, any_name: bool = True) -> list[Turn] | None:
    """The turns of a single tier whose texts are the speakers, without "silent" ones; None for others.

    Its name or its texts show it. ``any_name``: repeated short texts are enough, whatever the tier is called.
    """
    if len(found) != 1 or not _texts_are_speakers(*found[0], any_name=any_name):
        return None
    turns = found[0][1]
    silences = {turn.text for turn in turns} <= SILENCES
    return [
        replace(turn, speaker=turn.text, text=None)
        for turn in turns
        if turn.text and not (silences and turn.text == "silent")
    ]


def _texts_are_speakers(name: str, turns: Sequence[Turn], *, any_name: bool) -> bool:
    texts = [turn.text or "" for turn in turns]
    kinds = set(texts)
    if not kinds:
        return False
    if kinds <= SILENCES or _SPEAKERS.fullmatch(name.strip()) or not name:
        return True
    short = all(len(text) <= 25 and len(text.split()) <= 3 for text in kinds) and lines.SILENT not in kinds
    numbered = all(_NUMBERED.fullmatch(text) for text in kinds)
    nobody = _NOBODY.fullmatch(name.strip())
    often = 1.5 if nobody else 3  # who speaks comes again, what is said hardly
    repeated = short and 2 <= len(kinds) <= len(texts) / often
    return numbered or (repeated and bool(any_name or nobody))
