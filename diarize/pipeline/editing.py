"""Results that are changed afterwards: other names, two speakers made one, another number of speakers.

A result is an entry about one recording as JSON keeps it (``formats.json``, ``diarize run --json``): turns,
what follows from them, and ``alternatives``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from diarize.annotation import Annotation
from diarize.annotation.alternatives import Alternatives, doubts, joined
from diarize.annotation.statistics import shares
from diarize.errors import FormatError
from diarize.formats import json as turns_as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Entry = dict[str, Any]
    Change = Callable[[Annotation], Annotation]

__all__ = ["annotation_of", "changed", "merged", "recounted", "renamed", "respelt"]


def renamed(annotation: Annotation, names: Mapping[str, str]) -> Annotation:
    """The turns under other names. Raises FormatError for somebody who is not there, or one name for two."""
    _check_known(annotation, names)
    after = [names.get(name, name) for name in annotation.speakers]
    if len(set(after)) < len(after):
        twice = next(name for name in after if after.count(name) > 1)
        raise FormatError(f"two speakers would be called {twice!r}; to make them one, use 'diarize merge'")
    return annotation.renamed(names)


def merged(annotation: Annotation, speakers: Sequence[str]) -> Annotation:
    """The turns of all ``speakers`` given to the first of them; those that touch become one."""
    _check_known(annotation, speakers)
    first, *others = speakers
    turns = annotation.renamed(dict.fromkeys(others, first)).turns
    own = (
        replace(turn, runner_up=None if turn.runner_up == turn.speaker else turn.runner_up) for turn in turns
    )
    return joined(replace(annotation, turns=tuple(own)))


def _check_known(annotation: Annotation, names: Mapping[str, str] | Sequence[str]) -> None:
    for name in names:
        if name not in annotation.speakers:
            near = get_close_matches(name, annotation.speakers, n=1)
            there = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(annotation.speakers)}"
            raise FormatError(f"{annotation.recording}: nobody is called {name!r}; {there}")


def annotation_of(entry: Entry, where: str) -> Annotation:
    """The turns of an entry. Raises FormatError."""
    wrapped = {"schema": turns_as_json.SCHEMA, "version": turns_as_json.VERSION, "recordings": [entry]}
    (found,) = turns_as_json.read(json.dumps(wrapped), where).values()
    return found


def changed(entry: Entry, change: Change, where: str) -> Entry:
    """The entry with other turns and all that follows from them."""
    before = annotation_of(entry, where)
    after = change(before)
    kept = entry.get("alternatives")
    whole = {"alternatives": {"turns": entry["turns"]} | kept} if isinstance(kept, dict) else {}
    return entry | whole | _followed(entry, after)


def recounted(entry: Entry, n_speakers: int, where: str) -> Entry:
    """The entry with the turns of another number of speakers. Raises DiarizeError where it is not kept."""
    kept = entry.get("alternatives")
    if not isinstance(kept, dict):
        raise FormatError(
            f"{where}: keeps no other numbers of speakers; write it with 'diarize run --format json', or run "
            f"the recording with --speakers {n_speakers}"
        )
    first = annotation_of(entry | {"turns": kept.get("turns", entry["turns"])}, where)
    known = Alternatives.of_fields(kept, first.turns)
    return changed(entry, lambda now: known.annotation(n_speakers, now), where)


def _followed(entry: Entry, after: Annotation) -> Entry:
    """Turns as they are written, and of the other fields those that the entry has."""
    (written,) = json.loads(turns_as_json.write([after]))["recordings"]
    told = {"turns": written["turns"], "n_speakers": len(after.speakers)}
    told["speakers"] = shares(after) if _has_shares(entry) else list(after.speakers)
    told["doubtful"] = [
        {"speaker": d.speaker, "seconds": d.seconds, "nearest": d.nearest, "reason": d.reason}
        for d in doubts(after)
    ]
    names = set(after.speakers)
    if isinstance(entry.get("matches"), list):
        told["matches"] = [match for match in entry["matches"] if match.get("speaker") in names]
    return {name: value for name, value in told.items() if name in entry or name == "turns"}


def _has_shares(entry: Entry) -> bool:
    speakers = entry.get("speakers")
    return isinstance(speakers, list) and any(isinstance(each, dict) for each in speakers)


def respelt(value: Any, names: Mapping[str, str]) -> Any:
    """Any JSON with other names wherever ``speaker`` has one: transcripts of recognisers."""
    if isinstance(value, list):
        return [respelt(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: names.get(each, each) if key == "speaker" and isinstance(each, str) else respelt(each, names)
        for key, each in value.items()
    }
