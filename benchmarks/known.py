"""Known voices: how often a voice is recognised in another recording; whether the log odds are calibrated.

    python -m benchmarks.known corpus DIR [DIR …] [--leave-out PREFIX …]
    python -m benchmarks.known heldout --voices DIR [--voices DIR …] [--embedding FILE]

"corpus" compares all speakers of different recordings with references (NAME.rttm beside NAME.flac); equal
names are one person. "heldout" makes monologues and conversations, wide-band and of a telephone, out of every
fifth voice (``benchmarks.heldout``): a voice's first half is never compared with itself. The included
calibration does not know these voices. Speech and turns are those of the truth.

EER: error where misses and false alarms are equal. minDCF: detection cost at its best threshold, one trial in
a hundred being the same voice, over that of saying no always (NIST). Cllr: bits that the log odds lose
(Brümmer & du Preez 2006), after a slash the least that any monotone calibration would; 1 is knowing nothing.
known, wrong: shares of same and different voices over the threshold.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from itertools import chain, combinations
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import isotonic_regression, minimize

from benchmarks.corpora import find_corpora
from benchmarks.heldout import is_held_out
from diarize import audio, synth
from diarize.config import Config, override
from diarize.identity import THRESHOLD, Voice, log_odds, measure_voices
from diarize.identity.voice import OFFSET, SLOPE
from diarize.types import Waveform

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.corpora import Corpus

    Array = Any

PRIOR = 0.01
SECONDS_EACH = 9.0


@dataclass(frozen=True)
class Sample:
    """One voice in one recording: who it is, the kind of recording, which half of the material."""

    person: str
    recording: str
    kind: str
    half: int | None
    voice: Voice


def trials(samples: Sequence[Sample]) -> dict[str, tuple[Array, Array]]:
    """Log odds of same and of different voices of different recordings, by kinds of the two recordings."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for one, other in combinations(samples, 2):
        same = one.person == other.person
        if one.recording == other.recording or (same and one.half is not None and one.half == other.half):
            continue
        kinds = " – ".join(sorted((one.kind, other.kind)))
        found.setdefault(kinds, ([], []))[not same].append(log_odds(one.voice, other.voice))
    return {kinds: (np.array(same), np.array(different)) for kinds, (same, different) in found.items()}


def rates(same: Array, different: Array) -> tuple[Array, Array]:
    """Shares of misses and of false alarms at every threshold."""
    odds = np.concatenate((same, different))
    is_same = np.concatenate((np.ones(len(same)), np.zeros(len(different))))[np.argsort(odds, kind="stable")]
    misses = np.concatenate(([0], np.cumsum(is_same))) / len(same)
    false = 1 - np.concatenate(([0], np.cumsum(1 - is_same))) / len(different)
    return misses, false


def cllr(same: Array, different: Array) -> float:
    """Cost of log-likelihood ratios, bits."""
    return float((np.logaddexp(0, -same).mean() + np.logaddexp(0, different).mean()) / (2 * np.log(2)))


def least_cllr(same: Array, different: Array) -> float:
    """Cllr after the best monotone calibration (pool adjacent violators), to the odds of the trials."""
    odds = np.concatenate((same, different))
    order = np.argsort(odds, kind="stable")
    truth = np.concatenate((np.ones(len(same)), np.zeros(len(different))))[order]
    share = np.clip(isotonic_regression(truth).x, 1e-9, 1 - 1e-9)
    ratios = np.log(share / (1 - share)) - np.log(len(same) / len(different))
    return cllr(ratios[truth == 1], ratios[truth == 0])


def format_row(name: str, same: Array, different: Array) -> str:
    """One line of the table."""
    misses, false = rates(same, different)
    equal = int(np.abs(misses - false).argmin())
    cost = np.min(PRIOR * misses + (1 - PRIOR) * false) / PRIOR
    error = 50 * (misses[equal] + false[equal])
    known, wrong = 100 * np.mean(same > THRESHOLD), 100 * np.mean(different > THRESHOLD)
    sure = f"{cllr(same, different):.2f}/{least_cllr(same, different):.2f}"
    return (
        f"{name:<36} {len(same):5d} {len(different):6d} {error:6.1f} {cost:7.2f} {sure:>10} "
        f"{known:6.1f} {wrong:6.2f}"
    )


HEADER = (
    f"{'':<36} {'same':>5} {'other':>6} {'EER %':>6} {'minDCF':>7} {'Cllr':>10} {'known':>6} {'wrong':>6}"
)


def fit_line(same: Array, different: Array) -> tuple[float, float]:
    """Slope and offset of log ratios that lose the least bits."""
    slope, offset = SLOPE, OFFSET
    raw = [(each - offset) / slope for each in (same, different)]
    best = minimize(
        lambda line: cllr(*(line[0] * each + line[1] for each in raw)), (1.0, 0.0), method="Nelder-Mead"
    )
    return float(best.x[0]), float(best.x[1])


