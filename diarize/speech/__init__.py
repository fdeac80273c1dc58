"""Which frames are somebody speaking and, where a detector tells, which two.

Four detectors, each a function of sound: a segmentation network (``network``), which hears overlap and local
voices, too; two mixtures and a Markov chain (``mixtures``), a threshold on loudness (``energy``) and a guest
(``silero``), which make a mask. The settings of least durations and padding mean the same to all of them
(``durations``).
"""

from __future__ import annotations

from diarize.speech.activity import activity_features
from diarize.speech.energy import by_energy
from diarize.speech.gmm import by_mixtures
from diarize.speech.music import motion
from diarize.speech.network import PyanNetSegmenter, by_network
from diarize.speech.silero import by_silero
from diarize.speech.values import SpeechActivity

__all__ = [
    "PyanNetSegmenter",
    "SpeechActivity",
    "activity_features",
    "by_energy",
    "by_mixtures",
    "by_network",
    "by_silero",
    "motion",
]
