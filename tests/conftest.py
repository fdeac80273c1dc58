"""What several folders of tests use."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from diarize import synth
from diarize.audio import write
from diarize.formats import write_file

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


@pytest.fixture(scope="session")
def talks(tmp_path_factory):
    """one.wav of voices 00 and 04, two.wav of 00 and 01, alone.wav of 04, with their truth as .rttm."""
    folder = tmp_path_factory.mktemp("talks")
    voices = synth.vowels(5, 20.0, rate=16_000, seed=3)
    config = synth.SynthConfig(duration=30.0, snr=30.0, overlap_probability=0.0)
    casts = {"one": ("voice_00", "voice_04"), "two": ("voice_00", "voice_01"), "alone": ("voice_04",)}
    for seed, (name, cast) in enumerate(casts.items()):
        sound, truth = synth.conversation(
            {each: voices[each] for each in cast}, config, seed=40 + seed, recording=name
        )
        write(folder / f"{name}.wav", sound)
        write_file(folder / f"{name}.rttm", truth, "rttm")
    return folder
