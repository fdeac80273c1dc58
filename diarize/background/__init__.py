"""The background model: Gaussian mixtures of voices, of speech, and of everything else.

In comes an npz file, or frames to learn from (``training`` makes them); out goes a BackgroundModel, whose
mixtures find speech without a network and give resegmentation a start. ``pipeline``, ``training`` and the
commands import it.
"""

from diarize.background.model import (
    ARRAYS,
    BANDS,
    Activity,
    BackgroundModel,
    fit_background,
    load,
    load_shipped,
    save,
)

__all__ = [
    "ARRAYS",
    "BANDS",
    "Activity",
    "BackgroundModel",
    "fit_background",
    "load",
    "load_shipped",
    "save",
]
