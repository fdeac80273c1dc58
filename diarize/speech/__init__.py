"""Which frames are somebody speaking and, where a detector tells, which two.

Four detectors, each a function of sound: a segmentation network (``network``), which hears overlap and local
voices, too; two mixtures and a Markov chain (``mixtures``), a threshold on loudness (``energy``) and a guest
(``silero``), which make a mask. The settings of least durations and padding mean the same to all of them
(``durations``).
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
