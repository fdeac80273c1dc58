"""What a result keeps of the voices in it, so that naming and linking need not decode the sound again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["SpeakerStatistics", "VoiceStatistics"]


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerStatistics:
    """The windows in which one speaker speaks alone.

    ``mean`` (d,): their mean point in the speaker space; ``windows``: how many full windows they amount to,
    from which follows how uncertain the mean is; ``seconds`` of speech alone. Raises FormatError for numbers
    that cannot be.
    """

    speaker: str
    mean: Array
    windows: float
    seconds: float

    def __post_init__(self) -> None:
        mean = np.array(self.mean, dtype=np.float64)
        mean.flags.writeable = False
        object.__setattr__(self, "mean", mean)
        if mean.ndim != 1 or not np.isfinite(mean).all():
            raise FormatError(f"a voice of {self.speaker} that is no row of numbers; run the recording again")
        if not (0 < self.windows < np.inf and 0 < self.seconds < np.inf):
            raise FormatError(
                f"a voice of {self.speaker} in {self.windows:g} windows and {self.seconds:g} s; both must be "
                "positive, run the recording again"
            )


@dataclass(frozen=True, slots=True, eq=False)
class VoiceStatistics:
    """The voices of a recording in the space of one speaker embedding.

    ``model``: the first digits of the embedding's checksum; ``between`` ψ (d,): the variance of speakers in
    every dimension, where that within one is 1; ``speakers``: who is heard alone at all. Voices can be
    compared where ``model`` and ``between`` are the same.
    """

    model: str
    between: Array
    speakers: tuple[SpeakerStatistics, ...]

    def __post_init__(self) -> None:
        between = np.array(self.between, dtype=np.float64)
        between.flags.writeable = False
        object.__setattr__(self, "between", between)
        if between.ndim != 1 or not (between > 0).all() or not np.isfinite(between).all():
            raise FormatError("voices whose variances are not positive numbers; run the recording again")
        for each in self.speakers:
            if each.mean.shape != between.shape:
                raise FormatError(
                    f"a voice of {each.speaker} in {len(each.mean)} dimensions of {len(between)}; run the "
                    "recording again"
                )

    def rename(self, names: Mapping[str, str]) -> VoiceStatistics:
        """The same under other names; speakers who get one name become one voice."""
        groups: dict[str, list[SpeakerStatistics]] = {}
        for each in self.speakers:
            groups.setdefault(names.get(each.speaker, each.speaker), []).append(each)
        return replace(self, speakers=tuple(_pool(name, each) for name, each in groups.items()))

    def select(self, speakers: Sequence[str]) -> VoiceStatistics:
        """The voices of these speakers alone."""
        return replace(self, speakers=tuple(each for each in self.speakers if each.speaker in speakers))

    def to_dict(self) -> dict[str, Any]:
        """The voices as JSON has them; numbers are written out in full, so nothing is lost."""
        return {
            "model": self.model,
            "between": self.between.tolist(),
            "speakers": [
                {
                    "speaker": each.speaker,
                    "windows": float(each.windows),
                    "seconds": float(each.seconds),
                    "mean": each.mean.tolist(),
                }
                for each in self.speakers
            ],
        }

    @classmethod
    def from_dict(cls, fields: Any, where: str) -> VoiceStatistics:
        """The voices out of such fields. Raises FormatError for anything else."""
        try:
            speakers = tuple(
                SpeakerStatistics(
                    str(row["speaker"]), _numbers(row["mean"]), float(row["windows"]), float(row["seconds"])
                )
                for row in fields["speakers"]
            )
            return cls(str(fields["model"]), _numbers(fields["between"]), speakers)
        except FormatError as error:
            raise FormatError(f"{where}: {error}") from None
        except (KeyError, TypeError, ValueError, OverflowError):
            raise FormatError(
                f"{where}: its voices are not as diarize writes them; run the recording again"
            ) from None


def _numbers(row: Any) -> Array:
    if not isinstance(row, list):
        raise TypeError(row)
    return np.array([float(each) for each in row], dtype=np.float64)


def _pool(name: str, parts: Sequence[SpeakerStatistics]) -> SpeakerStatistics:
    """One voice of several: the mean of all their windows."""
    if len(parts) == 1:
        return replace(parts[0], speaker=name)
    windows = sum(each.windows for each in parts)
    total: Array = np.sum([each.windows * each.mean for each in parts], axis=0)
    return SpeakerStatistics(name, total / windows, windows, sum(each.seconds for each in parts))
