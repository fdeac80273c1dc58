"""Whether one voice is found as one speaker: speech of one synthesizer, from a minute to an hour.

    python -m benchmarks.monologue [--minutes 1 10 60] [--voice flite:slt …]

Needs the programs flite and espeak-ng (Debian packages of these names). The text is that of Python's pages of
help, so it hardly repeats itself; faint noise is added. Printed: how many speakers are found, and the share
of speech that the first of them has.
"""

from __future__ import annotations

import argparse
import io
import subprocess
from pydoc_data.topics import topics

import numpy as np
import soundfile

import diarize
from diarize.annotation.statistics import speaking_shares
from diarize.types import Waveform

VOICES = ("flite:slt", "flite:rms", "flite:awb", "espeak-ng:en-gb", "espeak-ng:en-us+f3")
WORDS = 400  # at a time
NOISE = 3e-4  # of full scale


def synthesize(engine: str, voice: str, text: str) -> tuple[np.ndarray, int]:
    """Samples (n,) of a text, and their rate."""
    words = {
        "flite": ["flite", "-voice", voice, "-t", text, "-o", "/dev/stdout"],
        "espeak-ng": ["espeak-ng", "-v", voice, "--stdout", text],
    }
    data = subprocess.run(words[engine], check=True, capture_output=True).stdout
    return soundfile.read(io.BytesIO(data), dtype="float32")


def make_monologue(name: str, seconds: float) -> Waveform:
    """One voice for so long."""
    import librosa

    engine, voice = name.split(":")
    words = " ".join(topics.values()).replace("*", "").split()
    parts, length = [], 0
    for start in range(0, len(words), WORDS):
        samples, rate = synthesize(engine, voice, " ".join(words[start : start + WORDS]))
        parts.append(librosa.resample(samples, orig_sr=rate, target_sr=16000))
        length += parts[-1].size
        if length >= 16000 * seconds:
            break
    sound = np.concatenate(parts)[: round(16000 * seconds)]
    noise = NOISE * np.random.default_rng(0).standard_normal(sound.size)
    return Waveform((sound + noise).astype(np.float32), 16000, name)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 10, 60])
    parser.add_argument("--voice", nargs="+", default=VOICES)
    options = parser.parse_args()
    print("| voice | minutes | speakers | share of the first | by evidence |\n|---|---:|---:|---:|---|")
    for name in options.voice:
        whole = make_monologue(name, 60 * max(options.minutes))
        for minutes in options.minutes:
            part = Waveform(whole.samples[: round(60 * minutes * whole.rate)], whole.rate, name)
            result = diarize.diarize(part)
            most = max((each["share"] for each in speaking_shares(result.annotation)), default=0.0)
            found = len(result.annotation.speakers)
            print(
                f"| {name} | {part.duration / 60:.0f} | {found} | {100 * most:.0f} % "
                f"| {result.count.explanation} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
