"""Hidden Markov models on plain arrays: posteriors, best path, expected transitions, minimum durations.

Input: log likelihoods (T, K) of T frames under K states, and a chain. Output: posteriors, a path or expected
counts. It imports only ``mixtures`` and ``errors`` and does not deal with seconds or speakers.
"""

from __future__ import annotations

from diarize.hmm.inference import PathCounts, expected_counts, forward_backward, viterbi
from diarize.hmm.sticky import forward_backward_sticky
from diarize.hmm.transitions import Transitions, sticky_transitions

__all__ = [
    "PathCounts",
    "Transitions",
    "expected_counts",
    "forward_backward",
    "forward_backward_sticky",
    "sticky_transitions",
    "viterbi",
]
