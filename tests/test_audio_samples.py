"""The samples that come with the project: whole, and what their references say."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile

import diarize
from diarize import audio, intervals

SAMPLES = Path(__file__).parent.parent / "audio_samples"
REFERENCES = SAMPLES / "references"
MANIFEST = tomllib.loads((SAMPLES / "MANIFEST.toml").read_text(encoding="utf-8"))
RECORDINGS = {recording["name"]: recording for recording in MANIFEST["recording"]}


def reference(name):
    """Turns of an RTTM file: start, end and speaker, after a look at every field."""
    turns = []
    for line in (REFERENCES / f"{name}.rttm").read_text(encoding="utf-8").splitlines():
        if line.startswith("NON-SPEECH "):
            continue
        kind, recording, channel, start, length, na1, na2, speaker, na3, na4 = line.split(" ")
        assert (kind, recording, channel) == ("SPEAKER", name, "1")
        assert {na1, na2, na3, na4} == {"<NA>"}
        assert float(length) > 0
        turns.append((float(start), float(start) + float(length), speaker))
    assert turns == sorted(turns)
    return turns


def spans(turns, speaker=None):
    """Float64 (n, 2) seconds of one speaker, or of all."""
    return np.array([turn[:2] for turn in turns if speaker in (None, turn[2])]).reshape(-1, 2)


class TestFiles:
    def test_the_four_samples_are_there_and_small(self):
        assert set(RECORDINGS) == {"meeting", "call", "monologue", "no_speech"}
        assert sum(path.stat().st_size for path in SAMPLES.iterdir() if path.is_file()) < 5_000_000

    def test_at_least_five_voices_speak_and_every_one_has_a_licence(self):
        used = {voice for recording in RECORDINGS.values() for voice in recording["voices"]}
        assert used == set(MANIFEST["voices"])
        assert len({(voice["engine"], voice["voice"]) for voice in MANIFEST["voices"].values()}) >= 5
        assert all(voice["licence"] for voice in MANIFEST["voices"].values())

    @pytest.mark.parametrize("name", RECORDINGS)
    def test_checksums(self, name):
        sums = RECORDINGS[name]["sha256"]
        files = {f"{name}.flac", f"references/{name}.rttm", f"references/{name}.uem"}
        words = (
            {f"references/{name}.ctm", f"transcripts/{name}.json"} if RECORDINGS[name]["voices"] else set()
        )
        assert set(sums) == files | words
        for file, expected in sums.items():
            assert hashlib.sha256((SAMPLES / file).read_bytes()).hexdigest() == expected

    @pytest.mark.parametrize("name", RECORDINGS)
    def test_lengths_agree(self, name):
        entry = RECORDINGS[name]
        header = soundfile.info(SAMPLES / f"{name}.flac")
        assert (header.format, header.subtype, header.channels) == ("FLAC", "PCM_16", 1)
        assert (header.samplerate, header.duration) == (entry["rate"], entry["seconds"])
        recording, channel, start, end = (REFERENCES / f"{name}.uem").read_text(encoding="utf-8").split()
        assert (recording, channel, float(start), float(end)) == (name, "1", 0, entry["seconds"])
        assert all(0 <= start < end <= entry["seconds"] for start, end, _ in reference(name))


class TestReferences:
    @pytest.mark.parametrize("name", RECORDINGS)
    def test_every_voice_of_the_manifest_speaks_and_no_other(self, name):
        assert {speaker for _, _, speaker in reference(name)} == set(RECORDINGS[name]["voices"])

    @pytest.mark.parametrize("name", RECORDINGS)
    def test_pauses_over_three_tenths_are_marked_and_shorter_ones_are_not(self, name):
        turns = reference(name)
        for speaker in RECORDINGS[name]["voices"]:
            rows = spans(turns, speaker)
            assert (rows[1:, 0] - rows[:-1, 1] > 0.299).all()

    @pytest.mark.parametrize("name", ["meeting", "call", "monologue"])
    def test_the_sound_is_where_the_reference_says(self, name):
        waveform = audio.read(SAMPLES / f"{name}.flac", rate=RECORDINGS[name]["rate"])
        energy = 10 * np.log10(np.square(waveform.samples).reshape(-1, waveform.rate // 50).mean(axis=1))
        middles = (np.arange(energy.size) + 0.5) / 50
        speech = intervals.is_covered(middles, spans(reference(name)))
        near = intervals.is_covered(middles, intervals.collars(spans(reference(name)), 0.3))
        quiet = energy[~speech & ~near]
        assert np.mean(energy[speech]) > np.mean(quiet) + 10
        assert quiet.max() < np.median(energy[speech])
        for start, end, _ in reference(name):
            assert (
                energy[intervals.is_covered(middles, [[start, start + 0.1], [end - 0.1, end]])].max()
                > quiet.max()
            )

    @pytest.mark.parametrize("name", ["meeting", "call", "monologue"])
    def test_every_word_is_inside_a_turn_of_its_speaker(self, name):
        """But for a tenth of a second, as synthesisers let their last sounds die away."""
        turns = reference(name)
        rows = [
            line.split() for line in (REFERENCES / f"{name}.ctm").read_text(encoding="utf-8").splitlines()
        ]
        assert len(rows) > 100
        for _, _, start, length, word, _, _, who in rows:
            middle = float(start) + float(length) / 2
            assert any(a - 0.1 <= middle <= b + 0.1 for a, b, speaker in turns if speaker == who), word

    @pytest.mark.parametrize("name", ["meeting", "call", "monologue"])
    def test_the_transcript_has_the_words_and_no_speakers(self, name):
        given = json.loads((SAMPLES / "transcripts" / f"{name}.json").read_text(encoding="utf-8"))
        words = [word["word"].strip() for segment in given["segments"] for word in segment["words"]]
        rows = (REFERENCES / f"{name}.ctm").read_text(encoding="utf-8").splitlines()
        assert words == [row.split()[4] for row in rows]
        assert "speaker" not in json.dumps(given)

    def test_people_in_the_meeting_talk_at_once_and_there_is_a_pause(self):
        turns = reference("meeting")
        talk = sum(end - start for start, end, _ in turns)
        spoken = intervals.duration(spans(turns))
        assert 0.01 < (talk - spoken) / talk < 0.2
        assert 0.6 < spoken / RECORDINGS["meeting"]["seconds"] < 0.95


class TestSound:
    def test_the_call_is_a_telephone_call(self):
        samples, rate = soundfile.read(SAMPLES / "call.flac")
        power = np.abs(np.fft.rfft(samples)) ** 2
        frequencies = np.fft.rfftfreq(samples.size, 1 / rate)
        assert rate == 8_000
        inside = (frequencies > 400) & (frequencies < 3300)
        assert power[inside].mean() > 100 * power[frequencies > 3700].mean()
        assert power[inside].mean() > 100 * power[frequencies < 150].mean()

    @pytest.mark.parametrize("name", RECORDINGS)
    def test_nothing_is_odd_about_the_recordings(self, name):
        recording = audio.open_recording(SAMPLES / f"{name}.flac")
        assert recording.waveform().duration == RECORDINGS[name]["seconds"]
        assert recording.notes == ()


class TestMaker:
    def test_the_maker_names_the_missing_packages(self, tmp_path):
        environment = {
            **os.environ,
            "PATH": str(tmp_path),
            "PYTHONPATH": str(Path(diarize.__file__).parent.parent),
        }
        command = [sys.executable, str(SAMPLES / "make.py")]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 1
        assert "missing Debian packages: espeak-ng festival" in run.stderr
        assert "try: sudo apt-get install espeak-ng festival" in run.stderr
