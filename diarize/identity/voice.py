"""A voice: what recordings said of it, and the log odds that two voices are one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import ModelError
from diarize.models.factors import Observations
from diarize.models.sessions import log_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from diarize.background import BackgroundModel

    Array = NDArray[Any]

__all__ = ["BANDS", "Evidence", "Voice", "fingerprint", "joined", "log_odds"]

BANDS: Final = ("embedding", "wide", "narrow")  # in the order in which they are asked
# Log odds = slope · log ratio + offset: logistic calibration (Brümmer & du Preez 2006) on voices that the
# models did not know, python -m benchmarks.known; one line serves both bands.
CALIBRATION: Final = {"embedding": (0.27, -0.42), "wide": (0.87, -1.6), "narrow": (0.87, -1.6)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What n recordings said of a voice under one background model, a row each.

    ``linear`` (n, R) and ``precision`` (n, R(R+1)/2) float64, as in ``models.factors``; ``seconds`` (n,) of
    speech; ``model``: the fingerprint of the background model. Raises ModelError for arrays that do not fit
    or are not finite. Rows are kept in one order, equal ones once: the same recording twice is heard once.
    """

    linear: Array
    precision: Array
    seconds: Array
    model: str

    def __post_init__(self) -> None:
        arrays = [np.asarray(each, dtype=np.float64) for each in (self.linear, self.precision, self.seconds)]
        n, rank = arrays[0].shape if arrays[0].ndim == 2 else (0, 0)
        if n < 1 or rank < 1 or arrays[1].shape != (n, rank * (rank + 1) // 2) or arrays[2].shape != (n,):
            shapes = ", ".join(str(each.shape) for each in arrays)
            raise ModelError(f"evidence of shapes {shapes}; (n, R), (n, R(R+1)/2) and (n,) are needed")
        if not all(np.isfinite(each).all() for each in arrays):
            raise ModelError("evidence with NaN or infinity; enrol the voice again")
        rows = np.unique(np.column_stack(arrays), axis=0)
        for name, part in zip(("linear", "precision", "seconds"), _parts(rows, rank), strict=True):
            part.flags.writeable = False
            object.__setattr__(self, name, part)

    @property
    def observations(self) -> Observations:
        """All rows, for ``models.sessions``."""
        return Observations(self.linear, self.precision)


def _parts(rows: Array, rank: int) -> tuple[Array, Array, Array]:
    return rows[:, :rank].copy(), rows[:, rank:-1].copy(), rows[:, -1].copy()


@dataclass(frozen=True, slots=True)
class Voice:
    """A name and its evidence, by a speaker embedding or by band, "wide", "narrow" or both."""

    name: str
    evidence: Mapping[str, Evidence]

    @property
    def seconds(self) -> float:
        """Of speech that it was learnt from."""
        return max(float(each.seconds.sum()) for each in self.evidence.values())

    @property
    def n_recordings(self) -> int:
        """How many recordings it was heard in."""
        return max(len(each.seconds) for each in self.evidence.values())


def joined(name: str, voices: Sequence[Voice]) -> Voice:
    """All that several voices of one person know; in which order they are given does not matter.

    Raises ModelError when they were made with different background models.
    """
    evidence = {}
    for band in BANDS:
        parts = [voice.evidence[band] for voice in voices if band in voice.evidence]
        if parts:
            evidence[band] = _joined(name, parts)
    return Voice(name, evidence)


def _joined(name: str, parts: Sequence[Evidence]) -> Evidence:
    if len({part.model for part in parts}) > 1:
        raise ModelError(f"the voice of {name!r} was enrolled with another background model; enrol it anew")
    arrays = ([p.linear for p in parts], [p.precision for p in parts], [p.seconds for p in parts])
    linear, precision, seconds = (np.concatenate(each) for each in arrays)
    return Evidence(linear, precision, seconds, parts[0].model)


def log_odds(first: Voice, second: Voice) -> float:
    """That both are one voice rather than two, in nats, were either as likely beforehand: calibrated.

    In the wide band where both have been heard in it, else in the narrow one. Raises ModelError when they
    have no background model in common.
    """
    for band in BANDS:
        a, b = first.evidence.get(band), second.evidence.get(band)
        if a and b and a.model == b.model and a.linear.shape[1] == b.linear.shape[1]:
            slope, offset = CALIBRATION[band]
            return slope * log_ratio(a.observations, b.observations) + offset
    raise ModelError(
        f"the voices of {first.name!r} and {second.name!r} were made with different background models; "
        "enrol them anew with the one in use"
    )


def fingerprint(model: BackgroundModel) -> str:
    """Sixteen hexadecimal digits that change when anything that evidence rests on does."""
    total = hashlib.sha256(repr(sorted(model.acoustics.items())).encode())
    ubm = model.ubm
    for array in (ubm.weights_, ubm.means_, ubm.covariances_, model.speaker, model.window, model.scale):
        total.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return total.hexdigest()[:16]
