"""From windows to frames: one frame model per speaker, and a hidden Markov model over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.hmm import forward_backward, sticky_transitions
from diarize.mixtures import GMM
from diarize.mixtures.adaptation import map_shift
from diarize.resegmentation.pauses import NEAR_PAUSE, move_to_pauses
from diarize.types import Posteriors, speaker_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.config import ResegmentationConfig
    from diarize.types import SpeakerPoints, SpeechMask

    Array = NDArray[Any]

__all__ = ["adapted_posteriors", "component_posteriors", "turn_posteriors"]

BATCH_SIZE: Final = 16384  # frames whose responsibilities are held at a time
BLOCK: Final = 0.05  # seconds assigned as one unit: shorter than any syllable
LONGEST_PAUSE: Final = 1.0  # seconds; longer pauses count as this long


def adapted_posteriors(
    values: Array,
    mask: SpeechMask,
    points: SpeakerPoints,
    responsibilities: Array,
    ubm: GMM,
    config: ResegmentationConfig,
) -> Posteriors:
    """Frame posteriors of speakers whose models are adapted from the background mixture.

    Each round adapts the means of every speaker by relevance MAP, weighted by the current posteriors of the
    frames of speech, and then computes the posteriors again.

    Parameters
    ----------
    values : (n_frames, D), voice features
    mask : speech, on the same frames; one frame of speech or more
    points : the windows
    responsibilities : (n_windows, K), of the speakers for the windows
    ubm : diagonal mixture of voices, in D dimensions
    config : rounds, relevance factor and settings of the hidden Markov model

    Returns
    -------
    Posteriors of K speakers; after no round, the mean responsibilities of the windows around each frame.

    References
    ----------
    Gauvain & Lee 1994, "Maximum a posteriori estimation for multivariate Gaussian mixture observations of
    Markov chains"; Reynolds, Quatieri & Dunn 2000, "Speaker verification using adapted Gaussian mixture
    models".

    """
    shares = (
        _spread(responsibilities, points, len(values)) * mask.values[:, None]
    )  # windows include short pauses
    result, spoken = _to_posteriors(shares, mask), values[mask.values]
    for _ in range(config.rounds):
        scores = np.column_stack(
            [m.score_samples(spoken) for m in _adapt_models(ubm, values, shares, config)]
        )
        result = turn_posteriors(scores, mask, config)
        shares = result.values
    return result


def component_posteriors(
    mask: SpeechMask, points: SpeakerPoints, responsibilities: Array, config: ResegmentationConfig
) -> Posteriors:
    """Frame posteriors where frames are points: the responsibilities, smoothed in time.

    Parameters
    ----------
    mask : speech; one frame of speech or more
    points : the frames of speech as points
    responsibilities : (n_points, K)
    config : settings of the hidden Markov model

    Returns
    -------
    Posteriors of K speakers, on the frames of ``mask``.

    """
    shares = _spread(responsibilities, points, mask.grid.n_frames)[mask.values]
    return turn_posteriors(np.log(np.maximum(shares, np.finfo(np.float32).tiny)), mask, config)


def _spread(responsibilities: Array, points: SpeakerPoints, n_frames: int) -> Array:
    """Mean responsibilities (n_frames, K) of the windows around each frame; 0 without a window."""
    shares = np.zeros((n_frames + 1, responsibilities.shape[1] + 1))
    counted = np.column_stack((responsibilities, np.ones(len(responsibilities))))
    np.add.at(shares, points.bounds[:, 0], counted)
    np.subtract.at(shares, points.bounds[:, 1], counted)
    total = np.cumsum(shares, axis=0)[:-1]
    inside = total[:, -1:] > 0
    means = np.divide(total[:, :-1], total[:, -1:], out=np.zeros_like(total[:, :-1]), where=inside)
    spread: Array = np.maximum(means, 0).astype(np.float32)  # sums and differences round
    return spread


def _adapt_models(ubm: GMM, values: Array, shares: Array, config: ResegmentationConfig) -> list[GMM]:
    """One mixture per speaker, with the means adapted to the speaker's frames."""
    counts, sums = _shared_statistics(ubm, values, shares)
    shift = map_shift(counts, sums, config.relevance)
    return [
        GMM(ubm.weights_, means, ubm.covariances_, "diag")
        for means in ubm.means_ + shift * np.sqrt(ubm.covariances_)
    ]


