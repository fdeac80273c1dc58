"""Speech, overlap, changes and local speakers by a segmentation network: the default detector.

The network processes windows of ten seconds every five seconds and gives the activity of up to three local
speakers in every frame. Probabilities are means over the windows that contain a frame. A change is found
where the local speaker before a moment is not the one after it, whatever their index in each window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import ConfigError
from diarize.networks import pyannet
from diarize.networks.local_activity import LocalActivity
from diarize.networks.store import load_included_network
from diarize.speech.durations import enforce_durations, pad_speech
from diarize.speech.tones import MIN_SPEECH, ToneDetector, remove_tones
from diarize.speech.values import SpeechActivity
from diarize.types import runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from diarize.config import SpeechConfig
    from diarize.networks.protocols import Segmenter
    from diarize.types import FrameGrid

    Array = NDArray[Any]

__all__ = ["PyanNetSegmenter", "detect_by_network", "frame_means"]

# Samples between windows: every frame is in two windows.
WINDOW_STEP: Final = pyannet.WINDOW // 2
BATCH_SIZE: Final = 32  # windows whose activations are held at a time
# Seconds before and after a moment at which local speakers are compared, and the probability from which they
# are taken for two people.
CHANGE_CONTEXT: Final = 0.1
CHANGE_THRESHOLD: Final = 0.5


class PyanNetSegmenter:
    """The included network, in NumPy."""

    name = "pyannet"
    rate = pyannet.RATE

    def __init__(self) -> None:
        network = load_included_network("pyannet")
        self.checksum = network.checksum
        self._weights = network.weights

    def segment(self, blocks: Iterable[Array]) -> LocalActivity:
        """Activity of local speakers in windows of ten seconds, one every five seconds.

        The last window ends with the recording; a shorter recording is padded with zeros. The samples of a
        few windows are held in memory, not the recording.

        Parameters
        ----------
        blocks : consecutive samples float32 (n_i,) at 16 kHz, of any lengths

        Returns
        -------
        Probabilities of three local speakers in every window, and of speech and overlap.

        References
        ----------
        Plaquet & Bredin 2023, "Powerset multi-class cross entropy loss for neural speaker diarization".

        """
        starts: list[int] = []
        found: list[Array] = []
        for first, windows in _window_batches(blocks):
            starts += first
            found.append(pyannet.class_probabilities(windows, self._weights))
        probabilities = np.concatenate(found)
        voices = np.zeros((len(pyannet.CLASSES), 3), np.float32)
        for number, members in enumerate(pyannet.CLASSES):
            voices[number, list(members)] = 1
        sizes = voices.sum(axis=1)
        return LocalActivity(
            probabilities @ voices,
            probabilities[..., sizes > 0].sum(axis=2),
            probabilities[..., sizes > 1].sum(axis=2),
            np.array(starts),
            pyannet.STEP,
            pyannet.FIRST_CENTRE,
            pyannet.RATE,
        )


def _window_batches(blocks: Iterable[Array]) -> Iterator[tuple[list[int], Array]]:
    """First samples and samples (n, WINDOW) of windows every ``WINDOW_STEP``; the last one ends with the
    recording, or is padded where the recording is shorter than a window.
    """
    starts: list[int] = []
    held: list[Array] = []
    for start, window in _windows(blocks):
        starts.append(start)
        held.append(window)
        if len(held) == BATCH_SIZE:
            yield starts, np.stack(held)
            starts, held = [], []
    if held:
        yield starts, np.stack(held)


def _windows(blocks: Iterable[Array]) -> Iterator[tuple[int, Array]]:
    start, size = 0, pyannet.WINDOW
    held = np.zeros(0, np.float32)
    last = np.zeros(0, np.float32)  # samples of the window before, for the last window
    for block in blocks:
        held = np.concatenate((held, block))
        while len(held) >= size:
            yield start, held[:size]
            last, held, start = held[:WINDOW_STEP], held[WINDOW_STEP:], start + WINDOW_STEP
    if start == 0:
        yield 0, np.pad(held, (0, size - len(held)))
    elif len(held) > size - WINDOW_STEP:
        missing = size - len(held)
        yield start - missing, np.concatenate((last[WINDOW_STEP - missing :], held))


def detect_by_network(
    blocks: Iterable[Array], segmenter: Segmenter, grid: FrameGrid, config: SpeechConfig
) -> SpeechActivity:
    """Speech, overlap, changes and local speakers by a segmentation network.

    Tones of telephones and machines are removed, because the network takes them for speech.

    Parameters
    ----------
    blocks : consecutive samples float32 (n_i,) at ``grid.rate``
    segmenter : the network
    grid : the frames of the result
    config : minimum durations and padding, seconds; ``bias``, added to the log odds of speech, nats

    Returns
    -------
    The mask; the probability of overlap (n_frames,); the frames at which another person begins to speak; and
    the activity of local speakers.

    Raises
    ------
    ConfigError
        When the grid has another sample rate than the network.

    """
    if grid.rate != segmenter.rate:
        raise ConfigError(
            f"speech.method 'network' works at {segmenter.rate} Hz, not {grid.rate}; set audio.rate or "
            "choose 'hmm'"
        )
    tones = ToneDetector(grid.rate)
    local = segmenter.segment(tones.watch(blocks))
    speech, overlap, change = frame_means(local, grid)
    threshold = 1 / (1 + np.exp(config.bias))
    voiced = remove_tones(speech >= threshold, tones.mask(grid), grid.frames_in(MIN_SPEECH))
    mask = pad_speech(enforce_durations(voiced, grid, config), grid, config)
    return SpeechActivity(mask, overlap, _peaks(change), local)


def frame_means(local: LocalActivity, grid: FrameGrid) -> tuple[Array, Array, Array]:
    """Probabilities (n_frames,) of speech, two voices and a change, over the windows that contain a frame."""
    total = np.zeros((3, grid.n_frames), np.float64)
    seen = np.zeros(grid.n_frames)
    aside = grid.frames_in(CHANGE_CONTEXT)
    for window in range(len(local.starts)):
        frames, nearest = local.window_frames(window, grid)
        voices = local.values[window, nearest]
        seen[frames] += 1
        total[0, frames] += local.speech[window, nearest]
        total[1, frames] += local.overlap[window, nearest]
        total[2, frames] += _change(voices, aside)
    means: Array = (total / np.maximum(seen, 1)).astype(np.float32)
    return means[0], means[1], means[2]


def _change(voices: Array, aside: int) -> Array:
    """Probability (n,) that another of the local ``voices`` (n, n_local) speaks after a frame than before."""
    shares = voices / np.maximum(voices.sum(axis=1, keepdims=True), 1e-6)
    n = len(voices)
    before, after = (np.clip(np.arange(n) + d, 0, n - 1) for d in (-aside, aside))
    change: Array = 1 - (shares[before] * shares[after]).sum(axis=1)
    return change


def _peaks(change: Array) -> Array:
    """The most likely frame of every run of frames in which a change is more likely than not."""
    return np.array(
        [a + int(change[a:b].argmax()) for a, b in runs(change > CHANGE_THRESHOLD)], dtype=np.int64
    )
