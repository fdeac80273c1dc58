"""From a recording and its turns to the voices in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize import pipeline
from diarize.annotation.names import find_name
from diarize.errors import DiarizeError, FormatError
from diarize.identity.evidence import embedded_evidence
from diarize.identity.voice import Voice, joined
from diarize.intervals import subtract, union

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from diarize.annotation import Annotation
    from diarize.config import Config
    from diarize.pipeline import Diarization

    Array = NDArray[Any]

__all__ = ["alone", "enrolled", "spoken_by", "voices_of"]

# Of what an enrolment may hold of second voices, as a share of its speech, without a question.
LEAST: Final = 2.5  # seconds of speech, or what was heard is no voice
STRAY: Final = 0.1


def voices_of(recording: str | PathLike[str], annotation: Annotation, config: Config) -> dict[str, Voice]:
    """What a recording tells of the voice of each speaker of ``annotation``, where that speaker is alone.

    A speaker without a stretch of 0.2 s alone has none. Raises AudioError and, for parts, PartError.
    """
    from threadpoolctl import threadpool_limits

    if not annotation.turns:
        return {}
    with threadpool_limits(limits=1):  # sums in another order would differ in the last bits
        found = embedded_evidence(Path(recording), alone(annotation), config)
    return {name: Voice(name, each) for name, each in found.items()}


def alone(annotation: Annotation) -> dict[str, Array]:
    """Where each speaker talks and nobody else does, (n, 2) seconds."""
    found = {}
    for name in annotation.speakers:
        others = [annotation.intervals(each) for each in annotation.speakers if each != name]
        found[name] = subtract(annotation.intervals(name), union(*others))
    return found


def enrolled(
    name: str,
    recordings: Sequence[str | PathLike[str]],
    config: Config,
    *,
    whole: bool = False,
    diarize: Callable[..., Diarization] = pipeline.diarize,
) -> Voice:
    """The voice of one person out of recordings in which nobody else speaks.

    ``whole`` takes all speech of a recording for that voice; otherwise a recording in which a second voice is
    found for over a tenth of the speech is refused. Raises DiarizeError for that and for recordings without
    speech.
    """
    return joined(name, [_enrolled(name, Path(path), config, whole, diarize) for path in recordings])


def _enrolled(
    name: str, path: Path, config: Config, whole: bool, diarize: Callable[..., Diarization]
) -> Voice:
    annotation = diarize(path, config).annotation
    seconds = {each: float(np.diff(annotation.intervals(each)).sum()) for each in annotation.speakers}
    if not seconds:
        raise DiarizeError(f"{path}: no speech found, so there is no voice to enrol; give another recording")
    if sum(seconds.values()) < LEAST and not whole:
        raise DiarizeError(
            f"{path}: only {sum(seconds.values()):.1f} s of it are speech, which is no voice; give a "
            f"recording with {LEAST:g} s at least, or say that it is one (--whole)"
        )
    strays = sum(seconds.values()) - max(seconds.values())
    if not whole and strays > STRAY * sum(seconds.values()):
        parts = ", ".join(f"{each} {spoken:.0f} s" for each, spoken in seconds.items())
        raise DiarizeError(
            f"{path}: sounds like {len(seconds)} people ({parts}); give a recording of one person, say that "
            "it is one (--whole), or name one speaker of its turns (--turns, --speaker)"
        )
    single = annotation.renamed(dict.fromkeys(seconds, name))
    return _of_speaker(path, single, name, config)


def spoken_by(
    name: str, recording: str | PathLike[str], annotation: Annotation, speaker: str, config: Config
) -> Voice:
    """The voice of one speaker of a recording whose turns are known. Raises FormatError without such one."""
    label = find_name(speaker, annotation.speakers)
    if label is None:
        known = ", ".join(annotation.speakers) or "nobody"
        raise FormatError(f"no speaker {speaker!r} in the turns of {recording}; there is {known}")
    voice = _of_speaker(Path(recording), annotation, label, config)
    return Voice(name, voice.evidence)


def _of_speaker(path: Path, annotation: Annotation, speaker: str, config: Config) -> Voice:
    found = voices_of(path, annotation, config)
    if speaker not in found:
        raise DiarizeError(f"{path}: {speaker} is never alone for 0.2 s; give a recording with more speech")
    return found[speaker]
