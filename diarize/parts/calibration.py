"""Calibration of an embedding: its two-covariance model, estimated from recordings of known speakers.

The data are windows of 1.5 s of two hundred readers of the package, or of the user's own voices: as
they were recorded, in a room with noise, and by telephone. The result is stored under the checksum of the
embedding, so it is computed once per file.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.audio import find_voices, open_recording
from diarize.embedding.two_covariance import TwoCovariance, fit_two_covariance, log_likelihood_ratio
from diarize.errors import ModelError, OutputError, PartError
from diarize.files import make_folder, write_bytes
from diarize.mixtures.npz import load_arrays, pack_arrays
from diarize.parts.cache import calibrations_folder
from diarize.parts.conditions import simulate_conditions
from diarize.parts.download import no_progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from diarize.networks.protocols import EmbeddingExtractor
    from diarize.parts.download import Progress

    Array = NDArray[Any]

__all__ = [
    "calibration_of",
    "calibration_path",
    "equal_error",
    "find_calibration",
    "fit_calibration",
    "included_voices",
    "load_calibration",
    "save_calibration",
    "voice_vectors",
]

DATA: Final = Path(__file__).parent.parent / "data"
KIND: Final = "two-covariance"
NAMES: Final = ("mean", "projection", "between")
WINDOW: Final = 1.5
"""Seconds."""
WINDOWS: Final = 8
"""Of one speaker at most: more of the same minute add little."""
MAX_SECONDS: Final = 120.0
"""Seconds of a recording that are read at most."""
QUIET_DB: Final = 15.0
"""dB under the loudest window of a recording: what is quieter is mostly pause."""
MIN_VOICES: Final = 20
MIN_DIMS: Final = 16
MAX_DIMS: Final = 64
VOICES_EACH: Final = 3
"""For every dimension."""


def calibration_of(
    extractor: EmbeddingExtractor, progress: Progress = no_progress, cache: str | Path | None = None
) -> TwoCovariance:
    """Load or compute the calibration of an embedding: from the cache, from the package, or now.

    Computing takes minutes, and is repeated each time if the cache is not writable.

    Parameters
    ----------
    extractor : the embedding
    progress : called with the name of a stage and the share of it that is done, 0 to 1
    cache : folder of the cache; that of the platform unless given

    Returns
    -------
    The two-covariance model.

    Raises
    ------
    PartError
        When the vectors do not depend on the voice.

    """
    found = find_calibration(extractor, cache)
    if found is not None:
        with suppress(ModelError):  # damaged: compute it again
            return load_calibration(found)
    model = fit_calibration(*voice_vectors(extractor, included_voices(), progress), extractor.name)
    with suppress(OutputError):
        save_calibration(calibration_path(extractor, cache), model)
    return model


def find_calibration(extractor: EmbeddingExtractor, cache: str | Path | None = None) -> Path | None:
    """The file of an existing calibration: in the cache, or in the package."""
    included = DATA / "calibrations" / f"{extractor.checksum}.npz"
    return next((place for place in (calibration_path(extractor, cache), included) if place.is_file()), None)


def calibration_path(extractor: EmbeddingExtractor, cache: str | Path | None = None) -> Path:
    """The path of an embedding's calibration in the cache."""
    return calibrations_folder(cache) / f"{extractor.checksum}.npz"


def included_voices() -> dict[str, list[Path]]:
    """Recordings by reader."""
    return find_voices(DATA / "voices")


