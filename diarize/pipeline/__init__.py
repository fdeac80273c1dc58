"""The pipeline: the one place that knows the order of the stages.

In comes a recording in any form, and settings; out goes a Diarization: turns, posteriors, the count, notes.
``front_end`` is how every recording is heard, ``voices`` what is kept of each voice.
``identity``, ``batch``, ``report`` and the commands import it; no stage does.
"""

from diarize.pipeline.diarization import STAGES, diarize, provenance, versions
from diarize.pipeline.front_end import FrontEnd, speech_features, speech_mask
from diarize.pipeline.result import Diarization
from diarize.pipeline.voices import load_embedding, voices_in

__all__ = [
    "STAGES",
    "Diarization",
    "FrontEnd",
    "diarize",
    "load_embedding",
    "provenance",
    "speech_features",
    "speech_mask",
    "versions",
    "voices_in",
]
