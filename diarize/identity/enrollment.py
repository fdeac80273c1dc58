"""Voices from recordings and their turns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize import pipeline
from diarize.annotation import Annotation
from diarize.annotation.names import find_name
from diarize.errors import DiarizeError, FormatError
from diarize.identity.result_voices import voices_from_statistics
from diarize.identity.voice import Voice, pool_voices
from diarize.results import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    from diarize.config import Config
    from diarize.pipeline import Diarization

__all__ = ["enroll_speaker", "enroll_voice", "is_comparable", "measure_voices", "voices_in_result"]

# Largest share of speech of other voices that an enrollment may hold.
MIN_SECONDS: Final = 2.5  # seconds of speech that an enrollment needs
MAX_OTHER_SHARE: Final = 0.1


def measure_voices(
    recording: str | PathLike[str], annotation: Annotation, config: Config
) -> dict[str, Voice]:
    """Measure the voice of each speaker, from the time in which that speaker is alone.

    Parameters
    ----------
    recording : path of the recording
    annotation : its turns
    config : settings for the sound and the embedding

    Returns
    -------
    Voices by speaker. A speaker who is never alone for 0.2 s has none.

    Raises
    ------
    AudioError
        When the recording cannot be read.
    PartError
        When an ONNX file of the settings cannot be used.

    """
    return voices_from_statistics(pipeline.voice_statistics_of(recording, annotation, config))


def voices_in_result(result: Diarization, recording: str | PathLike[str]) -> dict[str, Voice]:
    """The voices of a result, from its statistics; the ``recording`` is read where it has none, as in the
    textbook space.
    """
    if result.voices is None:
        return measure_voices(recording, result.annotation, result.config)
    return voices_from_statistics(result.voices)


def enroll_voice(
    name: str,
    recordings: Sequence[str | PathLike[str]],
    config: Config,
    *,
    whole: bool = False,
    diarize: Callable[..., Diarization] = pipeline.diarize,
) -> Voice:
    """Learn the voice of one person from recordings of that person alone.

    Parameters
    ----------
    name : the name of the person
    recordings : paths of the recordings
    config : settings for finding speech and for the embedding
    whole : take all speech of a recording for this voice; otherwise a recording is refused if a second
        voice has more than a tenth of its speech
    diarize : the function that finds out how many voices a recording has

    Returns
    -------
    The voice, with one row for each recording.

    Raises
    ------
    DiarizeError
        For a second voice, for recordings without speech, and for those that cannot be read.

    """
    return pool_voices(
        name, [_learn_from_file(name, Path(path), config, whole, diarize) for path in recordings]
    )


def _learn_from_file(
    name: str, path: Path, config: Config, whole: bool, diarize: Callable[..., Diarization]
) -> Voice:
    result = diarize(path, config)
    annotation = result.annotation
    seconds = {each: float(np.diff(annotation.intervals(each)).sum()) for each in annotation.speakers}
    _check_single(path, seconds, whole=whole)
    single = dict.fromkeys(seconds, name)
    voices = result.voices.rename(single) if result.voices else None
    found = voices_in_result(replace(result, annotation=annotation.rename(single), voices=voices), path)
    return _require_voice(path, name, found)


def _check_single(path: Path, seconds: Mapping[str, float], *, whole: bool) -> None:
    """Raises DiarizeError for a recording of too little speech or, unless ``whole``, of several people."""
    if not seconds:
        raise DiarizeError(f"{path}: no speech found, so there is no voice to enroll; give another recording")
    if sum(seconds.values()) < MIN_SECONDS and not whole:
        raise DiarizeError(
            f"{path}: only {sum(seconds.values()):.1f} s of it are speech; give a recording with at least "
            f"{MIN_SECONDS:g} s of speech, or say with --whole that all of it is one person"
        )
    strays = sum(seconds.values()) - max(seconds.values())
    if not whole and strays > MAX_OTHER_SHARE * sum(seconds.values()):
        parts = ", ".join(f"{each} {spoken:.0f} s" for each, spoken in seconds.items())
        raise DiarizeError(
            f"{path}: sounds like {len(seconds)} people ({parts}); give a recording of one person, say "
            "with --whole that it is one, or name one speaker of its turns (--turns, --speaker)"
        )


def enroll_speaker(
    name: str, recording: str | PathLike[str], known: Result | Annotation, speaker: str, config: Config
) -> Voice:
    """The voice of one speaker of a recording with ``known`` turns; the recording is read unless these
    results hold the voice. Raises FormatError without such a speaker.
    """
    result = Result(known) if isinstance(known, Annotation) else known
    label = find_name(speaker, result.annotation.speakers)
    if label is None:
        there = ", ".join(result.annotation.speakers) or "nobody"
        raise FormatError(f"no speaker {speaker!r} in the turns of {recording}; there is {there}")
    kept = voices_from_statistics(result.voices) if is_comparable(result, config) else {}
    found = kept if label in kept else measure_voices(recording, result.annotation, config)
    return Voice(name, _require_voice(Path(recording), label, found).embeddings)


def is_comparable(result: Result, config: Config) -> bool:
    """Whether a result has voices from the embedding in use."""
    if result.voices is None:
        return False
    return result.voices.model == pipeline.choose_embedding(config)[0].checksum[:16]


def _require_voice(path: Path, speaker: str, found: Mapping[str, Voice]) -> Voice:
    if speaker not in found:
        raise DiarizeError(f"{path}: {speaker} is never alone for 0.2 s; give a recording with more speech")
    return found[speaker]
