"""The rules of scoring, which are printed with every score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diarize.errors import ConfigError

__all__ = ["Protocol"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """Rules of scoring.

    ``collar``: seconds left out on *each side* of every reference boundary, as NIST and dscore count it (half
    of what pyannote.metrics calls ``collar``). ``skip_overlap``: leave out where two or more reference
    speakers talk. ``mapped_on``: where the speakers are matched: over the time that is ``scored``, as
    pyannote.metrics does, or over the whole ``evaluated`` time before collars and overlap are taken out, as
    md-eval does; this changes a score only where time under a collar would change the mapping.
    """

    collar: float = 0.0
    skip_overlap: bool = False
    mapped_on: Literal["scored", "evaluated"] = "scored"

    def __post_init__(self) -> None:
        if not 0 <= self.collar < float("inf"):
            raise ConfigError(f"a collar of {self.collar} s; it must be 0 or more, commonly 0 or 0.25")

    def __str__(self) -> str:
        collar = f"collar ±{self.collar:g} s" if self.collar else "no collar"
        overlap = "overlap skipped" if self.skip_overlap else "overlap scored"
        mapped = ", speakers mapped before the collar" if self.mapped_on == "evaluated" else ""
        return f"{collar}, {overlap}{mapped}"
