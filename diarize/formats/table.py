"""The formats that there are: one row each, with its reader and its writer."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from diarize.errors import FormatError
from diarize.formats import (
    audacity,
    csv,
    ctm,
    eaf,
    json,
    kaldi,
    lab,
    lines,
    plain,
    posteriors,
    rttm,
    srt,
    textgrid,
    uem,
    webvtt,
)
from diarize.formats.posteriors import StoredPosteriors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    from diarize.annotation import Annotation
    from diarize.results import Document
    from diarize.types import Posteriors

    Reader = Callable[[str, str], Mapping[str, Annotation]]
    Texts = Mapping[str, str]
    Written = Texts | Mapping[str, bytes]
    Writer = Callable[[Sequence[Annotation], "Options"], Written]

__all__ = ["FORMATS", "Format", "Options", "format_of"]


@dataclass(frozen=True, slots=True)
class Options:
    """Additional data for writers; a format ignores what it cannot store."""

    # RTTM: channel of turns without a channel, from 1
    channel: int = 1
    # RTTM: write each turn's confidence into the ninth field
    confidence: bool = False
    # TextGrid: seconds that the tiers cover, the end of the last turn when None
    duration: float | None = None
    # ELAN: file name or URL of the recording that the annotation belongs to
    media: str | None = None
    # npz: posteriors of every frame, and the second of the file at which they start
    posteriors: Posteriors | None = None
    start: float = 0.0
    # CTM, and TextGrid and ELAN in tiers below the speakers': words as turns with a text, each with its time
    words: Annotation | None = None
    # json: the other results of the recording
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A file format of annotations.

    ``suffix``: of its files; ``write``: annotations → text by file name within a folder, or text or bytes
    under the name ``""`` for formats of one file; ``read``: text and file name → annotations by recording,
    None for write-only formats; ``several``: whether one file may hold many recordings; ``words``: whether it
    stores the text of a turn.
    """

    name: str
    suffix: str
    title: str
    write: Writer
    read: Reader | None = None
    several: bool = False
    words: bool = False


def _rttm(annotations: Sequence[Annotation], options: Options) -> Texts:
    return {
        "": rttm.write(
            annotations,
            confidence=options.confidence,
            channel=str(options.channel),
        )
    }


def _textgrid(annotations: Sequence[Annotation], options: Options) -> Texts:
    return {"": textgrid.write(annotations, duration=options.duration, words=options.words)}


def _eaf(annotations: Sequence[Annotation], options: Options) -> Texts:
    return {"": eaf.write(annotations, media=options.media, words=options.words)}


def _ctm(annotations: Sequence[Annotation], options: Options) -> Texts:
    return {"": ctm.write(annotations, words=options.words, channel=str(options.channel))}


def _json(annotations: Sequence[Annotation], options: Options) -> Texts:
    return {"": json.write(annotations, options.document)}


def _kaldi(annotations: Sequence[Annotation], _: Options) -> Texts:
    spoken = kaldi.text(annotations)
    return {
        "segments": kaldi.segments(annotations),
        "utt2spk": kaldi.utt2spk(annotations),
        "spk2utt": kaldi.spk2utt(annotations),
        **({"text": spoken} if spoken else {}),
    }


def _npz(annotations: Sequence[Annotation], options: Options) -> Mapping[str, bytes]:
    """Frame posteriors, which turns alone do not have."""
    if options.posteriors is None:
        raise FormatError("npz holds posteriors of frames, which turns do not have; run and batch write them")
    stored = StoredPosteriors(
        lines.require_one_annotation(annotations, "npz").recording, options.posteriors, options.start
    )
    return {"": posteriors.dump(stored)}


def _plain(write: Callable[[Sequence[Annotation]], str]) -> Writer:
    return lambda annotations, _: {"": write(annotations)}


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("rttm", ".rttm", "NIST Rich Transcription Time Marked", _rttm, rttm.read, several=True),
        Format(
            "uem",
            ".uem",
            "NIST UEM: intervals without speakers",
            _plain(uem.write),
            uem.read,
            several=True,
        ),
        Format("lab", ".lab", "start, end and label a line", _plain(lab.write), lab.read),
        Format("audacity", ".txt", "Audacity label track", _plain(audacity.write), audacity.read),
        Format(
            "textgrid", ".TextGrid", "Praat, one tier for each speaker", _textgrid, textgrid.read, words=True
        ),
        Format("eaf", ".eaf", "ELAN, one tier for each speaker", _eaf, eaf.read, words=True),
        Format("webvtt", ".vtt", "WebVTT with voice spans", _plain(webvtt.write), webvtt.read, words=True),
        Format("srt", ".srt", "SubRip subtitles", _plain(srt.write), srt.read, words=True),
        Format("csv", ".csv", "a table for spreadsheets", _plain(csv.write), csv.read, True, True),
        Format(
            "text", ".transcript.txt", "a transcript to read: [0:03] Anna: …", _plain(plain.write), words=True
        ),
        Format("ctm", ".ctm", "NIST time-marked words, as speech recognisers have them", _ctm, words=True),
        Format(
            "json",
            ".json",
            "everything that is known, as docs/formats.md describes it",
            _json,
            json.read,
            several=True,
            words=True,
        ),
        Format(
            "kaldi",
            ".kaldi",
            "Kaldi data folder: segments, utt2spk, spk2utt",
            _kaldi,
            several=True,
            words=True,
        ),
        Format("npz", ".npz", "posteriors of every frame, as NumPy arrays", _npz),
    )
}
"""Every format by name."""


def format_of(path: str | PathLike[str], name: str | None = None, *, reading: bool = False) -> Format:
    """The format of a file.

    Parameters
    ----------
    path : the file, whose suffix names the format
    name : the format by name, instead of the suffix
    reading : list the readable suffixes in the error, not the writable ones

    Returns
    -------
    The row of ``FORMATS``.

    Raises
    ------
    FormatError
        For an unknown name or suffix.

    """
    if name is not None:
        if name.lower() in FORMATS:
            return FORMATS[name.lower()]
        near = difflib.get_close_matches(name.lower(), FORMATS, n=1)
        hint = f"did you mean {near[0]}?" if near else "choose one of them"
        raise FormatError(f"no format is called {name!r}; there are {', '.join(FORMATS)}; {hint}")
    suffix = Path(path).suffix.lower()
    for each in FORMATS.values():
        if each.suffix.lower() == suffix:
            return each
    known = ", ".join(each.suffix for each in FORMATS.values() if each.read or not reading)
    raise FormatError(f"{path}: the suffix {suffix!r} is not one of {known}; rename it or name the format")
