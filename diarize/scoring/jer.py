"""Jaccard error rate: the mean error of the reference speakers, each with the same weight.

For a reference speaker and the hypothesis speaker mapped to them: (missed + false alarm) / time in which
either talks; 1 for a speaker mapped to nobody. The mapping is the one that shares most time, as in DER and
pyannote.metrics; dscore maximises the Jaccard index itself, which can give a little less. Source: N. Ryant et
al., *Second DIHARD Challenge Evaluation Plan*, version 1.1 (2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diarize.scoring.mapping import pair_speakers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarize.scoring.cells import Cells

__all__ = ["Jaccard", "compute_jer"]


@dataclass(frozen=True, slots=True)
class Jaccard:
    """``errors``: the speakers' error rates summed; ``speakers``: how many there are; ``a + b`` pools."""

    errors: float = 0.0
    speakers: int = 0

    def __add__(self, other: Jaccard) -> Jaccard:
        return Jaccard(self.errors + other.errors, self.speakers + other.speakers)

    @property
    def rate(self) -> float | None:
        """The mean over speakers, 0 to 1; None when there is none."""
        return self.errors / self.speakers if self.speakers else None

    @classmethod
    def pooled(cls, each: Iterable[Jaccard]) -> Jaccard:
        """The sum over recordings, so that the rate is a mean over all their speakers."""
        return sum(each, cls())


def compute_jer(cells: Cells) -> Jaccard:
    """The errors of the reference speakers who talk in ``cells``, mapped over the same cells."""
    together, reference, hypothesis = cells.together(), cells.reference_seconds(), cells.hypothesis_seconds()
    present = int((reference > 0).sum())
    shared = sum(
        together[r, h] / (reference[r] + hypothesis[h] - together[r, h]) for r, h in pair_speakers(cells)
    )
    return Jaccard(float(present - shared), present)
