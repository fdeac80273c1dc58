"""Edit results: rename speakers, merge speakers, change the number of speakers."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from diarize.annotation import Annotation
from diarize.annotation.alternatives import find_doubtful_speakers, join_touching_turns
from diarize.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diarize.results.values import Result
    from diarize.results.voices import VoiceStatistics

__all__ = ["merge_speakers", "recount_speakers", "rename_json", "rename_speakers"]

SPEAKER_KEYS = ("speaker", "speaker_label", "speakerLabel", "speaker_id")
"""Names of the field for the speaker in JSON of recognisers; the last three: AWS, Google, ElevenLabs."""


def rename_speakers(result: Result, names: Mapping[str, str]) -> Result:
    """Rename speakers in turns and voices.

    Parameters
    ----------
    result : of one recording
    names : new name of each speaker by the old one; speakers that are not in it keep their names

    Returns
    -------
    The result with the new names.

    Raises
    ------
    FormatError
        For an unknown speaker, and when two speakers would get the same name.

    """
    annotation = result.annotation
    _check_known(annotation, names)
    after = [names.get(name, name) for name in annotation.speakers]
    if len(set(after)) < len(after):
        twice = next(name for name in after if after.count(name) > 1)
        raise FormatError(f"two speakers would be called {twice!r}; to make them one, use 'diarize merge'")
    voices = result.voices.rename(names) if result.voices else None
    return _with_turns(result, annotation.rename(names), voices)


def merge_speakers(result: Result, speakers: Sequence[str]) -> Result:
    """Give all turns of several speakers to the first of them.

    Parameters
    ----------
    result : of one recording
    speakers : their labels

    Returns
    -------
    The result; turns that now touch are joined.

    Raises
    ------
    FormatError
        For an unknown speaker.

    """
    annotation = result.annotation
    _check_known(annotation, speakers)
    first, *others = speakers
    names = dict.fromkeys(others, first)
    own = tuple(
        replace(turn, runner_up=None if turn.runner_up == turn.speaker else turn.runner_up)
        for turn in annotation.rename(names).turns
    )
    voices = result.voices.rename(names) if result.voices else None
    return _with_turns(result, join_touching_turns(replace(annotation, turns=own)), voices)


def recount_speakers(result: Result, n_speakers: int, source: str) -> Result:
    """The turns for another number of speakers, without the sound.

    Parameters
    ----------
    result : of one recording, with its alternatives
    n_speakers : the number
    source : name of the file, for errors

    Returns
    -------
    The result with these turns, and the voices of the speakers that did not change.

    Raises
    ------
    FormatError
        When the result has no turns for other numbers.
    DiarizeError
        When there are no turns for this number.

    """
    known, before = result.alternatives, result.annotation
    if known is None:
        raise FormatError(
            f"{source}: has no turns for other numbers of speakers; write it with 'diarize run --format "
            f"json', or "
            f"run the recording with --speakers {n_speakers}"
        )
    after = known.annotation(n_speakers, before)
    same = [name for name in after.speakers if _same_turns(name, before, after)]
    return _with_turns(result, after, result.voices.select(same) if result.voices else None)


def _same_turns(name: str, before: Annotation, after: Annotation) -> bool:
    """Whether a speaker has the same intervals as before, so that the voice is unchanged."""
    one, other = before.intervals(name), after.intervals(name)
    return one.shape == other.shape and bool((one == other).all())


def _check_known(annotation: Annotation, names: Mapping[str, str] | Sequence[str]) -> None:
    for name in names:
        if name not in annotation.speakers:
            near = get_close_matches(name, annotation.speakers, n=1)
            there = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(annotation.speakers)}"
            raise FormatError(f"{annotation.recording}: no speaker is called {name!r}; {there}")


def _with_turns(result: Result, after: Annotation, voices: VoiceStatistics | None) -> Result:
    """The result with other turns and the fields that depend on them; the turns that were found first are
    kept.
    """
    matches = result.matches
    if matches is not None:
        names = set(after.speakers)
        matches = tuple(each for each in matches if {each.speaker, each.name} & names)
    return replace(
        result,
        annotation=after,
        voices=voices,
        matches=matches,
        doubts=None if result.doubts is None else find_doubtful_speakers(after),
    )


def rename_json(value: Any, names: Mapping[str, str]) -> Any:
    """Rename speakers anywhere in JSON, such as transcripts of recognisers: the values of ``SPEAKER_KEYS``,
    or the names within them, as in ``"speaker": {"id": 0, "name": "SPEAKER_00"}``.

    Parameters
    ----------
    value : any value that ``json.loads`` returns
    names : new name of each speaker by the old one; other names stay

    Returns
    -------
    A copy with the new names.

    """
    if isinstance(value, list):
        return [rename_json(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _rename_speaker(each, names) if key in SPEAKER_KEYS else rename_json(each, names)
        for key, each in value.items()
    }


def _rename_speaker(value: Any, names: Mapping[str, str]) -> Any:
    """A speaker with its new name: a text, or an object with texts in it."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {key: names.get(each, each) if isinstance(each, str) else each for key, each in value.items()}
    return rename_json(value, names)
