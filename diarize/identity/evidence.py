"""What a recording says of the voices in it by a speaker embedding."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize import pipeline
from diarize.embedding.two_covariance import mean_variance
from diarize.embedding.windows import overlapping
from diarize.identity.voice import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from diarize.config import Config
    from diarize.embedding.two_covariance import TwoCovariance

    Array = NDArray[Any]

__all__ = ["embedded_evidence"]

# Of the variance within a speaker, what does not average out over one recording: another recording has
# another microphone, room and mood. More than within one recording; chosen with the line of calibration on
# voices held out (benchmarks.known).
LASTING: Final = 1.0


def embedded_evidence(path: Path, spans: Mapping[str, Array], config: Config) -> dict[str, Evidence]:
    """What is said of each speaker, by name, in the ``spans`` (n, 2) in seconds in which it speaks alone.

    Without a stretch of 0.2 s a speaker has none. Raises AudioError and, for parts, PartError.
    """
    from diarize.audio import open_recording
    from diarize.features import frame_grid

    extractor, model = pipeline.load_embedding(config)
    edges = [edge for span in spans.values() for edge in span.ravel()]
    if not edges:
        return {}
    start, end = float(floor(min(edges))), float(ceil(max(edges)))
    grid = frame_grid(round((end - start) * extractor.rate), extractor.rate, config.features)
    shape, none = (config.space.window, config.space.step, config.space.max_pause), np.zeros(0, np.int64)
    windows = {
        name: overlapping(grid.mask(span - start), none, grid, *shape)[0] for name, span in spans.items()
    }
    owners = np.repeat(np.arange(len(windows)), [len(each) for each in windows.values()])
    bounds = np.concatenate(list(windows.values()))
    order = np.argsort(bounds[:, 0], kind="stable")
    channel, track = config.audio.channel or None, config.audio.track
    opened = open_recording(path, rate=extractor.rate, channel=channel, track=track, start=start, end=end)
    blocks = (block.samples for block in opened.blocks())
    points = np.empty((len(bounds), len(model.between)))
    if len(bounds):
        samples = np.maximum(grid.origin + grid.hop * bounds[order], 0)
        points[order] = model.project(extractor.embed(blocks, samples))
    lengths = np.minimum(1.0, np.diff(bounds, axis=1)[:, 0] / grid.frames_in(config.space.window))
    return {
        name: _evidence(points[owners == k], lengths[owners == k], spans[name], model, extractor.checksum)
        for k, name in enumerate(windows)
        if (owners == k).any()
    }


def _evidence(points: Array, weights: Array, spans: Array, model: TwoCovariance, checksum: str) -> Evidence:
    """The weighted mean of the points, and its variance about the speaker."""
    variance = float(mean_variance(weights.sum(), lasting=LASTING))
    mean = weights @ points / weights.sum()
    seconds = float(np.diff(spans).sum())
    return Evidence(mean[None], np.array([variance]), np.array([seconds]), model.between, checksum[:16])
