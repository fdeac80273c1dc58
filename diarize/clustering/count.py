"""The number of speakers, its criterion, and the choice between the numbers that were tried."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.results import SpeakerCount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from diarize.config import ClusteringConfig

    Array = NDArray[Any]

__all__ = ["Clustering", "choose_count", "no_speakers"]


@dataclass(frozen=True, slots=True)
class Clustering:
    """The number of speakers and what spoke for it.

    ``criterion``: its name; ``counts`` (n,) speakers tried and ``values`` (n,) of the criterion, in nats,
    smaller is better; ``chosen``; ``equivalent``: counts that can hardly be told from the chosen, which is
    among them; ``solutions``: responsibilities (n_windows, K) for every count;
    ``confusable``: counts of a better value, or nearly as good, that cannot be trusted, because two of their
    speakers may be one whose voice changed; ``other_criterion`` and ``other_values`` (n,): what another
    criterion, which had no say, gives for the same solutions, in nats, or nothing.
    """

    criterion: str
    counts: tuple[int, ...]
    values: tuple[float, ...]
    chosen: int
    equivalent: tuple[int, ...]
    solutions: tuple[Array, ...]
    confusable: tuple[int, ...] = ()
    other_criterion: str = ""
    other_values: tuple[float, ...] = ()

    @property
    def responsibilities(self) -> Array:
        """Those of the chosen count, (n_windows, chosen)."""
        return self.solutions[self.counts.index(self.chosen)]

    @property
    def summary(self) -> SpeakerCount:
        """The count and the curve without the solutions behind it."""
        return SpeakerCount(
            self.criterion,
            self.counts,
            self.values,
            self.chosen,
            self.equivalent,
            self.explanation,
            self.why_no_more,
            self.other_criterion,
            self.other_values,
        )

    @property
    def explanation(self) -> str:
        """One line for people."""
        if len(self.counts) == 1:
            alone = "the sum over channels" if self.criterion == "channels" else "no other number came up"
            return f"{self.chosen}: {alone if self.chosen else 'nobody speaks'}"
        others = [str(k) for k in self.equivalent if k != self.chosen]
        if others:
            return f"{self.chosen} by {self.criterion}; nearly as good: {', '.join(others)}"
        if self.chosen in self.confusable:
            return f"{self.chosen} as asked, though two of the voices are much alike"
        pairs = zip(self.values, self.counts, strict=True)
        (least, best), *further = sorted(each for each in pairs if each[1] not in self.confusable)
        if best != self.chosen:
            ahead = f"{self.values[self.counts.index(self.chosen)] - least:.0f} nats ahead"
            return f"{self.chosen} as asked; {self.criterion} alone says {best}, {ahead}"
        if self.confusable:
            more = self.confusable[0]
            return f"{self.chosen} by {self.criterion}; two voices of {more} would be too much alike"
        value, runner_up = further[0]
        return f"{self.chosen} by {self.criterion}; next is {runner_up}, {value - least:.0f} nats behind"

    def beyond(self, solutions: Mapping[int, Array], values: Mapping[int, float]) -> Clustering:
        """The same choice with further counts for its curve."""
        value = {**values, **dict(zip(self.counts, self.values, strict=True))}
        solution = {**solutions, **dict(zip(self.counts, self.solutions, strict=True))}
        counts = tuple(sorted(value))
        shown, kept = tuple(value[k] for k in counts), tuple(solution[k] for k in counts)
        return replace(self, counts=counts, values=shown, solutions=kept)

    def up_to(self, limit: int) -> Clustering:
        """The same choice with the counts of its curve that do not pass a limit, nor the chosen one."""
        n = sum(k <= max(limit, self.chosen) for k in self.counts)
        return replace(
            self,
            counts=self.counts[:n],
            values=self.values[:n],
            solutions=self.solutions[:n],
            other_values=self.other_values[:n],
        )

    @property
    def why_no_more(self) -> str:
        """One sentence: why the number after the chosen one lost."""
        more = self.chosen + 1
        if not self.chosen:
            return "1 lost: there is no speech"
        if more not in self.counts:
            return f"{more} lost: no further voice kept a stretch of its own"
        behind = self.values[self.counts.index(more)] - self.values[self.counts.index(self.chosen)]
        if more in self.equivalent:
            only = f"by {behind:.0f} nats only" if behind >= 0 else "because two of its voices may be one"
            return f"{more} lost {only}: listen before trusting {self.chosen}"
        if more in self.confusable:
            return f"{more} lost: two of its voices are likelier one voice that changed than two"
        if behind < 0:
            return f"{more} would be better by {-behind:.0f} nats, but was not allowed"
        return f"{more} lost by {behind:.0f} nats: a further voice explains less than it costs"


def no_speakers() -> Clustering:
    """What there is to say when there was no speech."""
    return Clustering("no speech", (0,), (0.0,), 0, (0,), (np.zeros((0, 0)),))


def choose_count(
    criterion: str,
    solutions: dict[int, Array],
    values: dict[int, float],
    config: ClusteringConfig,
    believable: Callable[[Array, float], bool] = lambda responsibilities, margin: True,
) -> Clustering:
    """The allowed count with the least value whose solution is believable, all counts reported.

    When none of the allowed is, the one with the least value. Nearly as good are those that miss either by no
    more than ``config.equivalent``.
    """
    counts = tuple(sorted(values))
    ranked = sorted((values[k], k) for k in counts)
    is_distinct = cache(lambda k: believable(solutions[k], 0.0))
    confusable = tuple(takewhile(lambda k: not is_distinct(k), (k for _, k in ranked)))
    allowed = [each for each in ranked if config.min_speakers <= each[1] <= config.max_speakers]
    best, chosen = next((each for each in allowed if is_distinct(each[1])), allowed[0])
    close = [k for value, k in allowed if value - best <= config.equivalent]
    near = tuple(sorted(k for k in close if k == chosen or believable(solutions[k], config.equivalent)))
    confusable = (*confusable, *(k for k in close if k not in (*near, *confusable)))  # nearly as good
    shown, kept = tuple(values[k] for k in counts), tuple(solutions[k] for k in counts)
    return Clustering(criterion, counts, shown, chosen, near, kept, confusable)
