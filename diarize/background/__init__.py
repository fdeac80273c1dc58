"""The background model: Gaussian mixtures of voices, of speech, and of everything else.

Input: an npz file, or training frames (from ``training``). Output: a BackgroundModel, whose mixtures detect
speech without a network and are adapted to speakers in resegmentation. ``pipeline``, ``training`` and the
commands import it.
"""

from diarize.background.model import (
    ARRAYS,
    BANDS,
    BackgroundModel,
    DetectionData,
    fit_background,
    load,
    load_included,
    save,
)

__all__ = [
    "ARRAYS",
    "BANDS",
    "BackgroundModel",
    "DetectionData",
    "fit_background",
    "load",
    "load_included",
    "save",
]
