"""Conversations with known truth: seeded, out of single-speaker recordings or out of pure signal.

    voices = {"ann": [waveform, …], "bob": [waveform, …]}
    waveform, annotation = conversation(voices, SynthConfig(duration=60.0, rt60=0.4), seed=1)

``conversation`` gives it in one piece; ``scene`` plans it and renders any stretch, so that four hours need no
more memory than the voices and one block. ``dialogue`` is for turns whose order is given; ``vowels`` makes
voices when no recording is at hand, ``music`` what is no voice.
"""

from diarize.synth.dialogue import dialogue
from diarize.synth.music import music
from diarize.synth.scene import Scene, conversation, scene
from diarize.synth.settings import SynthConfig
from diarize.synth.vowels import vowels

__all__ = ["Scene", "SynthConfig", "conversation", "dialogue", "music", "scene", "vowels"]
