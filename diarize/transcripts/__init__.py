"""Transcripts: speakers for the words of a speech recogniser.

Input: a transcript, and turns with posteriors. Output: a Transcript whose words have speakers. ``pipeline``,
``report`` and the commands import it; nothing here opens the recording.

    spoken = assign_speakers(read_transcript("meeting.json"), result.annotation, result.posteriors)
    write_transcript("meeting.srt", spoken, "srt")
"""

from diarize.transcripts.assigning import assign_speakers
from diarize.transcripts.reading import read_transcript
from diarize.transcripts.result_words import attach_words, extract_words, relabel_words
from diarize.transcripts.values import SHORTEST, Segment, Transcript, Word
from diarize.transcripts.writing import WRITABLE, format_for, suffix_of, write_transcript

__all__ = [
    "SHORTEST",
    "WRITABLE",
    "Segment",
    "Transcript",
    "Word",
    "assign_speakers",
    "attach_words",
    "extract_words",
    "format_for",
    "read_transcript",
    "relabel_words",
    "suffix_of",
    "write_transcript",
]
