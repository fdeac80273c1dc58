"""``diarize background``: train and describe background models."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.error_handling import ErrorHandlingGroup
from diarize.cli.files import check_exists, refuse_existing
from diarize.cli.help import PlainHelpCommand
from diarize.cli.options import Json, Overwrite, Verbose, parse_choice
from diarize.cli.printing import escape_controls, print_json, print_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.background import BackgroundModel

__all__ = ["app"]

app = typer.Typer(
    cls=ErrorHandlingGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Train and describe background models.",
)

BANDS = ("wide", "narrow")


@app.command(cls=PlainHelpCommand)
def train(
    corpora: Annotated[
        list[Path], typer.Argument(metavar="CORPUS", help="Folders with one subfolder or file per speaker.")
    ],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.npz", help="Model to write.")],
    band: Annotated[
        str, typer.Option("--band", metavar="NAME", help="Band: wide, or narrow for telephone speech.")
    ] = "wide",
    rooms: Annotated[
        Path | None,
        typer.Option(
            "--rooms", metavar="DIR", help="Folder of measured room impulse responses, one file per room."
        ),
    ] = None,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="Number of conversations in which each voice is used.")
    ] = 8,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all random numbers.")] = 0,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, help="Worker processes; the result does not depend on it.")
    ] = 2,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
) -> None:
    """Train a background model on recordings of one speaker each (minutes for hundreds of speakers).

    The recordings are combined to simulated conversations with random rooms, noise and channels. The same
    recordings and seed give the same bytes.
    """
    from diarize.background import save
    from diarize.cli.progress import TRAINING, show_progress
    from diarize.training import TrainingPlan, train_background

    parse_choice(band, BANDS, "--band")
    refuse_existing(output, overwrite=overwrite)
    plan = TrainingPlan(_find_voices(corpora), _find_rooms(rooms), rounds, seed, jobs)
    with show_progress(output.name, quiet=False, stages=TRAINING) as progress:
        model = train_background(plan, band, progress=progress)
    save(model, output)
    print_text(_format_summary(model, output))


@app.command(cls=PlainHelpCommand)
def info(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE.npz]", help="A model (default: those of the package).")
    ] = None,
    *,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Describe a background model: sizes, band, feature settings, origin."""
    from diarize.background import load, load_included

    models = {str(file): load(check_exists(file))} if file else {band: load_included(band) for band in BANDS}
    if json:
        print_json({"models": {name: _describe(model) for name, model in models.items()}})
    else:
        print_text("\n".join(_format_summary(model, Path(name)) for name, model in models.items()))


def _find_voices(corpora: Sequence[Path]) -> dict[str, list[Path]]:
    """Files by speaker over several corpora; equal names in two corpora are two speakers."""
    from diarize.audio import find_voices

    found = [(corpus, find_voices(corpus)) for corpus in corpora]
    return {f"{corpus.name}/{name}": files for corpus, each in found for name, files in each.items()}


def _find_rooms(folder: Path | None) -> list[Path]:
    from diarize.audio import AUDIO_SUFFIXES

    return (
        sorted(p for p in check_exists(folder).iterdir() if p.suffix.lower() in AUDIO_SUFFIXES)
        if folder
        else []
    )


def _describe(model: BackgroundModel) -> dict[str, Any]:
    return {
        "band": model.band,
        "components": model.ubm.n_components,
        "dimensions": model.ubm.n_features_in_,
        "speech_components": model.speech.n_components,
        "talk_weights": model.talk.weights.size,
        "acoustics": asdict(model.acoustics),
        "origin": model.origin,
    }


def _format_summary(model: BackgroundModel, path: Path) -> str:
    facts = _describe(model)
    nested = {key: facts.pop(key) for key in ("acoustics", "origin")}
    lines = [f"  {key.replace('_', ' ')}: {value}" for key, value in facts.items()]
    lines += [f"  {key}: {', '.join(f'{k} {v}' for k, v in value.items())}" for key, value in nested.items()]
    return "\n".join(escape_controls(line) for line in (str(path), *lines))
