"""How many speakers, and who: hundreds of simulated conversations of voices kept for tuning.

    python -m benchmarks.heldout conversations --voices DIR [--voices DIR …] [--number 300] [--seed 0]
    python -m benchmarks.heldout alone --voices DIR [--voices DIR …] [--corpus DIR …]
    python -m benchmarks.heldout criteria --voices DIR [--voices DIR …] [--number 300]

Every fifth voice (by the sum of the bytes of its name) is held out. Conversations have 1 to 10 speakers of
one corpus, 3 s to 2 minutes, nothing said twice, turns of under a second to many, rooms, noise and channels
drawn at random. The included calibration of the embedding does not know these voices.

"alone" asks how often one voice stays one: held-out voices of up to 18 s, and whatever each speaker of a
corpus of recordings with references says alone. "criteria" counts the speakers of the same conversations in
other ways. Counts and "wrong", the share of speaker time given to the wrong speaker, are with the reference's
speech activity. DER: collar 0, overlap scored, own speech activity. Seconds are pooled. "among" is the
share of recordings whose true number is among those named as good or nearly as good, "named" how many those
are.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import diarize
from benchmarks.corpora import find_corpora
from benchmarks.points import diarize_with_points
from diarize import audio, clustering, scoring, synth
from diarize.intervals import subtract, union
from diarize.mixtures import (
    effective_sample_size,
    fit_bayesian_gmm,
    fit_pca,
    select_gmm,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.corpora import Corpus
    from diarize.annotation import Annotation
    from diarize.types import SpeakerPoints, Waveform

    Voices = Mapping[str, Sequence[Path]]

SPEAKERS = np.array([0.10, 0.20, 0.18, 0.14, 0.11, 0.09, 0.07, 0.05, 0.03, 0.03])  # chances of 1, 2, 3 …
SHORTEST = 15.0  # seconds
# Seconds for each speaker, from and to, as far as they go: a voice has about 10 s of speech, and nothing is
# said twice, for the same sounds again would make patterns of their own.
MIN_EACH, MAX_EACH = 5.0, 20.0
AFTER = 0.5  # seconds that are kept after the last word
LENGTHS = (0.0, 25.0, 60.0, inf)  # seconds at which the table is cut
ONE_IN = 5
DIMENSIONS = 8  # principal ones of speaker space, for criteria that count parameters


def is_held_out(name: str) -> bool:
    """Whether a voice is kept from training."""
    return sum(name.encode()) % ONE_IN == 0


def voices_of(folders: Sequence[Path], *, held_out: bool) -> dict[str, list[Path]]:
    """Files of the voices that are held out, or of all others; those of one name in several folders
    together.
    """
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for name, files in audio.find_voices(folder).items():
            if is_held_out(name) == held_out:
                found.setdefault(name, []).extend(files)
    return found


def draw_conditions(rng: np.random.Generator, seconds: float) -> synth.SynthConfig:
    """Talk, room, noise and channel of one conversation."""
    telephone = rng.random() < 0.15
    return synth.SynthConfig(
        duration=seconds,
        share_concentration=float(rng.uniform(1.5, 8.0)),
        turn_median=float(np.exp(rng.uniform(np.log(0.8), np.log(5.0)))),
        pause_mean=float(rng.uniform(0.15, 1.0)),
        overlap_probability=float(rng.uniform(0.0, 0.3)),
        repeat=False,
        gain_spread=float(rng.uniform(0.0, 6.0)),
        rt60=float(rng.choice([0.0, rng.uniform(0.1, 0.9)], p=[0.25, 0.75])),
        direct_to_reverberant=float(rng.uniform(-2.0, 15.0)),
        noise=str(rng.choice(["white", "pink", "babble"])),
        snr=float(rng.choice([inf, rng.uniform(5.0, 40.0)], p=[0.1, 0.9])),
        low_cut=250.0 if telephone else 0.0,
        high_cut=3400.0 if telephone else inf,
        mu_law=bool(rng.random() < 0.1),
        level=float(rng.uniform(-40.0, -18.0)),
    )


@dataclass(frozen=True)
class Conversation:
    """What was simulated."""

    sound: Waveform
    truth: Annotation
    corpus: int

    @property
    def speech(self) -> Any:
        """Seconds (n, 2) in which anybody speaks."""
        return union(self.truth.intervals())


@dataclass(frozen=True)
class Result:
    """One conversation: seconds, numbers of speakers that are named as good or nearly as good with the
    reference's speech, and grades with it and with one's own.
    """

    seconds: float
    corpus: int
    named: tuple[int, ...]
    given: scoring.FileScore
    own: scoring.FileScore


def draw_conversation(number: int, corpora: Sequence[Voices], seed: int, alone: bool) -> Conversation:
    """Conversation ``number``, the same for the same seed and corpora."""
    rng = np.random.default_rng((seed, number))
    corpus = int(rng.integers(len(corpora)))
    voices = corpora[corpus]
    n_speakers = 1 if alone else int(rng.choice(np.arange(1, SPEAKERS.size + 1), p=SPEAKERS))
    shortest, longest = max(SHORTEST, MIN_EACH * n_speakers), MAX_EACH * n_speakers
    seconds = float(np.exp(rng.uniform(np.log(shortest), np.log(longest))))
    cast = {
        str(n): [audio.read(p, rate=16000) for p in voices[str(n)]]
        for n in rng.choice(sorted(voices), n_speakers, replace=False)
    }
    scene = draw_conditions(rng, seconds)
    whole, truth = synth.simulate_conversation(cast, scene, int(rng.integers(1 << 31)))
    end = max(turn.end for turn in truth.turns) + AFTER
    sound = replace(whole, samples=whole.samples[: round(end * whole.rate)])
    return Conversation(sound, truth, corpus)


def score_conversation(number: int, corpora: Sequence[Voices], seed: int, alone: bool) -> Result:
    """Simulate, diarize with the reference's speech and with one's own, and grade."""
    each = draw_conversation(number, corpora, seed, alone)
    found = [diarize.diarize(each.sound, speech=speech) for speech in (each.speech, None)]
    given, own = (scoring.score(each.truth, one.annotation) for one in found)
    return Result(each.sound.duration, each.corpus, found[0].clustering.equivalent, given, own)


def format_counts(errors: Any) -> str:
    """Exact and within one in per cent, and the mean error."""
    exact, near = 100 * np.mean(errors == 0), 100 * np.mean(abs(errors) <= 1)
    return f"{exact:5.0f} {near:5.0f} {errors.mean():+6.2f}"


HEADER = f"{'':<34} {'n':>4} {'exact':>5} {'±1':>5} {'error':>6}"


def format_row(name: str, results: list[Result]) -> str:
    """One line of the table."""
    errors = np.array([r.given.hypothesis_speakers - r.given.reference_speakers for r in results])
    given = diarize.Score.pooled(r.given.score for r in results)
    own = diarize.Score.pooled(r.own.score for r in results)
    wrong, der = 100 * given.confusion / given.total, 100 * (own.der or 0.0)
    among = 100 * np.mean([r.given.reference_speakers in r.named for r in results])
    n_named = np.mean([len(r.named) for r in results])
    head = f"{name:<34} {len(results):4d} {format_counts(errors)}"
    return f"{head} {wrong:6.1f} {der:7.1f} {among:6.0f} {n_named:5.1f}"


def conversations(results: list[Result], names: Sequence[str]) -> str:
    """By length, by number of speakers, and by the corpus that the voices are of."""
    parts = {
        f"{low:g} to {high:g} s": [r for r in results if low <= r.seconds < high]
        for low, high in pairwise(LENGTHS)
    }
    parts |= {
        f"{low} to {high} speakers": [r for r in results if low <= r.given.reference_speakers <= high]
        for low, high in ((1, 1), (2, 2), (3, 4), (5, 7), (8, 10))
    }
    parts |= {f"voices of {name}": [r for r in results if r.corpus == n] for n, name in enumerate(names)}
    lines = [f"{HEADER} {'wrong':>6} {'DER own':>7} {'among':>6} {'named':>5}"]
    lines += [format_row(name, part) for name, part in parts.items() if part]
    return "\n".join([*lines, format_row("all", results)])


def readers(corpus: Corpus) -> Iterator[tuple[Waveform, Any]]:
    """What every speaker of a corpus says while nobody else speaks, and the seconds (n, 2) of it."""
    for each in corpus.recordings:
        sound = audio.read(each.path, rate=16000)
        for name in each.reference.speakers:
            others = [each.reference.intervals(o) for o in each.reference.speakers if o != name]
            spans = subtract(each.reference.intervals(name), union(*others) if others else np.empty((0, 2)))
            parts = [sound.samples[a:b] for a, b in np.round(spans * sound.rate).astype(int)]
            ends = np.cumsum([len(part) / sound.rate for part in parts])
            if len(ends) and ends[-1] >= SHORTEST / 2:
                joined = diarize.Waveform(np.concatenate(parts), sound.rate, f"{each.path.stem} {name}")
                yield joined, np.column_stack((np.concatenate(([0.0], ends[:-1])), ends))


def count_single_readers(corpus: Corpus) -> str:
    """How many of a corpus's speakers stay one, under the included models."""
    found = {
        sound.recording: len(diarize.diarize(sound, speech=speech).annotation.speakers)
        for sound, speech in readers(corpus)
    }
    torn = ", ".join(f"{name} ({n})" for name, n in found.items() if n > 1) or "none"
    return f"{corpus.name}: {sum(n == 1 for n in found.values())} of {len(found)} stay one; torn: {torn}"


