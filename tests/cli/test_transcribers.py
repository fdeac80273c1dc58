"""Turns of a longest length, and the sound of speakers and turns as files."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from diarize.annotation import Annotation, Turn
from diarize.audio import write_clips
from diarize.formats import read_file
from diarize.resegmentation.turns import split_long_turns


def test_long_turns_are_cut_into_equal_parts():
    """None longer, none lost."""
    found = split_long_turns(Annotation("a", (Turn(0, 10, "A", 0.9), Turn(10, 13, "B"))), 4.0)
    assert [(round(t.start, 3), round(t.end, 3), t.speaker) for t in found] == [
        (0, 3.333, "A"), (3.333, 6.667, "A"), (6.667, 10, "A"), (10, 13, "B"),
    ]  # fmt: skip


def test_clips_hold_the_sound_of_their_intervals(tmp_path):
    """To the sample, over the blocks in which a recording is read, at its own rate."""
    rate = 8_000
    sound = (np.arange(70 * rate) % 30_000 / 32_768).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, rate)
    spans = {tmp_path / "x.wav": [(1.0, 2.5), (29.5, 30.5)], tmp_path / "y.wav": [(69.0, 70.0)]}
    write_clips(tmp_path / "a.wav", spans)
    for path, parts in spans.items():
        clip, its_rate = soundfile.read(path, dtype="float32")
        expected = np.concatenate([sound[round(a * rate) : round(b * rate)] for a, b in parts])
        assert its_rate == rate
        assert np.abs(clip - expected).max() < 1e-4


@pytest.mark.parametrize(("kind", "n"), [("speaker", 2), ("turn", 5)])
def test_run_writes_clips_and_cuts_turns(cli, calls, talk, tmp_path, kind, n):
    """Refused before any work where clips of the recording lie there already."""
    words = ["run", talk / "talk.wav", "-o", tmp_path / "out", "--no-plot", "--clips", tmp_path / "clips"]
    words += ["--max-turn", "2", "--clips-of", kind]
    result = cli(*words)
    assert result.exit_code == 0, result.stderr
    turns = read_file(tmp_path / "out" / "talk.rttm")["talk"].turns
    assert max(turn.duration for turn in turns) <= 2.001
    names = sorted(path.name for path in (tmp_path / "clips").iterdir())
    assert len(names) == n
    assert names[0] == ("talk.SPEAKER_00.wav" if kind == "speaker" else "talk.0001.SPEAKER_00.wav")
    again = cli(*words, "--overwrite", "-f", "csv")
    assert again.exit_code == 0
    refused = cli(*words, "-f", "lab")
    assert (refused.exit_code, len(calls)) == (1, 2)
    assert "exists already" in refused.stderr


@pytest.mark.parametrize(
    ("word", "section", "key", "value"),
    [
        ("speech.bias=2.5", "speech", "bias", 2.5),
        ("clustering.max_speakers=4", "clustering", "max_speakers", 4),
        ("speech.method=energy", "speech", "method", "energy"),
    ],
)
def test_any_setting_can_be_set(cli, calls, tmp_path, word, section, key, value):
    """Over presets and files; a value that is no TOML is a text."""
    assert cli("run", tmp_path / "a.wav", "--set", word, "--set", "speech.min_pause=0.5").exit_code == 0
    assert getattr(getattr(calls[0]["config"], section), key) == value
    assert calls[0]["config"].speech.min_pause == 0.5


@pytest.mark.parametrize(
    ("word", "hint"), [("speech.bios=2", "did you mean 'bias'?"), ("bias", "is not KEY=VALUE")]
)
def test_a_setting_that_is_none_is_refused(cli, calls, tmp_path, word, hint):
    """With the nearest one."""
    result = cli("run", tmp_path / "a.wav", "--set", word)
    assert (result.exit_code, calls) == (2, [])
    assert hint in " ".join(result.stderr.split())