def _shared_statistics(ubm: GMM, values: Array, shares: Array) -> tuple[Array, Array]:
    """Counts (K, M) and whitened first-order sums (K, M, D) of the frames, weighted by each speaker's
    posterior.
    """
    n_speakers, used = shares.shape[1], shares.any(axis=1)
    counts = np.zeros((n_speakers, ubm.n_components))
    sums = np.zeros((n_speakers, ubm.n_components, ubm.n_features_in_))
    frames = np.flatnonzero(used)
    for part in np.array_split(frames, -(-len(frames) // BATCH_SIZE)) if len(frames) else ():
        aligned = ubm.predict_proba(values[part])
        for k in range(n_speakers):
            weighted = aligned * shares[part, k : k + 1]
            counts[k] += weighted.sum(axis=0)
            sums[k] += weighted.T @ values[part]
    centred = (sums - counts[..., None] * ubm.means_) / np.sqrt(ubm.covariances_)
    return counts, centred


def turn_posteriors(scores: Array, mask: SpeechMask, config: ResegmentationConfig) -> Posteriors:
    """Posteriors by a hidden Markov model over short blocks, with a minimum duration of turns.

    Pauses count as time without evidence, up to one second, so a change of speaker is likely there. A change
    near a pause is moved to it.

    Parameters
    ----------
    scores : (n_speech_frames, K), log likelihoods of the frames of speech, nats
    mask : speech; one frame of speech or more
    config : scale of the likelihoods, probability to keep the speaker, least duration of a turn in seconds

    Returns
    -------
    Posteriors of K speakers, on the frames of ``mask``.

    References
    ----------
    Rabiner 1989, "A tutorial on hidden Markov models".

    """
    n_speakers = scores.shape[1]
    block = mask.grid.frames_in(BLOCK)
    blocks = np.flatnonzero(mask.values) // block
    starts = np.flatnonzero(np.diff(blocks, prepend=-1))
    numbers = blocks[starts]
    places = _shorten_gaps(numbers, round(LONGEST_PAUSE / BLOCK))
    pooled = np.zeros((places[-1] + 1, n_speakers))
    pooled[places] = config.likelihood_scale * np.add.reduceat(scores, starts, axis=0)
    chain = sticky_transitions(n_speakers, config.stay)
    shortest = max(1, round(config.min_turn / BLOCK))
    posteriors, _ = forward_backward(pooled, chain.log_startprob, chain.log_transmat, shortest)
    settled = _move_changes_to_pauses(posteriors[places], np.flatnonzero(np.diff(numbers) > 1) + 1)
    shares = np.zeros((mask.grid.n_frames, n_speakers), dtype=np.float32)
    shares[mask.values] = np.repeat(settled, np.diff(starts, append=len(blocks)), axis=0)
    return _to_posteriors(shares, mask)


def _move_changes_to_pauses(posteriors: Array, pauses: Array) -> Array:
    """Posteriors (n_blocks, K) in which changes near a pause are moved to it: the blocks between get the
    values from beyond the change. ``pauses``: blocks after a pause; the ends of the recording count as
    pauses.
    """
    settled, labels = posteriors.copy(), posteriors.argmax(axis=1)
    changes = np.flatnonzero(np.diff(labels)) + 1
    moved = move_to_pauses(changes, np.array([0, *pauses, len(labels)]), round(NEAR_PAUSE / BLOCK))
    for change, pause in zip(changes, moved, strict=True):  # of several on one side, use the farthest
        settled[pause:change] = posteriors[change]
    for change, pause in zip(changes[::-1], moved[::-1], strict=True):
        settled[change:pause] = posteriors[change - 1]
    return settled


def _shorten_gaps(blocks: Array, longest: int) -> Array:
    """New positions of blocks, from 0 on, with gaps shortened to at most ``longest``."""
    gaps: Array = np.minimum(np.diff(blocks, prepend=blocks[:1]), longest + 1)
    return np.cumsum(gaps)


def _to_posteriors(shares: Array, mask: SpeechMask) -> Posteriors:
    """Posteriors from shares (n_frames, K) that add up to 1, or to 0 outside speech; speech without a window
    gets equal ones.
    """
    values = shares.copy()
    values[mask.values & ~shares.any(axis=1)] = 1 / shares.shape[1]
    return Posteriors(values, mask.grid, tuple(speaker_name(k) for k in range(shares.shape[1])))
