"""From speech activity to windows, and from windows to points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.embedding.windows import overlapping_windows
from diarize.errors import ConfigError
from diarize.types import SpeakerPoints

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from diarize.config import SpaceConfig
    from diarize.embedding.two_covariance import TwoCovariance
    from diarize.networks.protocols import EmbeddingExtractor
    from diarize.speech import SpeechActivity

    Array = NDArray[Any]

__all__ = ["embed_windows", "split_speech"]

# Probability of overlap from which a frame is excluded from the windows.
OVERLAP_THRESHOLD: Final = 0.3


def split_speech(activity: SpeechActivity, config: SpaceConfig) -> tuple[Array, Array]:
    """Windows in which one person speaks.

    If nothing is left, as in a recording in which two people always overlap, windows of all speech.

    Parameters
    ----------
    activity : speech, and where known overlap and changes of speaker
    config : length and step of the windows and the longest pause within one, seconds

    Returns
    -------
    Bounds and the beginnings of runs of speech, as ``windows.overlapping_windows`` gives them.

    """
    mask = activity.mask
    none = np.zeros(0, dtype=np.int64)
    changes = none if activity.changes is None else activity.changes
    clean = mask.values
    if activity.overlap is not None:
        clean = clean & (activity.overlap < OVERLAP_THRESHOLD)
        edges = np.flatnonzero(np.diff((activity.overlap >= OVERLAP_THRESHOLD).astype(np.int8))) + 1
        changes = np.union1d(changes, edges)  # no window spans an overlap
    shape = config.window, config.step, config.max_pause
    found = overlapping_windows(clean, changes, mask.grid, *shape)
    return found if len(found[0]) else overlapping_windows(mask.values, none, mask.grid, *shape)


def embed_windows(
    blocks: Iterable[Array],
    activity: SpeechActivity,
    extractor: EmbeddingExtractor,
    model: TwoCovariance,
    config: SpaceConfig,
) -> SpeakerPoints:
    """Windows of speech as points of the speaker space.

    A window crosses no long pause, no change of speaker and no overlap, as far as ``activity`` has them. If
    no speech of one person alone is left, the windows are of all speech.

    Parameters
    ----------
    blocks : consecutive samples float32 (n_i,) at the rate of the grid of ``activity``
    activity : speech, and where known overlap and changes of speaker
    extractor : computes the embeddings
    model : the two-covariance model of the embeddings of this extractor
    config : length and step of the windows and the longest pause within one, seconds

    Returns
    -------
    One point (d,) per window, with the length of each in full windows and the variances between speakers.

    Raises
    ------
    ConfigError
        When the extractor needs another sample rate.

    References
    ----------
    Brümmer & de Villiers 2010, "The speaker partitioning problem".

    """
    grid = activity.mask.grid
    if grid.rate != extractor.rate:
        raise ConfigError(
            f"the embedding {extractor.name} works at {extractor.rate} Hz, not {grid.rate}; set audio.rate"
        )
    bounds, first = split_speech(activity, config)
    samples = np.maximum(grid.origin + grid.hop * bounds, 0)
    points = model.project(extractor.embed(blocks, samples))
    weights = (bounds[:, 1] - bounds[:, 0]) / grid.frames_in(config.window)
    checksum = extractor.checksum[:16]
    return SpeakerPoints(points, bounds, first, grid, weights, model.between, checksum)
