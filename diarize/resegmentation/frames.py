"""From windows to frames: every speaker becomes a model of frames, a hidden Markov chain weighs them in
time.
"""

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

AT_ONCE: Final = 16384  # frames whose responsibilities are held at a time
BLOCK: Final = 0.05  # seconds that are assigned in one piece: shorter than any syllable
LONGEST_PAUSE: Final = 1.0  # seconds; after as long a pause, it does not matter how long it was


def adapted_posteriors(
    values: Array,
    mask: SpeechMask,
    points: SpeakerPoints,
    responsibilities: Array,
    ubm: GMM,
    config: ResegmentationConfig,
) -> Posteriors:
    """Frame posteriors of speakers whose models are adapted from the background mixture.

    ``values`` (n_frames, D); ``responsibilities`` (n_windows, K) of ``points``. Each round adapts the means
    of every speaker by relevance MAP (Gauvain & Lee 1994; Reynolds et al. 2000) on the shares of frames of
    speech that it has, then shares the frames out anew.
    """
    shares = _spread(responsibilities, points, len(values)) * mask.values[:, None]  # windows bridge pauses
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
    """Frame posteriors where every frame is a point of its own: its responsibilities, smoothed in time."""
    shares = _spread(responsibilities, points, mask.grid.n_frames)[mask.values]
    return turn_posteriors(np.log(np.maximum(shares, np.finfo(np.float32).tiny)), mask, config)


def _spread(responsibilities: Array, points: SpeakerPoints, n_frames: int) -> Array:
    """Shares (n_frames, K): every frame has the mean of its windows' responsibilities; in none it has 0."""
    shares = np.zeros((n_frames + 1, responsibilities.shape[1] + 1))
    counted = np.column_stack((responsibilities, np.ones(len(responsibilities))))
    np.add.at(shares, points.bounds[:, 0], counted)
    np.subtract.at(shares, points.bounds[:, 1], counted)
    total = np.cumsum(shares, axis=0)[:-1]
    inside = total[:, -1:] > 0.5  # a whole number of windows, but for rounding
    means = np.divide(total[:, :-1], total[:, -1:], out=np.zeros_like(total[:, :-1]), where=inside)
    spread: Array = np.maximum(means, 0).astype(np.float32)
    return spread


def _adapt_models(ubm: GMM, values: Array, shares: Array, config: ResegmentationConfig) -> list[GMM]:
    """One mixture per speaker: the means moved by the frames that are theirs."""
    counts, sums = _shared_statistics(ubm, values, shares)
    shift = map_shift(counts, sums, config.relevance)
    return [
        GMM(ubm.weights_, means, ubm.covariances_, "diag")
        for means in ubm.means_ + shift * np.sqrt(ubm.covariances_)
    ]


def _shared_statistics(ubm: GMM, values: Array, shares: Array) -> tuple[Array, Array]:
    """Counts (K, M) and whitened first-order sums (K, M, D) of each speaker's share of the frames."""
    n_speakers, used = shares.shape[1], shares.any(axis=1)
    counts = np.zeros((n_speakers, ubm.n_components))
    sums = np.zeros((n_speakers, ubm.n_components, ubm.n_features_in_))
    frames = np.flatnonzero(used)
    for part in np.array_split(frames, -(-len(frames) // AT_ONCE)) if len(frames) else ():
        aligned = ubm.predict_proba(values[part])
        for k in range(n_speakers):
            weighted = aligned * shares[part, k : k + 1]
            counts[k] += weighted.sum(axis=0)
            sums[k] += weighted.T @ values[part]
    centred = (sums - counts[..., None] * ubm.means_) / np.sqrt(ubm.covariances_)
    return counts, centred


def turn_posteriors(scores: Array, mask: SpeechMask, config: ResegmentationConfig) -> Posteriors:
    """Forward–backward over short blocks with a least duration of turns.

    ``scores`` (n_speech_frames, K) log-likelihoods of the frames of speech. In pauses time goes by, up to
    ``LONGEST_PAUSE``, and nothing is heard: there speakers change unless what is heard speaks against it.
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
    shortest = min(max(1, round(config.min_turn / BLOCK)), len(pooled))
    posteriors, _ = forward_backward(pooled, chain.log_startprob, chain.log_transmat, shortest)
    settled = _move_changes_to_pauses(posteriors[places], np.flatnonzero(np.diff(numbers) > 1) + 1)
    shares = np.zeros((mask.grid.n_frames, n_speakers), dtype=np.float32)
    shares[mask.values] = np.repeat(settled, np.diff(starts, append=len(blocks)), axis=0)
    return _to_posteriors(shares, mask)


def _move_changes_to_pauses(posteriors: Array, pauses: Array) -> Array:
    """Posteriors (n_blocks, K) where no change is near a pause: blocks between are like those beyond it.

    ``pauses``: blocks that come after one; the two ends of the recording are like pauses.
    """
    settled, labels = posteriors.copy(), posteriors.argmax(axis=1)
    changes = np.flatnonzero(np.diff(labels)) + 1
    moved = move_to_pauses(changes, np.array([0, *pauses, len(labels)]), round(NEAR_PAUSE / BLOCK))
    for change, pause in zip(changes, moved, strict=True):  # of several on one side, the farthest counts
        settled[pause:change] = posteriors[change]
    for change, pause in zip(changes[::-1], moved[::-1], strict=True):
        settled[change:pause] = posteriors[change - 1]
    return settled


def _shorten_gaps(blocks: Array, longest: int) -> Array:
    """Where blocks with these rising numbers come when no gap between them is over ``longest``, from 0 on."""
    gaps: Array = np.minimum(np.diff(blocks, prepend=blocks[:1]), longest + 1)
    return np.cumsum(gaps)


def _to_posteriors(shares: Array, mask: SpeechMask) -> Posteriors:
    """Posteriors of shares (n_frames, K); speech that no window reached is anybody's."""
    values = np.where(mask.values[:, None], shares, 0)
    lost = mask.values & (values.sum(axis=1) == 0)
    values[lost] = 1 / shares.shape[1]
    sums = values.sum(axis=1, keepdims=True)
    np.divide(values, sums, out=values, where=sums > 0)
    return Posteriors(values, mask.grid, tuple(speaker_name(k) for k in range(shares.shape[1])))