def corpus_samples(corpus: Corpus, leave_out: Sequence[str]) -> list[Sample]:
    """All speakers of all recordings with references."""
    found = []
    for each in corpus.recordings:
        name = each.path.stem
        if not name.startswith(tuple(leave_out) or ("\0",)):
            voices = measure_voices(each.path, each.reference, Config())
            found += [Sample(who, name, corpus.name, None, voice) for who, voice in voices.items()]
    return found


def halves(files: Sequence[Path], rate: int) -> tuple[list[Waveform], list[Waveform]]:
    """A voice's material in two: every other file, or a file cut in the middle."""
    sounds = [audio.read(path, rate=rate) for path in files]
    if len(sounds) > 1:
        return sounds[::2], sounds[1::2]
    samples = sounds[0].samples
    middle = len(samples) // 2
    return [Waveform(samples[:middle], rate)], [Waveform(samples[middle:], rate)]


def draw_conditions(rng: np.random.Generator, n_voices: int, band: str) -> synth.SynthConfig:
    """Room, noise and channel of one recording."""
    return synth.SynthConfig(
        duration=max(12.0, SECONDS_EACH * n_voices),
        share_concentration=10.0,
        repeat=False,
        turn_median=float(rng.uniform(1.5, 5.0)),
        pause_mean=float(rng.uniform(0.2, 1.0)),
        gain_spread=float(rng.uniform(0.0, 5.0)),
        rt60=float(rng.choice([0.0, rng.uniform(0.1, 0.8)], p=[0.3, 0.7])),
        direct_to_reverberant=float(rng.uniform(0.0, 15.0)),
        noise=str(rng.choice(["white", "pink", "babble"], p=[0.2, 0.5, 0.3])),
        snr=float(rng.uniform(8.0, 40.0)),
        low_cut=200.0 if band == "narrow" else 0.0,
        high_cut=3500.0 if band == "narrow" else inf,
        level=float(rng.uniform(-40.0, -18.0)),
    )


def draw_casts(names: Sequence[str], rng: np.random.Generator) -> Iterable[tuple[str, int, tuple[str, ...]]]:
    """Kind, half and voices of every recording: each voice alone with either half, and twice in company."""
    for name in names:
        yield from (("monologue", half, (name,)) for half in (0, 1))
    for half in (0, 0, 1, 1):
        left = [str(name) for name in rng.permutation(names)]
        while left:
            size = int(rng.integers(2, 6))
            cast, left = tuple(left[:size]), left[size:]
            yield "conversation", half, cast


def held_out_samples(
    voices: Mapping[str, Sequence[Path]], embedding: str, band: str, folder: Path
) -> list[Sample]:
    """Simulated recordings of voices, of one band."""
    config = override(Config(), {"space": {"embedding": embedding}})
    rng = np.random.default_rng(3)
    found = []
    for number, (kind, half, cast) in enumerate(draw_casts(sorted(voices), rng)):
        material = {name: halves(voices[name], config.audio.rate)[half] for name in cast}
        name = f"{number:04d}"
        sound, truth = synth.simulate_conversation(
            material, draw_conditions(rng, len(cast), band), int(rng.integers(1 << 31)), recording=name
        )
        path = folder / f"{name}.wav"
        audio.write(path, sound)
        found += [Sample(who, name, kind, half, v) for who, v in measure_voices(path, truth, config).items()]
        path.unlink()
    return found


def print_table(title: str, samples: Sequence[Sample]) -> dict[str, tuple[Array, Array]]:
    """Print the table of some samples; their trials."""
    found = {kinds: pair for kinds, pair in trials(samples).items() if all(len(each) for each in pair)}
    print(f"{title}\n{HEADER}")
    for kinds, pair in sorted(found.items()):
        print(format_row(kinds, *pair), flush=True)
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ways = parser.add_subparsers(dest="way", required=True)
    corpus = ways.add_parser("corpus")
    corpus.add_argument("corpora", type=find_corpora, nargs="+", action="extend")
    corpus.add_argument("--leave-out", action="append", default=[], metavar="PREFIX")
    heldout = ways.add_parser("heldout")
    heldout.add_argument("--voices", type=Path, action="append", required=True)
    heldout.add_argument("--embedding", default="")
    options = parser.parse_args()
    if options.way == "corpus":
        for each in chain.from_iterable(options.corpora):
            print_table(each.name, corpus_samples(each, options.leave_out))
        return
    voices = {
        f"{folder.name[0]}{k}": v for folder in options.voices for k, v in audio.find_voices(folder).items()
    }
    held = {name: files for name, files in voices.items() if is_held_out(name)}
    for band in ("wide", "narrow"):
        with tempfile.TemporaryDirectory() as folder:
            samples = held_out_samples(held, options.embedding, band, Path(folder))
        found = print_table(f"{len(held)} voices held out, {band} band", samples)
        line = fit_line(*(np.concatenate(part) for part in zip(*found.values(), strict=True)))
        print(f"best line: {line[0]:.2f} · log ratio {line[1]:+.2f}\n")


if __name__ == "__main__":
    main()
