"""Comparable voices from the window statistics of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.embedding.two_covariance import mean_variance
from diarize.identity.voice import Voice, VoiceEmbeddings

if TYPE_CHECKING:
    from diarize.results import VoiceStatistics

__all__ = ["voices_from_statistics"]

# Share of the variance within a speaker that does not average out over one recording, because another
# recording has another microphone, room and mood. Larger than within one recording; chosen together with the
# calibration on held-out voices (benchmarks.known).
SESSION_VARIANCE: Final = 1.0


def voices_from_statistics(statistics: VoiceStatistics | None) -> dict[str, Voice]:
    """A voice of every speaker, by name; none where there are no statistics.

    The variance of a mean of n windows is c/n + s (``embedding.two_covariance``).
    """
    if statistics is None:
        return {}
    between, model = statistics.between, statistics.model
    return {
        each.speaker: Voice(
            each.speaker,
            VoiceEmbeddings(
                each.mean[None],
                np.array([float(mean_variance(each.windows, recording_variance=SESSION_VARIANCE))]),
                np.array([each.seconds]),
                between,
                model,
            ),
        )
        for each in statistics.speakers
    }
