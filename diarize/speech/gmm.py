"""A detector from two mixtures, of speech and of everything else, and a hidden Markov model with minimum
durations; evidence for music counts against speech.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.hmm import forward_backward, sticky_transitions
from diarize.speech.detection_features import activity_parts
from diarize.speech.durations import least_durations, pad_speech
from diarize.speech.music import music_log_odds
from diarize.speech.silence import digital_silence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.config import SpeechConfig
    from diarize.mixtures import GMM
    from diarize.mixtures.discriminant import Discriminant
    from diarize.types import Features, SpeechMask

    Array = NDArray[Any]

__all__ = ["detect_by_mixtures"]

# Frames are correlated, so their log-likelihood ratio is scaled by this.
SCALE: Final = 0.05
# Default log odds in favour of speech: missed speech is lost for all later stages.
BIAS: Final = 1.0
# Probability of keeping the state: an expected duration of two seconds.
STAY: Final = 0.995


def detect_by_mixtures(
    features: Features, speech: GMM, other: GMM, talk: Discriminant, config: SpeechConfig, n_mels: int
) -> SpeechMask:
    """Speech by two mixtures, of speech and of other sounds, and a chain of two states.

    Runs of both states have minimum durations. The log-likelihood ratio of a frame is scaled down, because
    frames are correlated. Evidence for music counts against speech. A frame is speech if its posterior is
    more than one half; digital silence is never speech.

    Parameters
    ----------
    features : cepstra of the recording
    speech, other : mixtures of ``activity_features`` of speech, and of everything else
    talk : discriminant of talk against music, on ``modulation_features``
    config : minimum durations and padding, seconds; ``bias``, added to the log-likelihood ratio, nats
    n_mels : mel filters from which the cepstra were computed

    Returns
    -------
    The mask, on the frames of ``features``.

    """
    evidence = SCALE * (_log_ratio(features, speech, other, n_mels) + BIAS + config.bias)
    evidence += music_log_odds(features, n_mels, talk)
    scores = np.column_stack((evidence, np.zeros(len(evidence))))
    chain, shortest = sticky_transitions(2, STAY), least_durations(features.grid, config)
    posteriors, _ = forward_backward(scores, chain.log_startprob, chain.log_transmat, shortest)
    return pad_speech(
        (posteriors[:, 0] > 0.5) & ~digital_silence(features, shortest[1]), features.grid, config
    )


def _log_ratio(features: Features, speech: GMM, other: GMM, n_mels: int) -> Array:
    """log p(frame | speech) − log p(frame | other), (n_frames,)."""
    parts = activity_parts(features, n_mels)
    return np.concatenate([speech.score_samples(x) - other.score_samples(x) for x in parts])
