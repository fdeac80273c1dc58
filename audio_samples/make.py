"""Make the samples anew: speech by Debian's synthesisers, conversations with references by diarize.synth.

    sudo apt-get install flite festival festvox-kdlpc16k espeak-ng
    python audio_samples/make.py

Writes NAME.flac beside this file, references/NAME.rttm, .uem and .ctm (words with speakers),
transcripts/NAME.json, the same words as a speech recogniser writes them, and MANIFEST.toml with
all checksums.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from word_times import word_times

from diarize import audio, formats
from diarize.annotation import Annotation
from diarize.synth import SynthConfig, plan_dialogue
from diarize.synth.acoustics import resample
from diarize.synth.phrases import split_phrases
from diarize.types import Waveform

HERE = Path(__file__).parent
RATE = 16_000
PACKAGES = {"flite": "flite", "text2wave": "festival", "espeak-ng": "espeak-ng"}
KED_PACKAGE = "festvox-kdlpc16k"
KED = Path("/usr/share/festival/voices/english/ked_diphone")
LICENCE = "MIT, as the project: own texts and own mixing; no voice's licence restricts what it says"
SEGMENT_SECONDS = 8.0  # of a transcript
NO_SPEECH = "No speech: hum, telephone tones, a plucked melody, noise, knocks and a siren; 8 s each"


def missing_packages() -> list[str]:
    """Debian packages to be installed first."""
    missing = {package for program, package in PACKAGES.items() if shutil.which(program) is None}
    return sorted(missing | (set() if KED.is_dir() else {KED_PACKAGE}))


def command(voice: dict[str, str], text: Path, sound: Path) -> list[str]:
    """What makes one file of speech."""
    name = voice["voice"]
    return {
        "flite": ["flite", "-voice", name, "-f", str(text), "-o", str(sound)],
        "festival": ["text2wave", "-eval", f"({name})", str(text), "-o", str(sound)],
        "espeak-ng": ["espeak-ng", "-v", name, "-f", str(text), "-w", str(sound)],
    }[voice["engine"]]


def spoken(voice: dict[str, str], words: str) -> Waveform:
    """A turn as a clean recording."""
    with tempfile.TemporaryDirectory() as folder:
        text, sound = Path(folder, "turn.txt"), Path(folder, "turn.wav")
        text.write_text(words + "\n", encoding="utf-8")
        subprocess.run(command(voice, text, sound), check=True, capture_output=True)
        return audio.read(sound, rate=RATE)


def placed_words(
    turns: list[tuple[str, Waveform, float]], texts: list[str], rate: int, voices: Any
) -> list[Any]:
    """Start, end, speaker and word, by start, of turns placed as by ``synth.plan_dialogue``."""
    floor, words = 0, []
    for (who, waveform, after), text in zip(turns, texts, strict=True):
        spoken = split_phrases(resample(waveform, rate), rate)
        start = floor + round(after * rate)
        floor = max(floor, start + spoken[-1].onset + spoken[-1].length - spoken[0].onset)
        shift = (start - spoken[0].onset) / rate
        spans = word_times(voices[who], text)
        words += [(shift + a, shift + b, who, word) for (a, b), word in zip(spans, text.split(), strict=True)]
    return sorted(words)


def as_ctm(name: str, words: list[Any]) -> str:
    """Words with speakers, NIST's eight fields a line."""
    return "".join(f"{name} 1 {a:.3f} {b - a:.3f} {word} 1.00 lex {who}\n" for a, b, who, word in words)


def as_whisper(words: list[Any]) -> str:
    """Words without speakers, in the shape of openai-whisper: segments of seconds that heed no speaker."""
    rows: list[list[Any]] = [[]]
    for each in words:
        if rows[-1] and each[1] - rows[-1][0][0] > SEGMENT_SECONDS:
            rows.append([])
        rows[-1].append(each)
    segments = [
        {
            "id": i,
            "start": round(row[0][0], 2),
            "end": round(max(each[1] for each in row), 2),
            "text": "".join(f" {each[3]}" for each in row),
            "words": [{"word": f" {w}", "start": round(a, 2), "end": round(b, 2)} for a, b, _, w in row],
        }
        for i, row in enumerate(rows)
        if row
    ]
    text = "".join(each["text"] for each in segments)
    return (
        json.dumps({"text": text, "segments": segments, "language": "en"}, indent=1, ensure_ascii=False)
        + "\n"
    )


def talk(
    name: str, plan: dict[str, Any], voices: dict[str, dict[str, str]]
) -> tuple[Waveform, Annotation, list[Any]]:
    """One staged conversation, and its words."""
    turns = [(who, spoken(voices[who], words), after) for who, after, words in plan["turns"]]
    config = SynthConfig(**plan["config"])
    scene = plan_dialogue(turns, config, plan["seed"], recording=name)
    words = placed_words(turns, [words for *_, words in plan["turns"]], config.rate, voices)
    return scene.waveform(), scene.annotation, words


