"""Scaling with length: processor time and peak memory from a minute to hours, beside librosa's cepstra alone.

    python -m benchmarks.scale [--minutes 1 10 60 240] [--rate 44100] [--channels 2] [--plot docs/scale.png]

Conversations of four voices of pure signal are made by ``diarize synth`` as FLAC. Each is then done by
``diarize run`` (picture and all, as it comes) and, in the same round, by the reference: the same file read
in blocks, mixed, resampled and turned into MFCCs by librosa, the same window, hop and number of
coefficients, and nothing else. Every figure is of a fresh process, start-up included, by ``getrusage``:
processor seconds (user and system, all threads) and the most memory that was ever resident; medians over
--rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROGRAM = [sys.executable, "-m", "diarize"]
SPEAKERS = 4
TARGET = 240  # minutes that must fit into LIMIT at FASTER times real time
LIMIT = 1000  # MB
FASTER = 30  # as asked of the two networks on one core
# Kept small and apart: a child starts with the peak memory of whoever started it.
LAUNCHER = """
import os, resource, subprocess, sys
with open(sys.argv[1], "wb") as out:
    subprocess.run(sys.argv[2:], check=True, stdout=out)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
REFERENCE = """
import sys, librosa, numpy as np, soundfile
with soundfile.SoundFile(sys.argv[1]) as sound:
    for block in sound.blocks(30 * sound.samplerate, dtype="float32", always_2d=True):
        samples = librosa.resample(block.mean(axis=1), orig_sr=sound.samplerate, target_sr=16000)
        librosa.feature.mfcc(
            y=samples, sr=16000, n_mfcc=21, n_mels=40, n_fft=512, win_length=400, hop_length=160
        )
"""


@dataclass(frozen=True)
class Cost:
    """Processor seconds and the largest resident memory in MB (10⁶ bytes)."""

    seconds: float
    memory: float


@dataclass(frozen=True)
class Row:
    """One length in minutes: what the program and the reference cost, and how many speakers were found."""

    minutes: float
    program: Cost
    reference: Cost
    speakers: int

    @property
    def speed(self) -> float:
        """Seconds of sound per processor second."""
        return 60 * self.minutes / self.program.seconds


def cost(command: list[str], output: Path) -> Cost:
    """What one command costs in a process of its own; its standard output goes to a file."""
    launched = subprocess.run(
        [sys.executable, "-c", LAUNCHER, str(output), *command], check=True, capture_output=True, text=True
    )
    seconds, kilobytes = launched.stdout.split()
    return Cost(float(seconds), float(kilobytes) * 1024 / 1e6)


def make_recording(folder: Path, minutes: float, rate: int, channels: int) -> Path:
    """A conversation of that length."""
    path = folder / f"{minutes:g}.flac"
    words = ["--duration", str(60 * minutes), "--rate", str(rate), "--n-channels", str(channels)]
    command = [*PROGRAM, "synth", str(path), "--speakers", str(SPEAKERS), "--quiet", *words]
    subprocess.run(command, check=True)
    return path


def measure(path: Path, minutes: float, rounds: int) -> Row:
    """Medians over rounds in which the program and the reference take turns."""
    folder = path.parent
    run = [*PROGRAM, "run", str(path), "-o", str(folder / "out"), "--json", "--overwrite"]
    pairs = []
    for _ in range(rounds):
        program = cost(run, folder / "result.json")
        pairs.append((program, cost([sys.executable, "-c", REFERENCE, str(path)], folder / "nothing")))
    (found,) = json.loads((folder / "result.json").read_text())["recordings"]
    if found["status"] != "ok":
        raise SystemExit(f"{minutes:g} minutes: {found['error']}")
    return Row(minutes, *(_median(each) for each in zip(*pairs, strict=True)), found["n_speakers"])


def _median(costs: tuple[Cost, ...]) -> Cost:
    return Cost(statistics.median(c.seconds for c in costs), statistics.median(c.memory for c in costs))


def format_table(rows: list[Row]) -> str:
    """Markdown."""
    head = (
        "| minutes | CPU s | × real time | MB | librosa's MFCC alone, CPU s | ratio | MB | speakers found |\n"
        "|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    lines = [
        f"| {r.minutes:g} | {r.program.seconds:.1f} | {r.speed:.0f} | {r.program.memory:.0f} "
        f"| {r.reference.seconds:.1f} | {r.program.seconds / r.reference.seconds:.2f} "
        f"| {r.reference.memory:.0f} | {r.speakers} of {SPEAKERS} |"
        for r in rows
    ]
    return "\n".join([head, *lines])


def slopes(rows: list[Row]) -> tuple[float, float]:
    """Processor seconds and MB per further minute, between the two longest."""
    before, last = rows[-2:]
    further = last.minutes - before.minutes
    return (
        (last.program.seconds - before.program.seconds) / further,
        (last.program.memory - before.program.memory) / further,
    )


def forecast(rows: list[Row], minutes: float) -> str:
    """What a longer recording should cost by the slopes."""
    seconds, memory = (s * (minutes - rows[-1].minutes) for s in slopes(rows))
    last = rows[-1].program
    costs = f"{last.seconds + seconds:.0f} CPU s, {last.memory + memory:.0f} MB"
    return f"{minutes / 60:g} h by these slopes: {costs}"


def draw_plot(rows: list[Row], path: Path) -> None:
    """Time and memory against length, with what was promised."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    minutes = [r.minutes for r in rows]
    promised = {"seconds": [60 * m / FASTER for m in minutes], "memory": [LIMIT for _ in minutes]}
    kept = {"seconds": f"{FASTER} × real time", "memory": f"{LIMIT} MB"}
    units = {"seconds": "CPU seconds", "memory": "MB"}
    for axes, name in zip(figure.subplots(1, 2), units, strict=True):
        for who, marker in (("program", "o-"), ("reference", "s--")):
            label = "diarize run" if who == "program" else "librosa's MFCC alone"
            axes.plot(minutes, [getattr(getattr(r, who), name) for r in rows], marker, label=label)
        axes.plot(minutes, promised[name], ":", color="grey", label=kept[name])
        axes.set(xlabel="minutes of sound", ylabel=units[name], xlim=0, ylim=0)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def verdict(rows: list[Row]) -> list[str]:
    """The promises that were not kept."""
    long = [r for r in rows if r.minutes <= TARGET]
    slow = [
        f"{r.minutes:g} minutes at {r.speed:.0f} × real time"
        for r in long
        if r.minutes >= 60 and r.speed < FASTER
    ]
    return slow + [
        f"{r.minutes:g} minutes in {r.program.memory:.0f} MB" for r in long if r.program.memory > LIMIT
    ]


def main() -> None:
    """Measure, print, draw; exit code 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 10, 60, 240])
    parser.add_argument("--rate", type=int, default=44100)
    parser.add_argument("--channels", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--plot", type=Path, help="picture to write")
    options = parser.parse_args()
    rows = []
    for minutes in sorted(options.minutes):
        with tempfile.TemporaryDirectory() as folder:
            path = make_recording(Path(folder), minutes, options.rate, options.channels)
            rows.append(measure(path, minutes, options.rounds))
        print(format_table(rows[-1:]).splitlines()[-1], flush=True)
    print("\n" + format_table(rows))
    if len(rows) > 1:
        print(
            "\n{:.3f} CPU s and {:.2f} MB per further minute; ".format(*slopes(rows)) + forecast(rows, 1440)
        )
    if options.plot:
        draw_plot(rows, options.plot)
    if broken := verdict(rows):
        raise SystemExit("not kept: " + "; ".join(broken))


if __name__ == "__main__":
    main()