def count_by_criteria(number: int, corpora: Sequence[Voices], seed: int) -> tuple[int, dict[str, int]]:
    """True number of speakers, and what each way of counting says."""
    each = draw_conversation(number, corpora, seed, alone=False)
    points, found = diarize_with_points(each.sound, each.speech)
    return len(each.truth.speakers), counts(points, found.clustering) if points else {}


def counts(points: SpeakerPoints, included: clustering.Clustering) -> dict[str, int]:
    """The number of speakers by the default criterion and by others, on the same points."""
    n_kept = min(DIMENSIONS, *np.array(points.values.shape) - 1)
    low = fit_pca(points.values, n_kept).transform(points.values)
    most = range(1, min(20, len(low) // 2) + 1)
    found = {
        f"{included.criterion}, default": included.chosen,
        f"{included.criterion} alone": included.counts[int(np.argmin(included.values))],
        "Dirichlet process, spherical": fit_bayesian_gmm(low, most[-1], "spherical", random_state=0)[
            0
        ].n_used,
    }
    for kind in ("tied", "diag", "spherical"):
        found |= by_criteria(low, most, kind)
    return found


def by_criteria(points: Any, most: range, kind: str) -> dict[str, int]:
    """The number of Gaussians of one kind of covariance that each information criterion asks for."""
    selection = select_gmm(
        points, most, kind, n_samples=effective_sample_size(points), random_state=0, n_init=1
    )
    best = {
        criterion: min(selection.candidates, key=lambda c, name=criterion: c.value(name))
        for criterion in ("bic", "icl", "aic")
    }
    return {f"{name.upper()}, {kind}": chosen.gmm.n_components for name, chosen in best.items()}


def criteria(results: list[tuple[int, dict[str, int]]]) -> str:
    """One line a criterion, and how often one speaker is one."""
    useful = [(true, found) for true, found in results if found]
    truth = np.array([true for true, _ in useful])
    lines = [f"{HEADER} {'one is one':>10}"]
    for name in useful[0][1]:
        errors = np.array([found[name] for _, found in useful]) - truth
        one = 100 * np.mean(errors[truth == 1] == 0)
        lines.append(f"{name:<34} {len(errors):4d} {format_counts(errors)} {one:10.0f}")
    return "\n".join(lines)


def run_many(function: Callable[[int], Any], number: int) -> list[Any]:
    """Results in order, two processes at work."""
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(function, range(number), chunksize=2))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", choices=("conversations", "alone", "criteria"))
    parser.add_argument("--voices", type=Path, action="append", required=True)
    parser.add_argument("--corpus", type=find_corpora, action="extend", default=[])
    parser.add_argument("--number", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    everybody = [audio.find_voices(folder) for folder in asked.voices]
    held_out = [{n: p for n, p in voices.items() if is_held_out(n)} for voices in everybody]
    if asked.task == "criteria":
        work = partial(count_by_criteria, corpora=held_out, seed=asked.seed)
        print(criteria(run_many(work, asked.number)))
    else:
        alone = asked.task == "alone"
        work = partial(score_conversation, corpora=held_out, seed=asked.seed, alone=alone)
        print(conversations(run_many(work, asked.number), [folder.name for folder in asked.voices]))
        for corpus in asked.corpus:
            print(count_single_readers(corpus))


if __name__ == "__main__":
    main()
