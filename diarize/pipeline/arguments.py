"""Check the arguments of the pipeline before any work."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.config import Config, override
from diarize.config.settings import setting_fields
from diarize.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]

__all__ = ["check_features", "check_intervals", "with_checksums", "with_counts"]


def with_counts(config: Config | None, exactly: int | None, least: int | None, most: int | None) -> Config:
    """The settings with the given number of speakers. Raises ConfigError for impossible numbers."""
    if not isinstance(config, Config | None):
        raise ConfigError(
            f"config is a {type(config).__name__}; give a Config, such as override(Config(), {{...}}) makes"
        )
    if exactly is not None and (least, most) != (None, None):
        raise ConfigError("num_speakers fixes the number; leave it out, or min_speakers and max_speakers")
    exactly, least, most = (
        _check_number(name, n)
        for name, n in (("num_speakers", exactly), ("min_speakers", least), ("max_speakers", most))
    )
    low, high = (exactly, exactly) if exactly is not None else (least, most)
    asked = {name: n for name, n in (("min_speakers", low), ("max_speakers", high)) if n is not None}
    return override(config or Config(), {"clustering": asked}, "arguments") if asked else config or Config()


def _check_number(name: str, n: object) -> int | None:
    """A number of speakers as int; ConfigError, under the name that the caller used, for what cannot be."""
    if n is None:
        return None
    low, high = setting_fields(Config())["clustering.min_speakers"].metadata["allowed"]
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or not low <= int(n) <= high:
        raise ConfigError(f"{name} = {n!r}; give a whole number from {low} to {high}, or leave it out")
    return int(n)


def with_checksums(config: Config) -> Config:
    """The settings with the checksums of third-party parts that they use."""
    if not (config.space.embedding or config.speech.segmentation):
        return config
    from diarize.parts import pin_checksums

    return pin_checksums(config)


def check_features(config: Config) -> None:
    """Feature settings apply only to the textbook space; elsewhere the background model defines the features.

    Raises ConfigError with the first setting that would have no effect.
    """
    is_textbook = config.space.kind == "mfcc"
    if is_textbook and config.speech.method != "hmm":
        return
    free = {"band", "deltas"} if is_textbook else {"band"}
    for each in fields(config.features):
        value = getattr(config.features, each.name)
        if each.name not in free and value != each.default:
            raise ConfigError(
                f"features.{each.name} = {value!r} where a background model is used, which was trained with "
                f"features of its own; leave it at {each.default!r}, or set space.kind to 'mfcc'"
            )


def check_intervals(given: ArrayLike | None) -> Array | None:
    """Check given intervals (n, 2) in seconds; None for none. Raises ConfigError for anything else."""
    if given is None:
        return None
    try:
        rows = np.asarray(given, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        rows = np.full(1, np.nan)
    rows = rows.reshape(0, 2) if not rows.size else rows
    if rows.ndim != 2 or rows.shape[1] != 2 or not np.isfinite(rows).all() or (rows[:, 0] > rows[:, 1]).any():
        raise ConfigError(
            f"speech = {' '.join(repr(given).split())[:60]}; it must be rows of start ≤ end in finite "
            "seconds, such as [(0.5, 2.0), (3.0, 7.5)]"
        )
    return rows
