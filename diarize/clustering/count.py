"""Choose the number of speakers by a criterion, and give the reasons."""

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
    """The speaker of each window, for every number of speakers tried, and the chosen number.

    Attributes
    ----------
    criterion
        Name of the criterion that chose the number.
    counts, values
        (n,) numbers of speakers tried, and the criterion of each in nats; smaller is better.
    chosen
        The chosen number.
    equivalent
        Numbers whose criterion is within ``clustering.equivalent`` nats of the chosen one, which is included.
    solutions
        Responsibilities (n_windows, K) for every number.
    confusable
        Numbers with a better or a nearly equal criterion that were not chosen, because two of their speakers
        may be one speaker whose voice changed.
    other_criterion, other_values
        A second criterion, for comparison only, and its values (n,) in nats for the same solutions; empty
        where none was computed.
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
        """The solution for the chosen number, (n_windows, chosen)."""
        return self.solutions[self.counts.index(self.chosen)]

    @property
    def count(self) -> SpeakerCount:
        """The chosen number and the curve of the criterion, without the solutions."""
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
        """One line: the chosen number, the criterion, and the second best number or the reason against it."""
        if len(self.counts) == 1:
            alone = "the sum over channels" if self.criterion == "channels" else "no other number was found"
            return f"{self.chosen}: {alone if self.chosen else 'there is no speech'}"
        others = [str(k) for k in self.equivalent if k != self.chosen]
        if others:
            best = min(self.equivalent, key=lambda k: (self.values[self.counts.index(k)], k != self.chosen))
            why = "" if best == self.chosen else f", because with {best} two speakers may be one person"
            return f"{self.chosen} by {self.criterion}{why}; nearly as good: {', '.join(others)}"
        if self.chosen in self.confusable:
            return f"{self.chosen} as requested, but two of these speakers may be one person"
        pairs = zip(self.values, self.counts, strict=True)
        (least, best), *further = sorted(each for each in pairs if each[1] not in self.confusable)
        if best != self.chosen:
            worse = self.values[self.counts.index(self.chosen)] - least
            return (
                f"{self.chosen} as requested; by {self.criterion} it is worse than {best} by {worse:.0f} nats"
            )
        if self.confusable:
            more = self.confusable[0]
            return f"{self.chosen} by {self.criterion}; with {more}, two speakers may be one person"
        value, second = further[0]
        return (
            f"{self.chosen} by {self.criterion}; second best is {second}, worse by {value - least:.0f} nats"
        )

    def extend(self, solutions: Mapping[int, Array], values: Mapping[int, float]) -> Clustering:
        """The same choice with more numbers on its curve.

        Parameters
        ----------
        solutions : responsibilities (n_windows, K) by number of speakers K
        values : the criterion of each of these numbers, nats

        Returns
        -------
        The clustering with all numbers, sorted; where a number was on the curve before, its values from
        before are kept.

        """
        value = {**values, **dict(zip(self.counts, self.values, strict=True))}
        solution = {**solutions, **dict(zip(self.counts, self.solutions, strict=True))}
        counts = tuple(sorted(value))
        shown, kept = tuple(value[k] for k in counts), tuple(solution[k] for k in counts)
        return replace(self, counts=counts, values=shown, solutions=kept)

    def limit(self, limit: int) -> Clustering:
        """The same choice with the curve cut at a limit, or at the chosen number if that is larger."""
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
        """One sentence: why the next larger number was not chosen."""
        more = self.chosen + 1
        if not self.chosen:
            return "1 was not chosen: there is no speech"
        if more not in self.counts:
            return f"{more} was not tried: the search found no further speaker"
        worse = self.values[self.counts.index(more)] - self.values[self.counts.index(self.chosen)]
        if more in self.equivalent:
            better = f"is better by {-worse:.0f} nats, but two of its speakers may be one person"
            near = f"is worse by only {worse:.0f} nats" if worse >= 0 else better
            return f"{more} {near}: listen before you trust {self.chosen}"
        if more in self.confusable:
            return f"{more} was not chosen: two of its speakers are more likely one person than two"
        if worse < 0:
            return f"{more} is better by {-worse:.0f} nats, but was not allowed"
        return (
            f"{more} was not chosen: it is worse by {worse:.0f} nats, because one more speaker raises the "
            "likelihood by less than the penalty for its parameters"
        )


def no_speakers() -> Clustering:
    """The clustering of a recording without speech."""
    return Clustering("no speech", (0,), (0.0,), 0, (0,), (np.zeros((0, 0)),))


def choose_count(
    criterion: str,
    solutions: dict[int, Array],
    values: dict[int, float],
    config: ClusteringConfig,
    are_distinct: Callable[[Array, float], bool] = lambda responsibilities, margin: True,
) -> Clustering:
    """Choose the allowed number with the least value whose speakers are all distinct.

    If there is no such solution among the allowed numbers, the number with the least value is chosen. Numbers
    are equivalent if they miss both conditions by at most ``config.equivalent`` nats. All numbers are
    reported.

    Parameters
    ----------
    criterion : its name, for the explanation
    solutions : responsibilities (n_windows, K) by number of speakers
    values : the criterion of each number, nats; smaller is better. At least one number is allowed
    config : least and greatest number of speakers, and ``equivalent``
    are_distinct : whether no two speakers of a solution may be one person, with a margin in nats

    Returns
    -------
    The clustering, with the chosen number.

    """
    counts = tuple(sorted(values))
    ranked = sorted((values[k], k) for k in counts)
    is_distinct = cache(lambda k: are_distinct(solutions[k], 0.0))
    confusable = tuple(takewhile(lambda k: not is_distinct(k), (k for _, k in ranked)))
    allowed = [each for each in ranked if config.min_speakers <= each[1] <= config.max_speakers]
    best, chosen = next((each for each in allowed if is_distinct(each[1])), allowed[0])
    close = [k for value, k in allowed if value - best <= config.equivalent]
    near = tuple(sorted(k for k in close if k == chosen or are_distinct(solutions[k], config.equivalent)))
    confusable = (*confusable, *(k for k in close if k not in (*near, *confusable)))  # nearly as good
    shown, kept = tuple(values[k] for k in counts), tuple(solutions[k] for k in counts)
    return Clustering(criterion, counts, shown, chosen, near, kept, confusable)
