"""Every setting, written once: one frozen dataclass per stage (``settings``), and TOML to change them
(``files``).

The comment above a field says what it means; a preset or a configuration file holds only differences.
"""

from diarize.config.files import loaded, merged, parsed, preset, preset_names, recorded, without_defaults
from diarize.config.settings import (
    CHOICES,
    RANGES,
    AudioConfig,
    ClusteringConfig,
    Config,
    FeatureConfig,
    SmoothingConfig,
    SpaceConfig,
    SpeechConfig,
)
from diarize.config.toml import dumped

__all__ = [
    "CHOICES",
    "RANGES",
    "AudioConfig",
    "ClusteringConfig",
    "Config",
    "FeatureConfig",
    "SmoothingConfig",
    "SpaceConfig",
    "SpeechConfig",
    "dumped",
    "loaded",
    "merged",
    "parsed",
    "preset",
    "preset_names",
    "recorded",
    "without_defaults",
]
