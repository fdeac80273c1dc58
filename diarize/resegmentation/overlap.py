"""The second speaker where two people speak at once.

A segmentation network finds local speakers in windows of ten seconds. In every window, local speakers are
matched one to one with speakers by the frames that they have in common, with most weight on frames with one
speaker. The mean over the windows that contain a frame shows who speaks there besides the most likely speaker
(the reconstruction of Bredin 2023, "pyannote.audio 2.1 speaker diarization pipeline").
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.lazy_imports import import_assignment_solver
from diarize.types import runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.networks.local_activity import LocalActivity
    from diarize.speech import SpeechActivity
    from diarize.types import Posteriors

    Array = NDArray[Any]

__all__ = ["second_speakers"]

# Least frames of a local speaker in a window; with fewer it is ignored.
MIN_FRAMES: Final = 5
# Weight of frames with overlap in the matching of local speakers.
OVERLAP_WEIGHT: Final = 0.02
# Seconds on either side in which a speaker must be present to be a likely second speaker.
PRESENCE_SECONDS: Final = 1.5
MIN_PRESENCE: Final = 0.01


def second_speakers(posteriors: Posteriors, activity: SpeechActivity, threshold: float) -> Array:
    """Probability that each speaker is the second of two.

    Parameters
    ----------
    posteriors : who speaks in each frame, (n_frames, K)
    activity : speech, overlap and local speakers, on the same frames
    threshold : least probability of overlap, 0 to 1; 0 disables overlap

    Returns
    -------
    Float32 (n_frames, K), nonzero for at most one speaker of a frame; all 0 where ``activity`` has no overlap
    or there are fewer than two speakers.

    References
    ----------
    Bredin 2023, "pyannote.audio 2.1 speaker diarization pipeline" (reconstruction).

    """
    second = np.zeros(posteriors.values.shape, np.float32)
    if not threshold or activity.local is None or activity.overlap is None or len(posteriors.speakers) < 2:
        return second
    chances = _voices_as_speakers(activity.local, posteriors) + _local_presence(posteriors)
    likeliest = posteriors.values.argmax(axis=1)
    chances[np.arange(len(chances)), likeliest] = 0
    both = activity.mask.values & (activity.overlap >= threshold) & (chances.max(axis=1) > MIN_PRESENCE)
    for start, end in _split_by_leader(both, likeliest):
        speaker = int(chances[start:end].sum(axis=0).argmax())  # one second speaker per interval
        second[start:end, speaker] = activity.overlap[start:end]
    return second


def _split_by_leader(both: Array, likeliest: Array) -> list[tuple[int, int]]:
    """Intervals of ``both`` (n_frames,) in which the most likely speaker is the same."""
    edges = np.flatnonzero(np.diff(likeliest)) + 1
    intervals = []
    for start, end in runs(both):
        inside = [start, *edges[(edges > start) & (edges < end)], end]
        intervals += [(int(a), int(b)) for a, b in pairwise(inside)]
    return intervals


def _voices_as_speakers(local: LocalActivity, posteriors: Posteriors) -> Array:
    """Activity (n_frames, K) of the local speakers after matching with the speakers of the posteriors."""
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
    """Match the local speakers of ``voices`` (n, n_local) with the speakers of ``shares`` (n, K)."""
    silent = 1 - voices
    alone = np.stack(
        [voices[:, v] * np.delete(silent, v, axis=1).prod(axis=1) for v in range(voices.shape[1])], axis=1
    )
    common = alone.T @ shares + OVERLAP_WEIGHT * (voices.T @ shares)
    present = np.flatnonzero((voices > 0.5).sum(axis=0) >= MIN_FRAMES)
    rows, speakers = import_assignment_solver()(common[present], maximize=True)
    return [(int(present[row]), int(speaker)) for row, speaker in zip(rows, speakers, strict=True)]


def _local_presence(posteriors: Posteriors) -> Array:
    """Share (n_frames, K) of the surrounding frames in which each speaker is active."""
    reach = posteriors.grid.frames_in(PRESENCE_SECONDS)
    n = len(posteriors.values)
    total = np.zeros((n + 1, len(posteriors.speakers)))
    np.cumsum(posteriors.values, axis=0, dtype=np.float64, out=total[1:])
    first, last = (np.clip(np.arange(n) + d, 0, n) for d in (-reach, reach))
    around: Array = (total[last] - total[first]) / (2 * reach)
    return around
