"""Hidden Markov chains on plain arrays: posteriors, best path, expected transitions, least durations.

In come log likelihoods (T, K) of T frames under K states and a chain; out go posteriors, a path or expected
counts. Of other rooms, it imports only ``mixtures`` and errors; nothing here knows of seconds or speakers.
"""

from __future__ import annotations

from diarize.hmm.inference import PathCounts, expected_counts, forward_backward, viterbi
from diarize.hmm.redrawn import smooth_redrawn
from diarize.hmm.transitions import Transitions, sticky_transitions

__all__ = [
    "PathCounts",
    "Transitions",
    "expected_counts",
    "forward_backward",
    "smooth_redrawn",
    "sticky_transitions",
    "viterbi",
]