def voice_vectors(
    extractor: EmbeddingExtractor,
    recordings: Mapping[str, Sequence[Path]],
    progress: Progress = no_progress,
) -> tuple[Array, Array]:
    """Vectors float32 (n, dimension) of windows of every speaker's ``recordings`` in several acoustic
    conditions (``conditions``), and their speakers (n,).

    Raises AudioError for what cannot be read and PartError for fewer than twenty speakers.
    """
    if len(recordings) < MIN_VOICES:
        raise PartError(
            f"{len(recordings)} voices to calibrate with; {MIN_VOICES} are needed, two hundred are better: "
            "give one file or subfolder for each speaker"
        )
    vectors, speakers = [], []
    for done, paths in enumerate(recordings.values()):
        rng = np.random.default_rng(done)
        for path in paths[:WINDOWS]:
            n_windows = -(-WINDOWS // min(len(paths), WINDOWS))
            for found in _embed_recording(extractor, path, n_windows, rng):
                vectors.append(found)
                speakers += [done] * len(found)
        progress("calibration", (done + 1) / len(recordings))
    return np.concatenate(vectors), np.array(speakers)


def _embed_recording(
    extractor: EmbeddingExtractor, path: Path, n: int, rng: np.random.Generator
) -> Iterator[Array]:
    """Vectors of at most ``n`` windows of the beginning of a recording, in each condition."""
    samples = open_recording(path, rate=extractor.rate, end=MAX_SECONDS).waveform().samples
    for heard in simulate_conditions(samples, extractor.rate, rng):
        yield extractor.embed([heard], _windows(heard, round(WINDOW * extractor.rate), n))


def _windows(samples: Array, size: int, n: int) -> Array:
    """Bounds (≤ n, 2) of evenly spread windows that are not much quieter than the loudest one."""
    starts = np.arange(0, max(1, len(samples) - size + 1), size)
    power = np.array(
        [np.mean(np.square(samples[start : start + size], dtype=np.float64)) for start in starts]
    )
    loud = starts[power >= power.max() / 10 ** (QUIET_DB / 10)]
    chosen = loud[np.unique(np.linspace(0, len(loud) - 1, n).round().astype(int))]
    return np.column_stack((chosen, np.minimum(chosen + size, len(samples))))


def fit_calibration(vectors: Array, speakers: Array, name: str = "the embedding") -> TwoCovariance:
    """The model of vectors (n, D) of ``speakers`` (n,), in a third as many dimensions as there are voices,
    sixteen at least and 64 at most. Raises PartError when they do not depend on the voice.
    """
    n_dims = min(MAX_DIMS, max(MIN_DIMS, len(np.unique(speakers)) // VOICES_EACH))
    if not np.ptp(vectors, axis=0).max() > 0:
        raise PartError(f"{name}: gives the same vector for every voice; it is not a speaker embedding")
    try:
        return fit_two_covariance(vectors, speakers, n_dims)
    except (ModelError, np.linalg.LinAlgError) as error:
        raise PartError(f"{name}: cannot be calibrated ({error}); it is not a speaker embedding") from None


def equal_error(vectors: Array, speakers: Array) -> float:
    """Equal error rate of pairs of windows, each half of the speakers scored by a model of the other half: 0
    is perfect, 0.5 is chance.
    """
    half = np.unique(speakers, return_inverse=True)[1] % 2 == 0
    return float(np.mean([_equal_error_of(vectors, speakers, learning) for learning in (half, ~half)]))


def _equal_error_of(vectors: Array, speakers: Array, learning: Array) -> float:
    model = fit_calibration(vectors[learning], speakers[learning])
    points, names = model.project(vectors[~learning]), speakers[~learning]
    ones = np.ones(1)
    scores = np.concatenate(
        [
            log_likelihood_ratio(points[i], points[i + 1 :], (ones, ones), model.between)
            for i in range(len(points))
        ]
    )
    same = np.concatenate([names[i] == names[i + 1 :] for i in range(len(points))])
    ordered = same[np.argsort(scores, kind="stable")]
    missed = np.cumsum(ordered) / ordered.sum()
    accepted = 1 - np.cumsum(~ordered) / (~ordered).sum()
    nearest = np.argmin(np.abs(missed - accepted))
    return float((missed[nearest] + accepted[nearest]) / 2)


def save_calibration(path: Path, model: TwoCovariance) -> None:
    """Write a calibration, whole or not at all. Raises OutputError."""
    make_folder(path.parent)
    arrays = {name: np.asarray(getattr(model, name), dtype=np.float64) for name in NAMES}
    write_bytes(path, pack_arrays(KIND, arrays), overwrite=True)


def load_calibration(path: Path) -> TwoCovariance:
    """Read what `save_calibration` wrote. Raises ModelError."""
    kind, arrays = load_arrays(path, NAMES)
    if kind != KIND:
        raise ModelError(f"{path} is of kind {kind[:40]!r}; a calibration is {KIND!r}")
    return TwoCovariance(**arrays)
