"""How a batch should use several cores: processes with one BLAS thread, or threads.

    python -m benchmarks.batch [--recordings 8] [--seconds 60] [--cores N] [--rounds 3]

The same recordings (two synthetic voices each) are done in four ways, one after the other within each round,
so that the ratios of one round are those of one machine in one state; a fresh process each time, libraries
from a warm disk. Printed: the median seconds, the median ratio to one process with one thread, and how long a
worker's first recording took beside its later ones: that difference is the price of its imports, paid once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

from diarize import synth
from diarize.audio import write_wav
from diarize.batch import MANIFEST, available_cores, plan_batch, run_batch
from diarize.batch.job import Job, perform_job
from diarize.batch.worker_pool import THREADS
from diarize.config import Config

WAYS = {
    "one": "1 process × 1 BLAS thread",
    "processes": "{n} processes × 1 BLAS thread (batch --jobs {n})",
    "blas": "1 process × {n} BLAS threads",
    "threads": "{n} Python threads × 1 BLAS thread",
}


def in_threads(plan, number):
    """All recordings in the threads of this process."""
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda task: perform_job(Job(task, Config())), plan.tasks))


def with_blas_threads(plan):
    """One recording after the other, BLAS left to itself; the bytes may then differ."""
    import threadpoolctl

    threadpoolctl.threadpool_limits = lambda **_: nullcontext()
    return in_threads(plan, 1)


def run_and_count(way, folder, output, number):
    """What a process of its own does: everything, in one way; fails when a recording does."""
    plan = plan_batch(folder, output)
    if way in ("one", "processes"):
        entries = run_batch(plan, Config(), jobs=1 if way == "one" else number).entries
    else:
        entries = with_blas_threads(plan) if way == "blas" else in_threads(plan, number)
    if any(entry["status"] != "ok" for entry in entries):
        raise SystemExit(f"{way}: a recording failed")


def time_run(way, folder, number):
    """Seconds of one way in a fresh process, and each recording's own, where they are written down."""
    threads = dict.fromkeys(THREADS, str(number if way == "blas" else 1))
    with tempfile.TemporaryDirectory() as output:
        words = [
            sys.executable,
            "-m",
            "benchmarks.batch",
            "--way",
            way,
            "--folder",
            folder,
            "--output",
            output,
        ]
        code = (
            "import subprocess, sys, time; t = time.perf_counter(); "
            "subprocess.run(sys.argv[1:], check=True); print(time.perf_counter() - t)"
        )
        found = subprocess.run(
            [sys.executable, "-c", code, *words, "--cores", str(number)],
            env=os.environ | threads,
            capture_output=True,
            text=True,
            check=True,
        )
        manifest = Path(output, MANIFEST)
        lines = manifest.read_text().splitlines() if manifest.exists() else []
        return float(found.stdout), [json.loads(line)["timings"]["diarize"] for line in lines]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recordings", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--cores", type=int, default=available_cores())
    parser.add_argument("--rounds", type=int, default=3)
    for name in ("--way", "--folder", "--output"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        run_and_count(asked.way, Path(asked.folder), Path(asked.output), asked.cores)
        return
    with tempfile.TemporaryDirectory() as folder:
        talk = synth.SynthConfig(duration=asked.seconds)
        for seed in range(asked.recordings):
            waveform, _ = synth.simulate_conversation(synth.synthesize_voices(2, seed=seed), talk, seed=seed)
            write_wav(Path(folder, f"{seed}.wav"), waveform)
        rounds = [{way: time_run(way, folder, asked.cores) for way in WAYS} for _ in range(asked.rounds)]
    print(f"{asked.recordings} recordings of {asked.seconds:g} s, {asked.cores} cores, {asked.rounds} rounds")
    for way, title in WAYS.items():
        seconds = statistics.median(each[way][0] for each in rounds)
        ratio = statistics.median(each["one"][0] / each[way][0] for each in rounds)
        print(f"  {title.format(n=asked.cores):<48} {seconds:6.2f} s   × {ratio:.2f}")
    own = [sorted(each["processes"][1], reverse=True) for each in rounds]
    first = statistics.median(one for each in own for one in each[: asked.cores])
    later = statistics.median(one for each in own for one in each[asked.cores :])
    print(f"  a worker's first recording {first:.2f} s, its later ones {later:.2f} s")


if __name__ == "__main__":
    main()
