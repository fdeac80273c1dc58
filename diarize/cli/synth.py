"""``diarize synth``: simulated conversations with a reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.files import refuse_existing
from diarize.cli.options import Overwrite, Quiet, Verbose, expand_options, parse_choice, parse_time
from diarize.cli.printing import escape_controls, format_clock, print_text
from diarize.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.synth import Scene, SynthConfig
    from diarize.types import Waveform

__all__ = ["synth"]

TELEPHONE = {"rate": 8_000, "low_cut": 300.0, "high_cut": 3_400.0, "mu_law": True}
VOICE_SECONDS = 20.0  # of each synthetic voice

_Voices = Annotated[
    Path | None,
    typer.Option(
        "--voices",
        metavar="DIR",
        help="Folder with one subfolder or file per speaker (default: synthetic voices).",
    ),
]


@dataclass(frozen=True, slots=True)
class StyleOptions:
    """Options for the sound of a conversation; None means the default."""

    duration: Annotated[
        float,
        typer.Option(
            "--duration", parser=parse_time, metavar="TIME", help="Length: seconds, m:ss or h:mm:ss."
        ),
    ] = 60.0
    rate: Annotated[
        int | None,
        typer.Option("--rate", min=8000, max=192_000, metavar="HZ", help="Sampling rate (default: 16000)."),
    ] = None
    overlap: Annotated[
        float | None,
        typer.Option(
            "--overlap",
            min=0,
            max=1,
            metavar="P",
            help="Probability that a turn overlaps the one before (default: 0.15).",
        ),
    ] = None
    pause: Annotated[
        float | None,
        typer.Option(
            "--pause", min=0, max=600, metavar="SECONDS", help="Mean pause between turns (default: 0.5)."
        ),
    ] = None
    rt60: Annotated[
        float | None,
        typer.Option("--rt60", min=0, max=10, metavar="SECONDS", help="Reverberation time (default: 0)."),
    ] = None
    snr: Annotated[
        float | None,
        typer.Option("--snr", min=-40, metavar="DB", help="Signal-to-noise ratio (default: 30)."),
    ] = None
    noise: Annotated[
        str | None,
        typer.Option("--noise", metavar="NAME", help="Noise: white, pink or babble (default: pink)."),
    ] = None
    telephone: Annotated[
        bool, typer.Option("--telephone", help="Telephone sound: 8 kHz, 300 to 3400 Hz, µ-law.")
    ] = False


@expand_options
def synth(
    output: Annotated[Path, typer.Argument(metavar="OUT.flac", help="Sound to write: .flac or .wav.")],
    *,
    voices: _Voices = None,
    speakers: Annotated[
        int | None,
        typer.Option(
            "--speakers", min=1, max=100, help="Number of speakers (default: 3, or all of --voices)."
        ),
    ] = None,
    style: StyleOptions = StyleOptions(),
    rooms: Annotated[
        Path | None,
        typer.Option(
            "--rooms", metavar="DIR", help="Folder of measured room impulse responses, one file per room."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all random numbers.")] = 0,
    channels: Annotated[
        int, typer.Option("--n-channels", min=1, max=8, help="Number of channels, all with the same sound.")
    ] = 1,
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Make a simulated conversation with its exact reference: NAME.flac, NAME.rttm and NAME.uem.

    Its voices are recordings of one speaker each, or synthetic. The same seed gives the same bytes.
    """
    from diarize.synth import plan_conversation

    config, paths = _synth_config(style), _plan_paths(output, overwrite=overwrite)
    cast = _load_voices(voices, speakers, config.rate, seed)
    found = plan_conversation(
        cast, config, seed, rooms=_load_rooms(rooms, config.rate), recording=output.stem
    )
    _write(found, paths, channels, overwrite=overwrite)
    if not quiet:
        print_text(_format_summary(found, paths))


def _format_summary(scene: Scene, paths: Sequence[Path]) -> str:
    names, n_turns = ", ".join(map(escape_controls, scene.annotation.speakers)), len(scene.annotation.turns)
    head = f"{format_clock(scene.config.duration)} of {names} in {n_turns} turns"
    return "\n".join([head, *(f"  wrote {escape_controls(path)}" for path in paths)])


def _synth_config(style: StyleOptions) -> SynthConfig:
    from diarize.synth import SynthConfig
    from diarize.synth.settings import NOISES

    asked: dict[str, Any] = {
        "duration": style.duration,
        "rate": style.rate,
        "overlap_probability": style.overlap,
        "pause_mean": style.pause,
        "rt60": style.rt60,
        "snr": style.snr,
        "noise": style.noise and parse_choice(style.noise, NOISES, "noise"),
    }
    given = {key: value for key, value in asked.items() if value is not None}
    return SynthConfig(**((TELEPHONE if style.telephone else {}) | given))


def _plan_paths(output: Path, *, overwrite: bool) -> tuple[Path, Path, Path]:
    """Paths of the sound, the RTTM and the UEM. Raises OutputError if one of them must not be written."""
    if output.suffix.lower() not in (".flac", ".wav"):
        raise OutputError(f"{output}: sound is written as .wav or .flac; choose one of them")
    paths = (output, output.with_suffix(".rttm"), output.with_suffix(".uem"))
    for path in paths:
        refuse_existing(path, overwrite=overwrite)
    return paths


def _load_voices(
    folder: Path | None, speakers: int | None, rate: int, seed: int
) -> dict[str, list[Waveform]]:
    """Voices by name: recordings, the first ones in order of name, or synthetic ones."""
    if folder is None:
        from diarize.synth import synthesize_voices

        return synthesize_voices(speakers or 3, VOICE_SECONDS, rate=rate, seed=seed)
    from diarize.audio import find_voices, read

    found = find_voices(folder)
    if speakers is not None and speakers > len(found):
        raise typer.BadParameter(f"--speakers {speakers}: {folder} has {len(found)}; ask for fewer")
    return {name: [read(path, rate=rate) for path in found[name]] for name in list(found)[:speakers]}


def _load_rooms(folder: Path | None, rate: int) -> list[Waveform]:
    if folder is None:
        return []
    from diarize.audio import find_voices, read

    return [read(path, rate=rate) for paths in find_voices(folder).values() for path in paths]


def _write(scene: Scene, paths: tuple[Path, Path, Path], channels: int, *, overwrite: bool) -> None:
    from diarize.audio import write
    from diarize.formats import write_file, write_uem

    sound, truth, uem = paths
    write(sound, scene.blocks(), channels=channels)
    write_file(truth, scene.annotation, "rttm", overwrite=overwrite)
    spans: Any = [(0.0, scene.config.duration)]
    write_uem(uem, {scene.annotation.recording: spans}, overwrite=overwrite)