def plucked(frequency: float, seconds: float) -> np.ndarray:
    """A string that dies away, float64 (n,)."""
    t = np.arange(round(seconds * RATE)) / RATE
    harmonics = range(1, 8)
    return sum(np.sin(2 * np.pi * k * frequency * t) * np.exp(-(2 + k) * t) / k for k in harmonics)


def melody(rng: np.random.Generator) -> np.ndarray:
    """Eight seconds of a broken chord, each string half a second after the last."""
    played = np.zeros(8 * RATE)
    for step in range(14):
        note = plucked(196.0 * 2 ** (rng.choice([0, 4, 7, 12, 16]) / 12), 1.0)
        played[step * RATE // 2 : step * RATE // 2 + note.size] += note
    return played


def no_speech() -> tuple[Waveform, Annotation, list[Any]]:
    """Everything but speech."""
    rng, t = np.random.default_rng(0), np.arange(8 * RATE) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * t) / k for k in (1, 2, 3, 5))
    tones = np.sin(2 * np.pi * 425 * t) * (t % 1 < 0.48)
    knocks = rng.standard_normal(t.size) * np.exp(-60 * (t % 0.8)) * (t < 6)
    siren = np.sin(2 * np.pi * np.cumsum(700 + 300 * np.sin(2 * np.pi * 0.4 * t)) / RATE)
    parts = [hum, tones, melody(rng), rng.standard_normal(t.size), knocks, siren]
    edge = np.minimum(1, np.minimum(t, t[::-1]) / 0.05)
    loud = np.concatenate([0.05 * edge * part / np.std(part) for part in parts])
    samples = loud + 0.001 * rng.standard_normal(loud.size)
    return Waveform(samples, RATE, "no_speech"), Annotation("no_speech"), []


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save(waveform: Waveform, annotation: Annotation, words: list[Any]) -> dict[str, str]:
    """Sound, references and, where somebody speaks, a transcript; their names and checksums."""
    name = waveform.recording
    paths = [HERE / f"{name}.flac", *(HERE / "references" / f"{name}.{suffix}" for suffix in ("rttm", "uem"))]
    audio.write(paths[0], waveform)
    formats.write_file(paths[1], annotation, overwrite=True)
    formats.write_uem(paths[2], {name: np.array([[0.0, waveform.duration]])}, overwrite=True)
    if words:
        paths += [HERE / "references" / f"{name}.ctm", HERE / "transcripts" / f"{name}.json"]
        paths[3].write_text(as_ctm(name, words), encoding="utf-8")
        paths[4].write_text(as_whisper(words), encoding="utf-8")
    return {path.relative_to(HERE).as_posix(): checksum(path) for path in paths}


def version(package: str) -> str:
    """Of an installed Debian package."""
    query = ["dpkg-query", "-W", "-f", "${Version}", package]
    return subprocess.run(query, check=True, capture_output=True, text=True).stdout


def entry(waveform: Waveform, annotation: Annotation, how: str, files: dict[str, str]) -> list[str]:
    """One recording's part of the manifest."""
    lines = ["[[recording]]", f'name = "{waveform.recording}"', f'how = "{how}"']
    lines += [f"seconds = {waveform.duration}", f"rate = {waveform.rate}"]
    lines += [f"voices = {list(annotation.speakers)}".replace("'", '"'), f'licence = "{LICENCE}"']
    return [
        *lines,
        "",
        "[recording.sha256]",
        *(f'"{name}" = "{digest}"' for name, digest in files.items()),
        "",
    ]


def manifest(voices: dict[str, dict[str, str]], entries: list[str]) -> str:
    """The whole manifest."""
    lines = ["# Written by make.py: what the samples are, how they were made, and their checksums.", ""]
    lines += [
        "[packages]",
        *(f'{p} = "{version(p)}"' for p in (*sorted(set(PACKAGES.values())), KED_PACKAGE)),
    ]
    for name, voice in voices.items():
        lines += ["", f"[voices.{name}]", *(f'{key} = "{value}"' for key, value in voice.items())]
    return "\n".join([*lines, "", *entries])


def main() -> int:
    """Make everything; 1 when a Debian package is missing."""
    if missing := missing_packages():
        print(f"missing Debian packages: {' '.join(missing)}", file=sys.stderr)
        print(f"try: sudo apt-get install {' '.join(missing)}", file=sys.stderr)
        return 1
    plans = tomllib.loads((HERE / "dialogues.toml").read_text(encoding="utf-8"))
    voices, entries = plans.pop("voices"), []
    for name in (*plans, "no_speech"):
        waveform, annotation, words = no_speech() if name == "no_speech" else talk(name, plans[name], voices)
        how = NO_SPEECH if name == "no_speech" else plans[name]["how"]
        entries += entry(waveform, annotation, how, save(waveform, annotation, words))
        speakers, turns = len(annotation.speakers), len(annotation.turns)
        print(f"{name}: {waveform.duration:.1f} s, {speakers} voices, {turns} turns")
    (HERE / "MANIFEST.toml").write_text(manifest(voices, entries), encoding="utf-8")
    print(f"written to {HERE}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
