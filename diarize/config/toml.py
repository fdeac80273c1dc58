"""All settings as TOML text."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

__all__ = ["to_toml"]


def to_toml(config: Any) -> str:
    """Write all settings as TOML.

    Parameters
    ----------
    config : a Config, or one of its parts

    Returns
    -------
    TOML with comments; ``load_config`` reads the same settings from it.

    """
    values = asdict(config)
    lines = [f"{key} = {_toml(value)}" for key, value in values.items() if not isinstance(value, dict)]
    for section, inner in values.items():
        if isinstance(inner, dict):
            lines += ["", f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in inner.items())]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value).lower() if isinstance(value, bool) else repr(value)
