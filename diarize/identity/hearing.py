"""From a recording and its turns to the voices in it."""

from __future__ import annotations

from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize import background, pipeline
from diarize.errors import ConfigError, DiarizeError, FormatError
from diarize.identity.embedded import embedded_evidence
from diarize.identity.voice import Evidence, Voice, fingerprint, joined
from diarize.intervals import subtract, union
from diarize.models.sessions import session_evidence
from diarize.models.statistics import accumulated
from diarize.spelling import find_name
from diarize.types import SpeechMask
from diarize.windows import tiled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from diarize.background import BackgroundModel
    from diarize.config import Config
    from diarize.pipeline import Diarization
    from diarize.types import Annotation, Features

    Array = NDArray[Any]

__all__ = ["WITHIN", "enrolled", "voices_of"]

# Share of what tells voices apart that changes from one recording of a voice to the next: microphone, room,
# mood. Chosen, like the lines of calibration, on voices held out.
WITHIN: Final = 0.5
# Of what an enrolment may hold of second voices, as a share of its speech, without a question.
LEAST: Final = 2.5  # seconds of speech, or what was heard is no voice
STRAY: Final = 0.1


def voices_of(recording: str | PathLike[str], annotation: Annotation, config: Config) -> dict[str, Voice]:
    """What a recording says of the voice of each speaker of ``annotation``, where that speaker is alone.

    Wide-band recordings are heard in both bands, so that they can be compared with telephone calls. A speaker
    without a stretch of 0.2 s alone has none. Raises AudioError, ModelError, and ConfigError for settings
    that leave voices incomparable.
    """
    from threadpoolctl import threadpool_limits

    _check(config)
    if not annotation.turns:
        return {}
    with threadpool_limits(limits=1):  # sums in another order would differ in the last bits
        if config.space.kind == "embedding":
            found = embedded_evidence(Path(recording), alone(annotation), config)
            return {name: Voice(name, {"embedding": each}) for name, each in found.items()}
        return _heard(*_features(Path(recording), annotation, config), annotation, config)


def _heard(features: Features, start: float, annotation: Annotation, config: Config) -> dict[str, Voice]:
    """Voices out of cepstra that start at second ``start``."""
    evidence: dict[str, dict[str, Evidence]] = {}
    for band in _bands(features, config):
        model = _model(band, config)
        for name, each in _evidence(features, start, annotation, model, config).items():
            evidence.setdefault(name, {})[band] = each
    return {name: Voice(name, evidence[name]) for name in annotation.speakers if name in evidence}


def _check(config: Config) -> None:
    """Voices are compared where recordings have lost their mean, under models of speakers."""
    if config.features.normalization != "recording":
        raise ConfigError(
            f"features.normalization = {config.features.normalization!r}; voices can be compared under "
            "'recording' alone"
        )


def _features(path: Path, annotation: Annotation, config: Config) -> tuple[Features, float]:
    """Cepstra of the stretch that the turns are in, and where it starts."""
    from diarize.audio import open_recording
    from diarize.features import cepstra

    start = float(floor(min(turn.start for turn in annotation.turns)))
    end = float(ceil(max(turn.end for turn in annotation.turns)))
    audio = config.audio
    channel, track = audio.channel or None, audio.track
    opened = open_recording(path, rate=audio.rate, channel=channel, track=track, start=start, end=end)
    return cepstra((block.samples for block in opened.blocks()), audio.rate, config.features), start


def _bands(features: Features, config: Config) -> tuple[str, ...]:
    """In which a recording is heard; a model of one's own knows one band."""
    from diarize.features import band_of

    narrow = band_of(features, config.features) == "narrow"
    return ("narrow",) if narrow else ("wide", "narrow")[: 1 if config.space.background else 2]


def _model(band: str, config: Config) -> BackgroundModel:
    own = config.space.background
    model = background.load(own) if own else background.shipped(band)
    model.require(config.features)
    return model


def _evidence(
    features: Features, start: float, annotation: Annotation, model: BackgroundModel, config: Config
) -> dict[str, Evidence]:
    """What each speaker's windows say under one model."""
    from diarize.features import clear, denoised, normalized, voice_cepstra

    grid = features.grid
    speech = grid.mask(union(annotation.intervals()) - start)
    cepstra = voice_cepstra(denoised(features, speech, config.features), model.band, config.features)
    values = normalized(cepstra, speech, grid.frame_rate, config.features)
    telling = clear(features, speech)
    masks = {name: SpeechMask(grid.mask(each - start), grid) for name, each in alone(annotation).items()}
    total = sum(mask.seconds for mask in masks.values())
    shares = {name: mask.seconds / total if total else 0.0 for name, mask in masks.items()}
    found = {}
    for name, mask in masks.items():
        bounds, _ = tiled(mask)
        if len(bounds):
            others = sum(share**2 for other, share in shares.items() if other != name)
            statistics = accumulated(model.ubm, values, mask.values & telling, bounds, model.scale)
            row = session_evidence(
                statistics, model.ubm, (model.speaker, model.window), (shares[name], others), WITHIN
            )
            found[name] = Evidence(row.linear, row.precision, np.array([mask.seconds]), fingerprint(model))
    return found


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
