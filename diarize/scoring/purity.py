"""Purity and coverage: whether each found speaker is one person, and vice versa.

Purity: share of the time of found speakers in which their main reference speaker talks; coverage: the same
with reference and hypothesis exchanged. Source: the metrics of the same names in H. Bredin,
*pyannote.metrics* (Interspeech 2017), whose program gives the same scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diarize.scoring.mapping import pair_speakers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarize.scoring.cells import Cells

__all__ = ["Purity", "SpeakerScore", "compute_purity", "score_speakers"]


@dataclass(frozen=True, slots=True)
class Purity:
    """Seconds of speaker time: ``found``, of which ``pure``, and ``said``, of which ``covered``; ``a + b``
    pools.
    """

    found: float = 0.0
    pure: float = 0.0
    said: float = 0.0
    covered: float = 0.0

    def __add__(self, other: Purity) -> Purity:
        return Purity(
            self.found + other.found,
            self.pure + other.pure,
            self.said + other.said,
            self.covered + other.covered,
        )

    @property
    def purity(self) -> float | None:
        """A fraction; None where nobody is found."""
        return self.pure / self.found if self.found else None

    @property
    def coverage(self) -> float | None:
        """A fraction; None where nobody talks."""
        return self.covered / self.said if self.said else None

    @classmethod
    def pooled(cls, each: Iterable[Purity]) -> Purity:
        """The sum over recordings."""
        return sum(each, cls())


@dataclass(frozen=True, slots=True)
class SpeakerScore:
    """One reference speaker: ``seconds`` of talk, of which ``found`` with the speaker ``matched`` to them,
    None where there is none; ``false`` seconds of that one when the reference speaker is silent.
    """

    speaker: str
    matched: str | None
    seconds: float
    found: float
    false: float

    @property
    def jer(self) -> float:
        """The speaker's Jaccard error rate, a fraction."""
        return 1 - self.found / (self.seconds + self.false) if self.seconds + self.false else 0.0


def compute_purity(cells: Cells) -> Purity:
    """Purity and coverage of the speakers who talk in ``cells``."""
    together = cells.together()
    pure = together.max(axis=0, initial=0.0).sum() if together.size else 0.0
    held = together.max(axis=1, initial=0.0).sum() if together.size else 0.0
    found, reference = cells.hypothesis_seconds().sum(), cells.reference_seconds().sum()
    return Purity(float(found), float(pure), float(reference), float(held))


def score_speakers(cells: Cells) -> tuple[SpeakerScore, ...]:
    """One score for each reference speaker who talks in ``cells``, mapped over the same cells."""
    together, reference, hypothesis = cells.together(), cells.reference_seconds(), cells.hypothesis_seconds()
    matched = dict(pair_speakers(cells))
    return tuple(
        SpeakerScore(
            name,
            None if (h := matched.get(r)) is None else cells.hypothesis_speakers[h],
            float(reference[r]),
            0.0 if h is None else float(together[r, h]),
            0.0 if h is None else float(hypothesis[h] - together[r, h]),
        )
        for r, name in enumerate(cells.reference_speakers)
        if reference[r] > 0
    )
