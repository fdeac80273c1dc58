"""How a background model is made: simulated recordings of real voices, heard as recordings are heard.

Single-speaker recordings become conversations with rooms, noise, gains, codecs and speeds drawn at random,
so that the model knows voices as they come: several in one recording, normalised together, in one channel.
``plan`` says from what, ``augmentation`` and ``simulation`` make recordings, ``examples`` takes frames from
each, and ``train`` fits the mixtures to all of them.
"""

from diarize.training.plan import TrainingPlan
from diarize.training.train import train_background

__all__ = ["TrainingPlan", "train_background"]
