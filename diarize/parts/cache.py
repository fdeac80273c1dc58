"""The cache of fetched parts, and the file for a name."""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diarize.errors import PartError
from diarize.parts.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "cache_folder",
    "cached_parts",
    "calibrations_folder",
    "locate_part",
    "manual_instructions",
    "parts_folder",
]

SUFFIX = ".onnx"


def cache_folder(
    cache: str | Path | None = None,
    *,
    system: str = sys.platform,
    environment: Mapping[str, str] | None = None,
) -> Path:
    """``cache``, or the platform's folder for files that can be fetched again; it need not exist.

    Linux: XDG_CACHE_HOME or ~/.cache; macOS: ~/Library/Caches; Windows: LOCALAPPDATA; in it, ``diarize``.
    """
    if cache is not None:
        return Path(cache).expanduser()
    variables = os.environ if environment is None else environment
    if system == "darwin":
        return Path.home() / "Library" / "Caches" / "diarize"
    if system == "win32":
        local = variables.get("LOCALAPPDATA", "")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "diarize" / "Cache"
    given = Path(variables.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "diarize"


def parts_folder(cache: str | Path | None = None) -> Path:
    """The folder of ONNX files in the cache."""
    return cache_folder(cache) / "parts"


def calibrations_folder(cache: str | Path | None = None) -> Path:
    """The folder of calibrations in the cache."""
    return cache_folder(cache) / "calibrations"


def cached_parts(cache: str | Path | None = None) -> dict[str, Path]:
    """Files in the cache by name, sorted."""
    folder = parts_folder(cache)
    found = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    return {path.stem: path for path in found if path.is_file() and not path.name.startswith(".")}


def locate_part(name_or_path: str | Path, cache: str | Path | None = None) -> Path:
    """The file that a name in the cache, or a path, stands for. Raises PartError, saying how to get it."""
    path = Path(name_or_path)
    text = str(name_or_path)
    inside = parts_folder(cache) / f"{text}{SUFFIX}"
    is_name = path.name == text and text not in ("", ".", "..")
    if is_name and text in CATALOGUE:
        if inside.is_file():
            return inside
        get = f"fetch {CATALOGUE[text].address} with 'diarize parts get {text}'"
        raise PartError(f"the part {text!r} is not here yet; {get}, or {manual_instructions(text, cache)}")
    if path.exists():
        return path
    if is_name and inside.is_file():
        return inside
    near = difflib.get_close_matches(text, [*CATALOGUE, *cached_parts(cache)], n=1)
    hint = f"did you mean {near[0]!r}?" if near else "see 'diarize parts list', or check the path"
    raise PartError(f"{text}: neither a file nor the name of a part; {hint}")


def manual_instructions(name: str, cache: str | Path | None = None) -> str:
    """How to install a part of the catalogue by hand."""
    entry = CATALOGUE[name]
    what = f"{entry.member} out of that archive" if entry.member else "that file"
    return f"without a network copy {what} to {parts_folder(cache) / entry.file}"
