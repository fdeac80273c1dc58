"""The same voice in several recordings gets the same label."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from diarize.errors import DiarizeError
from diarize.identity.identification import THRESHOLD, match_voices
from diarize.identity.voice import log_odds, pool_voices
from diarize.types import speaker_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diarize.identity.voice import Voice

__all__ = ["LinkedVoice", "RecordingVoices", "link_voices"]


@dataclass(frozen=True, slots=True)
class RecordingVoices:
    """The speakers of one recording in order of appearance, and their voices, None for too little speech."""

    recording: str
    voices: Mapping[str, Voice | None]


@dataclass(frozen=True, slots=True)
class LinkedVoice:
    """One voice over all recordings: ``label``; ``members``: sorted (recording, speaker) pairs; ``weakest``:
    the least log odds of a member against the others together, None for a single member.
    """

    label: str
    members: tuple[tuple[str, str], ...]
    weakest: float | None


class _Group(NamedTuple):
    members: tuple[tuple[str, str], ...]
    voice: Voice | None

    @property
    def recordings(self) -> frozenset[str]:
        return frozenset(recording for recording, _ in self.members)


def link_voices(
    recordings: Sequence[RecordingVoices], threshold: float = THRESHOLD, known: Sequence[Voice] = ()
) -> tuple[LinkedVoice, ...]:
    """Give the same voice one label in all recordings.

    The two groups of voices with the highest log odds of being one voice are merged, and their embeddings are
    pooled, until no pair is above the threshold. Speakers of one recording are never merged. Recordings are
    sorted by name, so their order does not matter.

    Parameters
    ----------
    recordings : the voices of each recording
    threshold : least log odds, in nats, to merge two voices
    known : voices whose names are used as labels

    Returns
    -------
    The voices over all recordings, labelled by ``known`` names or ``SPEAKER_00`` … by first appearance.

    Raises
    ------
    DiarizeError
        For two recordings with the same name.
    ModelError
        For voices of different embeddings.

    """
    ordered = sorted(recordings, key=lambda each: each.recording)
    for one, other in pairwise(ordered):
        if one.recording == other.recording:
            raise DiarizeError(f"two recordings are called {one.recording!r}; rename one of them")
    voices = {(each.recording, name): voice for each in ordered for name, voice in each.voices.items()}
    groups = _agglomerate([_Group((key,), voice) for key, voice in voices.items()], threshold)
    place = {key: i for i, key in enumerate(voices)}
    groups.sort(key=lambda group: min(place[key] for key in group.members))
    labels = _labels(groups, known, threshold)
    return tuple(
        LinkedVoice(label, group.members, _weakest(group, voices))
        for label, group in zip(labels, groups, strict=True)
    )


def _agglomerate(groups: list[_Group], threshold: float) -> list[_Group]:
    """Merge groups, the most likely pair first, until no pair is above the threshold."""
    alive = dict(enumerate(groups))
    odds = {(i, j): found for j in alive for i in alive if i < j and (found := _odds(alive[i], alive[j]))}
    fresh = len(groups)
    while odds and max(odds.values()) > threshold:
        i, j = max(odds, key=lambda pair: (odds[pair], -pair[0], -pair[1]))
        new = _union(alive.pop(i), alive.pop(j))
        odds = {pair: value for pair, value in odds.items() if not {i, j} & set(pair)}
        odds |= {(k, fresh): found for k in alive if (found := _odds(alive[k], new))}
        alive[fresh] = new
        fresh += 1
    return list(alive.values())


def _odds(one: _Group, other: _Group) -> float | None:
    """Log odds of two groups; None where they must not be merged."""
    if one.voice is None or other.voice is None or one.recordings & other.recordings:
        return None
    return log_odds(one.voice, other.voice)


def _union(one: _Group, other: _Group) -> _Group:
    members = tuple(sorted(one.members + other.members))
    voices = [group.voice for group in (one, other) if group.voice]
    return _Group(members, pool_voices(min(voice.name for voice in voices), voices))


def _labels(groups: Sequence[_Group], known: Sequence[Voice], threshold: float) -> list[str]:
    numbered = [speaker_name(i) for i in range(len(groups))]
    if not known:
        return numbered
    matches = match_voices(
        {label: group.voice for label, group in zip(numbered, groups, strict=True)}, known, threshold
    )
    return [match.name or match.speaker for match in matches]


def _weakest(group: _Group, voices: Mapping[tuple[str, str], Voice | None]) -> float | None:
    """The least log odds of a member against the rest."""
    parts = [voice for key in group.members if (voice := voices[key])]
    if len(parts) < 2:
        return None
    rest = [pool_voices("rest", [*parts[:i], *parts[i + 1 :]]) for i in range(len(parts))]
    return min(log_odds(part, others) for part, others in zip(parts, rest, strict=True))
