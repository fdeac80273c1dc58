"""Who cares: which frames are somebody speaking.

Three detectors, each a function of sound to a mask: two mixtures and a Markov chain (``mixtures``), a
threshold on loudness (``energy``) and a guest (``silero``). The settings of least durations and padding mean
the same to all of them (``durations``).
"""

from __future__ import annotations

from diarize.speech.activity import activity_features
from diarize.speech.energy import by_energy
from diarize.speech.mixtures import by_mixtures
from diarize.speech.music import motion
from diarize.speech.silero import by_silero

__all__ = ["activity_features", "by_energy", "by_mixtures", "by_silero", "motion"]
