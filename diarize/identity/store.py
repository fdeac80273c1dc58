"""Voices on disk: one npz a voice, without pickle, whatever the name holds."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import numpy as np

from diarize.errors import ModelError
from diarize.formats import made_folder, write_bytes
from diarize.identity.voice import BANDS, Evidence, Voice
from diarize.mixtures.npz import archived, load_arrays
from diarize.models.factors import unpacked

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["SUFFIX", "checked_name", "load", "load_folder", "save", "voice_path"]

SUFFIX: Final = ".voice.npz"
VERSION: Final = 2
LARGEST: Final = 1 << 26  # bytes: thousands of recordings of one voice
LONGEST: Final = 60  # characters of a name
LONGEST_STEM: Final = 200  # bytes of a file name, which most disks limit to 255
FIELDS: Final = ("linear", "precision", "seconds")
ARRAYS: Final = tuple(f"{band}_{field}" for band in BANDS for field in FIELDS)
RESERVED: Final = {"con", "prn", "aux", "nul", *(f"{word}{n}" for word in ("com", "lpt") for n in range(10))}


def checked_name(name: str) -> str:
    """A name as it is kept: in one Unicode form, no spaces around it. ModelError for an impossible one."""
    plain = unicodedata.normalize("NFC", name).strip()
    if not plain or len(plain) > LONGEST or not plain.isprintable():
        raise ModelError(
            f"a voice called {name[:80]!r}; a name has 1 to {LONGEST} characters that can be printed"
        )
    if plain.startswith("SPEAKER_"):
        raise ModelError(
            f"a voice called {plain!r}; names in SPEAKER_ are for unknown voices, choose another"
        )
    return plain


def voice_path(folder: str | PathLike[str], name: str) -> Path:
    """Where a voice lies in a folder: under its name, with what disks do not take written as %XX."""
    plain = checked_name(name)
    stem = "".join(c if c.isalnum() or c in " -_" else quote(c, safe="") for c in plain)
    stem = stem.replace(".", "%2E")
    if stem.casefold() in RESERVED:
        stem = f"%{ord(stem[0]):02X}{stem[1:]}"
    if len(stem.encode()) > LONGEST_STEM:
        raise ModelError(f"a voice called {plain!r}: too long for the name of a file; choose a shorter one")
    return Path(folder, stem + SUFFIX)


def save(voice: Voice, folder: str | PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a voice into a folder, which is made: whole or not at all, the same bytes for the same voice.

    Raises OutputError when it cannot, and when there is one already and ``overwrite`` is false.
    """
    path = voice_path(folder, voice.name)
    made_folder(path.parent)
    return write_bytes(path, _bytes(voice), overwrite=overwrite)


def _bytes(voice: Voice) -> bytes:
    words = {
        "version": VERSION,
        "name": voice.name,
        "models": {band: each.model for band, each in voice.evidence.items()},
    }
    empty = {"linear": np.zeros((0, 0)), "precision": np.zeros((0, 0)), "seconds": np.zeros(0)}
    arrays = {
        f"{band}_{field}": np.asarray(getattr(voice.evidence.get(band), field, empty[field]))
        for band in BANDS
        for field in FIELDS
    }
    return archived("voice " + json.dumps(words, sort_keys=True), arrays)


def load(path: str | PathLike[str]) -> Voice:
    """Read a voice. ModelError when the file is too large, is none, or holds what no voice can be."""
    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if size > LARGEST:
        raise ModelError(f"{path}: {size} bytes, more than any voice has ({LARGEST}); check the path")
    try:
        kind, arrays = load_arrays(path, ARRAYS)
    except ModelError:
        raise ModelError(
            f"{path}: not a voice that diarize enroll saved, or a damaged one; enrol it anew"
        ) from None
    word, _, text = kind.partition(" ")
    try:
        words = json.loads(text) if word == "voice" else {}
        version, name = words["version"], str(words["name"])
        models = {band: str(words["models"][band]) for band in BANDS if band in words["models"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        version = None
    if version != VERSION:
        raise ModelError(f"{path}: not a voice of this version; enrol it with diarize enroll")
    try:
        return _voice(name, models, arrays)
    except ModelError as error:
        raise ModelError(f"{path}: not a voice ({error})") from None


def _voice(name: str, models: dict[str, str], arrays: dict[str, Array]) -> Voice:
    evidence = {
        band: Evidence(
            arrays[f"{band}_linear"], arrays[f"{band}_precision"], arrays[f"{band}_seconds"], model
        )
        for band, model in models.items()
    }
    if not evidence or any(_impossible(each) for each in evidence.values()):
        raise ModelError("no evidence, or evidence that is less than none")
    return Voice(checked_name(name), evidence)


def _impossible(evidence: Evidence) -> bool:
    """Whether a row knows less than nothing, which no recording can do."""
    least = [np.linalg.eigvalsh(unpacked(row))[0] for row in evidence.precision]
    largest = np.abs(evidence.precision).max(axis=1)
    return bool((np.array(least) < -1e-6 * (1 + largest)).any() or (evidence.seconds <= 0).any())


def load_folder(folder: str | PathLike[str]) -> tuple[Voice, ...]:
    """All voices of a folder, by name. ModelError when it has none, and when two have one name."""
    folder = Path(folder)
    if not folder.is_dir():
        hint = "a file, not a folder of voices" if folder.exists() else "no such folder"
        raise ModelError(f"{folder}: {hint}; diarize enroll makes one")
    found = [load(path) for path in sorted(folder.glob("*" + SUFFIX)) if not path.name.startswith(".")]
    if not found:
        raise ModelError(f"{folder}: no voices in it (NAME{SUFFIX}); diarize enroll makes them")
    names = [voice.name for voice in found]
    for name in names:
        if names.count(name) > 1:
            raise ModelError(f"{folder}: two files hold the voice of {name!r}; keep one of them")
    return tuple(sorted(found, key=lambda voice: voice.name))
