"""Coverage-guided fuzzing of all that reads text: annotation formats, transcripts, settings, the manifest of
a batch.

    pip install atheris
    python -m benchmarks.fuzz [--seconds 60] [--seed 1] [--target rttm --target config …] [--keep DIR]

Each target runs in a process of its own, starts from small valid texts and may raise DiarizeError, in one
line, and nothing else; what is read must be writable again. A finding is printed with its bytes, which belong
into a test beside tests/faults. Nothing else needs atheris.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# Named here, because what is imported before the fuzzer begins is not seen by it.
TARGETS = (
    "audacity", "config", "csv", "ctm", "eaf", "json", "lab", "manifest", "rttm", "srt", "textgrid", "uem",
    "webvtt", "whisper",
)  # fmt: skip
CONFIG = (
    b"seed = 3\n[audio]\nrate = 16000\n[clustering]\nmax_speakers = 4\n[resegmentation]\nmin_turn = 0.3\n"
)
MANIFEST = (
    b'{"audio": "a.wav", "status": "ok", "files": {"rttm": "a.rttm"}, "outputs": {"a.rttm": null}, '
    b'"duration": 1.5, "n_speakers": 2, "timings": {"diarize": 0.5}}\n'
    b'{"audio": "b.wav", "status": "started", "files": {}, "outputs": {}}\n'
)
WORDS = {
    "ctm": b"a 1 0.50 0.25 well 0.9\na 1 0.75 0.5 said\n;; comment\n",
    "whisper": b'{"text": " Well said.", "language": "en", "segments": [{"id": 0, "start": 0.5, "end": 1.25, '
    b'"text": " Well said.", "words": [{"word": " Well", "start": 0.5, "end": 0.75, "probability": 0.9}, '
    b'{"word": " said.", "start": 0.75, "end": 1.25}]}]}',
}
LONGEST = 4096  # bytes


def seeds():
    """A small valid text by target."""
    from diarize.annotation import Annotation, Turn
    from diarize.formats import FORMATS, Options

    turns = (Turn(0.5, 2.25, "Ann & <Co>", 0.9, "Bob"), Turn(1.5, 3.0, "Bob"), Turn(4.0, 5.0, "=Ann"))
    options = Options(duration=6.0, media="a.wav", confidence=True)
    found = {"config": CONFIG, "manifest": MANIFEST, **WORDS}
    for name, each in FORMATS.items():
        if each.read:
            found[name] = next(iter(each.write([Annotation("a", turns)], options).values())).encode()
    return found


def reader(target):
    """What is called with every text."""
    from diarize.formats import FORMATS, Options

    if target == "config":
        from diarize.config import Config, load_config, to_toml

        return lambda path: to_toml(load_config(path, Config()))
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
        from diarize.transcripts import read_transcript

        suffix = ".ctm" if target == "ctm" else ".json"
        return lambda path: read_transcript(path.replace(path.with_suffix(suffix)))
    from diarize.formats import read_file

    def read(path):
        found = list(read_file(path, target).values())
        for annotation in found:
            FORMATS[target].write([annotation], Options())

    return read


def fuzz(target, seconds, seed, corpus, work):
    """Fuzz one target in this process; libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["diarize"]):
        import diarize.batch.manifest
        import diarize.config
        import diarize.formats
        import diarize.transcripts  # noqa: F401
        from diarize.errors import DiarizeError
    read, path = reader(target), work / "text"
    known = seeds()
    if set(known) != set(TARGETS):
        raise SystemExit(f"targets are {sorted(known)}, not {TARGETS}")
    (corpus / "seed").write_bytes(known[target])

    def once(data):
        path.write_bytes(data)
        try:
            read(path)
        except DiarizeError as error:
            if "\n" in str(error):
                raise AssertionError(f"two lines: {error!r}") from error

    flags = [f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={LONGEST}", "-timeout=10"]
    flags += [f"-artifact_prefix={work}/", "-rss_limit_mb=2048", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], once)
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
        fuzz(asked.target[0], asked.seconds, asked.seed, asked.work / "corpus", asked.work)
        return
    bad = []
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as place:  # noqa: PTH112, S108
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
            print(
                f"{target:<10} {size:5d} texts kept, {len(found)} found, exit code {done.returncode}",
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
