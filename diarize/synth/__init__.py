"""Simulated conversations with known truth, from single-speaker recordings or synthetic voices.

Input: voices, settings and a seed. Output: samples and their reference Annotation. ``training``, the
commands, tests and benchmarks import it.

    voices = {"ann": [waveform, …], "bob": [waveform, …]}
    waveform, annotation = simulate_conversation(voices, SynthConfig(duration=60.0, rt60=0.4), seed=1)

``simulate_conversation`` makes all samples at once; the Scene of ``plan_conversation`` renders any part, so
that four hours need only the memory of the voices and one block. ``plan_dialogue`` is for turns in a given
order; ``synthesize_voices`` makes voices without recordings, ``synthesize_music`` makes music.
"""

from diarize.synth.dialogue import plan_dialogue
from diarize.synth.music import synthesize_music
from diarize.synth.scene import Scene, plan_conversation, simulate_conversation
from diarize.synth.settings import SynthConfig
from diarize.synth.vowels import synthesize_voices

__all__ = [
    "Scene",
    "SynthConfig",
    "plan_conversation",
    "plan_dialogue",
    "simulate_conversation",
    "synthesize_music",
    "synthesize_voices",
]
