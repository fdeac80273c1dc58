"""``diarize plot``: a picture of who spoke when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.files import about, chosen, or_silence, read_annotations, refuse_existing
from diarize.cli.options import Channel, Overwrite, Quiet, Track, Verbose, expanded
from diarize.cli.printing import percent, remark, say, shown

if TYPE_CHECKING:
    from diarize.annotation import Annotation

__all__ = ["plot"]


@dataclass(frozen=True, slots=True)
class Loudness:
    """Options that say whose loudness is drawn."""

    audio: Annotated[
        Path | None,
        typer.Option("--audio", metavar="FILE", help="The recording, to draw its loudness above."),
    ] = None
    channel: Channel = None
    track: Track = None


@expanded
def plot(
    annotation: Annotated[Path, typer.Argument(metavar="FILE.rttm", help="Turns in any readable format.")],
    *,
    sound: Loudness = Loudness(),
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference", metavar="FILE", help="The reference, to draw it above in matching colours."
        ),
    ] = None,
    recording: Annotated[
        str | None,
        typer.Option("--recording", metavar="NAME", help="Name of the recording, if the file has several."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help=".png, .pdf or .svg (default: FILE.png)."),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Draw a timeline with one row per speaker, and a reference above it if one is given."""
    from diarize import plots

    _check(sound)
    found = chosen(or_silence(read_annotations(annotation), annotation), recording, annotation)
    truth = _truth(reference, found.recording, quiet=quiet) if reference else None
    path = output or annotation.with_suffix(".png")
    refuse_existing(path, overwrite=overwrite)
    mapping, rating = _compared(truth, found) if truth else (None, "")
    more = _heard(sound, quiet=quiet)
    figure = plots.timeline(found, reference=truth, mapping=mapping, title=found.recording + rating, **more)
    plots.save(figure, path, overwrite=overwrite)
    if not quiet:
        say(f"wrote {shown(path)}{rating}")


def _check(sound: Loudness) -> None:
    """No option is silently ignored."""
    if sound.audio is None and (sound.channel or sound.track):
        option = "--channel" if sound.channel else "--track"
        raise typer.BadParameter(f"{option} is of a recording: name it with --audio")


def _truth(path: Path, recording: str, *, quiet: bool) -> Annotation:
    return about(or_silence(read_annotations(path), path), recording, path, quiet=quiet)


def _compared(truth: Annotation, found: Annotation) -> tuple[dict[str, str], str]:
    """Who is whom, and how well they agree in words."""
    from diarize.scoring import score

    result = score(truth, found)
    return result.mapping, f"  (DER {percent(result.der)}, {result.protocol})"


def _heard(sound: Loudness, *, quiet: bool) -> dict[str, Any]:
    """Loudness and length of the recording, as ``timeline`` takes them."""
    if sound.audio is None:
        return {}
    from diarize.audio import open_recording
    from diarize.plots import envelope

    recording = open_recording(sound.audio, rate=8_000, channel=sound.channel, track=sound.track or 1)
    waveform = recording.waveform()
    for note in recording.notes if not quiet else ():
        remark(f"note: {shown(note)}")
    return {"loudness": envelope(waveform), "duration": waveform.duration}
