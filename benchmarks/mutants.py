"""Mutation score: small faults in the code, drawn at random per room, and the share that makes a test fail.

    pip install mutmut
    python -m benchmarks.mutants [--each 100] [--seed 0]

mutmut makes every mutant of the rooms that ``[tool.mutmut]`` in pyproject.toml names into ``mutants/`` and
runs for each the tests that reach it; this draws a sample (all would take hours), says the share killed by
room and shows the survivors. Delete ``mutants/`` after a change of tests. Nothing else needs mutmut.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

MUTMUT = [sys.executable, "-m", "mutmut"]
FIRST = "diarize.intervals.x_empty__mutmut_1"  # one must be named to have all of them made
KILLED = (1, 3)  # a test failed; pytest itself broke
LATE = (-24, 24, 36, 152, 255)  # ran out of time, which counts as killed and is said


def read_verdicts():
    """mutmut's exit code, None before it ran, by mutant."""
    files = Path("mutants/diarize").rglob("*.py.meta")
    return {name: code for f in files for name, code in json.loads(f.read_text())["exit_code_by_key"].items()}


def room(mutant):
    """The second word of a mutant's name: diarize.ROOM.…"""
    return mutant.split(".")[1]


def draw_mutants(each, seed):
    """Up to ``each`` names of mutants by room."""
    rooms = defaultdict(list)
    for name in sorted(read_verdicts()):
        rooms[room(name)].append(name)
    return {
        name: random.Random(seed).sample(found, min(each, len(found)))  # noqa: S311
        for name, found in sorted(rooms.items())
    }


def run(names):
    """Have mutmut try these."""
    told = ["nice", *MUTMUT, "run", "--max-children", str(os.cpu_count()), *names]
    subprocess.run(told, check=True, stdout=subprocess.DEVNULL)


def main():
    """Make, draw, run, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=100, help="mutants per room")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    run([FIRST])
    sample = draw_mutants(asked.each, asked.seed)
    run([name for found in sample.values() for name in found])
    after = read_verdicts()
    for name in (n for found in sample.values() for n in found if after[n] not in KILLED + LATE):
        print(subprocess.run([*MUTMUT, "show", name], capture_output=True, text=True, check=True).stdout)
    for name, found in sample.items():
        late = sum(after[n] in LATE for n in found)
        killed = late + sum(after[n] in KILLED for n in found)
        share = f"{killed / len(found):.0%}"
        print(f"{name:10} {killed:4} of {len(found):4} killed, {share}, {late} of them by the clock")


if __name__ == "__main__":
    main()
