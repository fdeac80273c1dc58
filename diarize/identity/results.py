"""Input of linking: results of earlier runs, and their recordings."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from diarize.annotation import Annotation
from diarize.annotation.names import name_key
from diarize.audio import AUDIO_SUFFIXES
from diarize.errors import AudioError, FormatError, OutputError
from diarize.files import make_folder, read_text
from diarize.formats import FORMATS, Options, format_of, read_results, write_file
from diarize.identity.enrollment import is_comparable, measure_voices
from diarize.identity.linking import RecordingVoices
from diarize.identity.result_voices import voices_from_statistics
from diarize.results import Document, Result, rename_speakers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diarize.config import Config
    from diarize.identity.linking import LinkedVoice

__all__ = ["LinkInput", "find_results", "voices_of_input", "without_voices", "write_linked"]

MANIFEST: Final = "manifest.jsonl"  # written by a batch


@dataclass(frozen=True, slots=True)
class LinkInput:
    """One recording of a file of results: ``source``: the file; ``place``: its path below the given folder;
    ``known``: its result; ``audio``: the recording itself, None where it was not found and is not needed.
    """

    source: Path
    place: Path
    known: Result
    audio: Path | None

    @property
    def annotation(self) -> Annotation:
        """The turns."""
        return self.known.annotation


def find_results(given: Sequence[Path], folder: Path | None) -> tuple[LinkInput, ...]:
    """The results in files and folders, each with its recording.

    A folder of a batch is read through its manifest, any other through its annotation files. Recordings are
    found by name in ``folder`` and its subfolders or, without it, next to the results. Raises FormatError for
    unreadable or missing results, AudioError for a recording that is missing or found twice, OutputError
    where two results would be written to one file.
    """
    found = [each for path in given for each in _find_in(path, folder)]
    places: dict[Path, Path] = {}
    for each in found:
        if places.setdefault(each.place, each.source) != each.source:
            raise OutputError(f"{each.place}: two results with this name; put them into separate folders")
    return tuple(found)


def _find_in(path: Path, folder: Path | None) -> Iterator[LinkInput]:
    if not path.is_dir():
        yield from _in_file(path, Path(path.name), _index(folder or path.parent))
    elif (path / MANIFEST).is_file():
        yield from _in_manifest(path, folder)
    else:
        index = _index(folder or path)
        for each in _annotation_files(path):
            yield from _in_file(each, Path(each.name), index)


def _annotation_files(folder: Path) -> list[Path]:
    """The annotation files of a folder, all of the first format in the table that it contains."""
    files = sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))
    for known in _readable():
        if same := [each for each in files if each.suffix.lower() == FORMATS[known].suffix.lower()]:
            return same
    raise FormatError(f"{folder}: neither a {MANIFEST} nor annotation files such as .rttm; check the path")


def _readable() -> list[str]:
    """Formats that name speakers and can be read."""
    return [each.name for each in FORMATS.values() if each.read and each.name != "uem"]


def _in_file(path: Path, place: Path, index: Mapping[str, list[Path]]) -> Iterator[LinkInput]:
    for name, known in read_results(path).items():
        candidates = (name_key(name), name_key(path.stem))
        audio = next((index[each] for each in candidates if each in index), [])
        audio = [each for each in audio if each.stem == name] or audio  # "my call" beside "my_call"
        if len(audio) > 1 or not (audio or known.voices):
            raise AudioError(_unclear_reason(name, path, audio))
        yield LinkInput(path, place, known, audio[0] if audio else None)


def _unclear_reason(name: str, path: Path, audio: Sequence[Path]) -> str:
    if audio:
        return f"{path}: {audio[0]} and {audio[1]} are both called {name!r}; name a folder with one of them"
    return f"{path}: no recording called {name!r} was found; name the folder that it is in"


def _index(folder: Path) -> dict[str, list[Path]]:
    """Recordings in a folder and its subfolders by name key."""
    if not folder.is_dir():
        raise AudioError(f"{folder}: no such folder of recordings; check the path")
    found: dict[str, list[Path]] = {}
    for where, below, files in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for path in (Path(where, name) for name in sorted(files) if not name.startswith(".")):
            if path.suffix.lower() in AUDIO_SUFFIXES:
                found.setdefault(name_key(path.stem), []).append(path)
    return found


def _in_manifest(path: Path, folder: Path | None) -> Iterator[LinkInput]:
    """Results of a batch: its manifest says which recording each file is about."""
    if folder is None:
        raise AudioError(f"{path}: results of a batch; name the folder of recordings that it was made from")
    for entry in _entries(path / MANIFEST):
        names = [entry["files"][name] for name in _readable() if name in entry["files"]]
        if not names:
            raise FormatError(
                f"{path}: results in formats that are only written; run the batch with --format rttm"
            )
        source, audio = path / names[0], folder / entry["audio"]
        if not audio.exists():
            raise AudioError(
                f"{audio}: not there; name the folder of recordings that the batch was made from"
            )
        known = next(iter(read_results(source).values()), Result(Annotation(audio.stem)))
        yield LinkInput(source, Path(names[0]), known, audio)


def _entries(path: Path) -> list[dict[str, Any]]:
    """Successful entries of a manifest by recording; the last entry of each counts."""
    found: dict[str, dict[str, Any]] = {}
    for line in read_text(path).splitlines():
        try:
            entry = json.loads(line)
            key, files, status = entry["audio"], entry["files"], entry["status"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # cut short by a kill
        if isinstance(key, str) and isinstance(files, dict):
            found[key] = {
                "audio": key,
                "files": {str(k): str(v) for k, v in files.items()},
                "ok": status == "ok",
            }
    return [found[key] for key in sorted(found) if found[key]["ok"]]


def voices_of_input(result: LinkInput, config: Config) -> RecordingVoices:
    """The voices of one result, each speaker of its turns with a voice or None.

    They come from the file or, where it has none from the embedding in use, from the recording. Raises
    DiarizeError.
    """
    if is_comparable(result.known, config):
        voices = voices_from_statistics(result.known.voices)
    elif result.audio is None:
        raise AudioError(
            f"{result.source}: its voices are of another embedding, and no recording called "
            f"{result.annotation.recording!r} was found; name the folder that it is in"
        )
    else:
        voices = measure_voices(result.audio, result.annotation, config)
    return RecordingVoices(_key(result), {name: voices.get(name) for name in result.annotation.speakers})


def without_voices(result: LinkInput) -> RecordingVoices:
    """A result without any voice."""
    return RecordingVoices(_key(result), dict.fromkeys(result.annotation.speakers))


def _key(result: LinkInput) -> str:
    """A unique name of a recording: its file of results, and its own name where the two differ."""
    plain = result.place.with_suffix("").as_posix()
    name = result.annotation.recording
    return plain if plain == name else f"{result.place.as_posix()}:{name}"


def write_linked(
    found: Sequence[LinkInput],
    recordings: Sequence[RecordingVoices],
    voices: Sequence[LinkedVoice],
    output: Path,
    *,
    overwrite: bool,
) -> tuple[Path, ...]:
    """Write every result under its old file name with the labels of ``voices``. Raises OutputError."""
    labels = {key: voice.label for voice in voices for key in voice.members}
    by_place: dict[Path, list[Result]] = {}
    for result, spoken in zip(found, recordings, strict=True):
        names = {name: labels[spoken.recording, name] for name in result.annotation.speakers}
        by_place.setdefault(result.place, []).append(rename_speakers(result.known, names))
    written = []
    for place, each in by_place.items():
        path, document = output / place, Document(tuple(each))
        make_folder(path.parent)
        turns, options = [result.annotation for result in each], Options(document=document)
        written.append(write_file(path, turns, format_of(place).name, overwrite=overwrite, options=options))
    return tuple(written)
