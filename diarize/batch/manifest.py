"""The manifest: the outcome of every recording, one JSON object per line.

A line is appended by one write, so a kill loses at most that line, and an incomplete line is ignored when the
file is read. The last line about a recording counts. At the start and at the end of a batch the file is
rewritten atomically with one line per recording, in order.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from diarize.errors import OutputError
from diarize.files import remove_leftovers, write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    Entry = dict[str, Any]

__all__ = ["MANIFEST", "Manifest", "lock_folder"]

MANIFEST: Final = "manifest.jsonl"
LOCK: Final = ".manifest.lock"
STATES: Final = ("started", "ok", "failed")


class Manifest:
    """The file in an output folder, its entries by recording, and the results of ``earlier`` batches that it
    listed when it was opened.
    """

    def __init__(
        self, folder: Path, entries: Mapping[str, Entry], earlier: Mapping[str, Entry] | None = None
    ) -> None:
        self.path = folder / MANIFEST
        self.entries = dict(entries)
        self.earlier = {key: tuple(entry["outputs"]) for key, entry in (earlier or {}).items()}

    @classmethod
    def open(cls, folder: Path, *, resume: bool, overwrite: bool) -> Manifest:
        """Open the manifest of a folder, or make a new one, while ``lock_folder`` holds the folder.

        Raises OutputError when there is one and neither ``resume`` nor ``overwrite`` is set.
        """
        path = folder / MANIFEST
        if path.exists() and not (resume or overwrite):
            raise OutputError(
                f"{path}: an earlier batch; "
                "--resume continues it, --overwrite begins again, or choose another folder"
            )
        remove_leftovers(path)  # left by a kill during a rewrite
        earlier = _read(path) if path.exists() else {}
        manifest = cls(folder, earlier if resume else {}, earlier)
        manifest.tidy()
        return manifest

    def tidy(self) -> None:
        """Rewrite the file atomically with one line per recording, in order."""
        text = "".join(_line(self.entries[key]) for key in sorted(self.entries))
        write_bytes(self.path, text.encode(), overwrite=True)

    def add(self, entry: Entry) -> None:
        """Append a line and flush it to disk.

        Raises OutputError, also when the file has been removed, because then its results are gone, too.
        """
        self.entries[entry["audio"]] = entry
        try:
            with open(self.path, "ab", buffering=0, opener=_existing) as file:
                file.write(_line(entry).encode())
                os.fsync(file.fileno())
        except FileNotFoundError:
            raise OutputError(
                f"{self.path}: moved or removed while the batch was writing; put the folder back and --resume"
            ) from None
        except OSError as error:
            raise OutputError(
                f"{self.path}: cannot be written ({error.strerror}); free some space and --resume"
            ) from None


def _existing(path: str, flags: int) -> int:
    return os.open(path, flags & ~os.O_CREAT)


def _line(entry: Entry) -> str:
    return json.dumps(entry, sort_keys=True, allow_nan=False) + "\n"


def _read(path: Path) -> dict[str, Entry]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    return {entry["audio"]: entry for entry in map(_entry, lines) if entry}


def _entry(line: bytes) -> Entry | None:
    """A line as an entry; None when it is incomplete or something else."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("audio"), str):
        return None
    whole = entry.get("status") in STATES and all(
        isinstance(entry.get(name), dict) for name in ("files", "outputs")
    )
    return entry if whole and (entry["status"] != "ok" or _is_complete(entry)) else None


def _is_complete(entry: Entry) -> bool:
    """Whether a finished entry has the fields that summaries need."""
    timings = entry.get("timings")
    seconds = [entry.get("duration"), *(timings.values() if isinstance(timings, dict) else [None])]
    return isinstance(entry.get("n_speakers"), int) and all(
        isinstance(each, int | float) and 0 <= each < float("inf") for each in seconds
    )


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Let only one batch at a time write into a folder (not on Windows).

    The lock is released when the process ends. Raises OutputError when another batch holds it.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    try:
        file = (folder / LOCK).open("w")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written to ({error.strerror}); choose another") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"{folder}: another batch is writing there; wait for it or choose another"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
