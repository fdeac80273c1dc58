"""Training of background models, from simulated recordings of real voices.

Input: folders of single-speaker recordings. Output: a BackgroundModel. ``plan`` lists the data,
``augmentation`` and ``simulation`` make recordings with random rooms, noise, gains, codecs and speeds,
``examples`` takes frames from each, and ``train`` fits the mixtures to all of them. The commands import it.
"""

from diarize.training.plan import TrainingPlan
from diarize.training.train import train_background

__all__ = ["TrainingPlan", "train_background"]
