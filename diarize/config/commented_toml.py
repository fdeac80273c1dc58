"""Settings as TOML with a comment above each."""

from __future__ import annotations

from textwrap import wrap
from typing import Any, Final

from diarize.config import Config, to_toml
from diarize.config.settings import setting_fields

__all__ = ["default_file", "list_changes", "to_commented_toml"]

WIDTH: Final = 110  # characters of a line
HEAD: Final = """\
# Every setting with its default, written by: diarize config show
# A file of your own needs only what differs: diarize run AUDIO --config FILE.toml
"""


def default_file() -> str:
    """The text of configs/default.toml."""
    return HEAD + "\n" + to_commented_toml(Config())


def to_commented_toml(config: Config) -> str:
    """All settings as TOML for ``load_config``, each below its help."""
    about = {name: each.metadata["help"] for name, each in setting_fields(config).items()}
    section = ""
    lines: list[str] = []
    for line in to_toml(config).splitlines():
        key = line.partition(" = ")[0]
        if line.startswith("["):
            section = line.strip("[]") + "."
        elif line:
            lines += wrap(about[section + key], WIDTH, initial_indent="# ", subsequent_indent="# ")
        lines.append(line)
    return "\n".join(lines) + "\n"


def list_changes(nested: dict[str, Any], above: str = "") -> list[str]:
    """Nested settings as ``section.key = value``, one a line."""
    found: list[str] = []
    for key, value in nested.items():
        found += (
            list_changes(value, f"{above}{key}.")
            if isinstance(value, dict)
            else [f"{above}{key} = {value!r}"]
        )
    return found
