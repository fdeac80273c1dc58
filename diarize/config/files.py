"""Settings from TOML and to TOML: changes laid over the defaults, files, presets."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diarize.config.settings import AcousticConfig, Config, suggest
from diarize.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

__all__ = [
    "load_config",
    "load_preset",
    "override",
    "parse_result_settings",
    "parse_toml",
    "preset_names",
    "without_defaults",
]

# Settings of earlier versions that are in the file of a background model now.
REMOVED_SETTINGS = {
    f"features.{name}": getattr(AcousticConfig(), name)
    for name in ("n_voice", "upper_mels", "upper_fmax", "n_upper", "noise_floor")
}
LARGEST_FILE = 1 << 20  # bytes of TOML
LARGEST_RESULT = 1 << 28  # bytes of JSON: the turns of days


def override(config: Config, changes: Mapping[str, Any], source: str = "settings") -> Config:
    """Change some settings of a configuration.

    Parameters
    ----------
    config : the settings before
    changes : new values, nested as ``parse_toml`` returns them
    source : where they are from, for errors

    Returns
    -------
    The settings after.

    Raises
    ------
    ConfigError
        For an unknown setting, a value of a wrong type, and one that is not allowed.

    """
    result: Config = _override(config, changes, source, "")
    return result


def _override(config: Any, changes: Mapping[str, Any], source: str, above: str) -> Any:
    known = tuple(f.name for f in fields(config))
    new: dict[str, Any] = {}
    for key, value in changes.items():
        if above + key in REMOVED_SETTINGS:
            _check_removed(above + key, value, source)
            continue
        if key not in known:
            near = suggest(key, known) or f"; known here: {', '.join(known)}"
            raise ConfigError(f"{source}: unknown setting {above + key!r}{near}")
        old = getattr(config, key)
        if is_dataclass(old):
            if not isinstance(value, dict):
                raise ConfigError(
                    f"{source}: {above + key} is a section; write [{above + key}] with settings below"
                )
            new[key] = _override(old, value, source, f"{above}{key}.")
        else:
            new[key] = _check_type(value, old, f"{source}: {above}{key}")
    return replace(config, **new)


def _check_removed(name: str, value: Any, source: str) -> None:
    """Ignore a setting of earlier versions that has the only remaining value; ConfigError otherwise."""
    if value != REMOVED_SETTINGS[name]:
        raise ConfigError(
            f"{source}: {name} = {value!r}; background models have it (the included ones "
            f"{REMOVED_SETTINGS[name]!r}); leave it out, or train a model of your own"
        )


def _check_type(value: Any, old: Any, where: str) -> Any:
    if isinstance(old, float) and type(value) in (int, float):
        return float(value)
    if type(value) is not type(old):
        wanted = {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}
        raise ConfigError(f"{where} = {value!r}; it must be {wanted[type(old)]}, such as {old!r}")
    return value


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """Parse settings in TOML.

    Parameters
    ----------
    text : TOML
    source : name of the file, for errors

    Returns
    -------
    Values nested as in TOML.

    Raises
    ------
    ConfigError
        With the line of the error.

    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(
            f"{source} is not valid TOML: {error}; see the files in configs/ for the form"
        ) from None


def parse_result_settings(text: str, source: str) -> dict[str, Any]:
    """The settings in the JSON document of a run.

    Parameters
    ----------
    text : JSON
    source : name of the file, for errors

    Returns
    -------
    Values nested as in TOML.

    Raises
    ------
    ConfigError
        For any other text.

    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source} is not valid JSON: {error}; give what 'run --json' printed") from None
    settings = document.get("config") if isinstance(document, dict) else None
    if not isinstance(settings, dict):
        raise ConfigError(f"{source}: holds no settings; give what 'run --json' printed, or TOML as .toml")
    return settings


def load_config(path: str | PathLike[str], base: Config | None = None) -> Config:
    """Read settings from a file.

    Parameters
    ----------
    path : a TOML file of settings that differ from ``base``, or the JSON document of a run (.json), from
        which all settings are taken
    base : settings that the file does not name; the defaults unless given

    Returns
    -------
    The complete settings.

    Raises
    ------
    ConfigError
        When the file cannot be read, or has unknown settings or values that are not allowed.

    """
    path = Path(path)
    read, largest = (
        (parse_result_settings, LARGEST_RESULT) if path.suffix == ".json" else (parse_toml, LARGEST_FILE)
    )
    try:
        if path.is_file() and path.stat().st_size > largest:
            raise ConfigError(f"{path}: larger than {largest} bytes, so not a configuration; check the path")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error}); check the path") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not text in UTF-8, so not a configuration; check the path") from None
    changes = read(text, str(path))
    try:
        return override(base or Config(), changes, str(path))
    except ConfigError as error:  # a conflict of several values names no file
        raise ConfigError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None


def _preset_folder() -> Path:
    """Where the presets lie: inside an installed package, beside it in a checkout."""
    installed = Path(__file__).parent.parent / "data" / "configs"
    return installed if installed.is_dir() else Path(__file__).parent.parent.parent / "configs"


def preset_names() -> tuple[str, ...]:
    """Names that ``load_preset`` takes."""
    return tuple(sorted(path.stem for path in _preset_folder().glob("*.toml")))


def load_preset(name: str) -> Config:
    """The settings for a kind of recording.

    Parameters
    ----------
    name : a preset, as ``diarize config presets`` lists them

    Returns
    -------
    The defaults with what the preset changes.

    Raises
    ------
    ConfigError
        For an unknown name.

    """
    known = preset_names()
    if name not in known:
        raise ConfigError(f"no preset {name!r}; there are: {', '.join(known)}{suggest(name, known)}")
    return load_config(_preset_folder() / f"{name}.toml")


def without_defaults(config: Config) -> dict[str, Any]:
    """What differs from the defaults.

    Parameters
    ----------
    config : settings

    Returns
    -------
    Values nested as in TOML.

    """
    return _differences(asdict(config), asdict(Config()))


def _differences(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            if inner := _differences(value, defaults[key]):
                kept[key] = inner
        elif value != defaults[key]:
            kept[key] = value
    return kept
