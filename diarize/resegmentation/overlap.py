"""The second speaker where two people speak at once.

A segmentation network knows which of its local voices speak in ten seconds; who they are, the posteriors of
all frames say: in every window, each local voice is the speaker with whom it has most frames in common where
one speaks alone, and no two are one. Means over the windows that see a frame say who speaks there besides the
likeliest (the reconstruction of Bredin 2023, "pyannote.audio 2.1 speaker diarization pipeline").
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.types import runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.networks.activity import LocalActivity
    from diarize.speech import SpeechActivity
    from diarize.types import Posteriors

    Array = NDArray[Any]

__all__ = ["second_speakers"]

# Frames of a local voice in a window under which it is none.
FEWEST: Final = 5
# What frames in which others speak, too, count for telling who a local voice is.
SHARED: Final = 0.02
# Seconds on either side in which who is heard says who is likely to interrupt.
AROUND: Final = 1.5
LEAST: Final = 0.01


def second_speakers(posteriors: Posteriors, activity: SpeechActivity, threshold: float) -> Array:
    """Probability that each speaker is the second of two in every frame, float32 (n_frames, K), 0 for all but
    one at most.

    Two speak where the probability of that is ``threshold`` or more; 0 switches it off.
    """
    second = np.zeros(posteriors.values.shape, np.float32)
    if not threshold or activity.local is None or activity.overlap is None or len(posteriors.speakers) < 2:
        return second
    chances = _voices_as_speakers(activity.local, posteriors) + _local_presence(posteriors)
    likeliest = posteriors.values.argmax(axis=1)
    chances[np.arange(len(chances)), likeliest] = 0
    both = activity.mask.values & (activity.overlap >= threshold) & (chances.max(axis=1) > LEAST)
    for start, end in _split_by_leader(both, likeliest):
        speaker = int(chances[start:end].sum(axis=0).argmax())  # one for all of it: no slivers of others
        second[start:end, speaker] = activity.overlap[start:end]
    return second


def _split_by_leader(both: Array, likeliest: Array) -> list[tuple[int, int]]:
    """Stretches of ``both`` (n_frames,) in which the likeliest speaker is the same."""
    edges = np.flatnonzero(np.diff(likeliest)) + 1
    stretches = []
    for start, end in runs(both):
        inside = [start, *edges[(edges > start) & (edges < end)], end]
        stretches += [(int(a), int(b)) for a, b in pairwise(inside)]
    return stretches


def _voices_as_speakers(local: LocalActivity, posteriors: Posteriors) -> Array:
    """Activity (n_frames, K) of the local voices under the names that the posteriors give them."""
    chances = np.zeros(posteriors.values.shape)
    seen = np.zeros(len(chances))
    for window in range(len(local.starts)):
        frames, nearest = local.window_frames(window, posteriors.grid)
        voices = local.values[window, nearest]
        seen[frames] += 1
        for voice, speaker in _match_voices(voices, posteriors.values[frames]):
            chances[frames, speaker] += voices[:, voice]
    named: Array = chances / np.maximum(seen, 1)[:, None]
    return named


def _match_voices(voices: Array, shares: Array) -> list[tuple[int, int]]:
    """Which local voice of ``voices`` (n, n_local) is which speaker of ``shares`` (n, K)."""
    from scipy.optimize import linear_sum_assignment

    silent = 1 - voices
    alone = np.stack(
        [voices[:, v] * np.delete(silent, v, axis=1).prod(axis=1) for v in range(voices.shape[1])], axis=1
    )
    common = alone.T @ shares + SHARED * (voices.T @ shares)
    present = np.flatnonzero((voices > 0.5).sum(axis=0) >= FEWEST)
    rows, speakers = linear_sum_assignment(common[present], maximize=True)
    return [(int(present[row]), int(speaker)) for row, speaker in zip(rows, speakers, strict=True)]


def _local_presence(posteriors: Posteriors) -> Array:
    """Share (n_frames, K) of the frames around in which each speaker is heard."""
    reach = posteriors.grid.frames_in(AROUND)
    n = len(posteriors.values)
    total = np.zeros((n + 1, len(posteriors.speakers)))
    np.cumsum(posteriors.values, axis=0, dtype=np.float64, out=total[1:])
    first, last = (np.clip(np.arange(n) + d, 0, n) for d in (-reach, reach))
    around: Array = (total[last] - total[first]) / (2 * reach)
    return around
