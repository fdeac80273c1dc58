"""The order of the stages, from a recording to its turns."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.annotation import Annotation
from diarize.config import Config
from diarize.errors import SpeakerCountError
from diarize.pipeline.arguments import check_features, check_intervals, with_checksums, with_counts
from diarize.pipeline.front_end import missed_sound_notes, run_front_end, speech_activity, voice_values
from diarize.pipeline.inputs import SampleSource
from diarize.pipeline.result import Diarization
from diarize.pipeline.voices import speaker_points
from diarize.results import Provenance
from diarize.types import Posteriors, SpeechMask

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

    from diarize.background import BackgroundModel
    from diarize.clustering import Clustering
    from diarize.speech import SpeechActivity
    from diarize.types import SpeakerPoints, Waveform

    Array = NDArray[Any]
    Progress = Callable[[str, float], None]

__all__ = ["STAGES", "diarize", "run_stages", "versions"]

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

    The same sound, settings and seed give the same turns to the bit. A recording without speech has no
    turns and is no error.

    Parameters
    ----------
    recording : path of a sound file, file object, bytes, ``(samples, rate)`` with samples (n,) or (n,
        channels), or Waveform
    config : settings; the defaults are for meetings, calls and broadcasts
    num_speakers : number of speakers, if it is known
    min_speakers, max_speakers : bounds of the number of speakers, if it is not known
    speech : (n, 2), intervals of speech in seconds; found in the sound unless given
    start, end : seconds of the file between which it is diarized; to its end unless given
    progress : called with the name of a stage and the share of it that is done, 0 to 1

    Returns
    -------
    Turns, posteriors of frames, the choice of the number of speakers, and voices.

    Raises
    ------
    AudioError
        When the recording cannot be read.
    ConfigError
        When settings contradict each other.
    ModelError
        When a background model cannot be read or used.
    InputError
        For what is no recording; it is a TypeError, too.

    """
    from threadpoolctl import threadpool_limits

    from diarize.pipeline.inputs import as_recording

    settings = with_checksums(with_counts(config, num_speakers, min_speakers, max_speakers))
    with as_recording(recording) as given, threadpool_limits(limits=1):
        # one thread, because another order of sums changes the last bits
        return run_stages(given, settings, check_intervals(speech), (start, end), progress)


def run_stages(
    recording: str | PathLike[str] | Waveform,
    config: Config,
    given: Array | None,
    span: tuple[float, float | None],
    progress: Progress,
    crosstalk: Array | None = None,
) -> Diarization:
    """All stages in order, with checked arguments; ``crosstalk`` as for ``front_end.speech_activity``."""
    from diarize.annotation import alternatives
    from diarize.clustering import outliers
    from diarize.pipeline import speakers, voices
    from diarize.resegmentation import overlap, turns

    check_features(config)
    source = SampleSource.open(recording, config, span)
    values, activity, sound, model, band, duration = _front_end(source, given, config, progress, crosstalk)
    mask = activity.mask
    if not mask.values.any():
        return _silent_result(sound, mask, band, duration, config)
    progress("space", 0.0)
    points = speaker_points(values, activity, sound, config)
    progress("clustering", 0.0)
    clusters = _cluster_speech(sound.name, points, config)
    progress("resegmentation", 0.0)
    frames = _frame_posteriors(values, mask, points, clusters, model, config)
    posteriors = turns.relabel_by_first_appearance(frames)
    posteriors, notes = _with_enough_speakers(posteriors, mask, points, clusters, config)
    span, most = (sound.start, duration), config.clustering.max_speakers
    second = overlap.second_speakers(posteriors, activity, config.resegmentation.overlap)
    annotation = turns.posteriors_to_turns(posteriors, mask, sound.name, span, second)
    notes = notes or speakers.note_little_speech(annotation, posteriors.speakers, config.clustering)
    progress("resegmentation", 1.0)
    return Diarization(
        annotation, posteriors, clusters, mask, band, duration,
        (*sound.notes(), *notes), config, versions(),
        outliers.find_outliers(points, clusters.responsibilities),
        start=sound.start,
        alternatives=alternatives.find_alternatives(points, clusters.solutions, most, annotation, span[0]),
        voices=voices.voice_statistics(points, annotation, sound.start),
    )  # fmt: skip


