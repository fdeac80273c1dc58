"""Write transcripts with speakers in all formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from diarize.errors import FormatError
from diarize.files import write_text
from diarize.formats import FORMATS, Options, write_file
from diarize.transcripts import result_words
from diarize.transcripts.dialects import DIALECTS

if TYPE_CHECKING:
    from diarize.results import Document
    from diarize.transcripts.values import Transcript

__all__ = ["WRITABLE", "format_for", "suffix_of", "write_transcript"]

WRITABLE = tuple(name for name, each in FORMATS.items() if each.words and name != "kaldi")
"""Names of formats; they are those of turns, with words."""


def suffix_of(name: str) -> str:
    """The suffix of a format.

    Parameters
    ----------
    name : one of ``WRITABLE``

    Returns
    -------
    The suffix with its dot; .txt for the plain transcript.

    """
    return ".txt" if name == "text" else FORMATS[name].suffix


def format_for(path: str | Path, dialect: str = "") -> str:
    """The format of a transcript to write.

    Parameters
    ----------
    path : the file, whose suffix names the format
    dialect : what the input was, for paths without suffix

    Returns
    -------
    The name of the format, one of ``WRITABLE``.

    Raises
    ------
    FormatError
        For an unknown suffix.

    """
    suffix = Path(path).suffix.lower()
    for name in WRITABLE:
        if suffix == suffix_of(name).lower():
            return name
    if not suffix and dialect:
        return dialect if dialect in WRITABLE else "json" if dialect in {*DIALECTS, "diarize"} else "text"
    known = ", ".join(suffix_of(name) for name in WRITABLE)
    raise FormatError(f"{path}: the suffix {suffix!r} is not one of {known}; rename it or name the format")


def write_transcript(
    path: str | Path,
    transcript: Transcript,
    name: str,
    *,
    overwrite: bool = False,
    options: Options | None = None,
) -> Path:
    """Write a transcript whose words have speakers, to a file that is either complete or absent.

    Parameters
    ----------
    path : the file to write
    transcript : words and segments
    name : the format, one of ``WRITABLE``. 'json' is the dialect that was read, with ``speaker`` added to
        words and segments
    overwrite : replace the file if it exists
    options : additional data for the writer; with a ``document``, 'json' is that of ``diarize.results``

    Returns
    -------
    The path.

    Raises
    ------
    FormatError
        For a format without words.
    OutputError
        As ``write_file`` does.

    """
    if name not in WRITABLE:
        raise FormatError(f"{name} holds no words; {', '.join(WRITABLE)} do")
    if name == "json":
        kept = options.document if options else None
        return write_text(path, _as_json(transcript, kept), overwrite=overwrite)
    given = options or Options()
    known = Options(
        channel=given.channel, duration=given.duration, media=given.media, words=transcript.spoken
    )
    return write_file(path, transcript.annotation, name, overwrite=overwrite, options=known)


def _as_json(transcript: Transcript, known: Document | None) -> str:
    if known or transcript.dialect not in DIALECTS:
        return result_words.dump(transcript, known)
    value = DIALECTS[transcript.dialect].write(transcript.segments, transcript.whole)
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
