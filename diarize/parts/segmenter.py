"""A segmentation network in an ONNX file: activity of three local speakers in overlapping windows.

Plaquet & Bredin, "Powerset multi-class cross entropy loss for neural speaker diarization", Interspeech 2023:
every frame has one of seven classes: no speaker, each of three speakers, each pair of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import PartError
from diarize.networks.local_activity import LocalActivity
from diarize.parts.cutting import cut_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from diarize.parts.recognition import SegmentationFormat
    from diarize.parts.session import Session

    Array = NDArray[Any]

__all__ = ["OnnxSegmenter", "powerset"]

BATCH_SIZE: Final = 4
"""Windows in one batch: more is not faster on one core."""
WINDOWS_OVER: Final = 4
"""In how many windows every moment is."""


@dataclass(frozen=True, slots=True, eq=False)
class OnnxSegmenter:
    """A `Segmenter` from a loaded file and its input format."""

    name: str
    format: SegmentationFormat
    session: Session

    @property
    def rate(self) -> int:
        """Hz of the samples that it wants."""
        return self.format.rate

    @property
    def checksum(self) -> str:
        """SHA-256 of the file."""
        return self.session.file.checksum

    def segment(self, blocks: Iterable[Array]) -> LocalActivity:
        """Activity of local speakers in windows with a step of a quarter of their length, as in `Segmenter`.

        Raises PartError for output of another shape.
        """
        size, n = self.format.window, 0
        starts: list[int] = []
        classes = [np.empty((0, self.format.n_frames, self.format.n_classes), dtype=np.float32)]
        for batch in _group_windows(cut_windows(blocks, size, size // WINDOWS_OVER)):
            starts += [start for start, _, _ in batch]
            classes.append(self._classes(np.stack([samples for _, samples, _ in batch])))
            n = batch[-1][2]
        table = powerset(self.format.n_local, self.format.at_once)
        offset = (self.format.field - 1) / 2
        centres = np.array(starts)[:, None] + offset + self.format.shift * np.arange(self.format.n_frames)
        found = np.concatenate(classes) * (centres < n)[..., None]  # no speaker after the end
        return LocalActivity(
            np.minimum(found @ table, 1),
            np.minimum(found[..., table.sum(axis=1) > 0].sum(axis=2), 1),
            np.minimum(found[..., table.sum(axis=1) > 1].sum(axis=2), 1),
            np.array(starts, dtype=np.int64),
            float(self.format.shift),
            offset,
            self.rate,
        )

    def _classes(self, samples: Array) -> Array:
        """Probabilities (n, n_frames, n_classes) of windows (n, window)."""
        size = self.format.batch or len(samples)
        batches = (samples[first : first + size] for first in range(0, len(samples), size))
        return _probabilities(np.concatenate([self._run(batch, size) for batch in batches]))

    def _run(self, samples: Array, size: int) -> Array:
        n = len(samples)
        filled = np.resize(samples, (size, samples.shape[1]))
        fed = filled[:, None] if self.format.layout == "B1S" else filled
        scores = self.session.run(self.format.output, {self.format.input: fed})
        wanted = (size, self.format.n_frames, self.format.n_classes)
        if scores.shape != wanted:
            raise PartError(
                f"{self.session.file.path}: gives classes of shape {scores.shape}, segmentation-3.0 "
                f"would give {wanted}; choose that"
            )
        return scores[:n]


def powerset(n_local: int, at_once: int) -> Array:
    """Speakers of each class, float32 (n_classes, n_local): no speaker, each speaker, each pair …"""
    sets = [chosen for k in range(at_once + 1) for chosen in combinations(range(n_local), k)]
    table = np.zeros((len(sets), n_local), dtype=np.float32)
    for row, chosen in enumerate(sets):
        table[row, list(chosen)] = 1
    return table


def _probabilities(scores: Array) -> Array:
    """Class probabilities (…, n_classes) from probabilities, log probabilities or logits."""
    if scores.size and scores.min() >= 0 and np.allclose(scores.sum(axis=-1), 1, atol=1e-3):
        return scores
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Array = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def _group_windows(windows: Iterable[tuple[int, Array, int]]) -> Iterator[list[tuple[int, Array, int]]]:
    group: list[tuple[int, Array, int]] = []
    for each in windows:
        group.append(each)
        if len(group) == BATCH_SIZE:
            yield group
            group = []
    if group:
        yield group
