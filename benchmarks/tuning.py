"""The simulated conversations that settings are chosen on, as files: 1 to 10 voices, minutes of talk.

    python -m benchmarks.tuning FOLDER --readers DIR --learners DIR [--learners DIR …] [--number 60]

Voices are every fifth (``benchmarks.heldout``): three in ten conversations are of ``--readers``
(LibriSpeech, one utterance each), the others of ``--learners`` (speechocean762; the same speaker in several
folders has what is in all of them), so that they can be longer. The same folders and seed give the same
sound; the shipped calibration of the embedding knows these voices.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.heldout import AFTER, SPEAKERS, is_held_out, scenery
from diarize import audio, synth
from diarize.formats import write_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Voices = Mapping[str, Sequence[Path]]

SEED = 555
READERS = 0.3  # share of conversations that are theirs
# Least and most seconds: at least, for each speaker, at most for each speaker, and at most.
OF_READERS = 15.0, 5.0, 20.0, np.inf
OF_LEARNERS = 20.0, 8.0, 60.0, 420.0


def held_out(folders: Sequence[Path]) -> Voices:
    """Files of the voices that are held out, those of one name in several folders together."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for name, files in audio.find_voices(folder).items():
            if is_held_out(name):
                found.setdefault(name, []).extend(files)
    return found


def write(folder: Path, number: int, readers: Voices, learners: Voices) -> str:
    """Simulate conversation ``number`` and write it with its truth; its name."""
    rng = np.random.default_rng((SEED, number))
    is_read = rng.random() < READERS
    voices, (least, least_each, most_each, most) = (
        (readers, OF_READERS) if is_read else (learners, OF_LEARNERS)
    )
    n_speakers = int(rng.choice(np.arange(1, SPEAKERS.size + 1), p=SPEAKERS))
    bounds = max(least, least_each * n_speakers), min(most, most_each * n_speakers)
    seconds = float(np.exp(rng.uniform(*np.log(bounds))))
    cast = {
        str(name): [audio.read(path, rate=16_000) for path in voices[str(name)]]
        for name in rng.choice(sorted(voices), n_speakers, replace=False)
    }
    whole, truth = synth.conversation(cast, scenery(rng, seconds), int(rng.integers(1 << 31)))
    end = round((max(turn.end for turn in truth.turns) + AFTER) * whole.rate)
    name = f"h{number:03d}_{n_speakers}"
    audio.write(folder / f"{name}.flac", replace(whole, samples=whole.samples[:end]))
    write_file(folder / f"{name}.rttm", replace(truth, recording=name), overwrite=True)
    return name


def main() -> None:
    """Write the conversations."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readers", type=Path, required=True)
    parser.add_argument("--learners", type=Path, action="append", required=True)
    parser.add_argument("--number", type=int, default=60)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    readers, learners = held_out([asked.readers]), held_out(asked.learners)
    for number in range(asked.number):
        print(write(asked.folder, number, readers, learners), flush=True)


if __name__ == "__main__":
    main()
