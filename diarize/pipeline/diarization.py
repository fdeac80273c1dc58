"""The corridor: the only place that knows the order of the stages."""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.annotation import Annotation
from diarize.config import Config
from diarize.errors import SpeakerCountError
from diarize.pipeline.arguments import check_slopes, given_stretches, with_checksums, with_counts
from diarize.pipeline.inputs import Sound
from diarize.pipeline.result import Diarization
from diarize.types import Features, Posteriors, SpeechMask, Waveform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

    from diarize.background import BackgroundModel
    from diarize.clustering import Clustering
    from diarize.embedding.two_covariance import TwoCovariance
    from diarize.networks.protocols import EmbeddingExtractor, Segmenter
    from diarize.speech import SpeechActivity
    from diarize.types import SpeakerPoints

    Array = NDArray[Any]
    Progress = Callable[[str, float], None]

__all__ = ["Diarization", "diarize", "speech_mask"]

# Loud sound that is no speech is told of from so many seconds and such a share of a recording on.
LOUD_SECONDS: Final = 5.0
LOUD_SHARE: Final = 0.1
STAGES: Final = ("features", "speech", "space", "clustering", "resegmentation")


def diarize(
    recording: Any,
    config: Config | None = None,
    *,
    num_speakers: int | None = None,
    min_speakers: int | None = None,
    max_speakers: int | None = None,
    speech: ArrayLike | None = None,
    start: float = 0.0,
    end: float | None = None,
    progress: Progress = lambda stage, share: None,
) -> Diarization:
    """Say who spoke when.

    ``recording``: a file of any usual kind by its path, a file object or bytes, ``(samples, rate)`` or a
    Waveform; ``config``: settings (the defaults serve meetings, calls and broadcasts); ``num_speakers``: how
    many there are, when it is known, or else ``min_speakers`` and ``max_speakers``; ``speech``: stretches
    (n, 2) in seconds to take for speech instead of finding them; ``start``, ``end``: seconds of the file to
    work on; ``progress``: called with a stage and the share done.

    The same sound, settings and seed give the same turns to the bit. Raises DiarizeError (AudioError,
    ConfigError, ModelError) in one line, InputError, a TypeError, for what is no recording; a recording
    without speech has no turns and is no error.
    """
    from threadpoolctl import threadpool_limits

    from diarize.pipeline.inputs import recording_of

    settings = with_checksums(with_counts(config, num_speakers, min_speakers, max_speakers))
    with recording_of(recording) as given, threadpool_limits(limits=1):
        # one thread: sums in another order would differ in the last bits
        return _diarized(given, settings, speech, (start, end), progress)


def _diarized(
    recording: str | PathLike[str] | Waveform,
    config: Config,
    given: ArrayLike | None,
    span: tuple[float, float | None],
    progress: Progress,
) -> Diarization:
    from diarize.annotation import alternatives
    from diarize.clustering import outliers
    from diarize.pipeline import speakers
    from diarize.resegmentation import overlap, turns

    check_slopes(config)
    stretches = None if given is None else given_stretches(given)
    sound = Sound.of(recording, config, span)
    values, activity, sound, model, band, duration = _listened(sound, stretches, config, progress)
    mask = activity.mask
    if not mask.values.any():
        return _silent(sound, mask, band, duration, config)
    progress("space", 0.0)
    points = _points(values, activity, sound, config)
    progress("clustering", 0.0)
    selection = _clustered(sound.name, points, config)
    progress("resegmentation", 0.0)
    posteriors = turns.by_appearance(_frame_posteriors(values, mask, points, selection, model, config))
    posteriors, notes = _with_as_many(posteriors, mask, points, selection, config)
    span, most = (sound.start, duration), config.clustering.max_speakers
    second = overlap.second_speakers(posteriors, activity, config.resegmentation.overlap)
    annotation = turns.turns_of(posteriors, mask, sound.name, span, second)
    progress("resegmentation", 1.0)
    return Diarization(
        annotation, posteriors, selection, mask, band, duration,
        (*sound.notes(), *notes), config, versions(),
        outliers.outlying(points, selection.responsibilities),
        start=sound.start,
        alternatives=alternatives.alternatives_of(points, selection.solutions, most, annotation, span[0]),
        places=speakers.places_of(points, posteriors),
    )  # fmt: skip


