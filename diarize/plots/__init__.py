"""Pictures of values: who spoke when, and how the number of speakers was chosen."""

from __future__ import annotations

from diarize.plots.curve import selection_curve
from diarize.plots.figure import KINDS, drawn, save, shaded, speaker_colours
from diarize.plots.timelines import envelope, timeline

__all__ = ["KINDS", "drawn", "envelope", "save", "selection_curve", "shaded", "speaker_colours", "timeline"]
