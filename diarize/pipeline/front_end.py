"""The front end: from a sound to cepstra at a usual level, and to the frames that are speech.

There is one for all uses: ``diarize``, the voices of turns that are known (``pipeline.voices``), and
changes of speaker by BIC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.config import AcousticConfig, Config
from diarize.pipeline.inputs import SampleSource
from diarize.types import Features, SpeechMask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from numpy.typing import NDArray

    from diarize.background import BackgroundModel
    from diarize.networks.protocols import Segmenter
    from diarize.speech import SpeechActivity
    from diarize.types import Waveform

    Array = NDArray[Any]
    Progress = Callable[[str, float], None]

__all__ = [
    "FrontEnd",
    "left_out_notes",
    "run_front_end",
    "speech_activity",
    "speech_features",
    "speech_mask",
    "voice_values",
]

# A note tells of loud sound that is no speech from so many seconds and such a share of a recording on.
LOUD_SECONDS: Final = 5.0
LOUD_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """What one pass over a sound gives: ``features``: cepstra; ``sound``: the same sound at the usual level;
    ``band``: "wide" or "narrow"; ``duration`` in seconds; ``background``: the model of that band, None where
    no stage uses one; ``acoustics``: what the cepstra were made with.
    """

    features: Features
    sound: SampleSource
    band: str
    duration: float
    background: BackgroundModel | None
    acoustics: AcousticConfig


def run_front_end(
    sound: SampleSource, config: Config, progress: Progress = lambda stage, share: None
) -> FrontEnd:
    """Cepstra of a sound in one pass over it, and what follows from them. Raises AudioError, ModelError."""
    from diarize.features import choose_band, compute_cepstra, level_gain

    acoustics, given = _acoustics(config)
    ends = [0]
    features = compute_cepstra(_report_progress(sound, ends, progress), sound.rate, acoustics)
    band = choose_band(features, config.features.band, acoustics.n_mels)
    model = given or (_shipped(band) if _needs_background(config) else None)
    louder = sound.amplify(level_gain(features, acoustics.n_mels))
    return FrontEnd(features, louder, band, ends[-1] / sound.rate, model, acoustics)


def _report_progress(sound: SampleSource, ends: list[int], progress: Progress) -> Iterator[Array]:
    """The blocks of the sound; at which sample each ends is noted down, and how far that is reported."""
    for block in sound.blocks():
        ends.append(ends[-1] + len(block))
        done = ends[-1] / sound.rate
        progress("features", min(1.0, done / sound.duration) if sound.duration else 0.0)
        yield block


def _needs_background(config: Config) -> bool:
    """Whether any stage uses a background model; the textbook space needs none, so its features are free."""
    return config.space.kind != "mfcc" or config.speech.method == "hmm"


def _acoustics(config: Config) -> tuple[AcousticConfig, BackgroundModel | None]:
    """What cepstra are made with, and the background model that was named, if one was.

    A background model knows only features like those that it was trained with. Raises ModelError.
    """
    if not _needs_background(config):
        return config.features.textbook, None
    if not config.space.background:
        return AcousticConfig(), None  # as those that ship
    from diarize import background

    model = background.load(config.space.background)
    return model.acoustics, model


def _shipped(band: str) -> BackgroundModel:
    from diarize import background

    return background.load_shipped(band)


def speech_activity(front: FrontEnd, given: Array | None, config: Config) -> SpeechActivity:
    """What speech activity finds; the stretches (n, 2) ``given`` in seconds of the file replace its own."""
    from diarize import speech

    grid, sound = front.features.grid, front.sound
    stretches = None if given is None else SpeechMask(grid.mask(np.maximum(given - sound.start, 0.0)), grid)
    if config.speech.method != "network":
        return speech.SpeechActivity(stretches or _mask_without_network(front, config))
    found = speech.detect_by_network(sound.blocks(), _segmenter(config), grid, config.speech)
    return replace(found, mask=stretches or found.mask)


def _mask_without_network(front: FrontEnd, config: Config) -> SpeechMask:
    """What the detectors find that know of speech alone."""
    from diarize import speech

    features, model, n_mels = front.features, front.background, front.acoustics.n_mels
    if config.speech.method == "silero":
        return speech.detect_by_silero(front.sound.blocks(), features.grid, config.speech)
    if config.speech.method == "energy" or model is None:
        return speech.detect_by_energy(features, config.speech, n_mels)
    return speech.detect_by_mixtures(features, model.speech, model.other, model.talk, config.speech, n_mels)


def _segmenter(config: Config) -> Segmenter:
    """The segmentation network that was asked for, or the shipped one."""
    if config.speech.segmentation:
        from diarize.parts import load_segmenter

        return load_segmenter(config.speech.segmentation)
    from diarize.speech import PyanNetSegmenter

    return PyanNetSegmenter()


def left_out_notes(front: FrontEnd, mask: SpeechMask) -> tuple[str, ...]:
    """A note where many loud seconds were not taken for speech."""
    from diarize.features import loud_outside

    loud = loud_outside(front.features, mask.values, front.acoustics.n_mels)
    if loud < max(LOUD_SECONDS, LOUD_SHARE * front.duration):
        return ()
    return (
        f"{loud:.0f} s of loud sound were taken for no speech (music, noise?); --sensitivity more takes more "
        "of it for speech",
    )


def voice_values(front: FrontEnd, mask: SpeechMask, config: Config) -> Array:
    """Normalised cepstra that tell voices or, in the textbook space, all but c0 with their slopes:
    float32 (n_frames, D).
    """
    from diarize.features import normalize_features, voice_features

    features = front.features
    if config.space.kind == "mfcc":
        values = _textbook_cepstra(features, config)
        return normalize_features(values, mask.values, features.grid.frame_rate, front.acoustics)
    band = front.background.band if front.background else front.band
    return voice_features(features, mask.values, band, front.acoustics)


def _textbook_cepstra(features: Features, config: Config) -> Array:
    from diarize.features import append_deltas

    names = features.names[1 : features.names.index("u0")]
    kept = Features(features.values[:, 1 : 1 + len(names)], features.grid, names)
    return append_deltas(kept, config.features.deltas).values


def speech_features(
    recording: str | PathLike[str] | Waveform,
    config: Config | None = None,
    *,
    start: float = 0.0,
    end: float | None = None,
) -> tuple[FrontEnd, SpeechMask]:
    """The first half of the way: cepstra of a recording, or of a part of it, and which frames are speech."""
    from threadpoolctl import threadpool_limits

    config = config or Config()
    with threadpool_limits(limits=1):  # sums in another order would differ in the last bits
        front = run_front_end(SampleSource.open(recording, config, (start, end)), config)
        return front, speech_activity(front, None, config).mask


def speech_mask(
    recording: str | PathLike[str] | Waveform,
    config: Config | None = None,
    *,
    start: float = 0.0,
    end: float | None = None,
) -> SpeechMask:
    """Which frames of a recording, or of a part of it, are speech."""
    return speech_features(recording, config, start=start, end=end)[1]
