"""Kill ``run`` and ``batch`` at random moments and look at what is left.

    python tests/faults/kills.py [--kills 120] [--seed 0]

After every kill each file of results must be whole to the byte or absent, Ctrl-C must have said one line and
ended with 130, SIGTERM nothing and 143; at the end ``batch --resume`` and ``run --overwrite`` must come to
what an undisturbed run comes to. ``tests/faults/test_kills.py`` does the same with a few kills.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = [sys.executable, "-m", "diarize"]
# The same where whoever started this ignores Ctrl-C, as shells have it in the background.
LISTENING = [
    sys.executable,
    "-c",
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('diarize', run_name='__main__')",
]
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
CODES = {signal.SIGKILL: (-9,), signal.SIGINT: (130,), signal.SIGTERM: (143,)}
LINES = {signal.SIGINT: 1, signal.SIGTERM: 0}
MANIFEST = "manifest.jsonl"


def recordings(folder, number=5, seconds=12.0):
    """Short conversations of two synthetic voices."""
    from diarize import synth
    from diarize.audio import write_wav

    folder.mkdir(parents=True)
    talk = synth.SynthConfig(duration=seconds, snr=40.0, overlap_probability=0.0)
    for seed in range(number):
        waveform, _ = synth.conversation(synth.vowels(2, seed=3), talk, seed=seed)
        write_wav(folder / f"{seed}.wav", waveform)
    return folder


def contents(folder):
    """Every file of results by its path; hidden ones and the manifest left out."""
    files = [p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files if p.name != MANIFEST}


def commands(folder):
    """The words of both commands, without the folder of results."""
    files = sorted(map(str, folder.glob("*.wav")))
    formats = ["-f", "rttm", "-f", "json", "-f", "kaldi"]
    return {
        "run": ["run", *files, *formats, "--overwrite"],
        "batch": ["batch", str(folder), *formats, "--plot", "--jobs", "2", "--resume"],
    }


def listens(process):
    """Whether the program has come as far as to catch SIGTERM: its first lines."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), "0")
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def group_gone(pid):
    """Whether no process of a group is left, within some seconds."""
    for _ in range(200):
        try:
            os.killpg(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def killed(words, number, later):
    """Begin the program, stop it ``later`` s after it listens; exit code, complaints, seconds it lived."""
    running = subprocess.Popen(
        [*LISTENING, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while running.poll() is None and not listens(running):
        time.sleep(0.005)
    begin = time.monotonic()
    try:
        running.wait(timeout=later)
    except subprocess.TimeoutExpired:
        if number == signal.SIGINT:
            os.killpg(running.pid, number)  # as a terminal does it
        else:
            running.send_signal(number)
    _, said = running.communicate(timeout=120)
    if not group_gone(running.pid):
        os.killpg(running.pid, signal.SIGKILL)
        return running.returncode, said + "A PROCESS WAS LEFT\n", time.monotonic() - begin
    return running.returncode, said, time.monotonic() - begin


@dataclass
class Trial:
    """What undisturbed commands make of ``folder``, and what kills have shown."""

    folder: Path
    work: Path
    whole: dict = field(default_factory=dict)
    took: dict = field(default_factory=dict)
    seen: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)

    def measure(self):
        """Run both commands to their end."""
        for name, words in commands(self.folder).items():
            output = self.work / f"whole-{name}"
            begin = time.monotonic()
            subprocess.run([*PROGRAM, *words, "-o", str(output)], check=True, stdout=subprocess.DEVNULL)
            self.took[name] = time.monotonic() - begin
            self.whole[name] = contents(output)

    def kill(self, name, number, later):
        """One kill, and what is wrong after it."""
        output = self.work / name
        code, said, _ = killed([*commands(self.folder)[name], "-o", str(output)], number, later)
        ended = "finished" if code == 0 else f"{signal.Signals(number).name} {code}"
        self.seen[f"{name}: {ended}"] += 1
        problems = []
        if code not in (0, *CODES[number]):
            problems.append(f"exit code {code}")
        if code and number in LINES and len(said.splitlines()) != LINES[number]:
            problems.append("said something else")
        found = contents(output) if output.exists() else {}
        problems += [path for path, data in found.items() if self.whole[name].get(path) != data]
        if number != signal.SIGKILL and list(output.rglob("*.part")):
            problems.append("left something half-written")
        if problems:
            self.wrong.append(f"{name}, {number!r} after {later:.3f} s: {', '.join(problems)}\n{said}")

    def finish(self):
        """Both commands once more, undisturbed."""
        for name, words in commands(self.folder).items():
            output = self.work / name
            done = subprocess.run(
                [*PROGRAM, *words, "-o", str(output)], check=False, capture_output=True, text=True
            )
            if done.returncode or done.stderr:
                self.wrong.append(f"{name}, at the end: {done.returncode}\n{done.stderr}")
            if contents(output) != self.whole[name]:
                self.wrong.append(f"{name}, at the end: not what an undisturbed run makes")
            if name == "batch" and list(output.rglob("*.part")):
                self.wrong.append(f"{name}, at the end: something half-written is left")


def tried(work, kills, seed, tell=lambda n, trial: None):
    """A trial with so many kills, commands and signals in turn, moments at random; ``tell`` hears of each."""
    rng = random.Random(seed)  # noqa: S311 (moments, not secrets)
    trial = Trial(recordings(work / "in"), work)
    trial.measure()
    for n in range(kills):
        name = ("run", "batch")[n % 2]
        trial.kill(name, SIGNALS[n // 2 % 3], rng.uniform(0, trial.took[name]))
        tell(n + 1, trial)
        if n % 12 == 11:
            trial.finish()
        if n % 4 == 3:  # begin anew, for after a while everything is done already
            for each in commands(trial.folder):
                subprocess.run(["rm", "-rf", str(work / each)], check=True)
    trial.finish()
    return trial


def main():
    """The long version."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()

    told = 0

    def tell(n, trial):
        nonlocal told
        for each in trial.wrong[told:]:
            sys.stdout.write(f"WRONG {each}\n")
        told = len(trial.wrong)
        if n % 10 == 0:
            sys.stdout.write(f"{n} kills; {dict(trial.seen)}\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory() as work:
        trial = tried(Path(work), asked.kills, asked.seed, tell)
    for what, count in sorted(trial.seen.items()):
        sys.stdout.write(f"{count:5d}  {what}\n")
    tell(0, trial)
    sys.stdout.write(f"{sum(trial.seen.values())} kills, {len(trial.wrong)} things wrong\n")
    raise SystemExit(bool(trial.wrong))


if __name__ == "__main__":
    main()
