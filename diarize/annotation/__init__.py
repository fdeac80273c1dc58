"""Annotations: who spoke when in a recording.

Input: turns in seconds, from ``resegmentation`` or from a file. Output: annotations, speaking time, turns for
other numbers of speakers, matched names, tables for pandas and pyannote.core. Every room after it may import
it; it imports only the foundation.
"""

from diarize.annotation.values import Annotation, Turn

__all__ = ["Annotation", "Turn"]
