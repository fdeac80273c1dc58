"""The optimal one-to-one mapping between the speakers of two annotations of one recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.lazy_imports import import_assignment_solver

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.scoring.cells import Cells

    Array = NDArray[Any]

__all__ = ["map_speakers", "pair_speakers"]

_TIE_BREAK = 1e-9  # seconds of bonus for a perfect match: breaks ties without changing a score


def pair_speakers(cells: Cells) -> list[tuple[int, int]]:
    """(reference, hypothesis) indices that maximise the time in which both of a pair talk.

    Ties are broken by the best coverage of the speakers' time, so the order of the speakers does not matter.
    Speakers who never talk at the same time are not paired. Source: the assignment problem of Kuhn (1955),
    solved by scipy.
    """
    together = cells.together()
    rows, columns = import_assignment_solver()(
        together + _TIE_BREAK * _similarity(cells, together), maximize=True
    )
    return [(int(r), int(h)) for r, h in zip(rows, columns, strict=True) if together[r, h] > 0]


def _similarity(cells: Cells, together: Array) -> Array:
    """Jaccard index (R, H): shared time over time in which either talks; 0 for two silent speakers."""
    either = cells.reference_seconds()[:, None] + cells.hypothesis_seconds()[None, :] - together
    similarity: Array = np.divide(together, either, out=np.zeros_like(together), where=either > 0)
    return similarity


def map_speakers(cells: Cells) -> dict[str, str]:
    """Hypothesis speaker → reference speaker, over the time in ``cells``; speakers without a partner are
    left out.
    """
    return {cells.hypothesis_speakers[h]: cells.reference_speakers[r] for r, h in pair_speakers(cells)}
