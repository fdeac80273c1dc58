"""The background model: what speech sounds like, how voices differ, and what else varies from second to
second.

A universal background GMM (Reynolds, Quatieri & Dunn 2000) with two sets of loadings that shift its means:
one for the speaker (eigenvoices), one for everything particular to a single window (Kenny et al. 2007).
Learnt once from many speakers, loaded from an npz file without pickle.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from diarize.errors import ModelError
from diarize.formats import write_bytes
from diarize.mixtures import GMM, fit_gmm
from diarize.mixtures.npz import archived, load_arrays
from diarize.models.discriminant import Discriminant, fit_discriminant
from diarize.models.factors import Observations, Statistics, fit_speaker_and_window, observed
from diarize.models.shared import fit_shared, in_units_of, root
from diarize.models.statistics import accumulated
from diarize.windows import tiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from diarize.config import Config, FeatureConfig
    from diarize.types import SpeechMask

    Array = NDArray[Any]

__all__ = ["Activity", "BackgroundModel", "TrainingUtterance", "fitted", "load", "save", "shipped"]

# Settings that a model fixes: features made otherwise would mean nothing to it.
ACOUSTIC = (
    "window", "hop", "n_mfcc", "n_voice", "lifter", "n_mels", "fmin", "fmax",
    "upper_mels", "upper_fmax", "n_upper", "noise_floor", "normalization",
)  # fmt: skip
MIXTURES = ("ubm", "speech", "other")
BANDS = ("wide", "narrow")
# More than any model that is learnt here, and less than could do harm.
MOST_BYTES: Final = 64 << 20
MOST_COMPONENTS: Final = 4096
MOST_RANK: Final = 200
ARRAYS = (
    *(f"{m}_{a}" for m in MIXTURES for a in ("weights", "means", "covariances")),
    "talk_weights",
    "talk_offset",
    "speaker",
    "window",
    "shared",
    "scale",
)


@dataclass(frozen=True, slots=True)
class BackgroundModel:
    """What is known of speech before a recording is heard.

    ``ubm``: diagonal GMM of K components in D dimensions; ``speech`` and ``other``: mixtures that tell speech
    from the rest; ``talk``: tells talk from music by how it moves; ``speaker`` (K, D, R) and ``window``
    (K, D, Q): loadings in standard deviations of the ubm; ``shared`` (R, R): covariance of what all speakers
    of a recording have in common, in units of what is a speaker's own; ``scale``: how much of a frame counts
    as evidence; ``band``: "wide" or "narrow"; ``acoustics``: the feature settings it was trained with;
    ``origin``: from what. Raises ModelError when shapes disagree, sizes are out of bounds, or anything is not
    what it should be.
    """

    ubm: GMM
    speech: GMM
    other: GMM
    talk: Discriminant
    speaker: Array
    window: Array
    shared: Array
    scale: float
    band: str
    acoustics: dict[str, Any]
    origin: dict[str, Any]

    def __post_init__(self) -> None:
        shape, shapes = self.ubm.means_.shape, (self.speaker.shape, self.window.shape)
        if any(len(each) != 3 or each[:2] != shape for each in shapes):
            raise ModelError(
                f"loadings of shapes {shapes[0]} and {shapes[1]} do not fit a mixture of {shape}"
            )
        for wrong in self._oddities():
            raise ModelError(f"{wrong}; pass a background model that this version saved")

    def _oddities(self) -> Iterator[str]:
        """What is not as it should be."""
        sizes = [each.n_components for each in (self.ubm, self.speech, self.other)]
        ranks = [self.speaker.shape[2], self.window.shape[2]]
        if max(sizes) > MOST_COMPONENTS or not 1 <= min(ranks) <= max(ranks) <= MOST_RANK:
            yield (
                f"mixtures of {sizes} components and loadings of ranks {ranks}; allowed are up to "
                f"{MOST_COMPONENTS} and 1 to {MOST_RANK}"
            )
        if not (np.isfinite(self.speaker).all() and np.isfinite(self.window).all()):
            yield "loadings with NaN or infinity"
        if not _is_covariance(self.shared, ranks[0]):
            yield f"no covariance of {ranks[0]} dimensions for what speakers share"
        if not 0 < self.scale <= 1:
            yield f"a scale of {self.scale}; allowed is more than 0, up to 1"
        if self.band not in BANDS:
            yield f"band {self.band!r}; allowed are {' and '.join(BANDS)}"
        if not isinstance(self.acoustics, dict) or set(self.acoustics) != set(ACOUSTIC):
            yield f"acoustics that are not the settings {', '.join(ACOUSTIC)}"
        if not isinstance(self.origin, dict):
            yield "an origin that is no table"

    def require(self, features: FeatureConfig) -> None:
        """Raises ModelError naming the first feature setting that differs from the model's, or saying that
        the model does not go with its own.
        """
        for name, trained in self.acoustics.items():
            asked = getattr(features, name)
            if asked != trained:
                raise ModelError(
                    f"the background model was trained with features.{name} = {trained!r}, not {asked!r}; "
                    "leave it at that, or train a model of your own"
                )
        if self.ubm.n_features_in_ != (wanted := features.voice_width(self.band)):
            raise ModelError(
                f"the background model has {self.ubm.n_features_in_} numbers a frame where its settings give "
                f"{wanted}; train it anew"
            )


def _is_covariance(matrix: Array, size: int) -> bool:
    """Whether it is finite, symmetric and has no negative eigenvalue worth the name."""
    if matrix.shape != (size, size) or not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T):
        return False
    values = np.linalg.eigvalsh(matrix)
    return bool(values[0] >= -1e-6 * max(1.0, values[-1]))


@dataclass(frozen=True, slots=True)
class TrainingUtterance:
    """One speaker in one recording condition: ``values`` (T, D) normalised cepstra without c0; ``mask``:
    where it speaks; ``clear`` (T,): the frames of that which count (``features.clear``).
    """

    speaker: str
    values: Array
    mask: SpeechMask
    clear: Array


def acoustics(features: FeatureConfig) -> dict[str, Any]:
    """The feature settings that a model fixes."""
    return {name: value for name, value in asdict(features).items() if name in ACOUSTIC}


class Activity(NamedTuple):
    """Frames of ``speech.activity_features``, of ``speech`` and of everything ``other``; rows of
    ``speech.motion``, of stretches that are mostly ``talk`` and of such that have none, ``music``.
    """

    speech: Array
    other: Array
    talk: Array
    music: Array


# Sizes, chosen by cross-validation over simulated conversations of voices held out.
N_COMPONENTS: Final = 64
N_ACTIVITY: Final = 64
SPEAKER_RANK: Final = 50  # dimensions of speaker space
WINDOW_RANK: Final = 30  # dimensions of what varies from window to window
# Share of a frame that counts as evidence: while learning loadings, and in use.
TRAINING_SCALE: Final = 0.3
SCALE: Final = 0.12
N_FRAMES: Final = 400_000  # most frames for a mixture
# Of what the speakers of a simulated recording have in common (room, noise, channel), the share that is
# taken to be so everywhere: elsewhere speakers have channels of their own, too.
IN_COMMON: Final = 0.5


def fitted(
    recordings: Sequence[Sequence[TrainingUtterance]],
    activity: Activity,
    *,
    band: str,
    config: Config,
    seed: int,
    origin: dict[str, Any],
    progress: Callable[[str, float], None],
) -> BackgroundModel:
    """Learn a model from the utterances of recordings, normalised as those are, and from what speech activity
    is told by.

    The same utterances and seed give the same model to the bit. Raises ModelError without two speakers.
    """
    utterances = [utterance for recording in recordings for utterance in recording]
    if len({u.speaker for u in utterances}) < 2:
        raise ModelError("a background model needs recordings of at least two speakers; dozens are better")
    progress("mixtures", 0.0)
    ubm = _mixture(np.concatenate([u.values[u.clear] for u in utterances]), N_COMPONENTS, seed)
    speech, other = (_mixture(x, N_ACTIVITY, seed) for x in (activity.speech, activity.other))
    talk = fit_discriminant(activity.talk, activity.music)
    progress("loadings", 0.0)
    statistics, classes, groups = _window_statistics(ubm, recordings)
    loadings = fit_speaker_and_window(statistics, classes, (SPEAKER_RANK, WINDOW_RANK), seed=seed)
    speaker, shared = _own_and_shared(statistics, classes, groups, loadings)
    kept = speaker.astype(np.float32), loadings[1].astype(np.float32)
    settings = acoustics(config.features)
    return BackgroundModel(ubm, speech, other, talk, *kept, shared, SCALE, band, settings, origin)


def _own_and_shared(
    statistics: Statistics, classes: Array, groups: Array, loadings: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Speaker loadings in units of what is a speaker's own, and the covariance of what speakers share.

    ``classes`` (n,): the utterance of each window; ``groups``: the recording of each utterance.
    """
    starts = np.flatnonzero(np.diff(classes, prepend=-1))
    said = observed(statistics, *loadings)
    pooled = Observations(*(np.add.reduceat(each, starts, dtype=np.float64) for each in said))
    own, shared = fit_shared(pooled, groups)
    own, shared = own + (1 - IN_COMMON) * shared, IN_COMMON * shared
    return loadings[0] @ root(own), in_units_of(own, shared)


