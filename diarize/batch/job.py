"""The work on one recording in a worker process, from checksum to files."""

from __future__ import annotations

import hashlib
import stat
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from diarize import identity, pipeline
from diarize.batch.plan import PAGE, PICTURE
from diarize.config import override
from diarize.errors import DiarizeError, SpeakerCountError
from diarize.files import write_bytes, write_text
from diarize.formats import write_file
from diarize.pipeline import result_files
from diarize.pipeline.channels import diarize_channels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diarize.batch.plan import Task
    from diarize.config import Config
    from diarize.identity import KnownVoices
    from diarize.pipeline import Diarization

    Entry = dict[str, Any]

__all__ = ["Job", "checksum", "input_checksum", "perform_job"]


@dataclass(frozen=True, slots=True)
class Job:
    """A recording, its settings, known voices for names, and whether each channel is diarized separately."""

    task: Task
    config: Config
    known: KnownVoices | None = None
    separate: bool = False


def perform_job(job: Job, progress: Callable[[str, float], None] = lambda stage, share: None) -> Entry:
    """Diarize a recording and write its results; returns the outcome as fields of a manifest entry.

    ``progress`` as in the pipeline; ``status`` is "ok", or "failed" with ``error`` in one line. No exception
    but those that end the process is raised.
    """
    timings: dict[str, float] = {}
    known: Entry = {"input_sha256": None, "timings": timings}
    try:
        known["input_sha256"] = _run_timed(timings, "checksum", lambda: input_checksum(job.task.audio))
        result = _run_timed(timings, "diarize", lambda: _diarize(job, progress))
        _run_timed(timings, "write", lambda: _write(result, job.task))
    except DiarizeError as error:
        return known | {"status": "failed", "error": _one_line(_with_path(str(error), job.task.audio))}
    except MemoryError:
        error_text = f"{job.task.audio}: not enough memory; run it alone or with fewer jobs"
        return known | {"status": "failed", "error": _one_line(error_text)}
    except Exception as error:  # a bad file must not stop the rest
        text = f"{job.task.audio}: unexpected error ({type(error).__name__}: {error})"
        return known | {"status": "failed", "error": _one_line(text)}
    return known | {"status": "ok", "error": None, **result.to_result().outline()}


def _diarize(job: Job, progress: Callable[[str, float], None]) -> Diarization:
    """The result under the name of the task."""
    task = job.task
    result = _diarize_possible(job, progress)
    if job.known:
        result = identity.name_speakers(result, task.audio, job.known.voices, job.known.threshold)
    named = replace(result.annotation, recording=task.name or result.annotation.recording)
    return replace(result, annotation=named)


def _diarize_possible(job: Job, progress: Callable[[str, float], None]) -> Diarization:
    """The result with the requested number of speakers or, in a recording that is too short for it, with
    fewer and a note.
    """
    task, config = job.task, job.config
    diarize = diarize_channels if job.separate else pipeline.diarize
    try:
        return diarize(task.audio, config, speech=task.speech, progress=progress)
    except SpeakerCountError as error:
        asked, possible = config.clustering.min_speakers, max(1, error.possible)
        most = {"clustering": {"min_speakers": possible, "max_speakers": possible}}
        result = diarize(task.audio, override(config, most), speech=task.speech, progress=progress)
        note = f"{asked} speakers asked for; there is speech for {possible} at most"
        return replace(result, notes=(*result.notes, note), config=config)


def _with_path(text: str, audio: Path) -> str:
    """The error message with the recording named by its path."""
    if str(audio) in text:
        return text
    return f"{audio}: {text.removeprefix(f'{audio.stem}: ').removeprefix(f'{audio.name}: ')}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _run_timed(timings: dict[str, float], name: str, step: Any) -> Any:
    begin = time.perf_counter()
    try:
        return step()
    finally:
        timings[name] = round(time.perf_counter() - begin, 3)


def input_checksum(path: Path) -> str | None:
    """SHA-256 of a regular file; None where it cannot be read, which decoding reports later."""
    try:
        return checksum(path) if stat.S_ISREG(path.stat().st_mode) else None
    except OSError:
        return None


def checksum(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of the visible files of a folder. Raises OSError."""
    if path.is_dir():
        total = hashlib.sha256()
        for each in sorted(path.glob("[!.]*")):
            total.update(each.name.encode("utf-8", "surrogateescape") + b"\0" + checksum(each).encode())
        return total.hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(result: Diarization, task: Task) -> None:
    """Write every format atomically.

    Whether files may be replaced was checked before. Folders exist already; one that was removed meanwhile is
    not made again.
    """
    options = result.options(media=task.audio.name)
    for name, path in task.files.items():
        if name == PICTURE:
            write_bytes(path, result_files.draw_timeline(result), overwrite=True)
        elif name == PAGE:
            write_text(path, _page(result, task), overwrite=True)
        else:
            write_file(path, result.annotation, name, overwrite=True, options=options)


def _page(result: Diarization, task: Task) -> str:
    """The report page of a recording, with its sound."""
    from diarize.audio import open_recording
    from diarize.report import RATE, Report, embed_sound, render_page

    audio = result.config.audio
    opened = open_recording(task.audio, rate=RATE, channel=audio.channel or None, track=audio.track)
    return render_page(Report.from_result(result, sound=embed_sound(opened), media=task.audio.name))
