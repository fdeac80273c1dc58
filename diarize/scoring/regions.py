"""Regions: the evaluated time, and the scored part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from diarize.intervals import collars, empty, subtract, union
from diarize.scoring.cells import overlap

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from diarize.annotation import Annotation
    from diarize.intervals import Intervals
    from diarize.scoring.protocol import Protocol

__all__ = ["evaluated_regions", "scored_regions"]


def evaluated_regions(
    reference: Annotation, hypothesis: Annotation, uem: ArrayLike | None = None
) -> Intervals:
    """The intervals ``uem`` (n, 2) s, merged.

    Without one: from the first to the last boundary of reference and hypothesis together, as dscore and
    pyannote.metrics assume. md-eval uses the extent of the reference only, which ignores hypothesis turns
    before and after it; with a map it gives the same scores.
    """
    if uem is not None:
        return union(uem)
    both = np.concatenate((reference.intervals(), hypothesis.intervals()))
    return union([[both.min(), both.max()]]) if len(both) else empty()


def scored_regions(region: Intervals, reference: Annotation, protocol: Protocol) -> Intervals:
    """``region`` (n, 2) s without collars around reference boundaries and, if asked, reference overlap.

    Every turn has its own two boundaries, also where turns of one speaker touch.
    """
    if protocol.collar:
        region = subtract(region, collars(reference.intervals(), protocol.collar))
    return subtract(region, overlap(reference)) if protocol.skip_overlap else region
