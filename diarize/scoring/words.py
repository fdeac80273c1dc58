"""Word diarization error: the share of words with the wrong speaker.

Speakers are matched one to one with the fewest wrong words, as for cpWER (Watanabe et al., "CHiME-6
Challenge", 2020); the words are the same on both sides, so only their speakers are scored. Source: Shafey et
al., "Joint Speech Recognition and Speaker Diarization via Sequence Transduction" (2019), without recognition
errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from diarize.lazy_imports import import_assignment_solver

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["WordScore", "score_words"]


@dataclass(frozen=True, slots=True)
class WordScore:
    """Numbers of words, in all and with the wrong speaker or none; ``a + b`` pools recordings."""

    total: int = 0
    wrong: int = 0

    def __add__(self, other: WordScore) -> WordScore:
        return WordScore(self.total + other.total, self.wrong + other.wrong)

    @property
    def rate(self) -> float | None:
        """The word diarization error as a fraction; None where there are no words."""
        return self.wrong / self.total if self.total else None

    @classmethod
    def pooled(cls, scores: Iterable[WordScore]) -> WordScore:
        """The sum over recordings."""
        return sum(scores, cls())


def score_words(
    reference: Sequence[str], hypothesis: Sequence[str | None]
) -> tuple[WordScore, Mapping[str, str]]:
    """Compare the speakers of each word; returns the score and the mapping found speaker → reference speaker.

    Raises ValueError for different numbers of words.
    """
    rows, columns = list(dict.fromkeys(reference)), [h for h in dict.fromkeys(hypothesis) if h is not None]
    together = np.zeros((len(rows), len(columns)), dtype=np.int64)
    for true, found in zip(reference, hypothesis, strict=True):
        if found is not None:
            together[rows.index(true), columns.index(found)] += 1
    pairs = list(zip(*import_assignment_solver()(together, maximize=True), strict=True))
    right = int(sum(together[i, j] for i, j in pairs))
    mapping = {columns[j]: rows[i] for i, j in pairs if together[i, j]}
    return WordScore(len(reference), len(reference) - right), mapping
