"""The text that is printed about a result."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from diarize.cli.printing import escape_controls, format_clock, format_percent, format_table

if TYPE_CHECKING:
    from pathlib import Path

    from diarize.config import Config
    from diarize.pipeline import Diarization
    from diarize.types import Match

__all__ = ["format_result", "format_settings"]


def format_result(result: Diarization, title: str, file: Path | None = None) -> str:
    """A table of the speakers, the reason for their number, doubtful speakers and notes.

    ``file``: the file of turns, for the printed command that merges speakers.
    """
    from diarize.annotation.statistics import speaking_shares

    speakers = speaking_shares(result.annotation)
    length, speech = format_clock(result.duration), format_clock(result.speech.seconds)
    head = f"{escape_controls(title)}: {length} long, {speech} of speech, {result.band} band"
    rows = [
        (s["speaker"], format_clock(s["seconds"]), format_percent(s["share"]), str(s["turns"]))
        for s in speakers
    ]
    lines = [head, format_table(("speaker", "time", "share", "turns"), rows)] if rows else [head]
    if rows:
        chosen, left = result.clustering.chosen, len(speakers)
        after = f"; {left} of them have a turn" if left != chosen else ""
        lines.append(f"  number of speakers: {result.count.explanation}{after}")
    lines += [f"  {_format_match(match)}" for match in result.matches]
    lines += [f"  {line}" for line in _format_doubts(result, file)]
    return "\n".join([*lines, *(f"  note: {escape_controls(note)}" for note in result.notes)])


def _format_doubts(result: Diarization, file: Path | None) -> list[str]:
    """A line for each doubtful speaker, with the command that merges it."""
    from diarize.annotation.alternatives import find_doubtful_speakers

    lines = []
    for doubt in find_doubtful_speakers(result.annotation, result.alternatives):
        words = (str(file or "FILE"), doubt.nearest or "", doubt.speaker)
        command = f"; diarize merge {escape_controls(shlex.join(words))}" if doubt.nearest else ""
        lines.append(f"doubtful: {doubt.speaker}, {doubt.reason}{command}")
    return lines


def _format_match(match: Match) -> str:
    """The known voice of a speaker, with its log odds."""
    if match.nearest is None or match.log_odds is None:
        return f"{match.speaker} → unknown (too little speech to compare)"
    odds, least = f"log odds {match.log_odds:.1f}", f"threshold {match.threshold:g}"
    if match.name is None:
        return f"{match.speaker} → unknown (nearest: {escape_controls(match.nearest)}, {odds}, {least})"
    return f"{match.speaker} → {escape_controls(match.name)} ({odds}, {least})"


def format_settings(config: Config) -> str:
    """The settings that differ from the defaults, and the versions."""
    from diarize.config import without_defaults
    from diarize.config.commented_toml import list_changes
    from diarize.pipeline import versions

    changed = ", ".join(list_changes(without_defaults(config))) or "all defaults"
    known = ", ".join(f"{name} {number}" for name, number in versions().items())
    return f"settings {config.digest}: {changed}; {known}"
