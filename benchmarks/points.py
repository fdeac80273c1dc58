"""The points that a run clusters, for benchmarks that cluster them in other ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import diarize
from diarize import clustering

if TYPE_CHECKING:
    from diarize.pipeline import Diarization
    from diarize.types import SpeakerPoints

__all__ = ["diarize_with_points"]


def diarize_with_points(recording: Any, speech: Any = None) -> tuple[SpeakerPoints | None, Diarization]:
    """The windows of a recording as points, None where there is no speech, and the result.

    ``recording`` and ``speech`` as for ``diarize.diarize``.
    """
    seen: list[SpeakerPoints] = []
    cluster = clustering.cluster_windows

    def keep_and_cluster(points: SpeakerPoints, *rest: Any) -> clustering.Clustering:
        seen.append(points)
        return cluster(points, *rest)

    with mock.patch.object(clustering, "cluster_windows", keep_and_cluster):
        result = diarize.diarize(recording, speech=speech)
    return (seen[0] if seen else None), result
