"""Calls with a channel for each side: leaks, names, channels in RTTM, and when a note says so."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from diarize import formats, synth
from diarize.annotation import Annotation, Turn
from diarize.audio import open_recording
from diarize.errors import AudioError
from diarize.pipeline.channels import RATE, diarize_channels, find_leaks
from diarize.scoring import score
from diarize.speech import PyanNetSegmenter

SECONDS = 20


@pytest.fixture(scope="module")
def sides():
    """Two voices who take turns of two seconds, each on a side of its own, and who speaks when."""
    voices = synth.synthesize_voices(2, 30.0, rate=RATE, seed=4)
    left, right = (np.concatenate([w.samples for w in each])[: SECONDS * RATE] for each in voices.values())
    first = (np.arange(SECONDS * RATE) // RATE) % 4 < 2
    return np.column_stack((left * first, right * ~first)), first


def blocks(samples):
    """Blocks of four seconds of each channel."""
    return [iter(np.split(column, SECONDS // 4)) for column in samples.T]


def noise(scale, seed=0):
    """White noise on both sides."""
    return scale * np.random.default_rng(seed).normal(size=(SECONDS * RATE, 2))


def test_what_leaks_is_found_and_nothing_else(sides):
    """A tenth of the other side, ten milliseconds late."""
    samples, first = sides
    leaky = samples + 0.1 * np.roll(samples, 80, axis=0)[:, ::-1] + noise(1e-4)
    found, same = find_leaks(blocks(leaky))
    assert not same
    for intervals, mine in zip(found, (first, ~first), strict=True):
        theirs = np.zeros(len(first), bool)
        for start, end in intervals:
            theirs[round(start * RATE) : round(end * RATE)] = True
        assert np.mean(theirs[~mine]) > 0.7
        assert np.mean(theirs[mine]) < 0.03


def test_without_leaks_nothing_is_taken_away(sides):
    """Not even where one side is quiet."""
    samples, _ = sides
    found, same = find_leaks(blocks(samples * [1.0, 0.05] + noise(1e-4)))
    assert (sum(np.diff(each).sum() for each in found), same) == (0.0, False)


def test_one_sound_on_both_channels_is_known(sides):
    """And nothing of it is called a leak."""
    mono = np.repeat(sides[0].sum(axis=1, keepdims=True), 2, axis=1)
    found, same = find_leaks(blocks(mono))
    assert same
    assert all(len(each) == 0 for each in found)


def test_each_channel_is_diarized_alone(tmp_path, sides):
    """One result, names after channels, channels in RTTM."""
    samples, _ = sides
    path = tmp_path / "call.wav"
    soundfile.write(path, samples + 0.1 * np.roll(samples, 80, axis=0)[:, ::-1] + noise(1e-4), RATE)
    speech = [(0.0, SECONDS)]
    result = diarize_channels(path, speech=speech)
    assert {(turn.speaker, turn.channel) for turn in result.annotation.turns} == {("CH1", 1), ("CH2", 2)}
    turns = tuple(Turn(2.0 * i, 2.0 * i + 2, "AB"[i % 2]) for i in range(SECONDS // 2))
    assert score(Annotation("call", turns), result.annotation).score.confusion < 1.0
    text = result.to_rttm(tmp_path / "call.rttm").read_text().split("\n")
    assert {tuple(line.split()[1:3] + line.split()[7:8]) for line in text if line} == {
        ("call", "1", "CH1"), ("call", "2", "CH2"),
    }  # fmt: skip
    assert formats.read_file(tmp_path / "call.rttm")["call"].speakers == ("CH1", "CH2")


def test_what_is_left_beside_a_leak_is_no_turn(tmp_path, sides):
    """Scraps of a twentieth of a second beside a leak; a short answer by itself stays."""
    samples, _ = sides
    path = tmp_path / "call.wav"
    soundfile.write(path, samples + 0.1 * np.roll(samples, 80, axis=0)[:, ::-1] + noise(1e-4), RATE)
    found, _ = find_leaks(blocks(samples + 0.1 * np.roll(samples, 80, axis=0)[:, ::-1] + noise(1e-4)))
    ends = [end for intervals in found for _, end in intervals]
    speech = [(end - 1.0, end + 0.05) for end in sorted(set(ends))] + [(SECONDS - 0.1, SECONDS)]
    turns = diarize_channels(path, speech=speech).annotation.turns
    scraps = [turn for turn in turns if turn.end - turn.start < 0.09 and turn.end < SECONDS - 0.2]
    assert scraps == []
    assert any(turn.end > SECONDS - 0.05 for turn in turns)


def test_the_network_runs_once_for_each_channel(tmp_path, sides, monkeypatch):
    """Speech is detected and crosstalk taken out of it in one go."""
    samples, _ = sides
    path = tmp_path / "call.wav"
    soundfile.write(path, samples + 0.1 * np.roll(samples, 80, axis=0)[:, ::-1] + noise(1e-4), RATE)
    segment, calls = PyanNetSegmenter.segment, []
    monkeypatch.setattr(
        PyanNetSegmenter, "segment", lambda self, blocks: calls.append(1) or segment(self, blocks)
    )
    assert diarize_channels(path).annotation.speakers == ("CH1", "CH2")
    assert len(calls) == 2


def test_one_channel_is_refused(tmp_path):
    """There is nothing to take apart."""
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE), RATE)
    with pytest.raises(AudioError, match="one channel; --channels separate is for two to 8"):
        diarize_channels(tmp_path / "a.wav")


def test_a_note_where_the_mix_hides_two_sides(tmp_path, sides):
    """Not for stereo of one room, and not where one channel was chosen."""
    samples, _ = sides

    def notes(sound, **more):
        soundfile.write(tmp_path / "a.wav", sound + noise(1e-4), RATE)
        opened = open_recording(tmp_path / "a.wav", **more)
        for _block in opened.blocks():
            pass
        return opened.notes

    assert any("the two channels carry different voices" in note for note in notes(samples))
    assert notes(samples, channel=1) == ()
    room = samples + 0.6 * samples[:, ::-1]
    assert not any("different voices" in note for note in notes(room))
