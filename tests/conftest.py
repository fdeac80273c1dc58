"""What several folders of tests use."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

import memo
import pytest
import shared
import typer.testing
from hypothesis import HealthCheck, settings

from diarize import synth
from diarize.audio import read, write
from diarize.formats import write_file
from diarize.parts.calibration import included_voices
from diarize.types import Waveform

# Where compiled code is not kept, programs that tests start compile the package anew, and pytest all tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# The benchmarks lie beside the tests and are not installed. They come last in the path.
sys.path.append(str(Path(__file__).parents[1]))
# Processes side by side with several threads each only wait for one another.
for _library in ("OPENBLAS", "OMP", "MKL", "NUMBA"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

# Random tests without a clock: a shared machine stalls now and then. Under mutmut, which asks for its own
# profile, methods of classes run twice in one process, each time of another instance; and the same examples
# for every mutant, lest luck decide.
settings.register_profile("unhurried", deadline=None)
settings.register_profile(
    "mutants",
    settings.get_profile("unhurried"),
    derandomize=True,
    suppress_health_check=[HealthCheck.differing_executors],
)
settings.load_profile("unhurried")

# Typer builds all commands anew for each line that a test invokes, a tenth of a second each time.
typer.testing._get_command = cache(typer.testing._get_command)


@pytest.fixture(scope="session", autouse=True)
def _shared_folder(tmp_path_factory):
    """Workers of pytest-xdist have folders of their own in one that they share."""
    own = tmp_path_factory.getbasetemp()
    shared.FOLDER[:] = [own.parent if "PYTEST_XDIST_WORKER" in os.environ else own]
    memo.install(shared.FOLDER[0] / "memo")


@pytest.fixture(autouse=True)
def _networks_compute(request):
    """The tests of the networks themselves look nothing up."""
    memo.PAUSED[0] = "networks" in request.path.parts


CASTS = {"one": ("voice_00", "voice_04"), "two": ("voice_00", "voice_01"), "alone": ("voice_04",)}


def talks_of(voices, folder):
    """one.wav, two.wav and alone.wav of the casts above, of ``voices`` by name, with their truth as .rttm."""
    config = synth.SynthConfig(duration=30.0, snr=30.0, overlap_probability=0.0)
    for seed, (name, cast) in enumerate(CASTS.items()):
        sound, truth = synth.simulate_conversation(
            {each: voices[each] for each in cast}, config, seed=40 + seed, recording=name
        )
        write(folder / f"{name}.wav", sound)
        write_file(folder / f"{name}.rttm", truth, "rttm")
    return folder


@pytest.fixture(scope="session")
def talks(tmp_path_factory):
    """Talks of pure signal, which the background model tells apart."""
    return talks_of(synth.synthesize_voices(5, 20.0, rate=16_000, seed=3), tmp_path_factory.mktemp("talks"))


@pytest.fixture(scope="session")
def people():
    """Five readers of the package, by the names voice_00 to voice_04, three seconds at a time."""
    paths = [path for _, (path,) in sorted(included_voices().items())[:5]]
    return {f"voice_{k:02d}": pieces_of(read(path, rate=16_000), 3.0) for k, path in enumerate(paths)}


def pieces_of(sound, seconds):
    """A sound in pieces of that length, without what is left over."""
    size = round(seconds * sound.rate)
    starts = range(0, len(sound.samples) - size + 1, size)
    return [Waveform(sound.samples[a : a + size], sound.rate, sound.recording) for a in starts]


@pytest.fixture(scope="session")
def people_talk(people, tmp_path_factory):
    """The same talks of people, for what hears by the networks."""
    return talks_of(people, tmp_path_factory.mktemp("people"))
