"""Coverage-guided fuzzing of all that reads text: annotation formats, transcripts, settings, the manifest of
a batch.

    pip install atheris
    python -m benchmarks.fuzz [--seconds 60] [--seed 1] [--target rttm --target config …] [--keep DIR]

Each target runs in a process of its own, starts from small valid texts (those of settings with a list of
their words) and may raise DiarizeError, in one line, and nothing else; what is read must be writable again,
settings to the same. A finding is printed with its bytes, which belong into a test beside tests/faults.
Nothing else needs atheris.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Named here, because what is imported before the fuzzer begins is not seen by it.
TARGETS = (
    "audacity", "config", "config-json", "csv", "ctm", "eaf", "json", "lab", "manifest", "rttm", "services",
    "srt", "textgrid", "uem", "webvtt", "whisper",
)  # fmt: skip
MANIFEST = (
    b'{"audio": "a.wav", "status": "ok", "files": {"rttm": "a.rttm"}, "outputs": {"a.rttm": null}, '
    b'"duration": 1.5, "n_speakers": 2, "timings": {"diarize": 0.5}}\n'
    b'{"audio": "b.wav", "status": "started", "files": {}, "outputs": {}}\n'
)
WORDS = {
    "ctm": [b"a 1 0.50 0.25 well 0.9\na 1 0.75 0.5 said\n;; comment\n"],
    "whisper": [
        b'{"text": " Well said.", "language": "en", "segments": [{"id": 0, "start": 0.5, "end": 1.25, '
        b'"text": " Well said.", "words": [{"word": " Well", "start": 0.5, "end": 0.75, "probability": 0.9}, '
        b'{"word": " said.", "start": 0.75, "end": 1.25}]}]}'
    ],
    "services": [
        b'{"text": " Well.", "chunks": [{"text": " Well.", "timestamp": [0.5, 0.75]}]}',
        b'{"results": {"items": [{"type": "pronunciation", "start_time": "0.5", "end_time": "0.75", '
        b'"alternatives": [{"content": "Well"}]}, {"type": "punctuation", '
        b'"alternatives": [{"content": "."}]}]}}',
        b'{"results": {"channels": [{"alternatives": [{"words": [{"word": "well", "start": 0.5, "end": 0.75, '
        b'"punctuated_word": "Well."}]}]}]}}',
        b'{"words": [{"text": "Well.", "start": 500, "end": 750}], "utterances": [{"text": "Well.", "start": '
        b'500, "end": 750, "words": [{"text": "Well.", "start": 500, "end": 750}]}]}',
        b'{"results": [{"alternatives": [{"transcript": "Well.", "words": [{"startTime": "0.500s", '
        b'"endTime": "0.750s", "word": "Well."}]}]}]}',
        b'{"recognizedPhrases": [{"channel": 0, "offsetInTicks": 5e6, "durationInTicks": 2.5e6, "nBest": '
        b'[{"display": "Well.", "words": [{"word": "well", "offsetInTicks": 5e6, '
        b'"durationInTicks": 2.5e6}]}]}]}',
        b'{"monologues": [{"speaker": 0, "elements": [{"type": "text", "value": "Well", "ts": 0.5, "end_ts": '
        b'0.75}, {"type": "punct", "value": "."}]}]}',
        b'{"phrases": [{"offsetMilliseconds": 500, "durationMilliseconds": 250, "text": "Well.", '
        b'"words": [{"text": "Well.", "offsetMilliseconds": 500, "durationMilliseconds": 250}]}]}',
        b'{"results": [{"type": "word", "start_time": 0.5, "end_time": 0.75, "alternatives": [{"content": '
        b'"Well", "speaker": "S1"}]}, {"type": "punctuation", "attaches_to": "previous", "alternatives": '
        b'[{"content": "."}]}]}',
        b'{"words": [{"text": "Well.", "start": 0.5, "end": 0.75, "type": "word", "speaker_id": "a"}, '
        b'{"text": " ", "type": "spacing"}]}',
        b'{"results": [{"alternatives": [{"timestamps": [["well", 0.5, 0.75]]}]}], "speaker_labels": '
        b'[{"from": 0.5, "to": 0.75, "speaker": 0}]}',
    ],
}
# A file for every text: in memory, where there is such a place.
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108
LONGEST = 8192  # bytes
PATIENCE = 60  # seconds for one text: a busy disk has taken 25


def settings_seeds():
    """Valid settings in TOML and as a run prints them: of each section alone, of all."""
    from dataclasses import asdict

    from diarize.config import Config, to_toml

    whole = to_toml(Config())
    parts = [part.encode() for part in (whole, *whole.split("\n\n"))]
    values = asdict(Config())
    documents = [{"config": values}, *({"config": {key: value}} for key, value in values.items())]
    return parts, [json.dumps(each).encode() for each in documents]


def settings_words():
    """Names of settings, and values that they may have, for the fuzzer to put together."""
    from dataclasses import asdict

    from diarize.config import Config

    words = {"true", "false", "inf", "nan", "-1", "1e400", "[[", "]]", '"""'}
    for key, value in asdict(Config()).items():
        inside = value if isinstance(value, dict) else {key: value}
        words |= {f"[{key}]"} if isinstance(value, dict) else set()
        for name, each in inside.items():
            words |= {f"{name} = ", f'"{name}": ', json.dumps(each)}
    return sorted(words)


