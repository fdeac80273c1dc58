"""Kill ``run`` and ``batch`` at any moment of their lives and look at what is left.

    python tests/faults/kills.py [--hits 120] [--seed 0]

Moments are drawn from the time that an undisturbed command takes and, for half of them, from the files that
it writes: so soon after so many of them have been begun. A kill counts as a hit when the process was still
running, that is, when it ended with -9, 130 or 143. After every kill each file of results must be whole to
the byte or absent, Ctrl-C must have said one line and ended with 130, SIGTERM nothing and 143; now and then
``batch --resume`` and ``run --overwrite`` must come to what an undisturbed run comes to.
``tests/faults/test_kills.py`` does the same with a few kills.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
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
# How speakers are found does not matter here, but how often the program runs: the quickest way.
QUICK = ["--speech", "energy", "--space", "mfcc"]
LINES = {signal.SIGINT: 1, signal.SIGTERM: 0}
MANIFEST = "manifest.jsonl"


def recordings(folder, number=5, seconds=12.0):
    """Short conversations of two synthetic voices."""
    from diarize import synth
    from diarize.audio import write_wav

    folder.mkdir(parents=True)
    talk = synth.SynthConfig(duration=seconds, snr=40.0, overlap_probability=0.0)
    for seed in range(number):
        waveform, _ = synth.simulate_conversation(synth.synthesize_voices(2, seed=3), talk, seed=seed)
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
        "run": ["run", *files, *QUICK, *formats, "--overwrite"],
        "batch": ["batch", str(folder), *QUICK, *formats, "--plot", "--jobs", "2", "--resume"],
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


@dataclass(frozen=True)
class Moment:
    """``seconds`` after so many files have been ``begun``; where that is none, after the program listens."""

    begun: int
    seconds: float

    def __str__(self):
        return f"{self.seconds:.3f} s after {self.begun or 'no'} files"


def states(folder):
    """What tells every file from the one that replaces it; the manifest and its lock left out."""
    found = set()
    for place, _, names in os.walk(folder):
        for name in names:
            if "manifest" not in name:
                with suppress(FileNotFoundError):
                    status = Path(place, name).stat()
                    found.add((status.st_ino, status.st_mtime_ns))
    return found


def killed(words, output, number, moment):
    """Begin the program and stop it at the moment; exit code, complaints."""
    before = states(output)
    running = subprocess.Popen(
        [*LISTENING, *words, "-o", str(output)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while number != signal.SIGKILL and running.poll() is None and not listens(running):
        time.sleep(0.005)
    while running.poll() is None and moment.begun and len(states(output) - before) < moment.begun:
        time.sleep(0.001)
    try:
        running.wait(timeout=moment.seconds)
    except subprocess.TimeoutExpired:
        if number == signal.SIGINT:
            os.killpg(running.pid, number)  # as a terminal does it
        else:
            running.send_signal(number)
    _, said = running.communicate(timeout=120)
    if not group_gone(running.pid):
        os.killpg(running.pid, signal.SIGKILL)
        said += "A PROCESS WAS LEFT\n"
    return running.returncode, said


@dataclass
class Trial:
    """What undisturbed commands make of ``folder``, and what kills have shown."""

    folder: Path
    work: Path
    whole: dict = field(default_factory=dict)
    took: dict = field(default_factory=dict)
    hits: Counter = field(default_factory=Counter)
    late: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)

    def measure(self):
        """Run both commands to their end."""
        for name, words in commands(self.folder).items():
            output = self.work / f"whole-{name}"
            begin = time.monotonic()
            subprocess.run([*PROGRAM, *words, "-o", str(output)], check=True, stdout=subprocess.DEVNULL)
            self.took[name] = time.monotonic() - begin
            self.whole[name] = contents(output)

    def left(self, name):
        """How many files of results an interrupted command has still to write."""
        found = contents(self.work / name)
        return len(self.whole[name]) - len(found) * (name == "batch")  # run --overwrite writes all anew

    def moment(self, name, rng):
        """While the next command of that name runs: by the clock or, as often, by the files it begins."""
        left = self.left(name)
        if rng.random() < 0.5:
            return Moment(0, rng.uniform(0, 0.95 * self.took[name] * left / len(self.whole[name])))
        return Moment(rng.randint(1, left), rng.choice((0.0, rng.uniform(0, 0.05))))

    def kill(self, name, number, moment):
        """One kill, whether it hit, and what is wrong after it."""
        output = self.work / name
        before = set(output.rglob("*.part"))
        code, said = killed(commands(self.folder)[name], output, number, moment)
        hit = code in CODES[number]
        (self.hits if hit else self.late)[name, signal.Signals(number).name] += 1
        problems = []
        if code and not hit:
            problems.append(f"exit code {code}")
        if (number in LINES and len(said.splitlines()) != LINES[number] * hit) or "A PROCESS" in said:
            problems.append("said something else")
        found = contents(output)
        problems += [path for path, data in found.items() if self.whole[name].get(path) != data]
        if code == 0 and found != self.whole[name]:
            problems.append("ended well without being done")
        if number != signal.SIGKILL and set(output.rglob("*.part")) - before:
            problems.append("left something half-written")
        if problems:
            self.wrong.append(f"{name}, {number!r} {moment}: {', '.join(problems)}\n{said}")
        return hit

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


def tried(work, hits, seed, tell=lambda trial: None):
    """A trial with so many hits, commands and signals in turn, moments at random; ``tell`` hears of each."""
    rng = random.Random(seed)  # noqa: S311 (moments, not secrets)
    trial = Trial(recordings(work / "in"), work)
    trial.measure()
    n = 0
    while trial.hits.total() < hits:
        name = ("run", "batch")[n % 2]
        if not trial.left(name) or rng.random() < 0.3:
            shutil.rmtree(work / name, ignore_errors=True)
        trial.kill(name, SIGNALS[n // 2 % 3], trial.moment(name, rng))
        tell(trial)
        n += 1
        if n % 20 == 0:
            trial.finish()
    trial.finish()
    return trial


def main():
    """The long version."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hits", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    told = 0

    def tell(trial):
        nonlocal told
        sys.stdout.writelines(f"WRONG {each}\n" for each in trial.wrong[told:])
        told = len(trial.wrong)
        if (trial.hits.total() + trial.late.total()) % 10 == 0:
            sys.stdout.write(f"{trial.hits.total()} hits, {trial.late.total()} too late\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory() as work:
        trial = tried(Path(work), asked.hits, asked.seed, tell)
    tell(trial)
    for (name, number), count in sorted(trial.hits.items()):
        sys.stdout.write(f"{count:5d} hits, {trial.late[name, number]} too late: {name}, {number}\n")
    sys.stdout.write(
        f"{trial.hits.total()} hits, {trial.late.total()} too late, {len(trial.wrong)} things wrong\n"
    )
    raise SystemExit(bool(trial.wrong))


if __name__ == "__main__":
    main()
