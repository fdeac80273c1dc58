"""Scores of speech detection, ignoring speakers.

Source: NIST OpenSAD evaluation plans; md-eval prints the same seconds as MISSED and FALARM SPEECH.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarize.scoring.cells import Cells

__all__ = ["Detection", "compute_detection"]


@dataclass(frozen=True, slots=True)
class Detection:
    """Seconds of reference ``speech``, of ``silence`` beside it, of ``missed`` speech and of ``false_alarm``
    (silence taken for speech); ``a + b`` pools.
    """

    speech: float = 0.0
    silence: float = 0.0
    missed: float = 0.0
    false_alarm: float = 0.0

    def __add__(self, other: Detection) -> Detection:
        return Detection(
            self.speech + other.speech,
            self.silence + other.silence,
            self.missed + other.missed,
            self.false_alarm + other.false_alarm,
        )

    @property
    def error(self) -> float | None:
        """Detection error rate: (missed + false alarm) / speech; None when there is no speech."""
        return (self.missed + self.false_alarm) / self.speech if self.speech > 0 else None

    @property
    def miss_rate(self) -> float | None:
        """Share of the speech that was missed; None when there is none."""
        return self.missed / self.speech if self.speech > 0 else None

    @property
    def false_alarm_rate(self) -> float | None:
        """Share of the silence that was taken for speech; None when there is none."""
        return self.false_alarm / self.silence if self.silence > 0 else None

    @classmethod
    def pooled(cls, each: Iterable[Detection]) -> Detection:
        """The sum over recordings."""
        return sum(each, cls())


def compute_detection(cells: Cells) -> Detection:
    """Seconds of speech, silence and both errors in ``cells``."""
    reference, hypothesis = cells.reference.any(axis=1), cells.hypothesis.any(axis=1)
    seconds = cells.seconds
    return Detection(
        speech=float(seconds[reference].sum()),
        silence=float(seconds[~reference].sum()),
        missed=float(seconds[reference & ~hypothesis].sum()),
        false_alarm=float(seconds[hypothesis & ~reference].sum()),
    )
