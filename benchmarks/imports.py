"""How long the door takes to open: start-up of the command line beside what it could not do without.

    python -m benchmarks.imports [--repeat N]

Every figure is the median wall time of a fresh process, as a ratio to the reference named beside it, measured
in turn in one run.
"""

from __future__ import annotations

import argparse
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


def seconds(arguments: list[str]) -> float:
    """Wall time of one fresh interpreter."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - begin


def ratio(first: list[str], second: list[str], repeat: int) -> tuple[float, float]:
    """Median seconds of ``first``, and of the ratios to ``second`` pair by pair, after one warm-up each."""
    seconds(first), seconds(second)
    pairs = [(seconds(first), seconds(second)) for _ in range(repeat)]
    return statistics.median(a for a, _ in pairs), statistics.median(a / b for a, b in pairs)


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
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = ["-m", "diarize", "run", str(ten_seconds(Path(folder))), "--no-plot", "--overwrite", "--quiet"]
        reference = 'python -c "import librosa.feature"'
        pairs = PAIRS | {"diarize run, 10 s": (run, reference, ["-c", "import librosa.feature"])}
        for name, (first, label, second) in pairs.items():
            took, times = ratio(first, second, options.repeat)
            print(f"{name:<20} {took:6.2f} s  {times:5.2f} × {label}")


if __name__ == "__main__":
    main()
