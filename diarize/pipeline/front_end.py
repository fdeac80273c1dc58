"""The front end: cepstra at the usual level, and the frames that are speech.

All uses share it: ``diarize``, voices of given turns (``pipeline.voices``), and speaker changes by BIC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.config import AcousticConfig, Config
from diarize.intervals import subtract
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
    "missed_sound_notes",
    "run_front_end",
    "speech_activity",
    "speech_features",
    "speech_mask",
    "voice_values",
]

# Loud sound without speech gets a note from this many seconds and this share of a recording on.
LOUD_SECONDS: Final = 5.0
LOUD_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Result of one pass over a sound.

    ``features``: cepstra; ``sound``: the same sound at the usual level; ``band``: "wide" or "narrow";
    ``duration`` in seconds; ``background``: the model of that band, None where no stage uses one;
    ``acoustics``: what the cepstra were made with.
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
    """Compute cepstra in one pass over a sound, and choose level, band and background model.

    Raises AudioError and ModelError.
    """
    from diarize.features import choose_band, compute_cepstra, level_gain

    acoustics, given = _choose_acoustics(config)
    ends = [0]
    features = compute_cepstra(_report_progress(sound, ends, progress), sound.rate, acoustics)
    band = choose_band(features, config.features.band, acoustics.n_mels)
    model = given or (_load_included(band) if _needs_background(config) else None)
    louder = sound.amplify(level_gain(features, acoustics.n_mels))
    return FrontEnd(features, louder, band, ends[-1] / sound.rate, model, acoustics)


def _report_progress(sound: SampleSource, ends: list[int], progress: Progress) -> Iterator[Array]:
    """The blocks of the sound; appends the end of each to ``ends`` and reports progress."""
    for block in sound.blocks():
        ends.append(ends[-1] + len(block))
        done = ends[-1] / sound.rate
        progress("features", min(1.0, done / sound.duration) if sound.duration else 0.0)
        yield block


def _needs_background(config: Config) -> bool:
    """Whether any stage uses a background model. The textbook space does not, so its features can be set."""
    return config.space.kind != "mfcc" or config.speech.method == "hmm"


def _choose_acoustics(config: Config) -> tuple[AcousticConfig, BackgroundModel | None]:
    """Feature settings, and the background model if one was given.

    A background model needs the features that it was trained with. Raises ModelError.
    """
    if not _needs_background(config):
        return config.features.textbook, None
    if not config.space.background:
        return AcousticConfig(), None  # as for the included models
    from diarize import background

    model = background.load(config.space.background)
    return model.acoustics, model


def _load_included(band: str) -> BackgroundModel:
    from diarize import background

    return background.load_included(band)


def speech_activity(
    front: FrontEnd, given: Array | None, config: Config, crosstalk: Array | None = None
) -> SpeechActivity:
    """Speech activity; intervals (n, 2) ``given`` in seconds of the file replace the detector's.

    ``crosstalk``: intervals (n, 2) in seconds of the file that are taken out of the speech; what is left of
    an interval must last ``config.speech.min_speech`` seconds.
    """
    from diarize import speech

    grid, sound = front.features.grid, front.sound
    if config.speech.method == "network":
        found = speech.detect_by_network(sound.blocks(), _choose_segmenter(config), grid, config.speech)
    else:
        found = speech.SpeechActivity(_mask_without_network(front, config))
    intervals = found.mask.intervals + sound.start if given is None else given
    if crosstalk is not None:
        intervals = _subtract_crosstalk(np.maximum(intervals, 0.0), crosstalk, config.speech.min_speech)
    return replace(found, mask=SpeechMask(grid.mask(intervals - sound.start), grid))


def _subtract_crosstalk(whole: Array, crosstalk: Array, shortest: float) -> Array:
    left = subtract(whole, crosstalk)
    is_uncut = np.isin(left[:, 0], whole[:, 0]) & np.isin(left[:, 1], whole[:, 1])
    return left[is_uncut | (np.diff(left)[:, 0] >= shortest)]


def _mask_without_network(front: FrontEnd, config: Config) -> SpeechMask:
    """The mask of a detector that finds speech only, without overlap and local speakers."""
    from diarize import speech

    features, model, n_mels = front.features, front.background, front.acoustics.n_mels
    if config.speech.method == "silero":
        return speech.detect_by_silero(front.sound.blocks(), features.grid, config.speech)
    if config.speech.method == "energy" or model is None:
        return speech.detect_by_energy(features, config.speech, n_mels)
    return speech.detect_by_mixtures(features, model.speech, model.other, model.talk, config.speech, n_mels)


def _choose_segmenter(config: Config) -> Segmenter:
    """The requested segmentation network, or the included one."""
    if config.speech.segmentation:
        from diarize.parts import load_segmenter

        return load_segmenter(config.speech.segmentation)
    from diarize.speech import PyanNetSegmenter

    return PyanNetSegmenter()


def missed_sound_notes(front: FrontEnd, mask: SpeechMask) -> tuple[str, ...]:
    """A note if many loud seconds were not detected as speech."""
    from diarize.features import loud_outside

    loud = loud_outside(front.features, mask.values, front.acoustics.n_mels)
    if loud < max(LOUD_SECONDS, LOUD_SHARE * front.duration):
        return ()
    return (
        f"{loud:.0f} s of loud sound were not detected as speech (music or noise?); --sensitivity more "
        "detects more of it",
    )


def voice_values(front: FrontEnd, mask: SpeechMask, config: Config) -> Array:
    """Normalised voice features or, in the textbook space, all cepstra except c0 with deltas:
    float32 (n_frames, D).
    """
    from diarize.features import compute_voice_features, normalize_features

    features = front.features
    if config.space.kind == "mfcc":
        values = _textbook_cepstra(features, config)
        return normalize_features(values, mask.values, features.grid.frame_rate, front.acoustics)
    band = front.background.band if front.background else front.band
    return compute_voice_features(features, mask.values, band, front.acoustics)


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
    """Compute the cepstra and the speech frames of a recording, or of a part of it.

    Parameters
    ----------
    recording : path of a sound file, or a Waveform
    config : settings; the defaults unless given
    start, end : seconds of the file between which it is read; to its end unless given

    Returns
    -------
    The front end with the cepstra, and the mask on their frames.

    Raises
    ------
    AudioError
        When the recording cannot be read.
    ConfigError
        When settings contradict each other.
    ModelError
        When a background model cannot be read.

    """
    from threadpoolctl import threadpool_limits

    config = config or Config()
    with threadpool_limits(limits=1):  # another order of sums changes the last bits
        front = run_front_end(SampleSource.open(recording, config, (start, end)), config)
        return front, speech_activity(front, None, config).mask


def speech_mask(
    recording: str | PathLike[str] | Waveform,
    config: Config | None = None,
    *,
    start: float = 0.0,
    end: float | None = None,
) -> SpeechMask:
    """Detect which frames of a recording, or of a part of it, are speech.

    Parameters
    ----------
    recording, config, start, end : as for ``speech_features``

    Returns
    -------
    The mask.

    Raises
    ------
    AudioError
        As ``speech_features`` does.

    """
    return speech_features(recording, config, start=start, end=end)[1]
