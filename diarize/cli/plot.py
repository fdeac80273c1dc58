"""``diarize plot``: a picture of who spoke when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.files import choose_annotation, match_annotation, or_empty, read_annotations, refuse_existing
from diarize.cli.options import Channel, Overwrite, Quiet, Track, Verbose, expand_options
from diarize.cli.printing import escape_controls, format_percent, print_note, print_text

if TYPE_CHECKING:
    from diarize.annotation import Annotation

__all__ = ["plot"]


@dataclass(frozen=True, slots=True)
class LoudnessOptions:
    """Options for the loudness of a recording."""

    audio: Annotated[
        Path | None,
        typer.Option(
            "--audio", metavar="FILE", help="The recording, whose loudness is drawn above the turns."
        ),
    ] = None
    channel: Channel = None
    track: Track = None


@expand_options
def plot(
    annotation: Annotated[Path, typer.Argument(metavar="FILE.rttm", help="Turns in any readable format.")],
    *,
    sound: LoudnessOptions = LoudnessOptions(),
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference",
            metavar="FILE",
            help="Reference turns, drawn above in the colours of the matched speakers.",
        ),
    ] = None,
    recording: Annotated[
        str | None,
        typer.Option("--recording", metavar="NAME", help="Name of the recording, if FILE has several."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Picture to write: .png, .pdf or .svg (default: FILE.png)."
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Draw a timeline with one row per speaker, and a reference above it if one is given."""
    from diarize import plots

    _check_options(sound)
    found = choose_annotation(or_empty(read_annotations(annotation), annotation), recording, annotation)
    truth = _read_reference(reference, found.recording, quiet=quiet) if reference else None
    path = output or annotation.with_suffix(".png")
    refuse_existing(path, overwrite=overwrite)
    mapping, rating = _compare(truth, found) if truth else (None, "")
    title, more = found.recording + rating, _load_loudness(sound, quiet=quiet)
    figure = plots.plot_timeline(found, reference=truth, mapping=mapping, title=title, **more)
    plots.save(figure, path, overwrite=overwrite)
    if not quiet:
        print_text(f"wrote {escape_controls(path)}{rating}")


def _check_options(sound: LoudnessOptions) -> None:
    """Raise a usage error for options that would be ignored."""
    if sound.audio is None and (sound.channel or sound.track):
        option = "--channel" if sound.channel else "--track"
        raise typer.BadParameter(f"{option} needs a recording; give it with --audio FILE")


def _read_reference(path: Path, recording: str, *, quiet: bool) -> Annotation:
    return match_annotation(or_empty(read_annotations(path), path), recording, path, quiet=quiet)


def _compare(truth: Annotation, found: Annotation) -> tuple[dict[str, str], str]:
    """Hypothesis speaker → reference speaker, and the DER as text."""
    from diarize.scoring import score

    result = score(truth, found)
    return result.mapping, f"  (DER {format_percent(result.der)}, {result.protocol})"


def _load_loudness(sound: LoudnessOptions, *, quiet: bool) -> dict[str, Any]:
    """Loudness and length of the recording, as ``timeline`` takes them."""
    if sound.audio is None:
        return {}
    from diarize.audio import open_recording
    from diarize.plots import peak_envelope

    recording = open_recording(sound.audio, rate=8_000, channel=sound.channel, track=sound.track or 1)
    waveform = recording.waveform()
    for note in recording.notes if not quiet else ():
        print_note(f"note: {escape_controls(note)}")
    return {"loudness": peak_envelope(waveform), "duration": waveform.duration}
