"""Identification: the known voice of each speaker of a recording, at most one each, or none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.identity.enrollment import voices_in_result
from diarize.identity.voice import log_odds
from diarize.lazy_imports import import_assignment_solver
from diarize.types import Match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from diarize.identity.voice import Voice
    from diarize.pipeline import Diarization

    Array = NDArray[Any]

__all__ = ["THRESHOLD", "KnownVoices", "match_voices", "name_speakers"]

# log 99: the posterior is above one half if one speaker in a hundred is expected to have this voice.
THRESHOLD: Final = 4.6


@dataclass(frozen=True, slots=True)
class KnownVoices:
    """Voices to name speakers by, and the log odds that a name needs."""

    voices: tuple[Voice, ...]
    threshold: float = THRESHOLD

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that change when any voice or the threshold changes."""
        total = hashlib.sha256(repr(self.threshold).encode())
        for voice in sorted(self.voices, key=lambda each: each.name):
            total.update(repr(voice.name).encode())
            embeddings = voice.embeddings
            total.update(
                embeddings.model.encode() + embeddings.means.tobytes() + embeddings.variances.tobytes()
            )
        return total.hexdigest()[:16]


def match_voices(
    speakers: Mapping[str, Voice | None], known: Sequence[Voice], threshold: float = THRESHOLD
) -> tuple[Match, ...]:
    """Match each speaker to a known voice or to none.

    The one-to-one assignment maximises the sum of log odds above the threshold. The order of ``known`` does
    not matter.

    Parameters
    ----------
    speakers : the voice of each speaker, None for one with too little speech
    known : the voices to compare with
    threshold : least log odds for a match, in nats

    Returns
    -------
    One match for each speaker, with the nearest voice and its log odds.

    Raises
    ------
    ModelError
        For voices of different embeddings.

    References
    ----------
    Kuhn 1955, "The Hungarian method for the assignment problem".

    """
    known = sorted(known, key=lambda voice: voice.name)
    odds = _odds(list(speakers.values()), known)
    gains = np.maximum(odds - threshold, 0.0)
    rows, columns = import_assignment_solver()(-gains)
    chosen = {int(i): int(j) for i, j in zip(rows, columns, strict=True) if gains[i, j] > 0}
    return tuple(_match(name, odds[i], known, chosen.get(i), threshold) for i, name in enumerate(speakers))


def _odds(speakers: Sequence[Voice | None], known: Sequence[Voice]) -> Array:
    """Log odds (n_speakers, n_known); −∞ for a speaker without a voice."""
    odds = np.full((len(speakers), len(known)), -np.inf)
    for i, voice in enumerate(speakers):
        if voice:
            odds[i] = [log_odds(voice, each) for each in known]
    return odds


def _match(speaker: str, odds: Array, known: Sequence[Voice], chosen: int | None, threshold: float) -> Match:
    if not np.isfinite(odds).any():
        return Match(speaker, None, None, None, threshold)
    nearest = int(odds.argmax()) if chosen is None else chosen
    name = None if chosen is None else known[chosen].name
    return Match(speaker, name, known[nearest].name, float(odds[nearest]), threshold)


def name_speakers(
    result: Diarization,
    recording: str | PathLike[str],
    known: Sequence[Voice],
    threshold: float = THRESHOLD,
) -> Diarization:
    """Name the speakers of a result by known voices.

    Parameters
    ----------
    result : a diarization
    recording : its path; it is read only if the result has no voices
    known : the voices to compare with
    threshold : least log odds for a name, in nats

    Returns
    -------
    The result with names, and the reasons in ``matches``.

    Raises
    ------
    AudioError, PartError
        As ``measure_voices`` does.
    ModelError
        As ``match_voices`` does.

    """
    voices = voices_in_result(result, recording)
    matches = match_voices({name: voices.get(name) for name in result.annotation.speakers}, known, threshold)
    names = {match.speaker: match.name for match in matches if match.name}
    speakers = tuple(names.get(name, name) for name in result.posteriors.speakers)
    return replace(
        result,
        annotation=result.annotation.rename(names),
        posteriors=replace(result.posteriors, speakers=speakers),
        voices=result.voices.rename(names) if result.voices else None,
        matches=matches,
    )
