"""Results of recordings as one JSON document with a schema and a version.

Input: turns and other findings of the pipeline. Output: a Document with one Result per recording; ``to_dict``
converts it to JSON and ``read_document`` reads it. ``--json``, ``--format json``, the manifest of a batch,
report pages and linking all use it. Every room after it may import it; it imports only the foundation.
"""

from diarize.results.editing import (
    merge_speakers,
    recount_speakers,
    rename_json,
    rename_speakers,
)
from diarize.results.reading import is_document, parse_document, read_document
from diarize.results.values import (
    SCHEMA,
    VERSION,
    Document,
    Failure,
    Provenance,
    Result,
    SpeakerCount,
    join_documents,
)
from diarize.results.voices import SpeakerStatistics, VoiceStatistics

__all__ = [
    "SCHEMA",
    "VERSION",
    "Document",
    "Failure",
    "Provenance",
    "Result",
    "SpeakerCount",
    "SpeakerStatistics",
    "VoiceStatistics",
    "is_document",
    "join_documents",
    "merge_speakers",
    "parse_document",
    "read_document",
    "recount_speakers",
    "rename_json",
    "rename_speakers",
]
