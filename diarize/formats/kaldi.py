"""Kaldi data folders: ``segments``, ``utt2spk`` and ``spk2utt``, and ``text`` where words are known; written
only.

Utterances are called ``<recording>-<speaker>-<start>-<end>``, times in milliseconds of nine digits, and begin
with their speaker's id, ``<recording>-<speaker>``, since a label means another person in another recording.
Lines are sorted by code points, as in the C locale. Source: the Kaldi documentation, *Data preparation*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Annotation

__all__ = ["segments", "spk2utt", "text", "utt2spk"]


def segments(annotations: Sequence[Annotation]) -> str:
    """``<utterance> <recording> <start> <end>`` a line, in seconds."""
    return "".join(
        f"{utterance} {recording} {times.seconds(start)} {times.seconds(end)}\n"
        for utterance, _, recording, start, end, _ in _utterances(annotations)
    )


def utt2spk(annotations: Sequence[Annotation]) -> str:
    """``<utterance> <speaker>`` a line."""
    return "".join(f"{utterance} {speaker}\n" for utterance, speaker, *_ in _utterances(annotations))


def text(annotations: Sequence[Annotation]) -> str:
    """``<utterance> <words>`` a line; utterances without words are left out, as Kaldi wants it."""
    return "".join(f"{utterance} {said}\n" for utterance, *_, said in _utterances(annotations) if said)


def spk2utt(annotations: Sequence[Annotation]) -> str:
    """``<speaker> <utterance> <utterance> …`` a line."""
    spoken: dict[str, list[str]] = {}
    for utterance, speaker, *_ in _utterances(annotations):
        spoken.setdefault(speaker, []).append(utterance)
    return "".join(f"{speaker} {' '.join(spoken[speaker])}\n" for speaker in sorted(spoken))


def _utterances(annotations: Sequence[Annotation]) -> list[tuple[str, str, str, int, int, str]]:
    recordings = lines.tokens(list(dict.fromkeys(each.recording for each in annotations)))
    found = set()
    for each in annotations:
        names, recording = lines.tokens(each.speakers), recordings[each.recording]
        for start, end, turn in times.round_turns(each):
            speaker = f"{recording}-{names[turn.speaker]}"
            said = lines.one_line(turn.text or "")
            found.add((f"{speaker}-{start:09d}-{end:09d}", speaker, recording, start, end, said))
    return sorted(found)
