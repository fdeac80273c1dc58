"""Every setting, written once: one frozen dataclass per stage (``settings``), and TOML to change them
(``files``).

A field carries its help and what it may be; a preset or a configuration file holds only differences.
"""

from diarize.config.files import (
    load_config,
    load_preset,
    override,
    parse_result_settings,
    parse_toml,
    preset_names,
    without_defaults,
)
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
from diarize.config.toml import to_toml

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
    "load_config",
    "load_preset",
    "override",
    "parse_result_settings",
    "parse_toml",
    "preset_names",
    "setting_fields",
    "to_toml",
    "without_defaults",
]
