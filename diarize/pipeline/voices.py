"""Windows of speech in the speaker space, and the statistics of each voice."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.annotation.statistics import solo_intervals
from diarize.intervals import union
from diarize.pipeline.front_end import run_front_end
from diarize.pipeline.inputs import SampleSource
from diarize.results import SpeakerStatistics, VoiceStatistics
from diarize.types import SpeechMask

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

    from diarize.annotation import Annotation
    from diarize.config import Config
    from diarize.embedding.two_covariance import TwoCovariance
    from diarize.networks.protocols import EmbeddingExtractor
    from diarize.speech import SpeechActivity
    from diarize.types import FrameGrid, SpeakerPoints

    Array = NDArray[Any]

__all__ = ["choose_embedding", "speaker_points", "voice_statistics", "voice_statistics_of"]

# Least share of a window in which a speaker must be alone for the window to be used.
MIN_ALONE: Final = 0.5


def choose_embedding(config: Config) -> tuple[EmbeddingExtractor, TwoCovariance]:
    """Load the requested speaker embedding, or the included one, and its two-covariance model.

    Parameters
    ----------
    config : the settings

    Returns
    -------
    The embedding and its model.

    Raises
    ------
    PartError
        When an ONNX file of the settings cannot be used.

    """
    if not config.space.embedding:
        from diarize.embedding import CampplusExtractor

        included = CampplusExtractor()
        return included, included.model
    from diarize import parts

    extractor = parts.load_embedding(config.space.embedding)
    return extractor, parts.calibration_of(extractor)


def speaker_points(
    values: Array, activity: SpeechActivity, sound: SampleSource, config: Config
) -> SpeakerPoints:
    """Windows of speech as points of the speaker space, or frames as points in the textbook space."""
    from diarize import embedding
    from diarize.embedding import frames

    if config.space.kind == "mfcc":
        return frames.frame_points(values, activity.mask)
    return embedding.embed_windows(sound.blocks(), activity, *choose_embedding(config), config.space)


def voice_statistics(
    points: SpeakerPoints, annotation: Annotation, start: float = 0.0
) -> VoiceStatistics | None:
    """Statistics of each speaker's voice, from the windows in which that speaker is mostly alone.

    ``start``: second of the file at which the clock of the points begins. None for points without a
    two-covariance model.
    """
    if points.between is None:
        return None
    solo = solo_intervals(annotation)
    found = (_statistics(name, points, spans, start) for name, spans in solo.items())
    return VoiceStatistics(points.model, points.between, tuple(each for each in found if each))


def _statistics(name: str, points: SpeakerPoints, spans: Array, start: float) -> SpeakerStatistics | None:
    """The weighted mean of a speaker's windows; the weight is the time alone in full windows."""
    inside = np.concatenate(([0], np.cumsum(points.grid.mask(spans - start))))
    first, last = points.bounds.T
    shares = (inside[last] - inside[first]) / (last - first)
    full = np.ones(len(shares)) if points.weights is None else points.weights
    weights = np.where(shares >= MIN_ALONE, shares * full, 0.0)
    windows = float(weights.sum())
    if not windows:
        return None
    return SpeakerStatistics(name, weights @ points.values / windows, windows, float(np.diff(spans).sum()))


def voice_statistics_of(
    recording: str | PathLike[str], annotation: Annotation, config: Config
) -> VoiceStatistics | None:
    """Compute voice statistics for given turns of a recording, such as those of a file.

    Front end and windows are those of ``diarize``, with the time in which one speaker is alone as speech.

    Parameters
    ----------
    recording : path of the recording
    annotation : its turns
    config : the settings

    Returns
    -------
    The statistics, or None if no speaker is alone for 0.2 s.

    Raises
    ------
    AudioError
        When the recording cannot be read.
    PartError
        When an ONNX file of the settings cannot be used.

    """
    from threadpoolctl import threadpool_limits

    from diarize import embedding

    solo = union(*solo_intervals(annotation).values())
    if not len(solo):
        return None
    span = float(floor(solo.min())), float(ceil(solo.max()))
    with threadpool_limits(limits=1):  # sums in another order would differ in the last bits
        front = run_front_end(SampleSource.open(recording, config, span), config)
        activity = _known_activity(annotation, front.features.grid, span[0])
        extractor = choose_embedding(config)
        points = embedding.embed_windows(front.sound.blocks(), activity, *extractor, config.space)
        return voice_statistics(points, annotation, span[0])


def _known_activity(annotation: Annotation, grid: FrameGrid, start: float) -> SpeechActivity:
    """The time in which one speaker is alone as speech, with a change wherever the speaker changes."""
    from diarize.speech import SpeechActivity

    solo = [spans - start for spans in solo_intervals(annotation).values()]
    owners = np.full(grid.n_frames, -1)
    for k, spans in enumerate(solo):
        owners[grid.mask(spans)] = k
    alone = np.flatnonzero(owners >= 0)
    differs = owners[alone[1:]] != owners[alone[:-1]]
    changes = np.union1d(alone[:-1][differs] + 1, alone[1:][differs])
    return SpeechActivity(SpeechMask(owners >= 0, grid), changes=changes)
