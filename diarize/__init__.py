"""Who spoke when, with Gaussian mixtures.

>>> import diarize
>>> result = diarize.diarize("meeting.wav")  # doctest: +SKIP
>>> result.annotation.turns  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diarize.config import Config, load_config, load_preset

    __version__: str
    from diarize.annotation import Annotation, Turn
    from diarize.errors import DiarizeError
    from diarize.pipeline import diarize
    from diarize.pipeline.result import Diarization
    from diarize.types import Posteriors, Score, Waveform

__all__ = [
    "Annotation",
    "Config",
    "Diarization",
    "DiarizeError",
    "Posteriors",
    "Score",
    "Turn",
    "Waveform",
    "__version__",
    "diarize",
    "load_config",
    "load_preset",
]

# Names come when they are first asked for, some with NumPy: ``diarize --help`` answers at once.
_MODULES = {
    "annotation": ("Annotation", "Turn"),
    "config": ("Config", "load_config", "load_preset"),
    "errors": ("DiarizeError",),
    "pipeline": ("Diarization", "diarize"),
    "types": ("Posteriors", "Score", "Waveform"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("diarize-gmm")
        except PackageNotFoundError:
            return "unknown"
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
