"""How a background model is made: from simulated recordings of real voices.

In come folders of single-speaker recordings; out goes a BackgroundModel. ``plan`` says from what,
``augmentation`` and ``simulation`` make recordings with rooms, noise, gains, codecs and speeds drawn at
random, ``examples`` takes frames from each, and ``train`` fits the mixtures to all of them. The commands
import it.
"""

from diarize.training.plan import TrainingPlan
from diarize.training.train import train_background

__all__ = ["TrainingPlan", "train_background"]
