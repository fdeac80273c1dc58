"""Make the voices that ship for calibration: 200 readers, twelve seconds each, as Opus.

    python -m benchmarks.voices FOLDER        # one recording a reader, as background/librispeech

The 200 readers with the longest recordings; of each the first twelve seconds, one file a reader under
diarize/data/voices. The same recordings give the same sound, though the numbers of the Ogg streams differ.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from diarize.audio import open_recording, voices

PLACE = Path(__file__).parent.parent / "diarize" / "data" / "voices"
READERS = 200
SECONDS = 12.0
RATE = 16_000
LEVEL = 0.95  # of compression: 19 kbit/s, wide band
MOST_BYTES = 6_000_000


def longest(folder: Path) -> list[tuple[str, Path]]:
    """Readers and their recordings, by the order of their names."""
    recordings = [(name, files[0]) for name, files in voices(folder).items()]
    by_length = sorted(recordings, key=lambda each: (-(open_recording(each[1]).duration or 0), each[0]))
    return sorted(by_length[:READERS])


def write(source: Path, target: Path) -> int:
    """Write the beginning of a recording; its size in bytes."""
    import soundfile

    samples = open_recording(source, rate=RATE, end=SECONDS).waveform().samples
    with soundfile.SoundFile(
        target, "w", RATE, channels=1, format="OGG", subtype="OPUS", compression_level=LEVEL
    ) as sound:
        for start in range(0, len(samples), RATE):
            sound.write(samples[start : start + RATE])
    return target.stat().st_size


def main() -> None:
    """Write all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="one file or subfolder a reader")
    parser.add_argument("--output", type=Path, default=PLACE)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    chosen = longest(arguments.folder)
    total = sum(write(path, arguments.output / f"{name}.opus") for name, path in chosen)
    print(f"{len(chosen)} voices, {total} bytes")
    if total > MOST_BYTES:
        sys.exit(f"more than {MOST_BYTES} bytes; raise LEVEL")


if __name__ == "__main__":
    main()
