"""The background model: Gaussian mixtures of voices, of speech, and of everything else.

A universal background model of voices (Reynolds, Quatieri & Dunn 2000), from which resegmentation adapts the
models of the speakers of a recording; and two mixtures and a linear discriminant that detect speech among
noise and music without a network. Trained once on many speakers, loaded from an npz file without pickle.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from diarize.config import AcousticConfig
from diarize.errors import ConfigError, ModelError
from diarize.files import write_bytes
from diarize.mixtures import GMM, fit_gmm
from diarize.mixtures.discriminant import Discriminant, fit_discriminant
from diarize.mixtures.npz import load_arrays, pack_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["BackgroundModel", "DetectionData", "fit_background", "load", "load_included", "save"]

# Settings that files of earlier versions lack; none of these models was trained with another value.
ADDED_SETTINGS: Final = {"sliding_window"}
MIXTURES = ("ubm", "speech", "other")
BANDS = ("wide", "narrow")
# Limits for files: more than any real model, few enough to be harmless.
MAX_BYTES: Final = 64 << 20
MAX_COMPONENTS: Final = 4096
ARRAYS = (
    *(f"{m}_{a}" for m in MIXTURES for a in ("weights", "means", "covariances")),
    "talk_weights",
    "talk_offset",
)


@dataclass(frozen=True, slots=True)
class BackgroundModel:
    """Mixtures of voices and of sounds, trained before any recording.

    ``ubm``: diagonal GMM of K components in D dimensions, of voices; ``speech`` and ``other``: mixtures for
    speech detection; ``talk``: discriminant of talk against music by modulation; ``band``: "wide" or
    "narrow"; ``acoustics``: settings of its cepstra, which recordings must use, too; ``origin``: the training
    data. Raises ModelError for impossible sizes or values.
    """

    ubm: GMM
    speech: GMM
    other: GMM
    talk: Discriminant
    band: str
    acoustics: AcousticConfig
    origin: dict[str, Any]

    def __post_init__(self) -> None:
        for wrong in self._problems():
            raise ModelError(f"{wrong}; pass a background model that this version saved")

    def _problems(self) -> Iterator[str]:
        """Problems of the model as texts."""
        sizes = [each.n_components for each in (self.ubm, self.speech, self.other)]
        if max(sizes) > MAX_COMPONENTS:
            yield f"mixtures of {sizes} components; allowed are up to {MAX_COMPONENTS}"
        if self.band not in BANDS:
            yield f"band {self.band!r}; allowed are {' and '.join(BANDS)}"
        elif self.ubm.n_features_in_ != (width := self.acoustics.voice_width(self.band)):
            yield f"{self.ubm.n_features_in_} numbers a frame where its settings give {width}"
        if not isinstance(self.origin, dict):
            yield "an origin that is not a table"


class DetectionData(NamedTuple):
    """Training data of speech detection: frames of ``speech.activity_features`` for ``speech`` and ``other``;
    rows of ``speech.modulation_features`` for intervals with ``talk`` and without, ``music``.
    """

    speech: Array
    other: Array
    talk: Array
    music: Array


# Sizes, chosen by cross-validation over simulated conversations of voices held out.
N_COMPONENTS: Final = 64
N_ACTIVITY: Final = 64
N_FRAMES: Final = 400_000  # most frames for a mixture


def fit_background(
    frames: Array,
    activity: DetectionData,
    *,
    band: str,
    acoustics: AcousticConfig,
    seed: int,
    origin: dict[str, Any],
    progress: Callable[[str, float], None],
) -> BackgroundModel:
    """Train a background model.

    The same frames and seed give a bit-identical model.

    Parameters
    ----------
    frames : (n, D), voice features of many speakers, normalised like those of a recording
    activity : training data of speech detection
    band : "wide" or "narrow"
    acoustics : the settings with which the frames were computed
    seed : of the starts of the mixtures
    origin : what the data are, for the file; JSON values by name
    progress : is called with what is being done, and the share of it that is done, 0 to 1

    Returns
    -------
    The model: mixtures of 64 components each, and the discriminant of talk against music.

    Raises
    ------
    ModelError
        For data that a mixture or the discriminant cannot be fitted to, for an unknown band, and when the
        frames do not have the width that the settings give.

    References
    ----------
    Reynolds, Quatieri & Dunn 2000, "Speaker verification using adapted Gaussian mixture models".

    """
    progress("mixtures", 0.0)
    ubm = _mixture(frames, N_COMPONENTS, seed)
    speech, other = (_mixture(x, N_ACTIVITY, seed) for x in (activity.speech, activity.other))
    talk = fit_discriminant(activity.talk, activity.music)
    return BackgroundModel(ubm, speech, other, talk, band, acoustics, origin)


def _mixture(frames: Array, n_components: int, seed: int) -> GMM:
    """A diagonal mixture of every n-th frame."""
    step = -(-len(frames) // N_FRAMES)
    return fit_gmm(frames[::step], n_components, "diag", random_state=seed, n_init=1, max_iter=50)[0]


def save(model: BackgroundModel, path: str | PathLike[str]) -> None:
    """Write a model as npz, atomically; the same model gives the same bytes.

    Parameters
    ----------
    model : the model
    path : the file; an existing one is replaced

    Raises
    ------
    OutputError
        When it cannot be written.

    """
    words = {"band": model.band, "acoustics": asdict(model.acoustics), "origin": model.origin}
    arrays = {
        f"{name}_{field}": getattr(getattr(model, name), f"{field}_")
        for name in MIXTURES
        for field in ("weights", "means", "covariances")
    } | {
        "talk_weights": model.talk.weights,
        "talk_offset": np.array([model.talk.offset]),
    }
    data = pack_arrays("background " + json.dumps(words, sort_keys=True), arrays)
    write_bytes(Path(path), data, overwrite=True)


def load(path: str | PathLike[str]) -> BackgroundModel:
    """Read a model.

    A file from anywhere is safe to read: nothing in it is executed, and array sizes are checked before memory
    is allocated.

    Parameters
    ----------
    path : an npz file that ``save`` wrote

    Returns
    -------
    The model.

    Raises
    ------
    ModelError
        When the file cannot be read, or is not such a model.

    """
    kind, arrays = load_arrays(path, ARRAYS, MAX_BYTES)
    word, _, text = kind.partition(" ")
    try:
        words = json.loads(text) if word == "background" else {}
        ubm, speech, other = (_stored_mixture(arrays, name) for name in MIXTURES)
        talk = Discriminant(arrays["talk_weights"], arrays["talk_offset"].item())
        acoustics = _stored_acoustics(words["acoustics"])
        return BackgroundModel(ubm, speech, other, talk, words["band"], acoustics, words["origin"])
    except (ModelError, ConfigError) as error:
        raise ModelError(f"{path}: {error}") from None
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise ModelError(f"{path} is a saved model of another kind; pass a background model") from None


def _stored_acoustics(stored: Any) -> AcousticConfig:
    """The settings in a file; files of earlier versions do not have those of ``ADDED_SETTINGS``."""
    names = {each.name for each in fields(AcousticConfig)}
    if not isinstance(stored, dict) or not names - ADDED_SETTINGS <= set(stored) <= names:
        raise ModelError(f"acoustics that are not the settings {', '.join(sorted(names))}")
    acoustics = AcousticConfig(**stored)
    acoustics.check()
    return acoustics


def _stored_mixture(arrays: dict[str, Array], name: str) -> GMM:
    weights, means, covariances = (arrays[f"{name}_{field}"] for field in ("weights", "means", "covariances"))
    return GMM(weights, means, covariances, "diag")


def load_included(band: str) -> BackgroundModel:
    """The model that comes with the package.

    Parameters
    ----------
    band : "wide" or "narrow"

    Returns
    -------
    The model.

    Raises
    ------
    ModelError
        For another band, as there is no such file.

    """
    return load(Path(__file__).parent.parent / "data" / f"background-{band}.npz")
