"""A bar with the remaining time, on stderr, when somebody is looking."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["shown_progress"]

STEPS: Final = 1000
# Where in the whole each stage begins and ends, by its usual share of the time.
STAGES: Final = {
    "features": (0.0, 0.45),
    "speech": (0.45, 0.5),
    "space": (0.5, 0.65),
    "clustering": (0.65, 0.85),
    "smoothing": (0.85, 1.0),
}


@contextmanager
def shown_progress(label: str, *, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """What the pipeline reports to; says nothing when stderr is no terminal or ``quiet``."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, share: None
        return
    with typer.progressbar(length=STEPS, label=label, file=sys.stderr) as bar:
        done = 0

        def report(stage: str, share: float) -> None:
            nonlocal done
            begin, end = STAGES.get(stage, (0.0, 0.0))
            now = round(STEPS * (begin + (end - begin) * min(max(share, 0.0), 1.0)))
            if now > done:
                bar.update(now - done)
                done = now

        yield report
