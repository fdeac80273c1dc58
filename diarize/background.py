"""The background model: what speech sounds like, how voices differ, and what else varies from second to second.

A universal background GMM (Reynolds, Quatieri & Dunn 2000) with two sets of loadings that shift its means: one
for the speaker (eigenvoices), one for everything particular to a single window (Kenny et al. 2007). Learnt once
from many speakers, loaded from an npz file without pickle.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.config import FeatureConfig
from diarize.errors import ModelError
from diarize.models import GMM, fit_gmm
from diarize.models.factors import fit_speaker_and_window
from diarize.models.statistics import accumulated
from diarize.models.store import load_arrays, save_arrays
from diarize.windows import tiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from diarize.types import SpeechMask

    Array = NDArray[Any]

__all__ = ["BackgroundModel", "TrainingUtterance", "load", "save", "shipped", "train"]

# Settings that a model fixes: features made otherwise would mean nothing to it.
ACOUSTIC = (
    "window", "hop", "n_mfcc", "lifter", "wide_mels", "wide_fmin", "wide_fmax",
    "narrow_mels", "narrow_fmin", "narrow_fmax", "normalization",
)  # fmt: skip
ARRAYS = ("weights", "means", "covariances", "speaker", "window", "scale")


@dataclass(frozen=True, slots=True)
class BackgroundModel:
    """``ubm``: diagonal GMM of K components in D dimensions; ``speaker`` (K, D, R) and ``window`` (K, D, Q):
    loadings in standard deviations of the mixture; ``scale``: how much of a frame counts as new evidence;
    ``band``: "wide" or "narrow"; ``acoustics``: the feature settings it was trained with; ``origin``: from what.
    """

    ubm: GMM
    speaker: Array
    window: Array
    scale: float
    band: str
    acoustics: dict[str, Any]
    origin: dict[str, Any]

    def __post_init__(self) -> None:
        shape = self.ubm.means.shape
        if self.speaker.shape[:2] != shape or self.window.shape[:2] != shape:
            raise ModelError(
                f"loadings of shapes {self.speaker.shape} and {self.window.shape} do not fit a mixture of {shape}"
            )

    def require(self, features: FeatureConfig) -> None:
        """Raises ModelError naming the first feature setting that differs from the model's."""
        for name, trained in self.acoustics.items():
            asked = getattr(features, name)
            if asked != trained:
                raise ModelError(
                    f"the background model was trained with features.{name} = {trained!r}, not {asked!r}; "
                    "leave it at that, train a model of your own, or use the textbook space"
                )


@dataclass(frozen=True, slots=True)
class TrainingUtterance:
    """One speaker in one recording condition: ``values`` (T, D) normalised cepstra without c0; ``mask``."""

    speaker: str
    values: Array
    mask: SpeechMask


def acoustics(features: FeatureConfig) -> dict[str, Any]:
    """The feature settings that a model fixes."""
    return {name: value for name, value in asdict(features).items() if name in ACOUSTIC}


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Sizes of a background model, chosen by cross-validation over simulated conversations."""

    # components of the background mixture
    n_components: int = 64
    # dimensions of speaker space
    speaker_rank: int = 50
    # dimensions of what varies from window to window
    window_rank: int = 30
    # share of a frame that counts as evidence: while learning loadings, and in use
    training_scale: float = 0.3
    scale: float = 0.1
    # most frames for the mixture
    n_frames: int = 400_000
    seed: int = 0


def train(
    utterances: Iterable[TrainingUtterance],
    *,
    band: str,
    features: FeatureConfig,
    window: float,
    max_pause: float,
    config: TrainingConfig,
    origin: dict[str, Any],
    progress: Callable[[str], None] = lambda _: None,
) -> BackgroundModel:
    """Learn a model from utterances already normalised as recordings are (in groups).

    ``window`` and ``max_pause`` in seconds, as the speaker space will use them. Same utterances and seed give
    the same model to the bit. Raises ModelError when there are fewer than two utterances.
    """
    heard: Sequence[TrainingUtterance] = list(utterances)
    if len({u.speaker for u in heard}) < 2:
        raise ModelError("a background model needs recordings of at least two speakers; dozens are better")
    progress("background mixture")
    ubm, _ = fit_gmm(_sampled_frames(heard, config), config.n_components, "diag", seed=config.seed, n_init=1)
    progress("statistics of windows")
    counts, sums, classes = [], [], []
    for number, utterance in enumerate(heard):
        bounds, _ = tiled(utterance.mask, window, max_pause)
        if len(bounds):
            part = accumulated(ubm, utterance.values, utterance.mask.values, bounds, config.training_scale)
            counts.append(part.counts)
            sums.append(part.sums)
            classes.append(np.full(len(bounds), number))
    progress("speaker and window loadings")
    pooled = type(part)(np.concatenate(counts), np.concatenate(sums))
    _, dense = np.unique(np.concatenate(classes), return_inverse=True)
    ranks = (config.speaker_rank, config.window_rank)
    speaker, within = fit_speaker_and_window(pooled, dense, ranks, seed=config.seed)
    return BackgroundModel(ubm, speaker, within, config.scale, band, acoustics(features), origin)


def _sampled_frames(utterances: Sequence[TrainingUtterance], config: TrainingConfig) -> Array:
    """Speech frames of all utterances, every n-th so that there are at most ``config.n_frames``."""
    speech = np.concatenate([u.values[u.mask.values] for u in utterances])
    step = -(-len(speech) // config.n_frames)
    return speech[::step]


def save(model: BackgroundModel, path: str | PathLike[str]) -> None:
    """Write a model as npz, the same bytes for the same model. Raises ModelError when it cannot be written."""
    words = {"band": model.band, "acoustics": model.acoustics, "origin": model.origin}
    arrays = {
        "weights": model.ubm.weights,
        "means": model.ubm.means,
        "covariances": model.ubm.covariances,
        "speaker": model.speaker.astype(np.float64),
        "window": model.window.astype(np.float64),
        "scale": np.array([model.scale]),
    }
    save_arrays(path, "background " + json.dumps(words, sort_keys=True), arrays)


def load(path: str | PathLike[str]) -> BackgroundModel:
    """Read a model; ModelError when the file is not one."""
    kind, arrays = load_arrays(path, ARRAYS)
    word, _, text = kind.partition(" ")
    try:
        words = json.loads(text) if word == "background" else {}
        mixture = GMM(arrays["weights"], arrays["means"], arrays["covariances"])
        loadings = arrays["speaker"].astype(np.float32), arrays["window"].astype(np.float32)
        return BackgroundModel(
            mixture, *loadings, float(arrays["scale"][0]), words["band"], words["acoustics"], words["origin"]
        )
    except (ValueError, KeyError, TypeError, IndexError):
        raise ModelError(f"{path} is a saved model of another kind; pass a background model") from None


def shipped(band: str) -> BackgroundModel:
    """The model that comes with the package for the "wide" or "narrow" band."""
    return load(Path(__file__).parent / "data" / f"background-{band}.npz")
