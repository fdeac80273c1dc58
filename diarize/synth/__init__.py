"""Conversations with known truth: seeded, out of single-speaker recordings or out of pure signal.

In come voices, settings and a seed; out go samples and the Annotation that is true of them. ``training``,
the commands, tests and benchmarks import it.

    voices = {"ann": [waveform, …], "bob": [waveform, …]}
    waveform, annotation = conversation(voices, SynthConfig(duration=60.0, rt60=0.4), seed=1)

``conversation`` gives it in one piece; ``scene`` plans it and renders any part, so that four hours need no
more memory than the voices and one block. ``dialogue`` is for turns whose order is given; ``vowels`` makes
voices without recordings, ``music`` sound without voices.
"""

from diarize.synth.dialogue import dialogue
from diarize.synth.music import music
from diarize.synth.scene import Scene, conversation, scene
from diarize.synth.settings import SynthConfig
from diarize.synth.vowels import vowels

__all__ = ["Scene", "SynthConfig", "conversation", "dialogue", "music", "scene", "vowels"]
