"""``get``: parts of the catalogue by name, others by address and checksum, into the cache."""

from __future__ import annotations

import difflib
import json
import re
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from diarize.errors import PartError
from diarize.parts.cache import SUFFIX, manual_instructions, parts_folder
from diarize.parts.catalogue import CATALOGUE, CatalogueEntry
from diarize.parts.download import UnreachableError, checksum_of, fetch, no_progress
from diarize.parts.onnx_file import MAX_BYTES

if TYPE_CHECKING:
    from diarize.parts.download import Progress

__all__ = ["FetchedPart", "get_part", "read_record"]

ARCHIVES: Final = (".tar.bz2", ".tar.gz", ".tgz", ".tar.xz", ".tar")
RECORD: Final = ".json"
_DAMAGE: Final = (tarfile.TarError, EOFError, zlib.error, ValueError)


@dataclass(frozen=True, slots=True)
class FetchedPart:
    """A part in the cache under ``name``; ``is_new`` if it was fetched by this call."""

    name: str
    path: Path
    is_new: bool


def get_part(
    name_or_address: str,
    *,
    sha256: str | None = None,
    name: str | None = None,
    cache: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> FetchedPart:
    """Fetch a part of the catalogue, or a file from an address with the checksum ``sha256``, as ``name``.

    From a tar archive the ONNX file is extracted. A file in the cache is not fetched again. Raises PartError
    and then leaves the cache unchanged.
    """
    entry = CATALOGUE.get(name_or_address) or _entry_for(name_or_address, sha256, name)
    place = parts_folder(cache) / entry.file
    if place.is_file() and not overwrite:
        if _is_there(entry, place):
            return FetchedPart(entry.name, place, is_new=False)
        raise PartError(
            f"{place}: exists already and is another file; --overwrite it or choose another --name"
        )
    try:
        _fetch_into_cache(entry, place, progress)
    except UnreachableError as error:
        known = entry.name in CATALOGUE
        way = (
            manual_instructions(entry.name, cache)
            if known
            else f"without a network copy that file to {place}"
        )
        raise PartError(f"{error}; {way}") from None
    return FetchedPart(entry.name, place, is_new=True)


def read_record(place: Path) -> dict[str, str]:
    """The stored record of a part that is not in the catalogue; empty if there is none."""
    try:
        found = json.loads(place.with_suffix(RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _entry_for(address: str, sha256: str | None, name: str | None) -> CatalogueEntry:
    """The catalogue entry for an address. Raises PartError for an invalid address, name or checksum."""
    if ":" not in address:
        near = difflib.get_close_matches(address, CATALOGUE, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ", others need an address"
        raise PartError(f"{address}: no part of this name; there are {', '.join(CATALOGUE)}{hint}")
    if sha256 is None or not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise PartError(
            f"{address}: give the checksum that its publisher states, --sha256 and 64 hexadecimal digits; or "
            "fetch it yourself and give the file"
        )
    file = PurePosixPath(unquote(urlsplit(address).path)).name
    suffix = next((each for each in ARCHIVES if file.lower().endswith(each)), "")
    chosen = name or file.removesuffix(suffix).removesuffix(SUFFIX)
    if not re.fullmatch(r"[\w][\w.+-]{0,99}", chosen) or chosen in CATALOGUE:
        raise PartError(f"{address}: {chosen!r} cannot be its name here; give another with --name")
    member = SUFFIX if suffix else None
    return CatalogueEntry(chosen, "", "", address, None, sha256.lower(), "", member)


def _is_there(entry: CatalogueEntry, place: Path) -> bool:
    """Whether the file in the cache is the requested one."""
    if entry.name in CATALOGUE:
        return checksum_of(place) == entry.checksum
    record = read_record(place)
    return record.get("fetched") == entry.sha256 and record.get("sha256") == checksum_of(place)


def _fetch_into_cache(entry: CatalogueEntry, place: Path, progress: Progress) -> None:
    """Fetch, unpack if necessary, check, and store."""
    if entry.member is None:
        fetch(entry.address, place, entry.sha256, entry.size, progress)
    else:
        archive = place.with_name(f".{place.stem}.archive")
        fetch(entry.address, archive, entry.sha256, entry.size, progress)
        try:
            _unpack(archive, entry, place)
        finally:
            archive.unlink(missing_ok=True)
    if entry.name not in CATALOGUE:
        record = {"address": entry.address, "fetched": entry.sha256, "sha256": checksum_of(place)}
        place.with_suffix(RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _unpack(archive: Path, entry: CatalogueEntry, place: Path) -> None:
    """Extract the wanted file of a tar archive to ``place``. Raises PartError."""
    beside = place.with_name(f".{place.name}.unpacked")
    try:
        with tarfile.open(archive) as tar:
            member = _member(tar, entry)
            source = tar.extractfile(member)
            if source is None:
                raise tarfile.ReadError(member.name)
            with source, beside.open("wb") as file:
                shutil.copyfileobj(source, file)
        if entry.member_sha256 not in (None, checksum_of(beside)):
            raise PartError(
                f"{entry.address}: {member.name} in it has another SHA-256 than expected; not kept"
            )
        beside.replace(place)
    except _DAMAGE as error:
        raise PartError(
            f"{entry.address}: no archive that can be unpacked ({type(error).__name__})"
        ) from None
    except OSError as error:
        raise PartError(f"{place}: cannot be written ({error.strerror}); choose another folder") from None
    finally:
        beside.unlink(missing_ok=True)


def _member(tar: tarfile.TarFile, entry: CatalogueEntry) -> tarfile.TarInfo:
    """The wanted file in an archive: by its name or, where none is known, the only ONNX file."""
    files = [each for each in tar if each.isfile() and each.name.endswith(SUFFIX)]
    named = [each for each in files if PurePosixPath(each.name).name in (entry.member, "model.onnx")]
    chosen = named or files
    if len(chosen) != 1 or chosen[0].size > MAX_BYTES:
        names = ", ".join(each.name for each in files[:5]) or "none"
        raise PartError(f"{entry.address}: one ONNX file is needed in it, found: {names}; unpack it yourself")
    return chosen[0]
