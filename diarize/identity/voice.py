"""A voice: its embeddings in recordings, and the log odds that two voices are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.embedding.two_covariance import log_evidence
from diarize.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["Voice", "VoiceEmbeddings", "log_odds", "pool_voices"]

# Log odds = slope · log likelihood ratio + offset: logistic calibration (Brümmer & du Preez 2006) on held-out
# voices, python -m benchmarks.known.
SLOPE: Final = 0.84
OFFSET: Final = -3.77


@dataclass(frozen=True, slots=True)
class VoiceEmbeddings:
    """A voice in n recordings by one speaker embedding, one row per recording.

    ``means`` (n, d): the mean point of the windows; ``variances`` (n,): of that point about the speaker;
    ``seconds`` (n,) of speech; ``between`` ψ (d,): variance of speakers, where that within one is 1;
    ``model``: first digits of the embedding's checksum. Raises ModelError for arrays that do not fit or are
    not finite. Rows are sorted and equal rows are kept once, so the same recording twice counts once.
    """

    means: Array
    variances: Array
    seconds: Array
    between: Array
    model: str

    def __post_init__(self) -> None:
        means, variances, seconds, between = (
            np.asarray(each, dtype=np.float64)
            for each in (self.means, self.variances, self.seconds, self.between)
        )
        n, d = means.shape if means.ndim == 2 else (0, 0)
        if n < 1 or d < 1 or variances.shape != (n,) or seconds.shape != (n,) or between.shape != (d,):
            shapes = ", ".join(str(each.shape) for each in (means, variances, seconds, between))
            raise ModelError(f"voice embeddings of shapes {shapes}; (n, d), (n,), (n,) and (d,) are needed")
        if not all(np.isfinite(each).all() for each in (means, variances, seconds, between)):
            raise ModelError("voice embeddings with NaN or infinity; enroll the voice again")
        if min(variances.min(), seconds.min(), between.min()) <= 0:
            raise ModelError(
                "voice embeddings with variances or lengths that are not positive; enroll it again"
            )
        rows = np.unique(np.column_stack((means, variances, seconds)), axis=0)
        kept = {"means": rows[:, :d], "variances": rows[:, d], "seconds": rows[:, d + 1], "between": between}
        for name, part in kept.items():
            own = part.copy()
            own.flags.writeable = False
            object.__setattr__(self, name, own)


@dataclass(frozen=True, slots=True)
class Voice:
    """A name and the embeddings of the voice."""

    name: str
    embeddings: VoiceEmbeddings

    @property
    def seconds(self) -> float:
        """Seconds of speech of which the embeddings are means."""
        return float(self.embeddings.seconds.sum())

    @property
    def n_recordings(self) -> int:
        """Number of recordings with this voice."""
        return len(self.embeddings.seconds)


def pool_voices(name: str, voices: Sequence[Voice]) -> Voice:
    """Pool the embeddings of several voices of one person; the order does not matter.

    Raises ModelError when they were made with different embeddings.
    """
    parts = [voice.embeddings for voice in voices]
    for part in parts[1:]:
        if not _comparable(parts[0], part):
            raise ModelError(f"the voice of {name!r} was enrolled with another embedding; enroll it again")
    means, variances, seconds = (
        np.concatenate(each)
        for each in zip(*((part.means, part.variances, part.seconds) for part in parts), strict=True)
    )
    return Voice(name, VoiceEmbeddings(means, variances, seconds, parts[0].between, parts[0].model))


def log_odds(first: Voice, second: Voice) -> float:
    """Log odds that two voices are one.

    Parameters
    ----------
    first, second : the voices

    Returns
    -------
    Calibrated log odds in nats, at equal prior probabilities of one voice and two.

    Raises
    ------
    ModelError
        When they were made with different embeddings.

    """
    a, b = first.embeddings, second.embeddings
    if not _comparable(a, b):
        raise ModelError(
            f"the voices of {first.name!r} and {second.name!r} were made with different embeddings; "
            "enroll them again with the one in use"
        )
    both = np.concatenate((a.means, b.means)), np.concatenate((a.variances, b.variances))
    ratio = (
        log_evidence(*both, a.between)
        - log_evidence(a.means, a.variances, a.between)
        - log_evidence(b.means, b.variances, b.between)
    )
    return SLOPE * ratio + OFFSET


def _comparable(first: VoiceEmbeddings, second: VoiceEmbeddings) -> bool:
    return first.model == second.model and np.array_equal(first.between, second.between)
