"""Voices on disk: one npz per voice, without pickle, for any name."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from diarize.errors import ModelError
from diarize.files import make_folder, write_bytes
from diarize.identity.voice import Voice, VoiceEmbeddings
from diarize.mixtures.npz import load_arrays, pack_arrays

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["SUFFIX", "check_name", "load", "load_folder", "save", "voice_path"]

SUFFIX: Final = ".voice.npz"
VERSION: Final = 3
MAX_BYTES: Final = 1 << 26  # bytes: thousands of recordings of one voice
MAX_NAME: Final = 60  # characters of a name
MAX_STEM: Final = 200  # bytes of a file name, which most disks limit to 255
ARRAYS: Final = ("means", "variances", "seconds", "between")
RESERVED: Final = {"con", "prn", "aux", "nul", *(f"{word}{n}" for word in ("com", "lpt") for n in range(10))}


def check_name(name: str) -> str:
    """The normalised name: one Unicode form, no surrounding spaces. ModelError for an impossible name."""
    plain = unicodedata.normalize("NFC", name).strip()
    if not plain or len(plain) > MAX_NAME or not plain.isprintable():
        raise ModelError(
            f"a voice called {name[:80]!r}; a name has 1 to {MAX_NAME} characters that can be printed"
        )
    if plain.startswith("SPEAKER_"):
        raise ModelError(
            f"a voice called {plain!r}; names in SPEAKER_ are for unknown voices, choose another"
        )
    return plain


def voice_path(folder: str | PathLike[str], name: str) -> Path:
    """The file of a voice.

    Parameters
    ----------
    folder : folder of voices
    name : name of the person

    Returns
    -------
    The path: the name with characters that file systems forbid as %XX, and the suffix.

    Raises
    ------
    ModelError
        For a name that is not allowed or too long.

    """
    plain = check_name(name)
    stem = "".join(c if c.isalnum() or c in " -_" else quote(c, safe="") for c in plain)
    stem = stem.replace(".", "%2E")
    if stem.casefold() in RESERVED:
        stem = f"%{ord(stem[0]):02X}{stem[1:]}"
    if len(stem.encode()) > MAX_STEM:
        raise ModelError(f"a voice called {plain!r}: too long for the name of a file; choose a shorter one")
    return Path(folder, stem + SUFFIX)


def save(voice: Voice, folder: str | PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a voice into a folder, which is made if it does not exist.

    Parameters
    ----------
    voice : what to write
    folder : where to
    overwrite : replace a voice of the same name

    Returns
    -------
    The path of the file; the same voice gives the same bytes.

    Raises
    ------
    ModelError
        For a name that no file can have.
    OutputError
        When the voice exists and ``overwrite`` is false, or cannot be written.

    """
    path = voice_path(folder, voice.name)
    make_folder(path.parent)
    return write_bytes(path, _pack_voice(voice), overwrite=overwrite)


def _pack_voice(voice: Voice) -> bytes:
    words = {"version": VERSION, "name": voice.name, "model": voice.embeddings.model}
    arrays = {name: getattr(voice.embeddings, name) for name in ARRAYS}
    return pack_arrays("voice " + json.dumps(words, sort_keys=True), arrays)


def load(path: str | PathLike[str]) -> Voice:
    """Read a voice.

    Parameters
    ----------
    path : a file that ``save`` wrote

    Returns
    -------
    The voice.

    Raises
    ------
    ModelError
        For a missing, too large or invalid file.

    """
    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if size > MAX_BYTES:
        raise ModelError(f"{path}: {size} bytes, more than any voice has ({MAX_BYTES}); check the path")
    try:
        kind, arrays = load_arrays(path, ARRAYS)
    except ModelError:
        raise ModelError(
            f"{path}: not a voice that diarize enroll saved, or a damaged one; enroll it again"
        ) from None
    word, _, text = kind.partition(" ")
    try:
        words = json.loads(text) if word == "voice" else {}
        version, name = words["version"], str(words["name"])
        model = str(words["model"])
    except (ValueError, KeyError, TypeError, RecursionError):
        version = None
    if version != VERSION:
        raise ModelError(f"{path}: not a voice of this version; enroll it with diarize enroll")
    try:
        return Voice(check_name(name), VoiceEmbeddings(**arrays, model=model))
    except ModelError as error:
        raise ModelError(f"{path}: not a voice ({error})") from None


def load_folder(folder: str | PathLike[str]) -> tuple[Voice, ...]:
    """Read all voices of a folder.

    Parameters
    ----------
    folder : where ``save`` wrote them

    Returns
    -------
    The voices, sorted by name.

    Raises
    ------
    ModelError
        For a folder without voices, an invalid file, and two voices with the same name.

    """
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
