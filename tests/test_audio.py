"""Reading recordings: every container, rate and channel count gives the sound that was put in."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import scipy.special
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diarize import audio
from diarize.audio.pyav import PYAV
from diarize.audio.resampling import CUT, CUT_DEVIATION, margin, resample, resample_blocks, resampled_length
from diarize.errors import AudioError, OutputError
from diarize.types import Waveform

RATE = 16_000


def melody(seconds, rate, seed=0):
    """Three steady tones under 3 kHz with a swell, float32 (n,), peak under 0.5."""
    t = np.arange(round(seconds * rate)) / rate
    tones = [np.sin(2 * np.pi * f * t + seed) for f in (230.0 + seed, 1130.0, 2870.0)]
    return (0.15 * np.sum(tones, axis=0) * (0.6 + 0.4 * np.sin(2 * np.pi * 1.5 * t))).astype(np.float32)


def noise(seconds, rate, seed=0):
    """White noise, float32 (n,), within ±1."""
    samples = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return np.clip(0.3 * samples, -1, 1).astype(np.float32)


def step_gains(fractions, rate, middle, deviation):
    """Gains at frequencies in cycles a sample: a step that a Gaussian makes smooth."""
    return 0.5 * scipy.special.erfc((np.abs(fractions) * rate - middle) / deviation / np.sqrt(2))


def encode(path, samples, rate, codec, layout="mono"):
    """Write float32 (n,) or (n, channels) with PyAV."""
    import av

    samples = samples.reshape(len(samples), -1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        for at in range(0, len(samples), 1024):
            planes = np.ascontiguousarray(samples[at : at + 1024].T)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


class TestContainers:
    @pytest.mark.parametrize(
        ("name", "kind", "subtype", "step"),
        [
            ("a.wav", "WAV", "PCM_U8", 1 / 128),
            ("a.wav", "WAV", "PCM_16", 1 / 32768),
            ("a.wav", "WAV", "PCM_24", 1e-6),
            ("a.wav", "WAV", "PCM_32", 1e-6),
            ("a.wav", "WAV", "FLOAT", 1e-7),
            ("a.wav", "WAV", "DOUBLE", 1e-7),
            ("a.wav", "WAV", "ULAW", 0.02),
            ("a.wav", "WAVEX", "PCM_16", 1 / 32768),
            ("a.flac", "FLAC", "PCM_16", 1 / 32768),
            ("a.flac", "FLAC", "PCM_24", 1e-6),
            ("a.aiff", "AIFF", "PCM_16", 1 / 32768),
        ],
    )
    def test_samples_are_restored_to_the_step_of_the_format(self, tmp_path, name, kind, subtype, step):
        samples = melody(1.0, RATE)
        soundfile.write(tmp_path / name, samples, RATE, format=kind, subtype=subtype)
        found = audio.read(tmp_path / name)
        assert (found.rate, found.recording) == (RATE, "a")
        assert found.samples.dtype == np.float32
        np.testing.assert_allclose(found.samples, samples, rtol=0, atol=step)

    @pytest.mark.parametrize(
        ("kind", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]
    )
    def test_lossy_formats_through_libsndfile(self, tmp_path, kind, subtype):
        samples = melody(3.0, RATE)
        soundfile.write(tmp_path / "a.bin", samples, RATE, format=kind, subtype=subtype)
        recording = audio.open_recording(tmp_path / "a.bin")
        found = recording.waveform()
        assert recording.duration == pytest.approx(3.0, abs=0.1)
        assert found.duration == pytest.approx(3.0, abs=0.1)
        assert np.corrcoef(found.samples[: samples.size], samples)[0, 1] > 0.98
        assert recording.notes == ()

    @pytest.mark.parametrize(
        ("suffix", "codec", "rate"),
        [
            ("m4a", "aac", 44_100),
            ("mp4", "aac", 16_000),
            ("webm", "libopus", 48_000),
            ("mkv", "flac", 32_000),
            ("mkv", "pcm_s16le", 16_000),
        ],
    )
    def test_video_containers_through_pyav(self, tmp_path, suffix, codec, rate):
        path = tmp_path / f"a.{suffix}"
        encode(path, melody(3.0, rate), rate, codec)
        recording = audio.open_recording(path)
        found = recording.waveform()
        expected = melody(3.0, RATE)
        assert recording.duration == pytest.approx(3.0, abs=0.1)
        assert found.duration == pytest.approx(3.0, abs=0.1)
        assert likeness(found.samples, expected) > 0.98
        assert recording.notes == ()

    def test_two_channels_through_pyav(self, tmp_path):
        both = np.column_stack((melody(2.0, RATE), melody(2.0, RATE, seed=5)))
        encode(tmp_path / "a.mkv", both, RATE, "pcm_s16le", "stereo")
        for channel in (1, 2):
            found = audio.read(tmp_path / "a.mkv", channel=channel).samples
            np.testing.assert_allclose(found, both[:, channel - 1], rtol=0, atol=1e-4)

    def test_many_channels_through_pyav(self, tmp_path):
        sound = melody(0.5, RATE)[:, np.newaxis] * np.linspace(0.1, 1, 64, dtype=np.float32)
        soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
        chunks = np.concatenate(list(PYAV.chunks(tmp_path / "a.wav", 100)))
        np.testing.assert_array_equal(chunks, sound[100:])

    @pytest.mark.parametrize("suffix", ["mp3", "txt", "wav", "raw", ""])
    def test_the_suffix_is_not_believed(self, tmp_path, suffix):
        path = tmp_path / f"a.{suffix}"
        soundfile.write(path, melody(0.5, RATE), RATE, format="FLAC")
        assert audio.open_recording(path).header.container == "FLAC"

    @given(seed=st.integers(0, 1000), channels=st.integers(1, 3), n=st.integers(1, 40_000))
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_wav_and_flac_give_the_same_bits(self, tmp_path, seed, channels, n):
        steps = np.random.default_rng(seed).integers(-32768, 32768, (n, channels), dtype=np.int16)
        for suffix in ("wav", "flac"):
            soundfile.write(tmp_path / f"a.{suffix}", steps, 22_050)
        one, two = (audio.read(tmp_path / f"a.{suffix}").samples for suffix in ("wav", "flac"))
        assert one.tobytes() == two.tobytes()

    @pytest.mark.parametrize("name", ["two words.wav", "a'b\"c.wav", "línea\n2.wav", "日本.wav", "a.b.wav"])
    def test_unusual_names(self, tmp_path, name):
        soundfile.write(tmp_path / "x.wav", melody(0.2, RATE), RATE)
        (tmp_path / "x.wav").rename(tmp_path / name)
        assert audio.read(tmp_path / name).recording == name.removesuffix(".wav")


def likeness(found, expected, slack=200):
    """Largest correlation over shifts of up to ``slack`` samples."""
    n = min(found.size, expected.size) - 2 * slack
    middle = expected[slack : slack + n]
    return max(np.corrcoef(found[shift : shift + n], middle)[0, 1] for shift in range(0, 2 * slack, 4))


class TestChannels:
    def test_mean_and_channels_counted_from_one(self, tmp_path):
        left, right = melody(0.5, RATE), melody(0.5, RATE, seed=3)
        soundfile.write(tmp_path / "a.wav", np.column_stack((left, right)), RATE, subtype="FLOAT")
        np.testing.assert_allclose(
            audio.read(tmp_path / "a.wav").samples, (left + right) / 2, rtol=0, atol=1e-7
        )
        np.testing.assert_array_equal(audio.read(tmp_path / "a.wav", channel=1).samples, left)
        np.testing.assert_array_equal(audio.read(tmp_path / "a.wav", channel=2).samples, right)

    def test_the_same_sound_on_both_channels_is_that_sound(self, tmp_path):
        sound = melody(0.5, RATE)
        soundfile.write(tmp_path / "one.wav", sound, RATE)
        soundfile.write(tmp_path / "two.wav", np.column_stack((sound, sound)), RATE)
        one, two = (audio.read(tmp_path / f"{n}.wav").samples for n in ("one", "two"))
        assert one.tobytes() == two.tobytes()

    @pytest.mark.parametrize("channels", [3, 64])
    def test_many_channels(self, tmp_path, channels):
        sound = np.tile(melody(0.5, RATE)[:, np.newaxis], channels)
        soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
        np.testing.assert_allclose(audio.read(tmp_path / "a.wav").samples, sound[:, 0], rtol=0, atol=1e-6)

    @pytest.mark.parametrize("channel", [0, 3, -1])
    def test_a_channel_that_is_not_there(self, tmp_path, channel):
        soundfile.write(tmp_path / "a.wav", np.zeros((100, 2)), RATE)
        with pytest.raises(AudioError, match=f"no channel {channel}; it has 2, counted from 1"):
            audio.read(tmp_path / "a.wav", channel=channel)


class TestRates:
    @pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000])
    def test_a_tone_keeps_its_pitch_phase_and_length(self, tmp_path, rate):
        soundfile.write(tmp_path / "a.wav", melody(1.0, rate), rate, subtype="FLOAT")
        found = audio.read(tmp_path / "a.wav").samples
        assert found.size == RATE
        np.testing.assert_allclose(found[800:-800], melody(1.0, RATE)[800:-800], rtol=0, atol=2e-3)

    def test_another_target_rate(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", melody(1.0, 44_100), 44_100)
        found = audio.read(tmp_path / "a.wav", rate=8_000)
        assert (found.rate, found.samples.size) == (8_000, 8_000)

    @pytest.mark.parametrize(
        ("rate", "target"),
        [(44_100, 16_000), (8_000, 16_000), (48_000, 16_000), (11_025, 16_000), (192_000, 8_000)],
    )
    def test_blocks_are_one_piece(self, rate, target):
        samples = noise(12.345, rate)
        whole = np.concatenate(list(resample_blocks([samples], 0, (rate, target), seconds=50)))
        chunks = np.array_split(samples, 37)
        found = np.concatenate(list(resample_blocks(chunks, 0, (rate, target), seconds=2)))
        assert found.size == whole.size == resampled_length(samples.size, rate, target)
        np.testing.assert_allclose(found, whole, rtol=0, atol=1e-6)
        assert np.mean(found != whole) < 0.01  # to the bit but for rounding

    @given(rate=st.integers(8_000, 60_000), n=st.integers(1, 150_000), seconds=st.sampled_from([1, 2, 3, 50]))
    @settings(max_examples=25, deadline=None)
    def test_blocks_of_any_rate_and_length_are_one_piece(self, rate, n, seconds):
        samples = noise(1.0, n)
        whole = resample(samples, rate, RATE)
        found = np.concatenate(list(resample_blocks(np.array_split(samples, 9), 0, (rate, RATE), seconds)))
        assert found.size == whole.size == resampled_length(n, rate, RATE)
        # Rounding, and the drift of soxr's own clock over one piece: up to 2.1e-6 a second in 210 odd rates
        np.testing.assert_allclose(found, whole, rtol=0, atol=1e-6 + 3e-6 * n / rate)

    @pytest.mark.parametrize("rate", [16_001, 17_600, 20_000, 22_050, 32_000, 44_100, 48_000, 96_000])
    def test_what_the_rate_can_have_is_kept_and_nothing_else(self, rate):
        """Tones up to 100 Hz below half the rate; those above it leave no alias."""
        time = np.arange(2 * rate) / rate
        inside = slice(RATE // 4, -RATE // 4)
        expected = np.arange(2 * RATE) / RATE
        for hertz in (40.0, 3_999.0, 7_600.0, 7_850.0):
            found = resample(np.sin(2 * np.pi * hertz * time).astype(np.float32), rate, RATE)
            wanted = np.sin(2 * np.pi * hertz * expected)
            np.testing.assert_allclose(found[inside], wanted[inside], rtol=0, atol=3e-4)
        for hertz in (8_000.0, 8_150.0, 9_000.0, 10_500.0, 21_000.0):
            if hertz < rate / 2:
                found = resample(np.sin(2 * np.pi * hertz * time).astype(np.float32), rate, RATE)
                assert np.abs(found[inside]).max() < 1e-5

    def test_the_cut_is_that_of_scipy(self):
        """Of scipy.signal.resample with the same gains, where nothing is near the ends."""
        samples = np.full(2 * 20_000, 1e-7, np.float32)
        samples[8_000:32_000] = noise(1.2, 20_000)
        gains = partial(step_gains, middle=RATE / 2 - CUT, deviation=CUT_DEVIATION, rate=20_000)
        wanted = scipy.signal.resample(samples.astype(np.float64), 2 * RATE, window=gains)
        np.testing.assert_allclose(resample(samples, 20_000, RATE), wanted, rtol=0, atol=1e-6)

    @pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
    def test_digital_silence_stays_silence(self, rate):
        """But for a hundredth of a second beside a sound; a single zero is no silence."""
        samples = np.zeros(3 * rate, np.float32)
        samples[rate : 2 * rate] = noise(1.0, rate)
        samples[rate + 5] = 0
        found = resample(samples, rate, RATE)
        assert not found[: RATE - 160].any()
        assert not found[2 * RATE + 160 :].any()
        assert (found[RATE + 160 : 2 * RATE - 160] != 0).mean() > 0.999

    @given(rate=st.integers(8_000, 192_000), target=st.sampled_from([8_000, 16_000, 44_100]))
    def test_margins_are_whole_at_both_rates(self, rate, target):
        around = margin(rate, target)
        assert around * target % rate == 0
        assert around >= 0.1 * rate or rate == target

    @pytest.mark.parametrize("rate", [0, 7_999, 192_001])
    def test_a_target_rate_out_of_range(self, tmp_path, rate):
        soundfile.write(tmp_path / "a.wav", np.zeros(100), RATE)
        with pytest.raises(AudioError, match=f"asked for {rate} Hz; 8000 to 192000"):
            audio.read(tmp_path / "a.wav", rate=rate)


class TestIntervals:
    @pytest.mark.slow
    @pytest.mark.parametrize("rate", [16_000, 44_100])
    @pytest.mark.parametrize("kind", ["WAV", "FLAC", "MP3", "OGG"])
    def test_an_interval_is_that_interval_of_the_whole(self, tmp_path, rate, kind):
        with soundfile.SoundFile(tmp_path / "a", "w", rate, 1, format=kind) as sound:
            for part in np.array_split(
                noise(70.0, rate), 70
            ):  # libsndfile crashes on minutes of Vorbis at once
                sound.write(part)
        whole = audio.read(tmp_path / "a").samples
        for start, end in (
            (0.0, 1.0),
            (29.99, 30.01),
            (31.2345, 65.4321),
            (1.00004, 2.00001),
            (60.0, None),
            (12.0, 1e9),
        ):
            found = audio.read(tmp_path / "a", start=start, end=end).samples
            last = None if end is None else round(end * RATE)
            assert found.tobytes() == whole[round(start * RATE) : last].tobytes()

    def test_an_interval_through_pyav(self, tmp_path):
        encode(tmp_path / "a.webm", noise(40.0, 48_000), 48_000, "libopus")
        whole = audio.read(tmp_path / "a.webm").samples
        found = audio.read(tmp_path / "a.webm", start=31.5, end=33.25).samples
        assert found.tobytes() == whole[round(31.5 * RATE) : round(33.25 * RATE)].tobytes()

    def test_blocks_are_the_whole_and_can_be_had_again(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", noise(65.0, 44_100), 44_100)
        recording = audio.open_recording(tmp_path / "a.wav")
        for _ in range(2):
            blocks = list(recording.blocks())
            assert [block.duration for block in blocks] == [30.0, 30.0, 5.0]
            assert {block.recording for block in blocks} == {"a"}
            assert np.array_equal(np.concatenate([b.samples for b in blocks]), recording.waveform().samples)
        shorter = np.concatenate([b.samples for b in recording.blocks(7)])
        np.testing.assert_allclose(shorter, recording.waveform().samples, rtol=0, atol=1e-6)

    @pytest.mark.parametrize(
        ("start", "end"),
        [(-1.0, None), (1.0, 1.0), (1.0, 0.5), (0.5, 0.500001), (float("nan"), None), (float("inf"), None)],
    )
    def test_no_interval_at_all(self, tmp_path, start, end):
        soundfile.write(tmp_path / "a.wav", np.zeros(2 * RATE), RATE)
        with pytest.raises(AudioError, match="0 ≤ start < end is needed"):
            audio.read(tmp_path / "a.wav", start=start, end=end)

    @pytest.mark.parametrize("start", [2.0, 100.0, 1e200])
    def test_a_start_past_the_end(self, tmp_path, start):
        soundfile.write(tmp_path / "a.wav", np.zeros(2 * RATE), RATE)
        with pytest.raises(AudioError, match=r"start .* s is past its end"):
            audio.read(tmp_path / "a.wav", start=start)

    def test_an_end_past_the_end_is_noted(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", melody(2.0, RATE), RATE)
        recording = audio.open_recording(tmp_path / "a.wav", end=9.0)
        assert recording.waveform().duration == 2.0
        assert recording.notes == ("end 9 s is after the recording's end at 2.0 s",)
        endless = audio.open_recording(tmp_path / "a.wav", end=float("inf"))
        assert endless.waveform().duration == 2.0
        assert endless.notes == ()

    def test_duration_is_that_of_the_interval_before_anything_is_decoded(self, tmp_path):
        soundfile.write(tmp_path / "a.flac", np.zeros(10 * RATE), RATE)
        for start, end, seconds in ((0, None, 10), (2, None, 8), (2, 5, 3), (2, 50, 8), (11, None, 0)):
            assert audio.open_recording(tmp_path / "a.flac", start=start, end=end).duration == seconds


class TestMemory:
    @pytest.mark.slow
    def test_a_long_recording_is_read_in_bounded_memory(self, tmp_path):
        script = (
            "import resource, sys; from diarize import audio\n"
            "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "audio.read(sys.argv[1], end=65.0)\n"
            "before = peak()\n"
            "n = sum(block.samples.size for block in audio.open_recording(sys.argv[1]).blocks())\n"
            "sys.stdout.write(f'{n} {peak() - before}')\n"
        )
        loop = (noise(10.0, 44_100) * 32767).astype(np.int16)
        with soundfile.SoundFile(tmp_path / "a.wav", "w", 44_100, 2) as sound:
            for _ in range(60):
                sound.write(np.column_stack((loop, loop)))
        run = [sys.executable, "-c", script, str(tmp_path / "a.wav")]
        n, kilobytes = map(
            int, subprocess.run(run, capture_output=True, check=True, text=True).stdout.split()
        )
        assert n == 600 * RATE
        assert kilobytes < 20_000


class TestWriting:
    @pytest.mark.parametrize("suffix", ["wav", "flac"])
    def test_what_is_written_is_read(self, tmp_path, suffix):
        path = tmp_path / f"a.{suffix}"
        audio.write(path, Waveform(melody(0.5, 8_000), 8_000))
        found = audio.read(path, rate=8_000)
        np.testing.assert_allclose(found.samples, melody(0.5, 8_000), rtol=0, atol=0.5001 / 32768)
        audio.write(path, found)
        assert audio.read(path, rate=8_000).samples.tobytes() == found.samples.tobytes()

    def test_over_full_scale_is_cut(self, tmp_path):
        audio.write_wav(tmp_path / "a", Waveform(np.array([2.0, -2.0, 1.0, -1.0]), RATE))
        np.testing.assert_array_equal(
            audio.read(tmp_path / "a").samples, np.float32([32767 / 32768, -1, 32767 / 32768, -1])
        )

    def test_blocks_and_channels(self, tmp_path):
        sound = melody(0.5, RATE)
        audio.write(
            tmp_path / "a.wav", (Waveform(part, RATE) for part in np.array_split(sound, 5)), channels=2
        )
        found, rate = soundfile.read(tmp_path / "a.wav")
        assert (found.shape, rate) == ((8_000, 2), RATE)
        np.testing.assert_allclose(found, np.column_stack((sound, sound)), rtol=0, atol=1 / 32768)

    def test_suffixless_kinds(self, tmp_path):
        sound = Waveform(melody(0.5, RATE), RATE)
        audio.write(tmp_path / "a", sound, container="FLAC")
        audio.write_wav(tmp_path / "b", sound)
        kinds = [audio.open_recording(tmp_path / name).header.container for name in ("a", "b")]
        assert kinds == ["FLAC", "WAV"]

    def test_a_failure_leaves_the_old_file_and_nothing_else(self, tmp_path):
        def broken():
            yield Waveform(melody(0.5, RATE), RATE)
            raise RuntimeError("no more")

        audio.write(tmp_path / "a.wav", Waveform(melody(0.5, RATE), RATE))
        before = (tmp_path / "a.wav").read_bytes()
        with pytest.raises(OutputError, match="no more"):
            audio.write(tmp_path / "a.wav", broken())
        assert (tmp_path / "a.wav").read_bytes() == before
        assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]

    def test_where_nothing_can_be_written(self, tmp_path):
        sound = Waveform(melody(0.1, RATE), RATE)
        with pytest.raises(OutputError, match=r"\.wav or \.flac"):
            audio.write(tmp_path / "a.mp3", sound)
        with pytest.raises(OutputError, match="cannot be written"):
            audio.write(tmp_path / "no" / "a.wav", sound)
        with pytest.raises(OutputError, match="no sound to write"):
            audio.write(tmp_path / "a.wav", iter(()))
        assert list(tmp_path.iterdir()) == []


class TestVoices:
    def test_a_folder_or_a_file_is_a_speaker(self, tmp_path):
        for name in (
            "bob/2.flac",
            "bob/1.wav",
            "bob/more/0.wav",
            "ann.wav",
            "notes.txt",
            ".x.wav",
            "c/a.txt",
        ):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        found = audio.find_voices(tmp_path)
        assert list(found) == ["ann", "bob"]
        assert found["ann"] == [tmp_path / "ann.wav"]
        assert found["bob"] == [tmp_path / "bob" / n for n in ("1.wav", "2.flac", "more/0.wav")]

    def test_no_voices(self, tmp_path):
        with pytest.raises(AudioError, match="no recordings in it"):
            audio.find_voices(tmp_path)
        with pytest.raises(AudioError, match="no folder of voices"):
            audio.find_voices(tmp_path / "missing")


class TestLaziness:
    def test_importing_loads_nothing_heavy(self):
        script = "import sys, diarize.audio, diarize.synth; sys.stdout.write(' '.join(sys.modules))"
        run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
        loaded = set(run.stdout.split())
        assert not loaded & {"librosa", "soundfile", "av", "scipy", "scipy.signal", "numba", "matplotlib"}

    def test_recordings_of_the_wanted_rate_need_no_resampler(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", melody(0.5, RATE), RATE)
        script = "import sys; from diarize import audio; audio.read(sys.argv[1])\n"
        script += "sys.exit('librosa' in sys.modules)"
        run = [sys.executable, "-c", script, str(Path(tmp_path, "a.wav"))]
        assert subprocess.run(run, check=False).returncode == 0
