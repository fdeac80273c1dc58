"""Files with several audio tracks: which one is heard, how they are listed, and refusals."""

from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest

from diarize.annotation import Annotation, Turn
from diarize.audio import open_recording, write_clips
from diarize.audio.ffmpeg import FFMPEG
from diarize.audio.ogg_tracks import ogg_tracks
from diarize.audio.pyav import PYAV
from diarize.config import Config, override
from diarize.errors import AudioError
from diarize.pipeline.inputs import SampleSource

RATE = 16_000
TONES = (300, 700, 1100)  # Hz, one a track
TOLD = ({"language": "eng", "title": "Main room"}, {"language": "deu"}, {})
FILES = {
    "a.mkv": ("matroska", "pcm_s16le"),
    "a.mp4": ("mp4", "aac"),
    "a.webm": ("webm", "libopus"),
    "a.ogg": ("ogg", "libopus"),
}
TITLES = {  # as FFmpeg writes them: none in MP4, and in Ogg that of the file where a track has none
    "a.mp4": ["", "", ""],
    "a.ogg": ["Main room", "The film itself", "The film itself"],
}
READERS = [
    pytest.param(PYAV, id="pyav"),
    pytest.param(
        FFMPEG,
        id="ffmpeg",
        marks=pytest.mark.skipif(
            shutil.which("ffmpeg") is None, reason="the ffmpeg program is not installed"
        ),
    ),
]


def film(path, tracks=3):
    """A second of one tone that swells and fades on each track, with languages and titles."""
    av = pytest.importorskip("av")
    container, codec = FILES[path.name]
    with av.open(str(path), "w", format=container) as file:
        file.metadata["title"] = "The film itself"
        streams = [file.add_stream(codec, rate=RATE, layout="mono") for _ in range(tracks)]
        for stream, told in zip(streams, TOLD, strict=False):
            stream.metadata.update(told)
        for stream, tone in zip(streams, TONES, strict=False):
            turns = 2 * np.pi * np.arange(RATE) / RATE
            sound = (0.1 * (2 + np.sin(3 * turns)) * np.sin(tone * turns)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="fltp", layout="mono")
            frame.sample_rate = RATE
            for packet in (*stream.encode(frame), *stream.encode(None)):
                file.mux(packet)
    return path


