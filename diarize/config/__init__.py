"""Every setting, written once: a frozen dataclass per stage (``settings``), and TOML (``files``).

In come TOML, options and presets, which hold only differences; out goes a Config, checked when it is made.
A field carries its help and what it may be. Every room from ``formats`` upwards may import it; it imports
errors alone.
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