def _mixture(frames: Array, n_components: int, seed: int) -> GMM:
    """A diagonal mixture of every n-th frame."""
    step = -(-len(frames) // N_FRAMES)
    return fit_gmm(frames[::step], n_components, "diag", random_state=seed, n_init=1, max_iter=50)[0]


def _window_statistics(
    ubm: GMM, recordings: Sequence[Sequence[TrainingUtterance]]
) -> tuple[Statistics, Array, Array]:
    """Statistics of all n windows, the utterance with windows (0, 1, …) that each is of, (n,), and the
    recording that each such utterance is of.
    """
    parts: list[Statistics] = []
    groups: list[int] = []
    for number, utterance in ((n, each) for n, recording in enumerate(recordings) for each in recording):
        bounds, _ = tiled(utterance.mask)
        if len(bounds):
            parts.append(accumulated(ubm, utterance.values, utterance.clear, bounds, TRAINING_SCALE))
            groups.append(number)
    classes = np.repeat(np.arange(len(parts)), [len(part.counts) for part in parts])
    counts, sums = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Statistics(counts, sums), classes, np.array(groups)


def save(model: BackgroundModel, path: str | PathLike[str]) -> None:
    """Write a model as npz, the same bytes for the same model, whole or not at all.

    What is there is replaced. Raises OutputError when it cannot be written.
    """
    words = {"band": model.band, "acoustics": model.acoustics, "origin": model.origin}
    arrays = {
        f"{name}_{field}": getattr(getattr(model, name), f"{field}_")
        for name in MIXTURES
        for field in ("weights", "means", "covariances")
    } | {
        "talk_weights": model.talk.weights,
        "talk_offset": np.array([model.talk.offset]),
        "speaker": model.speaker.astype(np.float64),
        "window": model.window.astype(np.float64),
        "shared": model.shared,
        "scale": np.array([model.scale]),
    }
    data = archived("background " + json.dumps(words, sort_keys=True), arrays)
    write_bytes(Path(path), data, overwrite=True)


def load(path: str | PathLike[str]) -> BackgroundModel:
    """Read a model; ModelError when the file is not one, whoever made it: nothing in it is executed, and
    nothing is allocated that it merely claims.
    """
    kind, arrays = load_arrays(path, ARRAYS, MOST_BYTES)
    word, _, text = kind.partition(" ")
    try:
        words = json.loads(text) if word == "background" else {}
        ubm, speech, other = (_stored_mixture(arrays, name) for name in MIXTURES)
        with np.errstate(over="ignore"):  # what does not fit into float32 is refused as infinite
            speaker, window = (arrays[name].astype(np.float32) for name in ("speaker", "window"))
        (scale,), (offset,) = arrays["scale"].tolist(), arrays["talk_offset"].tolist()
        talk = Discriminant(arrays["talk_weights"], offset)
        return BackgroundModel(
            ubm,
            speech,
            other,
            talk,
            speaker,
            window,
            arrays["shared"],
            scale,
            words["band"],
            words["acoustics"],
            words["origin"],
        )
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise ModelError(f"{path} is a saved model of another kind; pass a background model") from None


def _stored_mixture(arrays: dict[str, Array], name: str) -> GMM:
    weights, means, covariances = (arrays[f"{name}_{field}"] for field in ("weights", "means", "covariances"))
    return GMM(weights, means, covariances, "diag")


def shipped(band: str) -> BackgroundModel:
    """The model that comes with the package for the "wide" or "narrow" band."""
    return load(Path(__file__).parent / "data" / f"background-{band}.npz")
