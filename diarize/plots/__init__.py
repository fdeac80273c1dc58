"""Pictures: who spoke when, and how the number of speakers was chosen.

Input: annotations and curves. Output: Matplotlib figures, or PNG. ``pipeline`` (for files of results),
methods of results and the commands import it; nothing else imports Matplotlib.
"""

from __future__ import annotations

from diarize.plots.curve import plot_selection
from diarize.plots.figure import KINDS, save, shade_colour, speaker_colours, to_png
from diarize.plots.timelines import peak_envelope, plot_timeline

__all__ = [
    "KINDS",
    "peak_envelope",
    "plot_selection",
    "plot_timeline",
    "save",
    "shade_colour",
    "speaker_colours",
    "to_png",
]
