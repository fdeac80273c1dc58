"""Voices by the speaker embedding: readers of the package, known again from other sentences."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.annotation import Annotation, Turn
from diarize.audio import read, write
from diarize.config import Config
from diarize.identity import THRESHOLD, enroll_voice, log_odds, measure_voices
from diarize.identity.enrollment import enroll_speaker
from diarize.parts.calibration import included_voices
from diarize.types import Waveform

READERS = sorted(included_voices())[:3]
RATE = 16000


def halves(reader):
    """The first and the second half of what a reader says, samples each."""
    (path,) = included_voices()[reader]
    samples = read(path, rate=RATE).samples
    return samples[: len(samples) // 2], samples[len(samples) // 2 :]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """pair.wav: first halves of two readers, one after the other; NAME.wav: the second half of each."""
    folder = tmp_path_factory.mktemp("readers")
    first = [halves(reader)[0] for reader in READERS[:2]]
    write(folder / "pair.wav", Waveform(np.concatenate(first), RATE, "pair"))
    for reader in READERS:
        write(folder / f"{reader}.wav", Waveform(halves(reader)[1], RATE, reader))
    border, end = len(first[0]) / RATE, sum(map(len, first)) / RATE
    turns = Turn(0.0, border, READERS[0]), Turn(border, end, READERS[1])
    return folder, Annotation("pair", turns)


def test_a_reader_is_known_again_and_no_other_is(recordings):
    """From six seconds each, in another recording."""
    folder, truth = recordings
    heard = measure_voices(folder / "pair.wav", truth, Config())
    assert set(heard) == set(READERS[:2])
    again = {reader: enroll_voice(reader, [folder / f"{reader}.wav"], Config()) for reader in READERS}
    for one, voice in heard.items():
        for other, known in again.items():
            odds = log_odds(voice, known)
            assert odds > THRESHOLD if one == other else odds < 0


def test_the_voice_of_a_speaker_depends_on_its_turns_only(recordings):
    """As sure to the digit, and nearly at the same place: moving means see a second of what is beside."""
    folder, truth = recordings
    both = measure_voices(folder / "pair.wav", truth, Config())[READERS[0]]
    alone = enroll_speaker(
        READERS[0], folder / "pair.wav", Annotation("pair", truth.turns[:1]), READERS[0], Config()
    )
    one, other = both.embeddings, alone.embeddings
    np.testing.assert_allclose(one.variances, other.variances, rtol=1e-9)
    np.testing.assert_allclose(one.means, other.means, rtol=0.15, atol=0.5)


def test_a_speaker_without_an_interval_has_no_voice(recordings):
    """A tenth of a second says nothing."""
    folder, _ = recordings
    short = Annotation("pair", (Turn(1.0, 1.1, "a"), Turn(2.0, 4.0, "b")))
    assert set(measure_voices(folder / "pair.wav", short, Config())) == {"b"}
