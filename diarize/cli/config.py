"""``diarize config``: what the settings are, and whether a file of them is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diarize.cli.error_handling import FAILED, Guarded
from diarize.cli.files import existing
from diarize.cli.help import Plain
from diarize.cli.options import Json, SettingsOptions, Verbose, expanded
from diarize.cli.printing import complain, say, say_json, shown
from diarize.cli.settings import settled
from diarize.errors import DiarizeError

__all__ = ["app"]

app = typer.Typer(
    cls=Guarded, no_args_is_help=True, rich_markup_mode=None, help="Show, check and list settings."
)

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]


@app.command(cls=Plain)
@expanded
def show(
    *,
    settings: SettingsOptions = SettingsOptions(),  # noqa: B008 - a frozen value
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Print all settings as 'run' uses them with the same options: defaults < preset < file < options."""
    from dataclasses import asdict

    from diarize.config import Config
    from diarize.config.commented import default_file, to_commented_toml

    config = settled(settings)
    if json:
        say_json({"config": asdict(config), "config_digest": config.digest})
    else:
        say((default_file() if config == Config() else to_commented_toml(config)).rstrip("\n"))


@app.command(cls=Plain)
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.toml", help="Files of settings.")],
    *,
    verbose: Verbose = False,
) -> None:
    """Check files of settings, and print what each changes."""
    from diarize.config import load_config, without_defaults
    from diarize.config.commented import list_changes

    wrong = 0
    for path in files:
        try:
            changed = list_changes(without_defaults(load_config(existing(path))))
        except DiarizeError as error:
            complain(str(error))
            wrong += 1
        else:
            say("\n  ".join([f"{shown(path)}: right; settings changed: {len(changed)}", *changed]))
    if wrong:
        raise typer.Exit(FAILED)


@app.command(cls=Plain)
def presets(*, json: Json = False, verbose: Verbose = False) -> None:
    """List the shipped presets and what each changes."""
    from diarize.config import load_preset, preset_names, without_defaults
    from diarize.config.commented import list_changes

    found = {name: list_changes(without_defaults(load_preset(name))) for name in preset_names()}
    if json:
        say_json({"presets": found})
    else:
        say(_listed(found))


def _listed(found: dict[str, list[str]]) -> str:
    width = max(map(len, found), default=0)
    return "\n".join(
        f"{name:{width}}  {', '.join(changed) or 'all defaults'}" for name, changed in found.items()
    )
