"""The data of a background model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["TrainingPlan"]


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Training data: ``voices``: files by speaker; ``rooms``: impulse responses; ``rounds``: how
    often each voice is used; ``seed``; ``jobs``: processes, which do not change the result.
    """

    voices: Mapping[str, Sequence[Path]]
    rooms: Sequence[Path] = ()
    rounds: int = 6
    seed: int = 0
    jobs: int = 2
