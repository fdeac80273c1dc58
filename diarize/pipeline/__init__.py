"""The pipeline: the one place that knows the order of the stages.

In comes a recording in any form, and settings; out goes a Diarization: turns, posteriors, the count, notes.
``identity``, ``batch``, ``report`` and the commands import it; no stage does.
"""

from diarize.pipeline.diarization import STAGES, diarize, load_embedding, speech_mask, versions
from diarize.pipeline.result import Diarization

__all__ = ["STAGES", "Diarization", "diarize", "load_embedding", "speech_mask", "versions"]
