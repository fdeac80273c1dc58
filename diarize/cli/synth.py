"""``diarize synth``: conversations with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.files import refuse_existing
from diarize.cli.options import Overwrite, Verbose, one_of, seconds
from diarize.cli.printing import clock, say, shown
from diarize.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diarize.synth import Scene, SynthConfig
    from diarize.types import Waveform

__all__ = ["synth"]

TELEPHONE = {"rate": 8_000, "low_cut": 300.0, "high_cut": 3_400.0, "mu_law": True}
VOICE_SECONDS = 20.0  # of pure signal a speaker, when there are no recordings


def synth(
    output: Annotated[Path, typer.Argument(metavar="OUT.flac", help="Sound to write: .flac or .wav.")],
    *,
    voices: Annotated[
        Path | None,
        typer.Option(
            "--voices", metavar="DIR", help="One subfolder or file a speaker (default: pure signal)."
        ),
    ] = None,
    speakers: Annotated[
        int | None, typer.Option("--speakers", min=1, max=100, help="How many (default: 3; all of --voices).")
    ] = None,
    duration: Annotated[
        float, typer.Option("--duration", parser=seconds, metavar="TIME", help="Seconds or m:ss or h:mm:ss.")
    ] = 60.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of everything random.")] = 0,
    rate: Annotated[int | None, typer.Option("--rate", help="Hz (default: 16000).")] = None,
    channels: Annotated[int, typer.Option("--channels", min=1, max=8, help="The same sound on each.")] = 1,
    overlap: Annotated[
        float | None, typer.Option("--overlap", help="Probability of starting before others end (0.15).")
    ] = None,
    pause: Annotated[float | None, typer.Option("--pause", help="Mean pause, seconds (0.5).")] = None,
    rt60: Annotated[float | None, typer.Option("--rt60", help="Reverberation, seconds (0: none).")] = None,
    rooms: Annotated[
        Path | None,
        typer.Option("--rooms", metavar="DIR", help="Measured impulse responses, one file a room."),
    ] = None,
    snr: Annotated[float | None, typer.Option("--snr", help="Speech over noise, dB (30).")] = None,
    noise: Annotated[str | None, typer.Option("--noise", help="white, pink (the default) or babble.")] = None,
    telephone: Annotated[bool, typer.Option("--telephone", help="8 kHz, 300 to 3400 Hz, µ-law.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Make a conversation with exact truth: NAME.flac, NAME.rttm and NAME.uem.

    Out of a folder of recordings of one speaker each, or of pure signal. The same seed gives the same bits.
    """
    asked: dict[str, Any] = {
        "duration": duration,
        "overlap_probability": overlap,
        "pause_mean": pause,
        "rt60": rt60,
    }
    asked |= {"snr": snr, "noise": noise, "rate": rate}
    config = _config(asked, telephone=telephone)
    paths = _paths(output, overwrite=overwrite)
    scene = _scene(
        _cast(voices, speakers, config.rate, seed), config, seed, _rooms(rooms, config.rate), output.stem
    )
    _write(scene, paths, channels, overwrite=overwrite)
    if not quiet:
        turns = scene.annotation.turns
        names = ", ".join(map(shown, scene.annotation.speakers))
        say(f"{clock(config.duration)} of {names} in {len(turns)} turns")
        say("\n".join(f"  wrote {shown(path)}" for path in paths))


def _config(asked: Mapping[str, Any], *, telephone: bool) -> SynthConfig:
    from diarize.synth import SynthConfig
    from diarize.synth.settings import NOISES

    given = {key: value for key, value in asked.items() if value is not None}
    if "noise" in given:
        given["noise"] = one_of(given["noise"], NOISES, "noise")
    return SynthConfig(**((TELEPHONE if telephone else {}) | given))


def _paths(output: Path, *, overwrite: bool) -> tuple[Path, Path, Path]:
    """Sound, truth and evaluation map; OutputError before any work when one may not be written."""
    if output.suffix.lower() not in (".flac", ".wav"):
        raise OutputError(f"{output}: sound is written as .wav or .flac; choose one of them")
    paths = (output, output.with_suffix(".rttm"), output.with_suffix(".uem"))
    for path in paths:
        refuse_existing(path, overwrite=overwrite)
    return paths


def _cast(folder: Path | None, speakers: int | None, rate: int, seed: int) -> dict[str, list[Waveform]]:
    """Voices by name: recordings, the first of them in order of name, or pure signal."""
    if folder is None:
        from diarize.synth import vowels

        return vowels(speakers or 3, VOICE_SECONDS, rate=rate, seed=seed)
    from diarize.audio import read, voices

    found = voices(folder)
    if speakers is not None and speakers > len(found):
        raise typer.BadParameter(f"--speakers {speakers}: {folder} has {len(found)}; ask for fewer")
    return {name: [read(path, rate=rate) for path in found[name]] for name in list(found)[:speakers]}


def _rooms(folder: Path | None, rate: int) -> list[Waveform]:
    if folder is None:
        return []
    from diarize.audio import read, voices

    return [read(path, rate=rate) for paths in voices(folder).values() for path in paths]


def _scene(
    cast: Mapping[str, Sequence[Waveform]],
    config: SynthConfig,
    seed: int,
    rooms: Sequence[Waveform],
    name: str,
) -> Scene:
    from diarize.synth import scene

    return scene(cast, config, seed, rooms=rooms, recording=name)


def _write(scene: Scene, paths: tuple[Path, Path, Path], channels: int, *, overwrite: bool) -> None:
    from diarize.audio import write
    from diarize.formats import write_file, write_uem

    sound, truth, uem = paths
    write(sound, scene.blocks(), channels=channels)
    write_file(truth, scene.annotation, "rttm", overwrite=overwrite)
    spans: Any = [(0.0, scene.config.duration)]
    write_uem(uem, {scene.annotation.recording: spans}, overwrite=overwrite)
