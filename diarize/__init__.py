"""Who spoke when, with Gaussian mixtures.

>>> import diarize
>>> result = diarize.diarize("meeting.wav")  # doctest: +SKIP
>>> result.annotation.turns  # doctest: +SKIP
"""

from __future__ import annotations

from diarize.config import Config, loaded, preset
from diarize.errors import DiarizeError
from diarize.pipeline import Diarization, diarize
from diarize.types import Annotation, Posteriors, Score, Turn, Waveform

__all__ = [
    "Annotation",
    "Config",
    "Diarization",
    "DiarizeError",
    "Posteriors",
    "Score",
    "Turn",
    "Waveform",
    "diarize",
    "loaded",
    "preset",
]
