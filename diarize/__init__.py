"""Who spoke when, with Gaussian mixtures.

>>> import diarize
>>> result = diarize.diarize("meeting.wav")  # doctest: +SKIP
>>> result.annotation.turns  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from diarize.config import Config, loaded, preset
from diarize.errors import DiarizeError

if TYPE_CHECKING:
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

# Names that bring NumPy with them come when they are first asked for: ``diarize --help`` answers at once.
_LATER = {"Diarization": "pipeline", "diarize": "pipeline"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LATER.get(name, 'types')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
