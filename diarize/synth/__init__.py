"""Simulated conversations with known truth, from single-speaker recordings or synthetic voices.

Input: voices, settings and a seed. Output: samples and their reference Annotation. ``training``, the
commands, tests and benchmarks import it.

    voices = {"ann": [waveform, …], "bob": [waveform, …]}
    waveform, annotation = conversation(voices, SynthConfig(duration=60.0, rt60=0.4), seed=1)

``conversation`` makes one in one piece; ``scene`` plans it and renders any part, so that four hours need only
the memory of the voices and one block. ``dialogue`` is for turns in a given order; ``vowels`` makes voices
without recordings, ``music`` makes music.
"""

from diarize.synth.dialogue import dialogue
from diarize.synth.music import music
from diarize.synth.scene import Scene, conversation, scene
from diarize.synth.settings import SynthConfig
from diarize.synth.vowels import vowels

__all__ = ["Scene", "SynthConfig", "conversation", "dialogue", "music", "scene", "vowels"]
