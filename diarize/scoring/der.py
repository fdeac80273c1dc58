"""Diarization error rate: missed, false-alarm and confused speaker time over reference speaker time.

Sources: NIST, *The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan*, and its program
md-eval (version 22), which gives the same scores on the test files; also pyannote.metrics with its collar
doubled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.types import Score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from diarize.scoring.cells import Cells

__all__ = ["compute_der"]


def compute_der(cells: Cells, mapping: Mapping[str, str]) -> Score:
    """Seconds of each kind of error, speakers matched by ``mapping`` (hypothesis → reference).

    In a cell with R reference and H hypothesis speakers of whom M are matched: max(0, R − H) are missed,
    max(0, H − R) false alarms and min(R, H) − M confused.
    """
    reference, hypothesis = cells.reference.sum(axis=1), cells.hypothesis.sum(axis=1)
    confused = np.minimum(reference, hypothesis) - _count_matched(cells, mapping)
    return Score(
        total=_time(cells, reference),
        missed=_time(cells, np.maximum(reference - hypothesis, 0)),
        false_alarm=_time(cells, np.maximum(hypothesis - reference, 0)),
        confusion=_time(cells, confused),
    )


def _count_matched(cells: Cells, mapping: Mapping[str, str]) -> NDArray[Any]:
    matched = np.zeros(len(cells.seconds), dtype=int)
    for column, name in enumerate(cells.hypothesis_speakers):
        if mapping.get(name) in cells.reference_speakers:
            row = cells.reference_speakers.index(mapping[name])
            matched += cells.reference[:, row] & cells.hypothesis[:, column]
    return matched


def _time(cells: Cells, speakers: NDArray[Any]) -> float:
    return float(cells.seconds @ speakers)
