"""Speech activity detection: which frames are speech and, for some detectors, where two people speak.

Input: samples or cepstra. Output: SpeechActivity. There are four detectors: a segmentation network
(``network``), which also finds overlap and local speakers; two mixtures and a hidden Markov model (``gmm``);
a threshold on the level (``energy``); and an extra package (``silero``). Minimum durations and padding are
the same for all (``durations``). ``pipeline`` and ``training`` import it.
"""

from __future__ import annotations

from diarize.speech.detection_features import activity_features
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
