"""From options to one Config: defaults < preset < file < options."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from diarize.cli.files import check_exists, match_annotation, or_empty, read_annotations
from diarize.cli.options import (
    SENSITIVITY,
    SEPARATE,
    FrontEndOptions,
    KnownOptions,
    SettingsOptions,
    SoundOptions,
)
from diarize.cli.printing import escape_controls
from diarize.cli.progress import CALIBRATING, show_progress
from diarize.config import Config, choices_of, load_config, load_preset, override, parse_toml
from diarize.config.settings import suggest
from diarize.errors import ConfigError, FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from diarize import identity
    from diarize.identity import Voice
    from diarize.pipeline import Diarization

__all__ = [
    "diarize_with_progress",
    "is_separate",
    "load_known_voices",
    "load_voices",
    "log_odds_threshold",
    "merge_options",
    "name_by_known",
    "read_speech_intervals",
    "resolve_config",
    "resolve_front_end",
    "speech_file",
]


def resolve_config(asked: SettingsOptions) -> Config:
    """The settings of a run; ONNX files that they name are loaded and calibrated first.

    Raises ConfigError for an invalid file of settings, PartError for an invalid ONNX file, and a usage error
    for options that contradict each other.
    """
    return _pin_parts(merge_options(asked))


def merge_options(asked: SettingsOptions) -> Config:
    """The settings, without loading any ONNX file."""
    base = load_preset(asked.preset) if asked.preset else Config()
    if asked.config:
        base = load_config(check_exists(asked.config), base)
    try:
        named = override(base, _given_settings(asked), "options")
        return override(named, _parse_assignments(asked.set or ()), "--set") if asked.set else named
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from None


def _pin_parts(config: Config) -> Config:
    """The settings with the checksums of the ONNX files that they name, which are loaded and calibrated."""
    if not (config.space.embedding or config.speech.segmentation):
        return config
    from diarize.parts import calibration, load_embedding, load_segmenter, pin_checksums

    config = pin_checksums(config)
    if config.speech.segmentation_sha256:
        load_segmenter(config.speech.segmentation)
    if config.space.embedding_sha256:
        embedding = load_embedding(config.space.embedding)
        if calibration.find_calibration(embedding) is None:
            with show_progress(embedding.name, quiet=False, stages=CALIBRATING) as progress:
                calibration.calibration_of(embedding, progress)
    return config


def _parse_assignments(words: Sequence[str]) -> dict[str, Any]:
    """Nested settings from ``section.key=value``; a value that is not TOML is a text."""
    found: dict[str, Any] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not (sign and key.strip()):
            raise typer.BadParameter(f"--set {word!r} is not KEY=VALUE; write it as speech.bias=2")
        try:
            nested = parse_toml(f"{key}={value}", "--set")
        except ConfigError:
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            nested = parse_toml(f'{key}="{quoted}"', f"--set {word}")
        for section, each in nested.items():
            both = isinstance(each, dict) and isinstance(found.get(section), dict)
            found[section] = found[section] | each if both else each
    return found


def resolve_front_end(asked: FrontEndOptions) -> Config:
    """The settings of commands that do not cluster; errors as of ``resolve_config``."""
    return resolve_config(
        SettingsOptions(
            config=asked.config,
            preset=asked.preset,
            channel=asked.channel,
            track=asked.track,
            embedding=asked.embedding,
            segmentation=asked.segmentation,
            background=asked.background,
        )
    )


def load_voices(asked: KnownOptions) -> tuple[Voice, ...]:
    """The voices of the folder that --known names; none without it. Raises ModelError."""
    if asked.known is None:
        return ()
    from diarize.identity import load_folder

    return load_folder(check_exists(asked.known))


def load_known_voices(asked: KnownOptions) -> identity.KnownVoices | None:
    """Voices and threshold for naming; None without --known. A usage error for a threshold without voices."""
    if asked.known is None:
        if asked.threshold is not None:
            raise typer.BadParameter("--threshold is for --known DIR; name a folder of voices")
        return None
    from diarize import identity

    return identity.KnownVoices(load_voices(asked), log_odds_threshold(asked))


def name_by_known(known: identity.KnownVoices | None, result: Diarization, path: Path) -> Diarization:
    """The result of a recording with names of known voices, where there are any."""
    if not known:
        return result
    from diarize.identity import name_speakers

    return name_speakers(result, path, known.voices, known.threshold)


def log_odds_threshold(asked: KnownOptions) -> float:
    """The least log odds for a name, in nats."""
    from diarize.identity import THRESHOLD

    if asked.threshold is not None and not isfinite(asked.threshold):
        raise typer.BadParameter(
            f"--threshold {asked.threshold} is not a finite number; 4.6 nats is the default"
        )
    return THRESHOLD if asked.threshold is None else asked.threshold


def _given_settings(asked: SettingsOptions) -> dict[str, Any]:
    """The given options as nested settings."""
    low, high = _speaker_counts(asked)
    space = asked.space
    nested = {
        "audio": {"channel": asked.channel, "track": asked.track},
        "speech": {
            "method": asked.speech if asked.speech in choices_of("speech.method") else None,
            "segmentation": asked.segmentation,
            "segmentation_sha256": None if asked.segmentation is None else "",
            "bias": SENSITIVITY[asked.sensitivity] if asked.sensitivity else None,
        },
        "space": {
            "kind": space,
            "embedding": asked.embedding,
            "embedding_sha256": None if asked.embedding is None else "",
            "background": str(asked.background) if asked.background else None,
        },
        "clustering": {
            "min_speakers": low,
            "max_speakers": high,
            # frames have no two-covariance model, and their dimensions have different variances
            "criterion": "bic" if space == "mfcc" else None,
            "covariance": "diag" if space == "mfcc" else None,
        },
        "seed": asked.seed,
    }
    return _drop_unset(nested)


def _drop_unset(nested: dict[str, Any]) -> dict[str, Any]:
    inner = {key: _drop_unset(value) if isinstance(value, dict) else value for key, value in nested.items()}
    return {key: value for key, value in inner.items() if value is not None and value != {}}


def _speaker_counts(asked: SettingsOptions) -> tuple[int | None, int | None]:
    if asked.speakers is None:
        return asked.min_speakers, asked.max_speakers
    if asked.min_speakers is not None or asked.max_speakers is not None:
        raise typer.BadParameter(
            "--speakers fixes the number; leave it out or leave --min-speakers and --max-speakers out"
        )
    return asked.speakers, asked.speakers


def speech_file(asked: SettingsOptions) -> Path | None:
    """The file that --speech names; None when it names a method or was not given."""
    word, methods = asked.speech, choices_of("speech.method")
    if word is None or word in methods:
        return None
    if not Path(word).exists() and not Path(word).suffix and "/" not in word:
        raise typer.BadParameter(
            f"--speech {word}: neither a file nor one of {', '.join(methods)}{suggest(word, methods)}"
        )
    return check_exists(Path(word))


def read_speech_intervals(path: Path) -> dict[str, NDArray[Any]]:
    """Intervals of speech (n, 2) in seconds by recording, from a file or the files of a folder."""
    from diarize.intervals import union

    found = or_empty(read_annotations(path, marks=True), path)
    return {name: union(each.intervals()) for name, each in found.items()}


def _speech_intervals_of(
    path: Path | None, recording: str, *, alone: bool, quiet: bool
) -> NDArray[Any] | None:
    """Intervals of speech (n, 2) of a recording, in seconds, from a file or folder; None without one.

    A file about one recording with another name is used if the recording is ``alone``.
    """
    if path is None:
        return None
    from diarize.annotation.names import find_name
    from diarize.intervals import union

    found = or_empty(read_annotations(path, marks=True), path)
    if alone and not path.is_dir() and len(found) == 1:
        return union(match_annotation(found, recording, path, quiet=quiet).intervals())
    known = find_name(recording, found)
    if known is None:
        near = suggest(recording, tuple(found))
        raise FormatError(f"{path}: does not name {recording!r}; it names {', '.join(found)}{near}")
    return union(found[known].intervals())


def is_separate(word: str, config: Config) -> bool:
    """Whether each channel is diarized separately; a usage error together with --channel."""
    if word == SEPARATE and config.audio.channel:
        raise typer.BadParameter("--channels separate takes all channels; leave --channel out")
    return word == SEPARATE


def diarize_with_progress(
    path: Path, config: Config, sound: SoundOptions, speech: Path | None, *, quiet: bool, alone: bool = True
) -> Diarization:
    """The pipeline's result for one recording, with a bar while it runs; ``alone``: it is the only one."""
    from diarize import pipeline

    diarize: Callable[..., Diarization] = pipeline.diarize
    if is_separate(sound.channels, config):
        from diarize.pipeline.channels import diarize_channels

        diarize = diarize_channels
    given = _speech_intervals_of(speech, path.stem, alone=alone, quiet=quiet)
    with show_progress(escape_controls(path.name), quiet=quiet) as progress:
        return diarize(path, config, speech=given, start=sound.start, end=sound.end, progress=progress)
