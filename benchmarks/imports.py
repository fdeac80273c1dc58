"""Start-up time of the command line, compared with that of the libraries that it needs.

    python -m benchmarks.imports [--repeat N] [--cold]

Every figure is the median of fresh processes, seconds of the clock and of the processor (which others on the
machine change less), with their ratios to the reference named beside it, measured in turn in one run.
``import librosa.feature`` loads nothing until something of it is touched, so ``run`` is measured beside that,
beside touching ``librosa.feature.mfcc``, and beside using it once on a second of sound. --cold (Linux, as
root) drops the file cache before every process, the reference included.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PAIRS = {
    "diarize --help": (["-m", "diarize", "--help"], 'python -c "import typer"', ["-c", "import typer"]),
    "import diarize": (["-c", "import diarize"], 'python -c "import numpy"', ["-c", "import numpy"]),
}


DROP = Path("/proc/sys/vm/drop_caches")
FEATURE = "import librosa.feature"
USED = f"{FEATURE}, numpy; librosa.feature.mfcc(y=numpy.zeros(16000, 'f'), sr=16000)"
REFERENCES = {
    f'python -c "{FEATURE}"': FEATURE,
    "… and touching librosa.feature.mfcc": f"{FEATURE}; librosa.feature.mfcc",
    "… and using it on a second of sound": USED,
}


def used() -> float:
    """Processor seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def seconds(arguments: list[str], cold: bool) -> tuple[float, float]:
    """Seconds of the clock and of the processor that one fresh interpreter takes."""
    if cold:
        os.sync()
        DROP.write_text("1")
    begin = time.perf_counter(), used()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - begin[0], used() - begin[1]


def ratio(first: list[str], second: list[str], repeat: int, cold: bool) -> str:
    """Median seconds of ``first``, and of the ratios to ``second`` pair by pair, after one warm-up each."""
    seconds(first, cold), seconds(second, cold)
    pairs = [(seconds(first, cold), seconds(second, cold)) for _ in range(repeat)]
    texts = []
    for clock, name in ((0, "s"), (1, "s of processor")):
        took = statistics.median(a[clock] for a, _ in pairs)
        times = statistics.median(a[clock] / b[clock] for a, b in pairs)
        texts.append(f"{took:6.2f} {name} {times:6.2f} ×")
    return "  ".join(texts)


def ten_seconds(folder: Path) -> Path:
    """A short recording made of pure signal."""
    path = folder / "short.flac"
    command = [sys.executable, "-m", "diarize", "synth", str(path), "--duration", "10", "--speakers", "2"]
    subprocess.run(command, check=True, capture_output=True)
    return path


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = ["-m", "diarize", "run", str(ten_seconds(Path(folder))), "--overwrite", "--quiet"]
        pairs = [(name, *each) for name, each in PAIRS.items()]
        for name, words in (("run, 10 s", [*run, "--no-plot"]), ("run with picture", run)):
            pairs += [(name, words, label, ["-c", code]) for label, code in REFERENCES.items()]
        for name, first, label, second in pairs:
            print(f"{name:<17} {ratio(first, second, options.repeat, options.cold)} {label}", flush=True)


if __name__ == "__main__":
    main()
