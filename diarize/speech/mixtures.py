"""The detector: two mixtures, one of speech and one of everything else, and a hidden Markov chain with least
durations between them, whose share of speech is learnt from the recording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.models import forward_backward
from diarize.speech.activity import activity_parts
from diarize.speech.durations import least_durations, padded
from diarize.speech.held import held_evidence
from diarize.speech.silence import dead

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.config import SpeechConfig
    from diarize.models import GMM
    from diarize.types import Features, SpeechMask

    Array = NDArray[Any]

__all__ = ["by_mixtures"]

# Frames are not independent: their log-likelihood ratio is scaled by this.
SCALE: Final = 0.05
# Chance that the next frame is not drawn anew.
STAY: Final = 0.99
# Share of speech that is expected before a recording is heard, and the least and most that is believed then.
EXPECTED: Final = 0.6
BELIEVED: Final = (0.05, 0.95)


def by_mixtures(features: Features, speech: GMM, other: GMM, config: SpeechConfig, n_mels: int) -> SpeechMask:
    """Frames more likely speech than not, under two mixtures of ``activity_features`` and a two-state chain.

    ``features``: cepstra of ``n_mels`` filters. The chain draws speech with the share that a first pass finds
    (one step of expectation–maximisation; Baum 1972): who hardly speaks is not heard in every noise, who
    hardly pauses not cut at every soft word.
    """
    evidence = _log_ratio(features, speech, other) + held_evidence(features, n_mels) + config.bias
    scores = np.column_stack((SCALE * evidence, np.zeros(len(evidence))))
    shortest = least_durations(features.grid, config)
    share = _speech_posteriors(scores, EXPECTED, shortest).mean()
    posteriors = _speech_posteriors(scores, float(np.clip(share, *BELIEVED)), shortest)
    return padded((posteriors > 0.5) & ~dead(features, shortest[1]), features.grid, config)


def _speech_posteriors(scores: Array, share: float, shortest: tuple[int, int]) -> Array:
    """Posteriors of speech (n_frames,) where a frame is as the last one, or drawn anew with this share."""
    shares = np.array([share, 1 - share])
    transition = STAY * np.eye(2) + (1 - STAY) * shares
    return forward_backward(scores, np.log(shares), np.log(transition), shortest)[0][:, 0]


def _log_ratio(features: Features, speech: GMM, other: GMM) -> Array:
    """log p(frame | speech) − log p(frame | other), (n_frames,)."""
    return np.concatenate([speech.log_prob(x) - other.log_prob(x) for x in activity_parts(features)])
