"""Whether the result depends on the container, gain, offset, polarity, silence, rate or coding of the sound.

    python -m benchmarks.packaging --corpus DIR [--only WORD …]

Every recording NAME.flac of a folder is written anew in each packing, diarized with the defaults and own
speech activity, and graded against NAME.rttm (moved along where silence was put before): collar 0, overlap
scored, the whole file evaluated, seconds pooled. Printed is the DER, and by how many points it differs from
that of the recordings as they are, which should be no more than the bound in the last column.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

import diarize
from benchmarks.corpora import find_corpora
from diarize import scoring

if TYPE_CHECKING:
    from benchmarks.corpora import Recording

    Array = Any

EXACT = 0.1  # points of DER: what changes rounding alone
SMALL = 1.0  # points: what changes the sound a little
MP3_64 = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT", "compression_level": 0.63}


@dataclass(frozen=True)
class Packing:
    """One way to pack: a factor, an offset, silence before and after in seconds (or what the ``room`` sounds
    like when nobody talks), a rate, and how it is written (arguments of soundfile); ``bound`` in points of
    DER, None where it must change.
    """

    name: str
    bound: float | None = SMALL
    factor: float = 1.0
    offset: float = 0.0
    drop: int = 0
    before: float = 0.0
    after: float = 0.0
    faint: float = 0.0
    room: bool = False
    rate: int | None = None
    channels: int = 1
    written: tuple[tuple[str, Any], ...] = (("format", "WAV"), ("subtype", "PCM_16"))


def as_file(**arguments: Any) -> tuple[tuple[str, Any], ...]:
    """Arguments of soundfile, in a frozen value."""
    return tuple(arguments.items())


FLOAT = as_file(format="WAV", subtype="FLOAT")
PLAIN = Packing("none", EXACT)
PACKINGS = (
    *(Packing(f"gain {db:+d} dB, 16 bits", factor=10 ** (db / 20)) for db in (-40, -20, -6, 6)),
    *(Packing(f"gain {db:+d} dB, float", EXACT, 10 ** (db / 20), written=FLOAT) for db in (-40, 6)),
    Packing("gain 2⁻⁶, float", EXACT, 2.0**-6, written=FLOAT),
    *(Packing(f"offset {o:+g} of full scale", offset=o) for o in (-0.02, 0.1)),
    Packing("polarity", EXACT, -1.0),
    Packing("stereo, twice the same", EXACT, channels=2),
    Packing("one sample later", drop=-1),
    Packing("one sample earlier", drop=1),
    Packing("10 s of digital silence before", before=10.0),
    Packing("120 s of digital silence before and after", before=120.0, after=120.0),
    Packing("120 s at −80 dBFS before and after", before=120.0, after=120.0, faint=1e-4),
    Packing("900 s of the room before and after", before=900.0, after=900.0, room=True),
    *(Packing(f"{rate} Hz", rate=rate) for rate in (11025, 22050, 32000, 44100, 48000)),
    Packing("8000 Hz", None, rate=8000),
    Packing("8000 Hz, µ-law", None, rate=8000, written=as_file(format="WAV", subtype="ULAW")),
    Packing("MP3, 64 kb/s", written=as_file(**MP3_64)),
    Packing("Ogg Vorbis", written=as_file(format="OGG", subtype="VORBIS")),
    Packing("Ogg Opus", written=as_file(format="OGG", subtype="OPUS")),
)


def empty_room(samples: Array, n: int) -> Array:
    """Gaussian noise (n,) with the mean power spectrum of the quietest tenth of the frames of ``samples``."""
    size = 1024
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 2]
    power = np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2
    quiet = power[power.sum(axis=1) <= np.percentile(power.sum(axis=1), 10)].mean(axis=0)
    gains = np.sqrt(quiet / np.sum(np.hanning(size) ** 2))
    noise = np.fft.rfft(np.random.default_rng(1).standard_normal(n))
    return np.fft.irfft(
        noise * np.interp(np.linspace(0, 1, noise.size), np.linspace(0, 1, gains.size), gains), n
    )


def change_sound(samples: Array, rate: int, packing: Packing) -> tuple[Array, int]:
    """The samples (n, channels) as they are packed, and their rate."""
    lengths = (round(packing.before * rate), round(packing.after * rate))
    before, after = (empty_room(samples, n) if packing.room else np.zeros(n) for n in lengths)
    sound = packing.factor * np.concatenate((before, samples, after)) + packing.offset
    sound = sound[packing.drop :] if packing.drop >= 0 else np.pad(sound, (-packing.drop, 0))
    sound = sound + packing.faint * np.random.default_rng(0).standard_normal(sound.size)
    if packing.rate:
        sound = resample_wholly(sound, rate, packing.rate)
    return np.repeat(sound[:, None], packing.channels, axis=1), packing.rate or rate


def resample_wholly(sound: Array, rate: int, target: int) -> Array:
    """Samples (n,) at another rate, with all of their band, as if they had been recorded at that rate."""
    from scipy.signal import resample

    period = rate // math.gcd(rate, target)
    padded = np.pad(sound, (0, -len(sound) % period))
    return resample(padded, len(padded) * target // rate)


def score_recording(recording: Recording, packing: Packing, folder: Path) -> scoring.FileScore:
    """One recording in one packing."""
    samples, rate = soundfile.read(recording.path, dtype="float64")
    sound, new_rate = change_sound(samples, rate, packing)
    path = folder / recording.path.stem
    arguments = {"samplerate": new_rate, "channels": packing.channels, **dict(packing.written)}
    with soundfile.SoundFile(path, "w", **arguments) as file:
        for start in range(0, len(sound), new_rate):  # libsndfile's Vorbis takes no more at once
            file.write(sound[start : start + new_rate])
    found = diarize.diarize(path).annotation
    moved = [
        replace(t, start=t.start + packing.before, end=t.end + packing.before)
        for t in recording.reference.turns
    ]
    whole = [(0.0, len(samples) / rate + packing.before + packing.after)]
    return scoring.score(diarize.Annotation(path.stem, tuple(moved)), found, uem=whole)


def format_row(packing: Packing, scores: list[scoring.FileScore], base: list[scoring.FileScore]) -> str:
    """Markdown."""
    pooled, plain = (diarize.Score.pooled(s.score for s in each) for each in (scores, base))
    parts = (pooled.missed, pooled.false_alarm, pooled.confusion)
    share = " | ".join(f"{100 * part / pooled.total:.1f}" for part in parts)
    speakers = sum(s.hypothesis_speakers for s in scores)
    moved = f"{100 * (pooled.der - plain.der):+.2f}"
    most = max(abs(s.score.der - b.score.der) for s, b in zip(scores, base, strict=True))
    bound = "must change" if packing.bound is None else f"{packing.bound:g}"
    cells = (packing.name, share, f"{100 * pooled.der:.2f}", moved, f"{100 * most:.1f}", str(speakers), bound)
    return f"| {' | '.join(cells)} |"


def is_kept(packing: Packing, scores: list[scoring.FileScore], base: list[scoring.FileScore]) -> bool:
    """Whether the pooled DER changed by less than the bound."""
    pooled, plain = (diarize.Score.pooled(s.score for s in each).der for each in (scores, base))
    return packing.bound is None or 100 * abs(pooled - plain) <= packing.bound


def main() -> None:
    """Print the table; exit code 1 when something moves more than it should."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=find_corpora, action="extend", required=True)
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="packings with such a word")
    options = parser.parse_args()
    found = [each for corpus in options.corpus for each in corpus.recordings]
    wanted = [p for p in PACKINGS if not options.only or any(word in p.name for word in options.only)]
    print("| change | miss | false alarm | confusion | DER % | difference | largest | speakers | bound |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    moved = []
    with tempfile.TemporaryDirectory() as folder:
        base = [score_recording(each, PLAIN, Path(folder)) for each in found]
        print(format_row(PLAIN, base, base), flush=True)
        for packing in wanted:
            scores = [score_recording(each, packing, Path(folder)) for each in found]
            print(format_row(packing, scores, base), flush=True)
            moved += [] if is_kept(packing, scores, base) else [packing.name]
    if moved:
        raise SystemExit(f"changed by more than the bound: {'; '.join(moved)}")


if __name__ == "__main__":
    main()
