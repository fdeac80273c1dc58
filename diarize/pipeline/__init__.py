"""The pipeline: the order of the stages.

Input: a recording in any form, and settings. Output: a Diarization with turns, posteriors, the number of
speakers and notes. ``front_end`` is the common signal processing, ``voices`` computes voice statistics.
``identity``, ``batch``, ``report`` and the commands import it; no stage does.
"""

from diarize.pipeline.diarization import STAGES, diarize, provenance, versions
from diarize.pipeline.front_end import FrontEnd, speech_features, speech_mask
from diarize.pipeline.result import Diarization
from diarize.pipeline.voices import choose_embedding, voice_statistics_of

__all__ = [
    "STAGES",
    "Diarization",
    "FrontEnd",
    "choose_embedding",
    "diarize",
    "provenance",
    "speech_features",
    "speech_mask",
    "versions",
    "voice_statistics_of",
]
