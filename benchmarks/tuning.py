"""The simulated conversations that settings are chosen on, as files: 1 to 10 voices, minutes of talk.

    python -m benchmarks.tuning FOLDER --readers DIR --learners DIR [--learners DIR …] --rooms DIR
        [--only NAME …]

Voices are every fifth (``benchmarks.heldout``), unknown to the included calibration, of ``--readers``
(LibriSpeech, one utterance each) and ``--learners`` (speechocean762; the same speaker in several folders has
what is in all of them). Five folders are written: ``heldout``, 60 conversations of any length; ``moods``, 24
in which voices are excited or subdued from one utterance to the next (``benchmarks.conditions``; needs
pyworld); ``short``, 60 of half a minute with quick turns and much overlap; ``long``, 8 of half an hour to an
hour; ``distant``, 16 of a minute in measured rooms, quiet and in noise. The same voices give the same sound.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.conditions import RATE, as_recorded, excited, subdued
from benchmarks.heldout import AFTER, SPEAKERS, draw_conditions, voices_of
from diarize import audio, synth
from diarize.formats import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diarize.annotation import Annotation
    from diarize.types import Waveform

    Voices = Mapping[str, Sequence[Path]]
    Simulated = tuple[Waveform, Annotation]

SEED, LONG_SEED, DISTANT_SEED = 555, 777, 888
READERS = 0.3  # share of conversations that are theirs
# Least and most seconds: at least, for each speaker, at most for each speaker, and at most.
OF_READERS = 15.0, 5.0, 20.0, np.inf
OF_LEARNERS = 20.0, 8.0, 60.0, 420.0


def heldout(number: int, readers: Voices, learners: Voices) -> Simulated:
    """A conversation of 1 to 10 voices of one corpus."""
    rng = np.random.default_rng((SEED, number))
    is_read = rng.random() < READERS
    voices, (least, least_each, most_each, most) = (
        (readers, OF_READERS) if is_read else (learners, OF_LEARNERS)
    )
    n_speakers = int(rng.choice(np.arange(1, SPEAKERS.size + 1), p=SPEAKERS))
    bounds = max(least, least_each * n_speakers), min(most, most_each * n_speakers)
    seconds = float(np.exp(rng.uniform(*np.log(bounds))))
    names = rng.choice(sorted(voices), n_speakers, replace=False)
    cast = {str(name): [audio.read(path, rate=RATE) for path in voices[str(name)]] for name in names}
    return synth.simulate_conversation(cast, draw_conditions(rng, seconds), int(rng.integers(1 << 31)))


def moods(number: int, readers: Voices, learners: Voices) -> Simulated:
    """A conversation of 1 to 6 learners, each utterance excited, subdued or as it was recorded."""
    rng = np.random.default_rng((SEED + 1, number))
    n_speakers = int(rng.choice([1, 2, 2, 3, 3, 4, 5, 6]))
    seconds = float(rng.uniform(20, 40) * n_speakers)
    names = rng.choice(sorted(learners), n_speakers, replace=False)
    cast = {str(name): [_in_a_mood(path, rng) for path in learners[str(name)][:14]] for name in names}
    return synth.simulate_conversation(cast, draw_conditions(rng, seconds), int(rng.integers(1 << 31)))


def _in_a_mood(path: Path, rng: np.random.Generator) -> Waveform:
    said = audio.read(path, rate=RATE)
    mood = rng.choice([as_recorded, excited, subdued], p=[0.3, 0.4, 0.3])
    changed = mood(said.samples.astype(np.float64), rng) * 10 ** (rng.uniform(-3, 6) / 20)
    return replace(said, samples=np.clip(changed, -1, 1).astype(np.float32))


def short(number: int, readers: Voices, learners: Voices) -> Simulated:
    """Half a minute of 1 to 5 voices of any corpus."""
    rng = np.random.default_rng((SEED + 2, number))
    voices = {**learners, **readers}
    n_speakers = int(rng.choice([1, 2, 2, 3, 3, 3, 4, 4, 4, 5]))
    names = rng.choice(sorted(voices), n_speakers, replace=False)
    cast = {str(name): [audio.read(path, rate=RATE) for path in voices[str(name)][:10]] for name in names}
    talk = replace(
        draw_conditions(rng, 30.0),
        turn_median=float(rng.uniform(0.7, 2.5)),
        overlap_probability=float(rng.uniform(0, 0.5)),
        share_concentration=float(rng.uniform(1, 5)),
        pause_mean=float(rng.uniform(0.1, 0.6)),
    )
    return synth.simulate_conversation(cast, talk, int(rng.integers(1 << 31)))


def long(number: int, readers: Voices, learners: Voices) -> Simulated:
    """Half an hour to an hour of 1 to 10 learners, whose phrases are repeated in another order."""
    rng = np.random.default_rng((LONG_SEED, number))
    n_speakers, minutes = LONG[number]
    names = rng.choice(sorted(learners), n_speakers, replace=False)
    cast = {str(name): [audio.read(path, rate=RATE) for path in learners[str(name)]] for name in names}
    talk = replace(draw_conditions(rng, 60.0 * minutes), repeat=True)
    return synth.simulate_conversation(cast, talk, int(rng.integers(1 << 31)))


def distant(number: int, readers: Voices, learners: Voices, rooms: Sequence[Waveform]) -> Simulated:
    """A minute of 2 to 4 learners in a measured room: quiet, noisy, some louder than others."""
    rng = np.random.default_rng((DISTANT_SEED, number))
    n_speakers = int(rng.integers(2, 5))
    names = rng.choice(sorted(learners), n_speakers, replace=False)
    cast = {str(name): [audio.read(path, rate=RATE) for path in learners[str(name)]] for name in names}
    talk = replace(
        draw_conditions(rng, 60.0),
        repeat=True,
        gain_spread=8.0,
        level=float(rng.uniform(-56, -42)),
        snr=float(rng.uniform(3, 20)),
        noise="pink",
        low_cut=0.0,
        high_cut=np.inf,
        mu_law=False,
        turn_median=float(rng.uniform(0.7, 2.0)),
        overlap_probability=0.3,
    )
    seed = int(rng.integers(1 << 31))
    return synth.simulate_conversation(cast, talk, seed, rooms=[rooms[int(rng.integers(len(rooms)))]])


LONG = ((2, 40), (3, 60), (4, 30), (5, 45), (6, 30), (8, 40), (1, 30), (10, 60))  # speakers, minutes
KINDS: dict[str, tuple[Callable[..., Simulated], int]] = {
    "heldout": (heldout, 60),
    "moods": (moods, 24),
    "short": (short, 60),
    "long": (long, len(LONG)),
    "distant": (distant, 16),
}


def write(folder: Path, name: str, simulated: Simulated) -> None:
    """The sound up to half a second after the last word, and the truth."""
    whole, truth = simulated
    end = round((max(turn.end for turn in truth.turns) + AFTER) * whole.rate)
    audio.write(folder / f"{name}.flac", replace(whole, samples=whole.samples[:end]))
    write_file(folder / f"{name}.rttm", replace(truth, recording=name), overwrite=True)


def main() -> None:
    """Write the conversations."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readers", type=Path, required=True)
    parser.add_argument("--learners", type=Path, action="append", required=True)
    parser.add_argument("--rooms", type=Path, required=True, help="impulse responses, those of the folder")
    parser.add_argument("--only", nargs="*", choices=KINDS, default=list(KINDS), metavar="NAME")
    asked = parser.parse_args()
    readers, learners = (voices_of(folders, held_out=True) for folders in ([asked.readers], asked.learners))
    rooms = [audio.read(path, rate=RATE) for path in sorted(asked.rooms.glob("*.flac"))]
    for kind in asked.only:
        make, number = KINDS[kind]
        if kind == "distant":
            make = partial(make, rooms=rooms)
        folder = asked.folder / kind
        folder.mkdir(parents=True, exist_ok=True)
        for n in range(number):
            simulated = make(n, readers, learners)
            name = f"{kind[0]}{n:03d}_{len(simulated[1].speakers)}"
            write(folder, name, simulated)
            print(name, flush=True)


if __name__ == "__main__":
    main()
