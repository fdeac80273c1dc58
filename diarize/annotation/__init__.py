"""Annotations: who spoke when in a recording, and what follows from it.

In come turns in seconds, out of ``resegmentation`` or of a file; out go the same turns with what follows
from them: speaking time, assignments to other numbers of speakers, names that are known again, tables for
pandas and pyannote.core. Every room from ``formats`` upwards may import it; it imports the foundation
alone.
"""

from diarize.annotation.values import Annotation, Turn

__all__ = ["Annotation", "Turn"]
