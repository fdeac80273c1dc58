"""Pictures of values: who spoke when, and how the number of speakers was chosen."""

from __future__ import annotations

from diarize.plots.curve import selection_curve
from diarize.plots.figure import KINDS, save, shaded, speaker_colours, to_png
from diarize.plots.timelines import envelope, timeline

__all__ = ["KINDS", "envelope", "save", "selection_curve", "shaded", "speaker_colours", "timeline", "to_png"]
