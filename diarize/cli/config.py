"""``diarize config``: print the settings, and check files of settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diarize.cli.error_handling import FAILED, ErrorHandlingGroup
from diarize.cli.files import check_exists
from diarize.cli.help import PlainHelpCommand
from diarize.cli.options import Json, SettingsOptions, Verbose, expand_options
from diarize.cli.printing import escape_controls, print_error, print_json, print_text
from diarize.cli.settings import merge_options
from diarize.errors import DiarizeError

__all__ = ["app"]

app = typer.Typer(
    cls=ErrorHandlingGroup, no_args_is_help=True, rich_markup_mode=None, help="Show, check and list settings."
)


@app.command(cls=PlainHelpCommand)
@expand_options
def show(
    *,
    settings: SettingsOptions = SettingsOptions(),  # noqa: B008 - a frozen value
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Print all settings as 'run' uses them with the same options: defaults < preset < file < options."""
    from dataclasses import asdict

    from diarize.config import Config
    from diarize.config.commented_toml import default_file, to_commented_toml

    config = merge_options(settings)
    if json:
        print_json({"config": asdict(config), "config_digest": config.digest})
    else:
        print_text((default_file() if config == Config() else to_commented_toml(config)).rstrip("\n"))


@app.command(cls=PlainHelpCommand)
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.toml", help="Files of settings to check.")],
    *,
    verbose: Verbose = False,
) -> None:
    """Check files of settings, and print what each changes."""
    from diarize.config import load_config, without_defaults
    from diarize.config.commented_toml import list_changes

    wrong = 0
    for path in files:
        try:
            changed = list_changes(without_defaults(load_config(check_exists(path))))
        except DiarizeError as error:
            print_error(str(error))
            wrong += 1
        else:
            print_text(
                "\n  ".join([f"{escape_controls(path)}: valid; settings changed: {len(changed)}", *changed])
            )
    if wrong:
        raise typer.Exit(FAILED)


@app.command(cls=PlainHelpCommand)
def presets(*, json: Json = False, verbose: Verbose = False) -> None:
    """List the included presets and what each changes."""
    from diarize.config import load_preset, preset_names, without_defaults
    from diarize.config.commented_toml import list_changes

    found = {name: list_changes(without_defaults(load_preset(name))) for name in preset_names()}
    if json:
        print_json({"presets": found})
    else:
        print_text(_format_presets(found))


def _format_presets(found: dict[str, list[str]]) -> str:
    width = max(map(len, found), default=0)
    return "\n".join(
        f"{name:{width}}  {', '.join(changed) or 'all defaults'}" for name, changed in found.items()
    )
