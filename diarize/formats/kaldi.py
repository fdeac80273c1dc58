"""Kaldi data folders: ``segments``, ``utt2spk`` and ``spk2utt``, and ``text`` where words are known; written
only.

The id of an utterance is ``<recording>-<speaker>-<start>-<end>``, times in milliseconds with nine digits. It
begins with the speaker's id, ``<recording>-<speaker>``, because a label is another person in another
recording. Lines are sorted by code points, as in the C locale. Source: the Kaldi documentation, *Data
preparation*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Annotation

__all__ = ["segments", "spk2utt", "text", "utt2spk"]


def segments(annotations: Sequence[Annotation]) -> str:
    """``<utterance> <recording> <start> <end>`` per line, in seconds."""
    return "".join(
        f"{utterance} {recording} {times.seconds(start)} {times.seconds(end)}\n"
        for utterance, _, recording, start, end, _ in _utterances(annotations)
    )


def utt2spk(annotations: Sequence[Annotation]) -> str:
    """``<utterance> <speaker>`` per line."""
    return "".join(f"{utterance} {speaker}\n" for utterance, speaker, *_ in _utterances(annotations))


def text(annotations: Sequence[Annotation]) -> str:
    """``<utterance> <words>`` per line; utterances without words are left out, as Kaldi requires."""
    return "".join(f"{utterance} {said}\n" for utterance, *_, said in _utterances(annotations) if said)


def spk2utt(annotations: Sequence[Annotation]) -> str:
    """``<speaker> <utterance> <utterance> …`` per line."""
    spoken: dict[str, list[str]] = {}
    for utterance, speaker, *_ in _utterances(annotations):
        spoken.setdefault(speaker, []).append(utterance)
    return "".join(f"{speaker} {' '.join(spoken[speaker])}\n" for speaker in sorted(spoken))


def _utterances(annotations: Sequence[Annotation]) -> list[tuple[str, str, str, int, int, str]]:
    recordings = lines.make_tokens(list(dict.fromkeys(each.recording for each in annotations)))
    found = set()
    for each in annotations:
        names, recording = lines.make_tokens(each.speakers), recordings[each.recording]
        for start, end, turn in times.round_turns(each):
            speaker = f"{recording}-{names[turn.speaker]}"
            said = lines.one_line(turn.text or "")
            found.add((f"{speaker}-{start:09d}-{end:09d}", speaker, recording, start, end, said))
    return sorted(found)
