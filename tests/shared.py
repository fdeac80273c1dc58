"""Results that several tests look at: made once in a test run, by whichever process comes first."""

from __future__ import annotations

import fcntl
import pickle
from pathlib import Path

FOLDER: list[Path] = []  # that all processes of this test run share; set in conftest


def shared(name, make):
    """What ``make()`` returns, stored under a name; the others wait for the first one and read it."""
    path = FOLDER[0] / f"shared-{name}.pickle"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            path.write_bytes(pickle.dumps(make()))
    return pickle.loads(path.read_bytes())  # noqa: S301 - our own
