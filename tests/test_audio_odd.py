"""Odd files: each gives a sensible result with a note, or one clear line."""

from __future__ import annotations

import errno
import os
import re
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import sound_builders
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diarize import audio
from diarize.audio import ffmpeg, mp3_header, pyav, wav_header
from diarize.audio.backend import Backend
from diarize.errors import AudioError

RATE = 16_000


def tone(seconds=1.0, level=0.3):
    """A sine of 440 Hz, float32 (n,)."""
    return (level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def listened(path, **options):
    """Samples and notes."""
    recording = audio.open_recording(path, **options)
    return recording.waveform().samples, recording.notes


def refusal(path, **options):
    """The one line that says why not."""
    with pytest.raises(AudioError) as caught:
        audio.read(path, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


def header_of_wav(rate=RATE, channels=1, bits=16, size=3200, code=1):
    """The 44 bytes of a RIFF header."""
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", code, channels, rate, (rate * frame) % 2**32, frame % 2**16, bits)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + size)
        + b"WAVEfmt \x10\0\0\0"
        + form
        + b"data"
        + struct.pack("<I", size)
    )


class TestNotes:
    def test_nothing_odd_nothing_noted(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", tone(), RATE)
        assert listened(tmp_path / "a.wav")[1] == ()

    def test_notes_come_with_the_sound_and_are_not_added_up(self, tmp_path):
        sound = tone()
        sound[:9] = np.nan
        soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
        recording = audio.open_recording(tmp_path / "a.wav")
        assert recording.notes == ()
        for _ in range(2):
            recording.waveform()
            assert recording.notes == ("not finite: samples replaced by 0: 9",)

    def test_two_tenths_of_a_second_and_one_sample(self, tmp_path):
        for n in (3_200, 1):
            soundfile.write(tmp_path / "a.wav", tone()[1 : n + 1], RATE)
            samples, notes = listened(tmp_path / "a.wav")
            assert (samples.size, notes) == (n, ())

    def test_clipping_is_counted(self, tmp_path):
        sound = np.concatenate((tone(0.97), np.ones(240, np.float32), -np.ones(240, np.float32)))
        soundfile.write(tmp_path / "a.wav", sound, RATE)
        assert listened(tmp_path / "a.wav")[1] == ("clipped: 3.0 % of samples",)

    def test_a_peak_at_full_scale_is_no_clipping(self, tmp_path):
        sound = tone()
        sound[100] = 1.0
        soundfile.write(tmp_path / "a.wav", sound, RATE)
        assert listened(tmp_path / "a.wav")[1] == ()

    def test_over_full_scale_is_kept_and_noted(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", tone(level=8000.0), RATE, subtype="FLOAT")
        samples, notes = listened(tmp_path / "a.wav")
        np.testing.assert_array_equal(samples, tone(level=8000.0))
        assert notes == ("over full scale: the peak is 8e+03",)

    def test_an_offset_is_noted_and_kept(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", tone() + 0.25, RATE)
        samples, notes = listened(tmp_path / "a.wav")
        assert samples.mean() == pytest.approx(0.25, abs=1e-3)
        assert notes == ("DC offset: +0.250 of full scale",)

    def test_channels_that_cancel(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", np.column_stack((tone(), -0.99 * tone())), RATE)
        assert "channels cancel each other" in listened(tmp_path / "a.wav")[1][0]
        assert listened(tmp_path / "a.wav", channel=2)[1] == ()

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
    def test_samples_that_are_no_numbers_become_zero(self, tmp_path, bad):
        sound = np.column_stack((tone(), tone()))
        sound[100:112, 0] = bad
        soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
        samples, notes = listened(tmp_path / "a.wav")
        assert notes == ("not finite: samples replaced by 0: 12",)
        np.testing.assert_allclose(samples[100:112], tone()[100:112] / 2, rtol=0, atol=1e-6)
        assert listened(tmp_path / "a.wav", channel=2)[1] == ()
        assert listened(tmp_path / "a.wav", start=0.5)[1] == ()

    def test_the_first_of_several_tracks(self, tmp_path):
        write_with_pyav(tmp_path / "a.mkv", "matroska", "pcm_s16le", streams=2)
        samples, notes = listened(tmp_path / "a.mkv")
        np.testing.assert_allclose(samples, tone(), rtol=0, atol=1e-4)
        assert notes == ("2 audio tracks: 1, 2; track 1 is used, --track chooses another",)

    def test_only_the_interval_is_judged(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", np.concatenate((np.zeros(RATE), tone(), np.ones(RATE))), RATE)
        assert listened(tmp_path / "a.wav", end=1.0)[1] == ("silent: every sample is 0",)
        assert listened(tmp_path / "a.wav", start=1.0, end=2.0)[1] == ()
        clipped = listened(tmp_path / "a.wav", start=2.0)[1]
        assert clipped == ("clipped: 100.0 % of samples", "DC offset: +1.000 of full scale")


class TestCutOff:
    @pytest.mark.parametrize("kind", ["WAV", "WAVEX", "AIFF"])
    def test_a_header_that_promises_too_much(self, tmp_path, kind):
        soundfile.write(tmp_path / "a", tone(12.0), RATE, format=kind, subtype="PCM_16")
        whole = (tmp_path / "a").read_bytes()
        (tmp_path / "a").write_bytes(whole[: len(whole) - 2 * 5 * RATE])
        samples, notes = listened(tmp_path / "a")
        np.testing.assert_allclose(samples, tone(12.0)[: samples.size], rtol=0, atol=1e-4)
        assert notes == ("the header says 12.0 s, but there are 7.0 s",)

    def test_a_flac_cut_off(self, tmp_path):
        soundfile.write(
            tmp_path / "a", np.random.default_rng(0).normal(0, 0.1, 20 * RATE), RATE, format="FLAC"
        )
        whole = (tmp_path / "a").read_bytes()
        (tmp_path / "a").write_bytes(whole[: len(whole) // 2])
        samples, notes = listened(tmp_path / "a")
        assert 8 * RATE < samples.size <= 10 * RATE
        assert notes[0].startswith("damaged after")
        assert notes[1].startswith("the header says 20.0 s, but there are ")
        assert "holds no sound from 15 s on" in refusal(tmp_path / "a", start=15)

    def test_an_mp3_cut_off_and_one_overwritten_inside(self, tmp_path, capfd):
        soundfile.write(tmp_path / "a", tone(20.0), RATE, format="MP3")
        whole = (tmp_path / "a").read_bytes()
        half = len(whole) // 2
        (tmp_path / "a").write_bytes(whole[:half])
        samples, notes = listened(tmp_path / "a")
        assert samples.size == pytest.approx(10 * RATE, abs=RATE)
        assert notes[0].startswith("the header says 20.0 s, but there are ")
        junk = np.random.default_rng(0).bytes(3000)
        (tmp_path / "a").write_bytes(whole[:half] + junk + whole[half + 3000 :])
        assert listened(tmp_path / "a")[0].size > 9 * RATE
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("tag", [b"", b"ID3\x03\0\0\0\0\x01\x00" + bytes(128)])
    def test_an_mp3_without_a_tag_of_its_length(self, tmp_path, tag):
        swell = tone(10.0) * np.linspace(0, 1, 10 * RATE, dtype=np.float32)
        soundfile.write(tmp_path / "a", swell, RATE, format="MP3")
        data = (tmp_path / "a").read_bytes()
        length = max(data.find(b"Xing"), data.find(b"Info"))
        assert length > 0
        (tmp_path / "b").write_bytes(tag + data[data.index(data[:2], length) :])
        recording = audio.open_recording(tmp_path / "b")
        assert recording.duration == pytest.approx(10.0, abs=0.1)  # by its frames
        samples = recording.waveform().samples
        assert samples.size == pytest.approx(10 * RATE, abs=RATE // 4)
        assert np.abs(samples[-RATE:]).max() == pytest.approx(0.3, abs=0.05)
        tail = audio.read(tmp_path / "b", start=9.0).samples
        assert tail.tobytes() == samples[9 * RATE :].tobytes()

    @pytest.mark.parametrize("less", [0, 8, 36, 44, 58, 82])
    @pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
    def test_a_header_written_before_the_length_was_known(self, tmp_path, size, less):
        """In full, or less the header that the writer counted."""
        told = size - less if size else 0
        data = (tone() * 32767).astype("<i2").tobytes()
        head = header_of_wav(size=0)[:40]
        head = head[:4] + struct.pack("<I", min(told + 36, 0xFFFFFFFF)) + head[8:]
        (tmp_path / "a.wav").write_bytes(head + struct.pack("<I", told) + data)
        samples, notes = listened(tmp_path / "a.wav")
        np.testing.assert_allclose(samples, tone(), rtol=0, atol=1e-4)
        assert notes == ()

    @pytest.mark.parametrize("subtype", ["GSM610", "IMA_ADPCM", "MS_ADPCM", "ALAW", "ULAW", "NMS_ADPCM_32"])
    @pytest.mark.parametrize("size", [None, 0x7FFFFFFF, 0xFFFFFFFF - 60])
    def test_coded_wav_files_are_as_long_as_they_say(self, tmp_path, subtype, size, capfd):
        """By their count of samples, for bytes of a frame say nothing; nothing is noted, nothing printed."""
        rate = 8000 if subtype in ("GSM610", "NMS_ADPCM_32") else RATE
        sound = tone(3.0)[: 3 * rate]
        soundfile.write(tmp_path / "a.wav", sound, rate, format="WAV", subtype=subtype)
        data = bytearray((tmp_path / "a.wav").read_bytes())
        at = data.index(b"data") + 4
        if size:
            data[at : at + 4] = struct.pack("<I", size)
        (tmp_path / "a.wav").write_bytes(data)
        recording = audio.open_recording(tmp_path / "a.wav")
        found = recording.waveform()
        assert found.duration == pytest.approx(3.0, abs=0.1)
        assert recording.notes == ()
        assert capfd.readouterr() == ("", "")

    def test_a_coded_wav_file_cut_off_is_reported(self, tmp_path):
        """The count is what it ought to have been."""
        soundfile.write(tmp_path / "a.wav", tone(6.0)[: 6 * 8000], 8000, subtype="GSM610")
        data = (tmp_path / "a.wav").read_bytes()
        (tmp_path / "a.wav").write_bytes(data[: len(data) // 2])
        (note,) = listened(tmp_path / "a.wav")[1]
        assert note.startswith("the header says 6.0 s, but there are 3.")

    def test_a_long_header_says_its_length_elsewhere(self, tmp_path):
        """RF64, cut off: the length of 64 bits is what is promised."""
        soundfile.write(tmp_path / "a.wav", tone(4.0), RATE, format="RF64", subtype="PCM_16")
        assert listened(tmp_path / "a.wav")[1] == ()
        data = (tmp_path / "a.wav").read_bytes()
        (tmp_path / "a.wav").write_bytes(data[: len(data) - 2 * RATE])
        assert listened(tmp_path / "a.wav")[1] == ("the header says 4.0 s, but there are 3.0 s",)

    @pytest.mark.parametrize("before", [b"", b"LIST\x06\0\0\0INFOxx"])
    def test_a_length_of_nothing_is_not_believed_by_libsndfile_alone(self, tmp_path, before, monkeypatch):
        """Programs that pipe leave it so; no further package is needed. Seeking works as ever."""
        monkeypatch.setattr("diarize.audio.opening.PYAV", None)
        head = header_of_wav(size=0)
        data = (tone() * 32767).astype("<i2").tobytes()
        (tmp_path / "a.wav").write_bytes(head[:36] + before + b"data\0\0\0\0" + data)
        samples, notes = listened(tmp_path / "a.wav")
        np.testing.assert_allclose(samples, tone(), rtol=0, atol=1e-4)
        assert notes == ()
        tail = audio.read(tmp_path / "a.wav", start=0.5).samples
        assert tail.tobytes() == samples[RATE // 2 :].tobytes()

    @pytest.mark.parametrize("share", [0.25, 1.0, 4.0])
    def test_a_length_tag_of_an_mp3_is_believed_as_far_as_it_is_true(self, tmp_path, share):
        """Too little is not, too much is told of."""
        soundfile.write(tmp_path / "a", tone(20.0), RATE, format="MP3")
        data = bytearray((tmp_path / "a").read_bytes())
        at = max(data.find(b"Xing"), data.find(b"Info")) + 8
        frames = round(share * int.from_bytes(data[at : at + 4], "big"))
        data[at : at + 4] = frames.to_bytes(4, "big")
        (tmp_path / "b").write_bytes(data)
        samples, notes = listened(tmp_path / "b")
        assert samples.size == pytest.approx(20 * RATE, abs=RATE // 4)
        assert [note[:15] for note in notes] == ["the header says"] * (share > 1)

    def test_concatenated_mp3_files_are_read_to_the_end(self, tmp_path):
        """The tag of the first says how long the first is."""
        soundfile.write(tmp_path / "a", tone(10.0), RATE, format="MP3")
        data = (tmp_path / "a").read_bytes()
        (tmp_path / "b").write_bytes(data + data)
        samples, notes = listened(tmp_path / "b")
        assert samples.size == pytest.approx(20 * RATE, abs=RATE // 2)
        assert np.abs(samples[-RATE:]).max() > 0.05
        assert notes == ()

    def test_a_header_and_nothing_else(self, tmp_path):
        (tmp_path / "a.wav").write_bytes(header_of_wav(size=3200))
        (tmp_path / "b.wav").write_bytes(header_of_wav(size=0))
        for name in ("a.wav", "b.wav"):
            assert re.search("begins like WAV but cannot be read|holds no sound", refusal(tmp_path / name))

    def test_every_sample_nan(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", np.full(100, np.nan), RATE, subtype="FLOAT")
        assert "every sample is NaN" in refusal(tmp_path / "a.wav")


class TestRefused:
    @pytest.mark.parametrize("rate", [1, 7_999, 192_001, 10**9, 2**31 - 1])
    def test_absurd_rates(self, tmp_path, rate):
        (tmp_path / "a.wav").write_bytes(header_of_wav(rate=rate) + bytes(3200))
        assert f"a sample rate of {rate} Hz; 8000 to 192000 Hz are read" in refusal(tmp_path / "a.wav")

    @pytest.mark.parametrize("channels", [65, 255, 1000])
    def test_absurd_channel_counts(self, tmp_path, channels):
        (tmp_path / "a.wav").write_bytes(header_of_wav(channels=channels, size=4000) + bytes(4000))
        assert f"{channels} channels; 1 to 64 are read" in refusal(tmp_path / "a.wav")

    def test_an_unknown_codec(self, tmp_path):
        write_with_pyav(tmp_path / "a.mkv", "matroska", "pcm_s16le")
        data = (tmp_path / "a.mkv").read_bytes()
        assert data.count(b"A_PCM/INT/LIT") == 1
        (tmp_path / "a.mkv").write_bytes(data.replace(b"A_PCM/INT/LIT", b"A_ZZZ/ZZZ/ZZZ"))
        text = refusal(tmp_path / "a.mkv")
        assert "begins like WebM/MKV but its audio codec is unknown" in text

    def test_a_place_that_cannot_be_is_no_exception_for_ffmpeg(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", tone(), RATE)
        with pyav._File(tmp_path / "a.wav") as file:
            assert file.seek(44) == 44
            assert file.seek(-1) == file.seek(2**70) == -1
            assert file.tell() == 44

    def test_text_called_wav(self, tmp_path):
        (tmp_path / "a.wav").write_text("who spoke when\n" * 100)
        text = refusal(tmp_path / "a.wav")
        assert "not a recording (begins with b'who spok'); allowed are WAV, FLAC" in text

    @pytest.mark.parametrize("name", ["a.wav", "a.mp4", "a.m3u8", "a.mp3"])
    def test_a_playlist_opens_no_other_file(self, tmp_path, name):
        soundfile.write(tmp_path / "b.wav", tone(), RATE)
        (tmp_path / name).write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{tmp_path}/b.wav\n")
        assert "not a recording" in refusal(tmp_path / name)

    def test_folders_pipes_devices_and_empty_files(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.wav")
        (tmp_path / "empty.wav").touch()
        assert "a folder, not a recording" in refusal(tmp_path)
        assert "a pipe or device, not a file" in refusal(tmp_path / "pipe.wav")
        assert "a pipe or device, not a file" in refusal("/dev/zero")
        assert "the file is empty (0 bytes)" in refusal(tmp_path / "empty.wav")

    def test_missing_files_and_a_near_name(self, tmp_path):
        (tmp_path / "meeting.flac").touch()
        assert "no such file; did you mean meeting.flac?" in refusal(tmp_path / "meting.flac")
        assert "no such file; check the path" in refusal(tmp_path / "zzz")
        assert "no such folder" in refusal(tmp_path / "no" / "meeting.flac")

    @pytest.mark.parametrize("name", ["a\0b", "x" * 300, "loop"])
    def test_paths_that_cannot_be(self, tmp_path, name):
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        assert "cannot be accessed" in refusal(f"{tmp_path}/{name}")

    def test_a_name_of_two_lines_is_shown_in_one(self, tmp_path):
        assert "a\\nb.wav: no such file" in refusal(tmp_path / "a\nb.wav")

    def test_files_that_may_not_be_read(self, tmp_path, monkeypatch):
        soundfile.write(tmp_path / "a.wav", tone(), RATE)

        def forbidden(*_args, **_options):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", forbidden)
        assert "cannot be read (Permission denied); check its permissions" in refusal(tmp_path / "a.wav")

    def test_a_disk_that_fails_midway(self, tmp_path, monkeypatch):
        soundfile.write(tmp_path / "a.wav", tone(), RATE)
        recording = audio.open_recording(tmp_path / "a.wav")

        def failing(*_args, **_options):
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(Path, "open", failing)
        with pytest.raises(AudioError, match="cannot be read to its end"):
            recording.waveform()


def write_with_pyav(path, container, codec, streams=1):
    """A second of sound, and of silence in further streams, in a container that libsndfile does not know."""
    import av

    with av.open(str(path), "w", format=container) as file:
        tracks = [file.add_stream(codec, rate=RATE, layout="mono") for _ in range(streams)]
        for number, track in enumerate(tracks):
            sound = tone(1.0).reshape(1, -1) * (number == 0)
            frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="mono")
            frame.sample_rate = RATE
            file.mux(track.encode(frame))
            file.mux(track.encode(None))


def write_m4a(path):
    """A second of AAC."""
    write_with_pyav(path, "mp4", "aac")


class TestWithoutPyav:
    @pytest.fixture(autouse=True)
    def no_pyav(self, monkeypatch, tmp_path):
        write_m4a(tmp_path / "a.m4a")
        monkeypatch.setitem(sys.modules, "av", None)
        monkeypatch.setattr("diarize.audio.opening.find_spec", lambda _: None)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        (tmp_path / "bin").mkdir()

    def program(self, tmp_path, body):
        """A stand-in for ffmpeg."""
        path = tmp_path / "bin" / "ffmpeg"
        path.write_text(f"#!{sys.executable}\nimport struct, sys\n{body}\n")
        path.chmod(0o755)

    def test_the_error_says_exactly_what_is_missing(self, tmp_path):
        text = refusal(tmp_path / "a.m4a")
        assert "M4A/MP4 needs the PyAV package or the ffmpeg program and neither is installed" in text
        assert "pip install 'diarize-gmm[av]'" in text

    def test_other_formats_do_not_need_it(self, tmp_path):
        soundfile.write(tmp_path / "a.flac", tone(), RATE)
        assert audio.read(tmp_path / "a.flac").duration == 1.0

    @pytest.mark.slow
    def test_the_program_is_asked(self, tmp_path):
        head = "struct.pack('>4s5I', b'.snd', 28, 0xFFFFFFFF, 6, 32000, 2) + bytes(4)"
        sound = "b''.join(struct.pack('>2f', k / 40000, -k / 40000) for k in range(32000))"
        self.program(tmp_path, f"sys.stdout.buffer.write({head} + {sound})")
        recording = audio.open_recording(tmp_path / "a.m4a", rate=32_000, channel=2)
        assert recording.duration is None
        expected = (-np.arange(32_000) / 40_000).astype(np.float32)
        np.testing.assert_array_equal(recording.waveform().samples, expected)
        tail = audio.read(tmp_path / "a.m4a", rate=32_000, channel=2, start=0.75)
        np.testing.assert_array_equal(tail.samples, expected[24_000:])
        (rest,) = ffmpeg.FFMPEG.chunks(tmp_path / "a.m4a", 31_990)
        np.testing.assert_array_equal(rest[:, 1], expected[31_990:])
        assert list(ffmpeg.FFMPEG.chunks(tmp_path / "a.m4a", 32_000)) == []

    def test_the_program_is_given_the_path_as_a_file_and_no_shell(self, tmp_path):
        self.program(tmp_path, "pass")
        command = ffmpeg._command(Path("-i concat:;rm.m4a"), 1)
        assert command[command.index("-i") + 1] == "file:-i concat:;rm.m4a"

    def test_the_complaint_of_the_program_is_passed_on(self, tmp_path):
        self.program(
            tmp_path,
            "sys.stderr.write('x' * 100000 + '\\n[mov @ 0x1] [error] moov atom not found\\n'); sys.exit(1)",
        )
        assert "begins like M4A/MP4 but cannot be read (moov atom" in refusal(tmp_path / "a.m4a")


class TestDamaged:
    """Whatever the bytes: a waveform, or one line; never another error, never a word on the terminal."""

    @pytest.mark.slow
    @pytest.mark.parametrize("kind", ["WAV", "FLAC", "AIFF", "OGG", "MP3"])
    def test_cut_at_every_byte_of_the_header(self, tmp_path, kind, capfd):
        soundfile.write(tmp_path / "whole", tone(0.3), RATE, format=kind)
        whole = (tmp_path / "whole").read_bytes()
        for n in (*range(0, 64, 3), 100, 200, len(whole) - 1):
            (tmp_path / "a").write_bytes(whole[:n])
            try:
                assert np.isfinite(audio.read(tmp_path / "a").samples).all()
            except AudioError as error:
                assert "\n" not in str(error)
        assert capfd.readouterr() == ("", "")

    @pytest.mark.slow
    @pytest.mark.parametrize("kind", ["WAV", "FLAC", "AIFF", "OGG", "MP3", "M4A", "MKV"])
    @given(seed=st.integers(0, 2**32))
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_flipped_bytes(self, tmp_path, kind, seed):
        if kind in ("M4A", "MKV"):
            write_with_pyav(
                tmp_path / "whole", *{"M4A": ("mp4", "aac"), "MKV": ("matroska", "pcm_s16le")}[kind]
            )
        else:
            soundfile.write(tmp_path / "whole", tone(0.3), RATE, format=kind)
        data = np.frombuffer((tmp_path / "whole").read_bytes(), np.uint8).copy()
        rng = np.random.default_rng(seed)
        for where in (rng.integers(0, min(200, data.size), 3), rng.integers(0, data.size, 3)):
            data[where] = rng.integers(0, 256, 3)
        (tmp_path / "a").write_bytes(data.tobytes())
        try:
            assert np.isfinite(audio.read(tmp_path / "a").samples).all()
        except AudioError as error:
            assert "\n" not in str(error)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "start", [b"", b"ID3\x03\0\0\0\0\0\x10", b"\xff\xfb\x90\x00", b"OggS", b"\x1a\x45\xdf\xa3"]
    )
    def test_junk(self, tmp_path, start, capfd):
        (tmp_path / "a.mp3").write_bytes(start + np.random.default_rng(0).bytes(20_000))
        try:
            audio.read(tmp_path / "a.mp3")
        except AudioError as error:
            assert "\n" not in str(error)
        assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the ffmpeg program is not installed")
def test_the_real_ffmpeg_agrees_with_pyav(tmp_path):
    """Both decode with the same libraries."""
    write_m4a(tmp_path / "a.m4a")
    chunks = np.concatenate(list(ffmpeg.FFMPEG.chunks(tmp_path / "a.m4a", 0)))[:, 0]
    found = audio.read(tmp_path / "a.m4a").samples
    n = min(chunks.size, found.size)
    assert n >= RATE
    np.testing.assert_allclose(chunks[:n], found[:n], rtol=0, atol=1e-4)


def chunk(name, size, order="<", body=b""):
    """A chunk of an IFF file whose header says a size."""
    return struct.pack(f"{order}4sI", name, size) + body


COMMON = chunk(b"COMM", 18, ">", struct.pack(">hIh", 1, 4711, 16) + bytes(10))


@pytest.mark.parametrize(
    ("data", "frames"),
    [
        (chunk(b"NAME", 3, ">", b"abc\0") + COMMON, 4711),  # sizes are rounded up to whole words
        (chunk(b"NAME", 4, ">", b"abcd") + COMMON, 4711),
        (chunk(b"COMM", 4, ">", b"abcd"), None),
        (chunk(b"NAME", 4, ">", b"abcd"), None),
        (chunk(b"NAME", 0, ">") * wav_header.MAX_CHUNKS + COMMON, None),
        (chunk(b"NAME", 0, ">") * (wav_header.MAX_CHUNKS - 1) + COMMON, 4711),
    ],
)
def test_what_an_aiff_header_promises(tmp_path, data, frames):
    """The count in its common chunk, wherever among the first thousand that is."""
    (tmp_path / "a.aiff").write_bytes(b"FORM" + bytes(4) + b"AIFF" + data)
    assert wav_header.announced_frames(tmp_path / "a.aiff") == frames


def test_a_wave_file_of_endless_chunks_promises_nothing(tmp_path):
    """A thousand are looked at."""
    for number, frames in ((wav_header.MAX_CHUNKS - 2, 50), (wav_header.MAX_CHUNKS, None)):
        parts = header_of_wav(size=100)
        at = parts.index(b"fmt ")
        (tmp_path / "a.wav").write_bytes(parts[:at] + chunk(b"junk", 0) * number + parts[at:])
        assert wav_header.announced_frames(tmp_path / "a.wav") == frames


def test_an_mp3_that_ends_with_its_tag_has_no_more_frames(tmp_path):
    """Nothing follows that could be more than it promises."""
    soundfile.write(tmp_path / "a", tone(5.0), RATE, format="MP3")
    data = (tmp_path / "a").read_bytes()
    (tmp_path / "b").write_bytes(data[: max(data.find(b"Xing"), data.find(b"Info")) + 12])
    with (tmp_path / "b").open("rb", buffering=0) as file:
        assert mp3_header.mpeg_links(file, mp3_header.first_frame(file)) == []


def test_without_standard_error_mp3_files_are_read_all_the_same(tmp_path, monkeypatch):
    """There is nothing to keep quiet."""
    soundfile.write(tmp_path / "a.mp3", tone(), RATE, format="MP3")
    before = audio.read(tmp_path / "a.mp3").samples

    def dup(_):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(os, "dup", dup)
    np.testing.assert_array_equal(audio.read(tmp_path / "a.mp3").samples, before)


def test_trouble_of_the_system_is_reported_in_its_words(tmp_path, monkeypatch):
    """Rather than another program be asked."""

    def header(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    soundfile.write(tmp_path / "a.wav", tone(), RATE)
    monkeypatch.setattr("diarize.audio.opening.LIBSNDFILE", Backend(header, None))
    assert "a.wav: cannot be read (Input/output error); copy it again" in refusal(tmp_path / "a.wav")


def test_a_container_may_not_open_other_files():
    """Whatever it names."""
    with pytest.raises(PermissionError, match="may not name other files"):
        pyav._no_other_file("file:///etc/passwd", 0, {})


@pytest.mark.parametrize(
    ("head", "length"),
    [
        ("fffb9000", 417),  # MPEG 1, 128 kbit/s at 44.1 kHz
        ("fffb9200", 418),  # the same with a byte of padding
        ("fff340c4", 104),  # MPEG 2, 32 kbit/s at 22.05 kHz
        ("ffe348c4", 288),  # MPEG 2.5, 32 kbit/s at 8 kHz
        ("ffeb9000", 0),  # a version that there is not
        ("fffd9000", 522),  # layer II, 160 kbit/s at 44.1 kHz
        ("ffff9000", 312),  # layer I, 288 kbit/s, in slots of four bytes
        ("fff99000", 0),  # no layer: AAC
        ("fffb0000", 0),  # a bit rate that only its writer knows
        ("fffbf000", 0),  # and one that there is not
        ("fffb9c00", 0),  # a sample rate that there is not
        ("fffb90", 0),
        ("00fb9000", 0),
    ],
)
def test_lengths_of_frames_by_their_headers(head, length):
    """144 bytes by kbit/s over kHz, half of it in MPEG 2 and 2.5 (ISO/IEC 11172-3, 2.4.2.3)."""
    assert mp3_header._length(bytes.fromhex(head)) == length


def test_a_film_without_sound_is_refused(tmp_path):
    """In a container that could hold some."""
    av = pytest.importorskip("av")
    with av.open(tmp_path / "a.mkv", "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 16
        for packet in (*stream.encode(av.VideoFrame(16, 16, "yuv420p")), *stream.encode(None)):
            container.mux(packet)
    assert "it has no audio track" in refusal(tmp_path / "a.mkv")


WRITTEN = {  # suffixes, by what libsndfile or FFmpeg call the format
    "WAV": (".wav", ".wave", ".bwf"),
    "RF64": (".rf64", ".bw64"),
    "W64": (".w64",),
    "FLAC": (".flac",),
    "OGG": (".ogg", ".oga"),
    "MP3": (".mp3",),
    "AIFF": (".aiff", ".aif", ".aifc"),
    "AU": (".au", ".snd"),
    "CAF": (".caf",),
    "NIST": (".sph", ".nist"),
    "VOC": (".voc",),
}
FILMED = {
    ("mp4", "aac"): (".m4a", ".m4b", ".m4r", ".mp4", ".m4v", ".mov", ".qt", ".3ga", ".3gp", ".3g2", ".f4v"),
    ("webm", "libopus"): (".webm", ".weba"),
    ("matroska", "aac"): (".mkv", ".mka"),
    ("adts", "aac"): (".aac",),
    ("avi", "mp2"): (".avi",),
    ("asf", "wmav2"): (".wma", ".wmv", ".asf"),
    ("flv", "aac"): (".flv",),
    ("mpegts", "aac"): (".ts", ".mts", ".m2ts"),
    ("mpeg", "mp2"): (".mpg", ".mpeg", ".vob"),
    ("ogg", "libopus"): (".opus", ".ogv"),
    ("ogg", "libspeex"): (".spx",),
    ("mp2", "mp2"): (".mp2", ".mpga"),
    ("amr", "libopencore_amrnb"): (".amr", ".awb"),
    ("ac3", "ac3"): (".ac3",),
    ("eac3", "eac3"): (".eac3",),
    ("wv", "wavpack"): (".wv",),
    ("tta", "tta"): (".tta",),
}


def test_every_suffix_is_of_a_format_that_is_tried():
    """The list of folders is that of the readers."""
    tried = {suffix for names in (*WRITTEN.values(), *FILMED.values()) for suffix in names}
    assert set(audio.AUDIO_SUFFIXES) == tried
    assert set(WRITTEN) <= set(soundfile.available_formats())


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_a_folder_takes_libsndfile_reads(tmp_path, kind):
    """A second of it."""
    rate = 44_100 if kind == "RF64" else RATE
    soundfile.write(tmp_path / "a", tone(), rate, format=kind)
    assert audio.read(tmp_path / "a").duration == pytest.approx(RATE / rate, abs=0.1)
    assert audio.guess_kind(tmp_path / "a")


@pytest.mark.parametrize(("container", "codec"), FILMED)
def test_what_a_folder_takes_pyav_reads(tmp_path, container, codec):
    """Two seconds of it, where PyAV can write such files."""
    av = pytest.importorskip("av")
    rate = 8_000 if container == "amr" else 48_000
    sound = np.tile(tone(), 6)[: 2 * rate]
    try:
        sound_builders.track(tmp_path / "a", container, codec, sound, rate)
    except (av.FFmpegError, ValueError, av.codec.codec.UnknownCodecError) as error:
        pytest.skip(f"PyAV does not write it here ({error})")
    assert audio.read(tmp_path / "a").duration == pytest.approx(2.0, abs=0.15)
    assert audio.guess_kind(tmp_path / "a") or container in ("ac3", "eac3", "wv", "tta", "mpeg")


@pytest.mark.slow
def test_the_reader_that_knows_best_gives_the_reason(tmp_path, monkeypatch):
    """With PyAV, with ffmpeg alone and with neither: no sound track, and an index that is missing."""
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "mute.mp4"), "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 16
        for packet in (*stream.encode(av.VideoFrame(16, 16, "yuv420p")), *stream.encode(None)):
            container.mux(packet)
    write_m4a(tmp_path / "a.m4a")
    data = (tmp_path / "a.m4a").read_bytes()
    (tmp_path / "cut.m4a").write_bytes(data[: data.index(b"moov") - 4])
    for without in (
        lambda: None,
        lambda: monkeypatch.setitem(sys.modules, "av", None),
        lambda: monkeypatch.setenv("PATH", ""),
    ):
        without()
        assert "begins like M4A/MP4 but it has no audio track" in refusal(tmp_path / "mute.mp4")
        text = refusal(tmp_path / "cut.m4a")
        assert "but its index (moov) is missing: the file was cut short" in text
