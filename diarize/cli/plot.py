"""``diarize plot``: a picture of who spoke when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.files import about, chosen, or_silence, read_annotations, refuse_existing
from diarize.cli.options import Overwrite, Quiet, Verbose
from diarize.cli.printing import percent, say, shown

if TYPE_CHECKING:
    from diarize.annotation import Annotation

__all__ = ["plot"]


def plot(
    annotation: Annotated[Path, typer.Argument(metavar="FILE.rttm", help="Turns in any readable format.")],
    *,
    audio: Annotated[
        Path | None, typer.Option("--audio", metavar="FILE", help="The recording: its loudness goes above.")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option("--reference", metavar="FILE", help="The truth: it goes above, colours matched."),
    ] = None,
    recording: Annotated[
        str | None,
        typer.Option("--recording", metavar="NAME", help="Which one, where the file holds several."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help=".png, .pdf or .svg (default: FILE.png)."),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Draw a timeline: one row a speaker, a reference above where one is given."""
    from diarize import plots

    found = chosen(or_silence(read_annotations(annotation), annotation), recording, annotation)
    truth = _truth(reference, found.recording, quiet=quiet) if reference else None
    path = output or annotation.with_suffix(".png")
    refuse_existing(path, overwrite=overwrite)
    mapping, rating = _compared(truth, found) if truth else (None, "")
    figure = plots.timeline(
        found, reference=truth, mapping=mapping, title=found.recording + rating, **_heard(audio)
    )
    plots.save(figure, path, overwrite=overwrite)
    if not quiet:
        say(f"wrote {shown(path)}{rating}")


def _truth(path: Path, recording: str, *, quiet: bool) -> Annotation:
    return about(or_silence(read_annotations(path), path), recording, path, quiet=quiet)


def _compared(truth: Annotation, found: Annotation) -> tuple[dict[str, str], str]:
    """Who is whom, and how well they agree in words."""
    from diarize.scoring import score

    result = score(truth, found)
    return result.mapping, f"  (DER {percent(result.der)}, {result.protocol})"


def _heard(audio: Path | None) -> dict[str, Any]:
    """Loudness and length of the recording, as ``timeline`` takes them."""
    if audio is None:
        return {}
    from diarize.audio import read
    from diarize.plots import envelope

    sound = read(audio, rate=8_000)
    return {"loudness": envelope(sound), "duration": sound.duration}
