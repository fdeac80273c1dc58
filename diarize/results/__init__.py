"""Results: what is known of recordings, as one document of JSON with a schema and a version.

In come turns, and what the pipeline found out with them; out goes a Document of one Result a recording,
which becomes JSON by ``to_dict`` and is read back by ``read_document``. ``--json``, files of ``--format
json``, the manifest of a batch, report pages and linking are all made from it. Every room from ``formats``
upwards may import it; it imports the foundation alone.
"""

from diarize.results.editing import merge_speakers, recount_speakers, rename_json, rename_speakers
from diarize.results.reading import is_document, parse_document, read_document
from diarize.results.values import SCHEMA, VERSION, Document, Failure, Provenance, Result, SpeakerCount
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
    "merge_speakers",
    "parse_document",
    "read_document",
    "recount_speakers",
    "rename_json",
    "rename_speakers",
]