def seeds():
    """Small valid texts by target."""
    from diarize.annotation import Annotation, Turn
    from diarize.formats import FORMATS, Options

    turns = (Turn(0.5, 2.25, "Ann & <Co>", 0.9, "Bob"), Turn(1.5, 3.0, "Bob"), Turn(4.0, 5.0, "=Ann"))
    options = Options(duration=6.0, media="a.wav", confidence=True)
    found = {"manifest": [MANIFEST], **WORDS}
    found["config"], found["config-json"] = settings_seeds()
    for name, each in FORMATS.items():
        if each.read:
            found[name] = [next(iter(each.write([Annotation("a", turns)], options).values())).encode()]
    return found


def reader(target):
    """What is called with every text."""
    from diarize.formats import FORMATS, Options

    if target in ("config", "config-json"):
        from diarize.config import Config, load_config, override, parse_toml, to_toml

        def settle(path):
            config = load_config(path.replace(path.with_suffix(".json" if "json" in target else ".toml")))
            again = override(Config(), parse_toml(to_toml(config), "written"))
            assert again == config, f"{again} is not {config}"  # noqa: S101

        return settle
    if target == "manifest":
        from diarize.batch.manifest import MANIFEST as NAME
        from diarize.batch.manifest import Manifest

        def opened(path):
            folder = path.parent / "manifest"
            folder.mkdir(exist_ok=True)
            path.replace(folder / NAME)
            Manifest.open(folder, resume=True, overwrite=False)

        return opened
    if target in WORDS:
        return label_words
    from diarize.formats import read_file

    def read(path):
        found = list(read_file(path, target).values())
        for annotation in found:
            FORMATS[target].write([annotation], Options())

    return read


def label_words(path):
    """Read a transcript, give its words to two speakers, and write it in its own form."""
    from diarize.annotation import Annotation, Turn
    from diarize.transcripts import assign_speakers, format_for, read_transcript, write_transcript

    suffix = ".json" if path.read_bytes().lstrip()[:1] in (b"{", b"[") else ".ctm"
    spoken = read_transcript(path.replace(path.with_suffix(suffix)))
    turns = Annotation("a", (Turn(0.0, 0.6, "A"), Turn(0.6, 2.0, "B")))
    name = format_for("", spoken.dialect)
    write_transcript(path.with_suffix(".out"), assign_speakers(spoken, turns), name, overwrite=True)


def fuzz(target, seconds, seed, work, scratch):
    """Fuzz one target in this process, with each text in a file of ``scratch``; libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["diarize", "tomllib"]):
        import diarize.batch.manifest
        import diarize.config
        import diarize.formats
        import diarize.transcripts  # noqa: F401
        from diarize.errors import DiarizeError
    read, path = reader(target), scratch / "text"
    known = seeds()
    if set(known) != set(TARGETS):
        raise SystemExit(f"targets are {sorted(known)}, not {TARGETS}")
    for number, text in enumerate(known[target]):
        (work / "corpus" / f"seed-{number}").write_bytes(text)

    def once(data):
        path.write_bytes(data)
        try:
            read(path)
        except DiarizeError as error:
            if "\n" in str(error):
                raise AssertionError(f"two lines: {error!r}") from error

    flags = [f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={LONGEST}", f"-timeout={PATIENCE}"]
    flags += [f"-artifact_prefix={work}/", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1"]
    if target.startswith("config"):
        words = [each.replace("\\", "\\\\").replace('"', '\\"') for each in settings_words()]
        (work / "words").write_text("".join(f'"{each}"\n' for each in words))
        flags.append(f"-dict={work / 'words'}")
    atheris.Setup([sys.argv[0], *flags, str(work / "corpus")], once)
    atheris.Fuzz()


def main():
    """Every target in turn; exit code 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--keep", type=Path, help="folder for what is found and for the corpora")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        with tempfile.TemporaryDirectory(dir=MEMORY) as scratch:
            fuzz(asked.target[0], asked.seconds, asked.seed, asked.work, Path(scratch))
        return
    bad = []
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        for target in asked.target or TARGETS:
            work = (asked.keep or Path(place)) / target
            (work / "corpus").mkdir(parents=True, exist_ok=True)
            words = ["--target", target, "--seconds", str(asked.seconds), "--work", str(work)]
            words += ["--seed", str(asked.seed)]
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.fuzz", *words], capture_output=True, text=True, check=False
            )
            found = sorted(
                p for p in work.iterdir() if p.name.startswith(("crash-", "timeout-", "oom-", "leak-"))
            )
            size = len(list((work / "corpus").iterdir()))
            tried = re.search(r"number_of_executed_units: *(\d+)", done.stderr)
            print(
                f"{target:<12} {tried[1] if tried else '?':>9} texts tried, {size:5d} kept, "
                f"{len(found)} found, exit code {done.returncode}",
                flush=True,
            )
            for each in found:
                print(f"  {each.name}: {each.read_bytes()[:2000]!r}")
            if found or done.returncode:
                bad.append(target)
                print("\n".join(done.stderr.splitlines()[-25:]))
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