def _listened(
    sound: Sound, given: Array | None, config: Config, progress: Progress
) -> tuple[Array, SpeechActivity, Sound, BackgroundModel | None, str, float]:
    """Normalised cepstra, speech activity, the sound at the usual level, background model, band and seconds;
    the bare cepstra, a large table, are let go.
    """
    from diarize.features import loud_outside, usual_gain

    features, band, duration = _heard(sound, config, progress)
    model = _background(band, config)
    progress("speech", 0.0)
    sound = sound.louder(usual_gain(features, config.features.n_mels))
    activity = _activity(features, given, sound, model, config)
    mask = activity.mask
    if given is None:
        loud = loud_outside(features, mask.values, config.features.n_mels)
        sound = sound.told(_left_out(loud, duration))
    values = _values(features, mask, model.band if model else band, config)
    return values, activity, sound, model, band, duration


def _left_out(loud: float, duration: float) -> tuple[str, ...]:
    """A note where many loud seconds were not taken for speech."""
    if loud < max(LOUD_SECONDS, LOUD_SHARE * duration):
        return ()
    return (
        f"{loud:.0f} s of loud sound were taken for no speech (music, noise?); --sensitivity more takes more "
        "of it for speech",
    )


def speech_mask(
    recording: str | PathLike[str] | Waveform,
    config: Config | None = None,
    *,
    start: float = 0.0,
    end: float | None = None,
) -> SpeechMask:
    """Only the first half of the way: which frames of a recording, or of a stretch of it, are speech."""
    from threadpoolctl import threadpool_limits

    from diarize.features import usual_gain

    config = config or Config()
    with threadpool_limits(limits=1):
        sound = Sound.of(recording, config, (start, end))
        features, band, _ = _heard(sound, config, lambda stage, share: None)
        sound = sound.louder(usual_gain(features, config.features.n_mels))
        return _activity(features, None, sound, _background(band, config), config).mask


def _values(features: Features, mask: SpeechMask, band: str, config: Config) -> Array:
    """Normalised cepstra that tell voices or, in the textbook space, all but c0 with their slopes:
    float32 (n_frames, D).
    """
    from diarize.features import denoised, normalized, voice_cepstra

    if config.space.kind == "mfcc":
        values = _all_cepstra(features, config)
    else:
        values = voice_cepstra(denoised(features, mask.values, config.features), band, config.features)
    return normalized(values, mask.values, features.grid.frame_rate, config.features)


def _all_cepstra(features: Features, config: Config) -> Array:
    from diarize.features import with_deltas

    names = features.names[1 : 1 + config.features.n_mfcc]
    kept = Features(features.values[:, 1 : 1 + len(names)], features.grid, names)
    return with_deltas(kept, config.features.deltas).values


def _heard(sound: Sound, config: Config, progress: Progress) -> tuple[Features, str, float]:
    """Cepstra in one pass over the sound, the band that they are for, and how many seconds it was."""
    from diarize.features import band_of, cepstra

    ends = [0]
    found = cepstra(_reported(sound, ends, progress), sound.rate, config.features)
    return found, band_of(found, config.features), ends[-1] / sound.rate


def _reported(sound: Sound, ends: list[int], progress: Progress) -> Iterator[Array]:
    """The blocks of the sound; at which sample each ends is noted down, and how far that is reported."""
    for block in sound.blocks():
        ends.append(ends[-1] + len(block))
        done = ends[-1] / sound.rate
        progress("features", min(1.0, done / sound.duration) if sound.duration else 0.0)
        yield block


def _activity(
    features: Features,
    given: Array | None,
    sound: Sound,
    model: BackgroundModel | None,
    config: Config,
) -> SpeechActivity:
    """What speech activity finds, with the stretches that were given in place of its own."""
    from diarize import speech

    grid = features.grid
    stretches = None if given is None else SpeechMask(grid.mask(np.maximum(given - sound.start, 0.0)), grid)
    if config.speech.method != "network":
        return speech.SpeechActivity(stretches or _speech_mask(features, sound, model, config))
    found = speech.by_network(sound.blocks(), _segmenter(config), grid, config.speech)
    return replace(found, mask=stretches or found.mask)


