"""A progress bar with the remaining time on stderr, if that is a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer

from diarize.cli.signals import check_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["show_progress"]

STEPS: Final = 1000
# Start and end of each stage on the bar, by its usual share of the time.
STAGES: Final = {
    "features": (0.0, 0.45),
    "speech": (0.45, 0.5),
    "space": (0.5, 0.65),
    "clustering": (0.65, 0.85),
    "resegmentation": (0.85, 1.0),
}


# The same for training a background model.
TRAINING: Final = {"simulated recordings": (0.0, 0.9), "mixtures": (0.9, 1.0)}

# The same for the download of a part, and for its calibration.
FETCHING: Final = {"download": (0.0, 1.0)}
CALIBRATING: Final = {"calibration": (0.0, 1.0)}


@contextmanager
def show_progress(
    label: str, *, quiet: bool, stages: Mapping[str, tuple[float, float]] = STAGES
) -> Iterator[Callable[[str, float], None]]:
    """A progress bar; yields the function to call with stage and share. No bar if ``quiet`` or without
    terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda stage, share: check_signals()
        return
    with typer.progressbar(length=STEPS, label=label, file=sys.stderr) as bar:
        done = 0

        def report(stage: str, share: float) -> None:
            nonlocal done
            check_signals()
            begin, end = stages.get(stage, (0.0, 0.0))
            now = round(STEPS * (begin + (end - begin) * min(max(share, 0.0), 1.0)))
            if now > done:
                bar.update(now - done)
                done = now

        yield report
