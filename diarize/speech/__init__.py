"""Voice activity detection: which frames are speech and, where a detector says so, where two people speak.

In come samples or cepstra; out goes SpeechActivity. There are four detectors: a segmentation network
(``network``), which finds overlap and local voices, too; two mixtures and a Markov chain (``gmm``); a
threshold on the level (``energy``); and an extra package (``silero``). Shortest durations and padding mean
the same to all of them (``durations``). ``pipeline`` and ``training`` import it.
"""

from __future__ import annotations

from diarize.speech.activity import activity_features
from diarize.speech.energy import detect_by_energy
from diarize.speech.gmm import detect_by_mixtures
from diarize.speech.music import modulation_features
from diarize.speech.network import PyanNetSegmenter, detect_by_network
from diarize.speech.silero import detect_by_silero
from diarize.speech.values import SpeechActivity

__all__ = [
    "PyanNetSegmenter",
    "SpeechActivity",
    "activity_features",
    "detect_by_energy",
    "detect_by_mixtures",
    "detect_by_network",
    "detect_by_silero",
    "modulation_features",
]