def _speech_mask(
    features: Features, sound: Sound, model: BackgroundModel | None, config: Config
) -> SpeechMask:
    """What the detectors find that know of speech alone."""
    from diarize import speech

    n_mels = config.features.n_mels
    if config.speech.method == "silero":
        return speech.by_silero(sound.blocks(), features.grid, config.speech)
    if config.speech.method == "energy" or model is None:
        return speech.by_energy(features, config.speech, n_mels)
    return speech.by_mixtures(features, model.speech, model.other, model.talk, config.speech, n_mels)


def _background(band: str, config: Config) -> BackgroundModel | None:
    """The model that was asked for, or the shipped one of the band; its feature settings must be these.

    None where no stage uses one, as in the textbook space, whose features are free.
    """
    if config.space.kind == "mfcc" and config.speech.method != "hmm":
        return None
    from diarize import background

    model = background.load(config.space.background) if config.space.background else background.shipped(band)
    model.require(config.features)
    return model


def _segmenter(config: Config) -> Segmenter:
    """The segmentation network that was asked for, or the shipped one."""
    if config.speech.segmentation:
        from diarize.parts import load_segmenter

        return load_segmenter(config.speech.segmentation)
    from diarize.speech import PyanNetSegmenter

    return PyanNetSegmenter()


def load_embedding(config: Config) -> tuple[EmbeddingExtractor, TwoCovariance]:
    """The speaker embedding that was asked for, or the shipped one, and what its embeddings do."""
    if not config.space.embedding:
        from diarize.embedding import CampplusExtractor

        shipped = CampplusExtractor()
        return shipped, shipped.model
    from diarize import parts

    extractor = parts.load_embedding(config.space.embedding)
    return extractor, parts.calibration_of(extractor)


def _points(values: Array, activity: SpeechActivity, sound: Sound, config: Config) -> SpeakerPoints:
    from diarize import embedding
    from diarize.embedding import frames

    if config.space.kind == "mfcc":
        return frames.frame_points(values, activity.mask)
    return embedding.embedded_points(sound.blocks(), activity, *load_embedding(config), config.space)


def _frame_posteriors(
    values: Array,
    mask: SpeechMask,
    points: SpeakerPoints,
    selection: Clustering,
    model: BackgroundModel | None,
    config: Config,
) -> Posteriors:
    from diarize.resegmentation import frames

    shares = selection.responsibilities
    if config.space.kind == "mfcc" or model is None:
        return frames.component_posteriors(mask, points, shares, config.resegmentation)
    return frames.adapted_posteriors(values, mask, points, shares, model.ubm, config.resegmentation)


def _clustered(name: str, points: SpeakerPoints, config: Config) -> Clustering:
    from diarize import clustering

    try:
        return clustering.clustered(points, config.clustering, config.seed)
    except SpeakerCountError as error:
        raise SpeakerCountError(f"{name}: {error}", error.possible) from None


def _with_as_many(
    found: Posteriors, mask: SpeechMask, points: SpeakerPoints, selection: Clustering, config: Config
) -> tuple[Posteriors, tuple[str, ...]]:
    """As many speakers as were asked for: where fewer have frames of their own, best effort and a note."""
    from diarize.annotation import alternatives
    from diarize.resegmentation import turns

    least, apart = config.clustering.min_speakers, len(found.speakers)
    if apart >= least:
        return found, ()
    forced = turns.by_appearance(alternatives.forced(points, mask, selection.solutions, least))
    spoken = np.bincount(forced.values.argmax(axis=1)[mask.values]) / mask.grid.frame_rate
    each = ", ".join(f"{name} {spent:.1f} s" for name, spent in zip(forced.speakers, spoken, strict=False))
    return forced, (
        f"{least} speakers asked for, but only {apart} have frames of their own; best effort: {each}",
    )


def _silent(sound: Sound, mask: SpeechMask, band: str, duration: float, config: Config) -> Diarization:
    """The result for a recording in which nobody speaks."""
    from diarize.clustering import nobody

    notes = (*sound.notes(), "no speech found")
    return Diarization(
        Annotation(sound.name),
        Posteriors(np.zeros((mask.grid.n_frames, 0), np.float32), mask.grid, ()),
        nobody(),
        mask,
        band,
        duration,
        notes,
        config,
        versions(),
        start=sound.start,
    )


def versions() -> dict[str, str]:
    """What could change a result: this package, the libraries under it, Python."""
    found = {"python": platform.python_version()}
    for name in ("diarize-gmm", "librosa", "numpy", "scipy", "soundfile", "soxr"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
