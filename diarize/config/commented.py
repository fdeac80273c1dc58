"""Settings as TOML with the comments that stand above the fields in ``diarize.config.settings``."""

from __future__ import annotations

import ast
import inspect
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from diarize.config import Config, dumped
from diarize.config import settings as source

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["changes", "commented", "default_file"]

HEAD = """\
# Every setting with its default, written by: diarize config show
# A file of your own needs only what differs: diarize run AUDIO --config FILE.toml
"""


def default_file() -> str:
    """What configs/default.toml holds."""
    return HEAD + "\n" + commented(Config())


def commented(config: Config) -> str:
    """All settings as TOML that ``loaded`` reads back, each under the comment of its field."""
    above = {name: _comments(type(getattr(config, name)).__name__) for name in asdict(config)}
    own, section = _comments("Config"), ""
    lines: list[str] = []
    for line in dumped(config).splitlines():
        key = line.partition(" = ")[0]
        if line.startswith("["):
            section = line.strip("[]")
        elif line:
            lines += (above[section] if section else own).get(key, ())
        lines.append(line)
    return "\n".join(lines) + "\n"


@cache
def _comments(kind: str) -> dict[str, tuple[str, ...]]:
    """Comment lines by field of one of the dataclasses; empty for what is none."""
    text = inspect.getsource(source).splitlines()
    classes = [node for node in ast.parse(inspect.getsource(source)).body if isinstance(node, ast.ClassDef)]
    body = [node for each in classes if each.name == kind for node in each.body]
    fields = [node for node in body if isinstance(node, ast.AnnAssign)]
    return {ast.unparse(node.target): _lines_above(text, node.lineno - 1) for node in fields}


def _lines_above(text: Sequence[str], line: int) -> tuple[str, ...]:
    first = line
    while text[first - 1].strip().startswith("#"):
        first -= 1
    return tuple(each.strip() for each in text[first:line])


def changes(nested: dict[str, Any], above: str = "") -> list[str]:
    """Nested settings as ``section.key = value``, one a line."""
    found: list[str] = []
    for key, value in nested.items():
        found += (
            changes(value, f"{above}{key}.") if isinstance(value, dict) else [f"{above}{key} = {value!r}"]
        )
    return found
