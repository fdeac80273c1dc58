"""Every setting, written once: one frozen dataclass per stage (``settings``), and TOML to change them
(``files``).

A field carries its help and what it may be; a preset or a configuration file holds only differences.
"""

from diarize.config.files import loaded, merged, parsed, preset, preset_names, recorded, without_defaults
from diarize.config.settings import (
    AcousticConfig,
    AudioConfig,
    ClusteringConfig,
    Config,
    FeatureConfig,
    ResegmentationConfig,
    SpaceConfig,
    SpeechConfig,
    choices_of,
    setting_fields,
)
from diarize.config.toml import dumped

__all__ = [
    "AcousticConfig",
    "AudioConfig",
    "ClusteringConfig",
    "Config",
    "FeatureConfig",
    "ResegmentationConfig",
    "SpaceConfig",
    "SpeechConfig",
    "choices_of",
    "dumped",
    "loaded",
    "merged",
    "parsed",
    "preset",
    "preset_names",
    "recorded",
    "setting_fields",
    "without_defaults",
]
