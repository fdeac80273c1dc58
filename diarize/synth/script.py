"""The script of a conversation: speakers, phrases and times, without sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.annotation import Annotation, Turn
from diarize.synth.phrases import MAX_PAUSE_IN_TURN, MIN_PAUSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from diarize.synth.phrases import Phrase
    from diarize.synth.settings import SynthConfig

    Array = NDArray[Any]

__all__ = ["ScriptLine", "plan_script", "reference_annotation"]

SAME_SPEAKER_WEIGHT = 0.3  # weight of the last speaker for the next turn, relative to the others
PHRASE_PAUSE = (0.15, 0.45)  # pause between phrases that were not neighbours, seconds
MAX_TRIES = 8  # attempts to fit a turn before the rest stays silent


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """Phrase number ``phrase`` of speaker number ``speaker``: ``length`` samples from sample ``onset``."""

    speaker: int
    phrase: int
    onset: int
    length: int


@dataclass(slots=True)
class _PhraseQueue:
    """One speaker's phrases: each is used once before any is repeated in another order."""

    phrases: Sequence[Phrase]
    rng: np.random.Generator
    repeat: bool
    unused: set[int] = field(init=False)
    order: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.unused = set(range(len(self.phrases)))

    @property
    def is_empty(self) -> bool:
        """Whether all phrases are used."""
        return not self.repeat and not self.unused

    def _first(self) -> int:
        while self.order and self.order[-1] not in self.unused:
            self.order.pop()
        if not self.order:
            self.order = [int(i) for i in self.rng.permutation(len(self.phrases))]
            self.unused = set(self.order)
        return self.order.pop()

    def _next_in_recording(self, index: int, room: float) -> int | None:
        """The next phrase of the same recording, if it is unused and more than half of it fits."""
        gap, following = self.phrases[index].gap, index + 1
        if gap is None or following not in self.unused:
            return None
        return following if gap + self.phrases[following].length / 2 <= room else None

    def turn(self, wanted: float, rate: int) -> list[tuple[int, int]]:
        """Phrases and their onsets after the start of the turn, about ``wanted`` samples in all."""
        said: list[tuple[int, int]] = []
        clock, index = 0, self._first()
        while True:
            said.append((index, clock))
            self.unused.discard(index)
            clock += self.phrases[index].length
            following = self._next_in_recording(index, wanted - clock)
            if following is not None:
                clock += self.phrases[index].gap or 0
                index = following
                continue
            clock += round(self.rng.uniform(*PHRASE_PAUSE) * rate)
            if clock >= wanted or self.is_empty:
                return said
            index = self._first()


def _shares(config: SynthConfig, n: int, rng: np.random.Generator) -> Array:
    """Each speaker's share of the talk, (n,), summing to 1."""
    drawn = rng.dirichlet(np.full(n, config.share_concentration))
    return np.asarray(config.least_share / n + (1 - config.least_share) * drawn)


@dataclass(slots=True)
class _TalkState:
    """The talk so far in samples: last end of all and of each speaker, and total of each speaker."""

    said_until: Array
    spoken: Array
    floor: int = 0
    last_start: int = 0
    last_speaker: int = -1

    def turn_probabilities(self, shares: Array, turn: float, able: Array) -> Array:
        """Probability (n,) of each speaker in ``able`` for the next turn: the deficit to the intended share,
        reduced for the last speaker.
        """
        behind = able * np.maximum(shares * (self.spoken.sum() + turn) - self.spoken, 0)
        if self.last_speaker >= 0 and behind.size > 1:
            behind[self.last_speaker] *= SAME_SPEAKER_WEIGHT
        wished = behind if behind.sum() > 0 else able * shares
        return np.asarray(wished / wished.sum())

    def start(self, speaker: int, config: SynthConfig, rng: np.random.Generator) -> int:
        """Start of the next turn: after a pause, or in overlap with the others."""
        overlaps = rng.random() < config.overlap_probability
        pause, early = rng.exponential(config.pause_mean), rng.exponential(config.overlap_mean)
        if not overlaps or speaker == self.last_speaker or self.last_speaker < 0:
            return self.floor + round(pause * config.rate)
        own = int(self.said_until[speaker]) + round(MIN_PAUSE * config.rate)
        return max(self.floor - round(early * config.rate), self.last_start, own)

    def add(self, lines: list[ScriptLine]) -> None:
        """Count the lines of one turn."""
        speaker, end = lines[0].speaker, lines[-1].onset + lines[-1].length
        self.said_until[speaker] = end
        self.spoken[speaker] += sum(line.length for line in lines)
        self.floor, self.last_start, self.last_speaker = max(self.floor, end), lines[0].onset, speaker


def plan_script(
    cast: Sequence[Sequence[Phrase]], config: SynthConfig, rng: np.random.Generator
) -> list[ScriptLine]:
    """The lines of a conversation in the order of turns; all end within the configured duration."""
    shares, decks = (
        _shares(config, len(cast), rng),
        [_PhraseQueue(phrases, rng, config.repeat) for phrases in cast],
    )
    talk = _TalkState(np.zeros(len(cast), dtype=np.int64), np.zeros(len(cast)))
    lines: list[ScriptLine] = []
    misses = 0
    while misses < MAX_TRIES and not all(deck.is_empty for deck in decks):
        wanted = config.turn_median * np.exp(config.turn_spread * rng.standard_normal()) * config.rate
        able = np.array([not deck.is_empty for deck in decks])
        speaker = int(rng.choice(len(cast), p=talk.turn_probabilities(shares, wanted, able)))
        start = talk.start(speaker, config, rng)
        said = decks[speaker].turn(wanted, config.rate)
        turn = [ScriptLine(speaker, i, start + at, cast[speaker][i].length) for i, at in said]
        turn = [line for line in turn if line.onset + line.length <= config.n_samples]
        misses = 0 if turn else misses + 1
        if turn:
            talk.add(turn)
            lines += turn
    return lines


def _merge(rows: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Merge sorted intervals in samples with pauses up to ``gap``."""
    merged = rows[:1]
    for start, end in rows[1:]:
        if start - merged[-1][1] <= gap:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def reference_annotation(
    lines: Sequence[ScriptLine], names: Sequence[str], rate: int, recording: str
) -> Annotation:
    """The reference: the speech of every line, with pauses of one speaker up to 0.3 s filled."""
    turns: list[Turn] = []
    for number, name in enumerate(names):
        rows = sorted((line.onset, line.onset + line.length) for line in lines if line.speaker == number)
        intervals = _merge(rows, round(MAX_PAUSE_IN_TURN * rate))
        turns += [Turn(start / rate, end / rate, name) for start, end in intervals]
    return Annotation(recording, tuple(turns))
