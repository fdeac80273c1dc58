"""The speaker of every word: by the posteriors over its span, smoothed over the sentence.

The speakers of the words are a Markov chain. The cost of a change between two words depends on the
punctuation and the pause between them, and the posteriors are the evidence. The best sequence is found by the
Viterbi algorithm (Viterbi 1967). A single word inside another speaker's sentence changes speaker only if its
evidence outweighs two changes within a sentence.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.transcripts.speaker_activity import SpeakerActivity, measure_speaker_activity
from diarize.transcripts.times import estimate_times
from diarize.transcripts.values import Segment, Transcript, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from diarize.annotation import Annotation
    from diarize.types import Posteriors

    Array = NDArray[Any]

__all__ = ["assign_speakers", "ends_sentence"]

# Probability of error of the evidence: a word counts for at most 3.9 nats.
ERROR_PROBABILITY: Final = 0.02
# Cost of a change of speaker between two words in nats: within a clause, at a comma, and at the end of a
# sentence or segment or across a pause.
COST_IN_CLAUSE: Final = 1.5
COST_AT_COMMA: Final = 0.75
COST_AT_END: Final = 0.0
PAUSE: Final = 0.5  # seconds
# Least length of a word for its evidence.
MIN_WORD: Final = 0.1  # seconds
# Less speech than this is a pause.
MIN_SPEECH: Final = 0.01  # seconds

ENDS = (".", "?", "!", "…", "。", "？", "！")
COMMAS = (",", ";", ":", "–", "—", "，", "、", "；")


def assign_speakers(
    transcript: Transcript,
    annotation: Annotation,
    posteriors: Posteriors | None = None,
    *,
    start: float = 0.0,
    duration: float | None = None,
) -> Transcript:
    """Give every word and segment of a transcript a speaker; segments are cut where the speaker changes.

    Parameters
    ----------
    transcript : words with or without times; speakers in it are replaced
    annotation : the turns
    posteriors : of frames; used instead of the turns if given
    start : second of the file at which the clock of the posteriors begins
    duration : seconds of the recording

    Returns
    -------
    The transcript with speakers and with the name of the annotation's recording. Without turns no word has a
    speaker, and a note says so.

    """
    whole = replace(estimate_times(transcript, duration), recording=annotation.recording)
    named = {each.speaker for each in transcript.segments if each.speaker}
    notes = [f"speakers that it named are replaced: {', '.join(sorted(named))}"] * bool(named)
    if not annotation.turns:
        return replace(
            whole,
            segments=tuple(map(_without_speaker, whole.segments)),
            notes=(*whole.notes, *notes, "nobody speaks in the recording: no word has a speaker"),
        )
    present = measure_speaker_activity(annotation, posteriors, start)
    words, lost = _label_words(whole, present)
    if lost:
        doubt = "; is it the transcript of this recording?" if 2 * lost > len(words) else ""
        notes.append(f"{lost} word{'s' * (lost > 1)} where nobody speaks: given to the nearest turn{doubt}")
    segments = _cut(whole.segments, words)
    return replace(whole, segments=tuple(segments), notes=(*whole.notes, *notes))


def _without_speaker(segment: Segment) -> Segment:
    words = tuple(replace(word, speaker=None, confidence=None) for word in segment.words)
    return replace(segment, words=words, speaker=None)


def _label_words(transcript: Transcript, present: SpeakerActivity) -> tuple[list[Word], int]:
    """The words (all with times) with speakers, and the number of words where nobody speaks."""
    words = transcript.words
    if not words:
        return [], 0
    starts, ends = _spans(words)
    mass = present.within(starts, ends)
    total = mass.sum(axis=1)
    audible = total >= MIN_SPEECH
    shares = np.divide(mass, total[:, None], out=np.zeros_like(mass), where=audible[:, None])
    for i in np.flatnonzero(~audible):
        shares[i, present.nearest(float(starts[i]), float(ends[i]))] = 1.0
    n = shares.shape[1]
    scores = np.log((1 - ERROR_PROBABILITY) * shares + ERROR_PROBABILITY / n)
    labels = _best_path(scores, _costs(transcript))
    found = [
        replace(
            word,
            speaker=present.speakers[k],
            confidence=float(min(1.0, shares[i, k])) if audible[i] else None,
        )
        for i, (word, k) in enumerate(zip(words, labels, strict=True))
    ]
    return found, int(np.count_nonzero(~audible))


def _spans(words: Sequence[Word]) -> tuple[Array, Array]:
    """Starts and ends (n,) in seconds; very short words are widened."""
    starts = np.array([word.start for word in words], dtype=np.float64)
    ends = np.array([word.end for word in words], dtype=np.float64)
    missing = np.maximum(0.0, MIN_WORD - (ends - starts)) / 2
    return starts - missing, ends + missing


def _costs(transcript: Transcript) -> Array:
    """Cost (n - 1,) in nats of a change between each word and the next."""
    costs = [
        COST_AT_END if i != j else _cost(one, other)
        for (i, one), (j, other) in pairwise(
            (i, word) for i, segment in enumerate(transcript.segments) for word in segment.words
        )
    ]
    return np.array(costs, dtype=np.float64)


def _cost(one: Word, other: Word) -> float:
    if ends_sentence(one, other):
        return COST_AT_END
    return COST_AT_COMMA if _without_quotes(one).endswith(COMMAS) else COST_IN_CLAUSE


def ends_sentence(one: Word, other: Word) -> bool:
    """Whether a sentence ends between two consecutive words: by punctuation, or by a pause.

    Parameters
    ----------
    one : a word
    other : the next one

    Returns
    -------
    Whether the speaker may change between them at no cost.

    """
    pause = not other.estimated and (other.start or 0.0) - (one.end or 0.0) >= PAUSE
    return pause or _without_quotes(one).endswith(ENDS)


def _without_quotes(word: Word) -> str:
    return word.text.rstrip("\"'”’»)]")


def _best_path(scores: Array, costs: Array) -> Array:
    """States (n,) with the largest sum of ``scores`` (n, K) less ``costs`` (n - 1,) of their changes."""
    n, k = scores.shape
    best, came = scores[0].copy(), np.zeros((n, k), dtype=np.int64)
    stay = np.arange(k)
    for t in range(1, n):
        top = int(best.argmax())
        changed = best[top] - costs[t - 1]
        came[t] = np.where(best >= changed, stay, top)
        best = np.maximum(best, changed) + scores[t]
    path = np.empty(n, dtype=np.int64)
    path[-1] = best.argmax()
    for t in range(n - 1, 0, -1):
        path[t - 1] = came[t, path[t]]
    return path


def _cut(segments: Sequence[Segment], words: Sequence[Word]) -> list[Segment]:
    """Segments of one speaker each, with the words in them."""
    found: list[Segment] = []
    rest = iter(words)
    for segment in segments:
        mine = [next(rest) for _ in segment.words]
        found += _parts(segment, mine)
    return _fill_from_neighbours(found)


def _parts(segment: Segment, words: Sequence[Word]) -> list[Segment]:
    runs = [tuple(run) for _, run in groupby(words, key=lambda word: word.speaker)]
    if len(runs) < 2:
        return [replace(segment, words=tuple(words), speaker=words[0].speaker if words else None)]
    starts = [segment.start, *(run[0].start for run in runs[1:])]
    ends = [*(run[-1].end for run in runs[:-1]), segment.end]
    return [
        replace(
            segment,
            words=run,
            start=start,
            end=end,
            estimated=any(word.estimated for word in run),
            speaker=run[0].speaker,
            text="",
        )
        for run, start, end in zip(runs, starts, ends, strict=True)
    ]


def _fill_from_neighbours(segments: Sequence[Segment]) -> list[Segment]:
    """A segment without words has the speaker of the one before it, or else of the one after."""
    known = [each.speaker for each in segments if each.speaker]
    last = known[0] if known else None
    found = []
    for each in segments:
        last = each.speaker or last
        found.append(replace(each, speaker=last))
    return found
