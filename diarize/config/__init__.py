"""Settings: a frozen dataclass per stage (``settings``), and TOML files (``files``).

Input: TOML, options and presets, which hold only differences from the defaults. Output: a Config, which is
checked when it is made. Each field has its help and its allowed values as metadata. Every room after it may
import it; it imports only ``errors``.
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
