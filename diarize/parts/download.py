"""Downloads: resumed after an interruption, checked, and written atomically.

A partial download is stored next to its target under a name with the expected checksum, so it is only resumed
for the same content. Proxies are taken from the environment; ``file:`` addresses work, too.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Final

from diarize.errors import PartError
from diarize.parts.onnx_file import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Progress", "UnreachableError", "checksum_of", "fetch", "no_progress"]

Progress = Callable[[str, float], None]
"""Told a stage and the share of it that is done."""
SCHEMES: Final = ("https:", "http:", "file:")
TIMEOUT: Final = 30.0
"""Seconds without a byte after which a server is given up."""
CHUNK: Final = 1 << 16
RESUME_HINT: Final = "run the same command again, it goes on from there"


class UnreachableError(PartError):
    """An address that cannot be reached."""


def no_progress(stage: str, share: float) -> None:
    """A progress callback that does nothing."""


def fetch(
    address: str, place: Path, sha256: str, size: int | None = None, progress: Progress = no_progress
) -> Path:
    """Download ``address`` to ``place`` and check its SHA-256 ``sha256``.

    ``size``: in bytes, if known. Raises PartError: no such address or server, interrupted (the partial file
    is kept and resumed later), wrong size or checksum (nothing is kept), disk full.
    """
    if not address.lower().startswith(SCHEMES):
        raise PartError(f"{address}: no address to fetch; give one that begins with https:, http: or file:")
    partial = place.with_name(f".{place.name}.{sha256[:16]}.partial")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _receive(address, partial, size, progress)
        found = checksum_of(partial)
        if found != sha256:
            partial.unlink()
            raise PartError(
                f"{address}: its SHA-256 is {found}, {sha256} is expected; nothing was kept, it is not the "
                "file that was asked for"
            )
        partial.replace(place)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise PartError(
            f"{place}: cannot be written ({reason}); choose another folder with --cache"
        ) from None
    return place


def checksum_of(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _receive(address: str, partial: Path, size: int | None, progress: Progress) -> None:
    """Append the missing bytes to ``partial``."""
    have = partial.stat().st_size if partial.exists() else 0
    response = _open_response(address, have)
    if response is None:  # complete, or longer than it should be
        if size is not None and have != size:
            partial.unlink()
            _receive(address, partial, size, progress)
        return
    with closing(response):
        begin = have if _can_resume(response, have) else 0
        total = _total(response, begin)
        if total is not None and (total > MAX_BYTES or (size is not None and total != size)):
            raise PartError(f"{address}: has {total} bytes, {size or MAX_BYTES} are expected; not fetched")
        with partial.open("ab" if begin else "wb") as file:
            for chunk in _chunks(response, address):
                file.write(chunk)
                begin += len(chunk)
                if begin > (size or MAX_BYTES):
                    raise PartError(f"{address}: gives more than {size or MAX_BYTES} bytes; not fetched")
                progress("download", begin / total if total else 0.0)
            file.flush()
            os.fsync(file.fileno())
    if begin < (size or total or 0):
        raise PartError(f"{address}: cut off after {begin} of {size or total} bytes; {RESUME_HINT}")


def _open_response(address: str, have: int) -> Any:
    """The server's response; None when there is nothing after the first ``have`` bytes."""
    headers = {"User-Agent": "diarize", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        request = urllib.request.Request(address, headers=headers)  # noqa: S310 (schemes are checked above)
        return urllib.request.build_opener().open(request, timeout=TIMEOUT)  # reads the environment anew
    except urllib.error.HTTPError as error:
        with suppress(OSError):
            error.close()
        if have and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return None
        raise PartError(
            f"{address}: the server says {error.code} {error.reason}; check the address"
        ) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise UnreachableError(f"{address}: cannot be reached ({_reason(error)})") from None


def _can_resume(response: Any, have: int) -> bool:
    """Whether the response starts at the end of the partial file; a server may also send everything."""
    if not have or response.status != http.client.PARTIAL_CONTENT:
        return False
    return re.match(rf"bytes {have}-", response.headers.get("Content-Range", "")) is not None


def _total(response: Any, begin: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return begin + int(length) if length.isdecimal() else None


def _chunks(response: Any, address: str) -> Iterator[bytes]:
    """The received data; PartError when the connection breaks."""
    while True:
        try:
            chunk = response.read(CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise PartError(f"{address}: the connection broke ({_reason(error)}); {RESUME_HINT}") from None
        if not chunk:
            return
        yield chunk


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", error)
    text = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return " ".join(str(text).split())
