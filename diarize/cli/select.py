"""``diarize select``: the criterion of every number of speakers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diarize.cli.files import refuse_existing
from diarize.cli.options import (
    Json,
    Overwrite,
    SettingsOptions,
    SoundOptions,
    Verbose,
    check_part,
    expand_options,
)
from diarize.cli.printing import escape_controls, format_table, print_json, print_text
from diarize.cli.settings import diarize_with_progress, resolve_config, speech_file
from diarize.config import override

if TYPE_CHECKING:
    from diarize.clustering import Clustering
    from diarize.config import Config

__all__ = ["select"]


@expand_options
def select(
    audio: Annotated[
        Path, typer.Argument(metavar="AUDIO", help="A recording (WAV, FLAC, MP3, M4A and others).")
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Picture to write: .png, .pdf or .svg (default: NAME.selection.png beside AUDIO).",
        ),
    ] = None,
    settings: SettingsOptions = SettingsOptions(),  # noqa: B008 - a frozen value
    sound: SoundOptions = SoundOptions(),  # noqa: B008
    no_plot: Annotated[bool, typer.Option("--no-plot", help="Write no picture.")] = False,
    json: Json = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Print and draw the criterion by which the number of speakers is chosen.

    Values are in nats (units of log likelihood) above the best one; a difference of less than ten is not
    reliable.
    """
    config, speech = _up_to_limit(resolve_config(settings), settings), speech_file(settings)
    check_part(sound)
    path = None if no_plot else output or audio.with_name(audio.stem + ".selection.png")
    if path:
        refuse_existing(path, overwrite=overwrite)
    result = diarize_with_progress(audio, config, sound, speech, quiet=json)
    found = result.clustering
    curve = found if settings.max_speakers is None else found.limit(settings.max_speakers)
    if path:
        _draw(curve, result.annotation.recording, path, overwrite=overwrite)
    if json:
        name = result.annotation.recording
        print_json({"recording": name, "selection": found.count.to_dict(), "notes": list(result.notes)})
    else:
        print_text(
            _format_summary(curve, found, audio.name) + (f"\n  wrote {escape_controls(path)}" if path else "")
        )


def _up_to_limit(config: Config, asked: SettingsOptions) -> Config:
    """The settings, with every number tried up to the limit, if there is one."""
    if asked.max_speakers is None:
        return config
    return override(config, {"clustering": {"whole_curve": True}}, "select")


def _draw(found: Clustering, name: str, path: Path, *, overwrite: bool) -> None:
    from diarize import plots

    figure = plots.plot_selection(
        found.counts, found.values, found.chosen, found.equivalent, criterion=found.criterion, title=name
    )
    plots.save(figure, path, overwrite=overwrite)


def _format_summary(curve: Clustering, whole: Clustering, title: str) -> str:
    """The criterion up to the limit, the choice, and why there is no further speaker."""
    words = dict.fromkeys(curve.equivalent, "nearly as good") | {curve.chosen: "chosen"}
    curves = {curve.criterion: curve.values} | (
        {curve.other_criterion: curve.other_values} if curve.other_values else {}
    )
    behind = [[f"{value - min(values):.1f}" for value in values] for values in curves.values()]
    rows = [(str(k), *each, words.get(k, "")) for k, *each in zip(curve.counts, *behind, strict=True)]
    head = ("speakers", *(f"{name}, nats behind its best" for name in curves), "")
    return "\n".join(
        [
            escape_controls(title),
            format_table(head, rows),
            f"  number of speakers: {whole.explanation}",
            f"  {whole.why_no_more}",
        ]
    )
