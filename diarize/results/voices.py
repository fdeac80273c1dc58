"""Voice statistics of a result, so that naming and linking need not decode the sound again."""

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

    ``mean`` (d,): their mean point in the speaker space; ``windows``: their total length in full windows,
    which gives the variance of the mean; ``seconds`` of speech alone. Raises FormatError for impossible
    values.
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
            raise FormatError(
                f"a voice of {self.speaker} that is not a row of numbers; run the recording again"
            )
        if not (0 < self.windows < np.inf and 0 < self.seconds < np.inf):
            raise FormatError(
                f"a voice of {self.speaker} in {self.windows:g} windows and {self.seconds:g} s; both must be "
                "positive, run the recording again"
            )


@dataclass(frozen=True, slots=True, eq=False)
class VoiceStatistics:
    """The voices of a recording in the space of one speaker embedding.

    ``model``: the first digits of the embedding's checksum; ``between`` ψ (d,): the variance between speakers
    in every dimension, where the variance within a speaker is 1; ``speakers``: those who speak alone at least
    once. Voices are comparable if ``model`` and ``between`` are equal.
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
        """The same with renamed speakers; speakers with the same new name are pooled."""
        groups: dict[str, list[SpeakerStatistics]] = {}
        for each in self.speakers:
            groups.setdefault(names.get(each.speaker, each.speaker), []).append(each)
        return replace(self, speakers=tuple(_pool(name, each) for name, each in groups.items()))

    def select(self, speakers: Sequence[str]) -> VoiceStatistics:
        """The voices of these speakers only."""
        return replace(self, speakers=tuple(each for each in self.speakers if each.speaker in speakers))

    def to_dict(self) -> dict[str, Any]:
        """The JSON of the voices, with numbers in full precision."""
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
        """The inverse of ``to_dict``.

        Parameters
        ----------
        fields : what ``to_dict`` gave, after JSON
        where : file and recording, for messages

        Returns
        -------
        The same voices.

        Raises
        ------
        FormatError
            For anything else.

        """
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
    """Pool several voices: the mean of all their windows."""
    if len(parts) == 1:
        return replace(parts[0], speaker=name)
    windows = sum(each.windows for each in parts)
    total: Array = np.sum([each.windows * each.mean for each in parts], axis=0)
    return SpeakerStatistics(name, total / windows, windows, sum(each.seconds for each in parts))
