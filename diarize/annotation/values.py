"""Turns, and the annotation of a recording: who spoke when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.annotation.conversions import AnnotationMethods
from diarize.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["Annotation", "Turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One person speaking from ``start`` to ``end`` (seconds, half-open).

    ``confidence``: mean posterior, 0 to 1; ``runner_up``: the second most likely speaker; ``text``: the
    words; ``channel``: counted from 1. The last four are None where unknown.
    """

    start: float
    end: float
    speaker: str
    confidence: float | None = None
    runner_up: str | None = None
    text: str | None = None
    channel: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end < float("inf"):
            raise FormatError(
                f"a turn of {self.speaker} from {self.start} to {self.end} s; 0 ≤ start < end is needed"
            )
        if not self.speaker:
            raise FormatError(f"the turn at {self.start} s has no speaker name")
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise FormatError(f"a confidence of {self.confidence} at {self.start} s; allowed is 0 to 1")

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start


@dataclass(frozen=True, repr=False)
class Annotation(AnnotationMethods):
    """Who spoke when in one recording: ``turns`` sorted by time, overlap allowed."""

    recording: str
    turns: tuple[Turn, ...] = ()

    def __post_init__(self) -> None:
        ordered = sorted(self.turns, key=lambda turn: (turn.start, turn.end, turn.speaker))
        object.__setattr__(self, "turns", tuple(ordered))

    @cached_property
    def speakers(self) -> tuple[str, ...]:
        """Names by first appearance."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns))

    def intervals(self, speaker: str | None = None) -> Array:
        """The turns of one speaker, or of all.

        Parameters
        ----------
        speaker : label of the speaker; all speakers unless given

        Returns
        -------
        Start and end of every turn, float64 (n, 2) seconds, not merged.

        """
        rows = [(t.start, t.end) for t in self.turns if speaker in (None, t.speaker)]
        return np.array(rows, dtype=np.float64).reshape(-1, 2)

    def rename(self, names: Mapping[str, str]) -> Annotation:
        """The same turns with renamed speakers.

        Parameters
        ----------
        names : new name of each speaker by the old one; speakers that are not in it keep their names

        Returns
        -------
        The annotation with the new names.

        """
        turn = [
            replace(
                t,
                speaker=names.get(t.speaker, t.speaker),
                runner_up=names.get(t.runner_up, t.runner_up) if t.runner_up else None,
            )
            for t in self.turns
        ]
        return replace(self, turns=tuple(turn))