def pitch(samples, rate=RATE):
    """The loudest frequency in Hz."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(power.argmax() * rate / len(samples))


@pytest.mark.parametrize("backend", READERS)
@pytest.mark.parametrize("name", FILES)
def test_each_track_is_read_by_its_number(tmp_path, name, backend):
    """In every container, by either reader, with what the container says of all tracks."""
    path = film(tmp_path / name)
    for number, tone in enumerate(TONES, 1):
        header = backend.header(path, number)
        sound = np.concatenate(list(backend.chunks(path, 0, [].append, number)))[:, 0]
        assert pitch(sound, header.rate) == pytest.approx(tone, abs=3)
        assert [track.language for track in header.tracks] == ["eng", "deu", ""]
        titles = TITLES.get(name, ["Main room", "", ""])
        assert [track.title for track in header.tracks] == titles


@pytest.mark.parametrize("without_pyav", [False, True], ids=["pyav", "ffmpeg"])
def test_all_tracks_are_listed_where_there_are_several(tmp_path, monkeypatch, without_pyav):
    """And the one that is heard is named."""
    path = film(tmp_path / "a.mkv")
    if without_pyav:
        if shutil.which("ffmpeg") is None:
            pytest.skip("the ffmpeg program is not installed")
        monkeypatch.setitem(sys.modules, "av", None)
    opened = open_recording(path, track=2)
    assert pitch(opened.waveform().samples) == pytest.approx(TONES[1], abs=3)
    assert opened.notes == (
        "3 audio tracks: 1 (eng, Main room), 2 (deu), 3; track 2 is used, --track chooses another",
    )
    with pytest.raises(AudioError, match=r"a\.mkv: no track 4; it has 3 audio tracks, counted from 1$"):
        open_recording(path, track=4)


def test_tracks_of_an_ogg_file_are_listed_though_libsndfile_reads_the_first_alone(tmp_path, monkeypatch):
    """Whichever is chosen; without a reader for the second, what is missing is said."""
    path = film(tmp_path / "a.ogg")
    listed = "3 audio tracks: 1 (eng, Main room), 2 (deu, The film itself), 3 (The film itself); "
    for track in (1, 3):
        opened = open_recording(path, track=track)
        assert pitch(opened.waveform().samples, opened.rate) == pytest.approx(TONES[track - 1], abs=3)
        assert opened.notes == (f"{listed}track {track} is used, --track chooses another",)
    with pytest.raises(AudioError, match=r"a\.ogg: no track 4; it has 3 audio tracks, counted from 1$"):
        open_recording(path, track=4)
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert open_recording(path).notes == (f"{listed}track 1 is used, --track chooses another",)
    with pytest.raises(AudioError, match=r"track 2 needs the PyAV package or the ffmpeg program; try: pip"):
        open_recording(path, track=2)


def test_an_ogg_file_with_pictures_or_damaged_comments_is_read_as_far_as_it_goes(tmp_path):
    """Streams that are no sound do not count; comments that end too early are kept as far as they go."""
    path = film(tmp_path / "a.ogg")
    with path.open("rb") as file:
        whole = file.read()
    (tmp_path / "b.ogg").write_bytes(whole.replace(b"OpusHead", b"\x80theora ", 1))
    with (tmp_path / "b.ogg").open("rb", buffering=0) as file:
        assert [track.language for track in ogg_tracks(file)] == ["deu", ""]
    (tmp_path / "c.ogg").write_bytes(
        whole.replace(b"\x0c\0\0\0language=eng", b"\xff\xff\xff\x7flanguage=eng", 1)
    )
    for size in (0, 30, 200, len(whole)):
        (tmp_path / "d.ogg").write_bytes((tmp_path / "c.ogg").read_bytes()[:size])
        with (tmp_path / "d.ogg").open("rb", buffering=0) as file:
            assert all(isinstance(track.title, str) for track in ogg_tracks(file))
    with (tmp_path / "c.ogg").open("rb", buffering=0) as file:
        assert len(ogg_tracks(file)) == 3


def test_one_track_is_not_listed_and_has_no_second(tmp_path):
    """In a film, and in a WAV that libsndfile reads, whatever else could be asked."""
    path = film(tmp_path / "a.mkv", tracks=1)
    write_clips(path, {tmp_path / "b.wav": [(0.0, 0.5)]})
    for each in (path, tmp_path / "b.wav"):
        opened = open_recording(each)
        opened.waveform()
        assert opened.notes == ()
        with pytest.raises(AudioError, match=r"no track 2; it has one audio track$"):
            open_recording(each, track=2)
        with pytest.raises(AudioError, match=r"no track 0; tracks are counted from 1$"):
            open_recording(each, track=0)


def test_a_wav_has_no_second_track_where_no_other_reader_is(tmp_path, monkeypatch):
    """The refusal is about the track, not about the file."""
    write_clips(film(tmp_path / "a.mkv"), {tmp_path / "b.wav": [(0.0, 0.5)]})
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioError, match=r"no track 2; it has one audio track$"):
        open_recording(tmp_path / "b.wav", track=2)


def test_settings_choose_the_track_for_the_pipeline_and_clips(tmp_path):
    """Whatever listens to the recording hears the same track."""
    path = film(tmp_path / "a.mkv")
    config = override(Config(), {"audio": {"track": 3}}, "test")
    sound = SampleSource.open(path, config, (0.0, None))
    assert pitch(np.concatenate(list(sound.blocks()))) == pytest.approx(TONES[2], abs=3)
    write_clips(path, {tmp_path / "clip.wav": [(0.25, 0.75)]}, track=3)
    assert pitch(open_recording(tmp_path / "clip.wav").waveform().samples) == pytest.approx(TONES[2], abs=3)


def test_turns_know_voices_of_their_track(tmp_path):
    """The embeddings of a speaker are those of the track."""
    from diarize.identity import measure_voices

    path, turns = film(tmp_path / "a.mkv"), Annotation("a", (Turn(0.0, 1.0, "A"),))
    found = [
        measure_voices(path, turns, override(Config(), {"audio": {"track": k}}, "test"))["A"].embeddings
        for k in (1, 1, 2)
    ]
    np.testing.assert_array_equal(found[0].means, found[1].means)
    assert not np.allclose(found[0].means, found[2].means)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the ffmpeg program is not installed")
def test_what_the_ffmpeg_program_says_is_waited_for(tmp_path, monkeypatch):
    """Its sound may be there before its lines about the file have been read, as on a busy machine."""
    import time

    from diarize.audio import ffmpeg

    path, note = film(tmp_path / "a.mkv"), ffmpeg._Messages._note

    def slow(self, line):
        time.sleep(0.02)
        note(self, line)

    monkeypatch.setattr(ffmpeg._Messages, "_note", slow)
    assert [track.language for track in FFMPEG.header(path, 1).tracks] == ["eng", "deu", ""]
