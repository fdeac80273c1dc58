"""The background model: mixtures of what speech, and everything else, sounds like.

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