def _front_end(
    sound: SampleSource, given: Array | None, config: Config, progress: Progress, crosstalk: Array | None
) -> tuple[Array, SpeechActivity, SampleSource, BackgroundModel | None, str, float]:
    """Normalised cepstra, speech activity, the sound at the usual level, background model, band and seconds.

    The raw cepstra are not returned, to free their memory.
    """
    front = run_front_end(sound, config, progress)
    progress("speech", 0.0)
    activity = speech_activity(front, given, config, crosstalk)
    sound = front.sound
    if given is None and crosstalk is None:
        sound = sound.with_notes(missed_sound_notes(front, activity.mask))
    values = voice_values(front, activity.mask, config)
    return values, activity, sound, front.background, front.band, front.duration


def _frame_posteriors(
    values: Array,
    mask: SpeechMask,
    points: SpeakerPoints,
    clusters: Clustering,
    model: BackgroundModel | None,
    config: Config,
) -> Posteriors:
    from diarize.resegmentation import frames

    shares = clusters.responsibilities
    if config.space.kind == "mfcc" or model is None:
        return frames.component_posteriors(mask, points, shares, config.resegmentation)
    return frames.adapted_posteriors(values, mask, points, shares, model.ubm, config.resegmentation)


def _cluster_speech(name: str, points: SpeakerPoints, config: Config) -> Clustering:
    from diarize import clustering

    try:
        return clustering.cluster_windows(points, config.clustering, config.seed)
    except SpeakerCountError as error:
        raise SpeakerCountError(f"{name}: {error}", error.possible) from None


def _with_enough_speakers(
    found: Posteriors, mask: SpeechMask, points: SpeakerPoints, clusters: Clustering, config: Config
) -> tuple[Posteriors, tuple[str, ...]]:
    """At least the requested number of speakers: if fewer have frames, a best effort with a note."""
    from diarize.annotation import alternatives
    from diarize.resegmentation import turns

    least, n_distinct = config.clustering.min_speakers, len(found.speakers)
    if n_distinct >= least:
        return found, ()
    forced = turns.relabel_by_first_appearance(
        alternatives.force_speakers(points, mask, clusters.solutions, least)
    )
    spoken = np.bincount(forced.values.argmax(axis=1)[mask.values]) / mask.grid.frame_rate
    each = ", ".join(f"{name} {spent:.1f} s" for name, spent in zip(forced.speakers, spoken, strict=False))
    return forced, (
        f"{least} speakers asked for, but only {n_distinct} were found; the others are a guess: {each}",
    )


def _silent_result(
    sound: SampleSource, mask: SpeechMask, band: str, duration: float, config: Config
) -> Diarization:
    """The result for a recording in which nobody speaks."""
    from diarize.clustering import no_speakers

    notes = (*sound.notes(), "no speech found")
    return Diarization(
        Annotation(sound.name),
        Posteriors(np.zeros((mask.grid.n_frames, 0), np.float32), mask.grid, ()),
        no_speakers(),
        mask,
        band,
        duration,
        notes,
        config,
        versions(),
        start=sound.start,
    )


def provenance(config: Config) -> Provenance:
    """Collect the settings and versions that reproduce a result.

    Parameters
    ----------
    config : the settings

    Returns
    -------
    What documents of results contain.

    """
    return Provenance(asdict(config), config.digest, versions())


def versions() -> dict[str, str]:
    """Versions that can change a result: this package, its libraries, Python."""
    found = {"python": platform.python_version()}
    for name in ("diarize-gmm", "librosa", "numpy", "scipy", "soundfile", "soxr"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
