"""What lies behind the end of a recording is told of: another one, or sound that no header counts."""

from __future__ import annotations

import io
import shutil
import struct
import sys

import numpy as np
import pytest
import sound_builders
import soundfile

from diarize import audio
from diarize.audio.trailing_data import find_trailing_data

RATE = 16_000
TAG = b"TAG" + bytes(125)


def encoded(kind, subtype="PCM_16", n=RATE, **options):
    """A second of noise in a file."""
    data = io.BytesIO()
    sound = np.random.default_rng(1).normal(0, 0.1, n)
    soundfile.write(data, sound, RATE, format=kind, subtype=subtype, **options)
    return data.getvalue()


def muxed(tmp_path, container, codec, rate=48_000):
    """The same by FFmpeg."""
    sound_builders.track(
        tmp_path / "t", container, codec, sound_builders.bursts(rate, length=1.0, spans=()), rate
    )
    return (tmp_path / "t").read_bytes()


def sized(wav, size, riff=None):
    """A WAV whose header states another size of its data."""
    at = wav.find(b"data") + 4
    whole = wav[:at] + struct.pack("<I", size) + wav[at + 4 :]
    return whole if riff is None else whole[:4] + struct.pack("<I", riff) + whole[8:]


def notes_of(path, data):
    """What is said of these bytes."""
    path.write_bytes(data)
    return audio.open_recording(path).notes


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU", "CAF"])
@pytest.mark.parametrize("between", [b"", bytes(70_000), TAG], ids=["nothing", "zeros", "tag"])
def test_a_second_recording_is_reported(tmp_path, kind, between):
    """With the byte at which to cut; tags and zeros behind one are nothing."""
    one = encoded(kind)
    (note,) = notes_of(tmp_path / "a", one + between + one)
    assert note.startswith(f"another recording ({kind}) after its end, from byte {len(one + between)} on,")
    assert notes_of(tmp_path / "a", one) == notes_of(tmp_path / "a", one + between) == ()


@pytest.mark.parametrize(
    ("container", "codec", "kind"),
    [
        ("ipod", "aac", "M4A/MP4"),
        ("mp4", "aac", "M4A/MP4"),
        ("flv", "aac", "FLV"),
        ("tta", "tta", "TTA"),
        ("wv", "wavpack", "WavPack"),
        ("asf", "ac3", "WMA/ASF"),
    ],
)
def test_a_second_recording_of_other_readers_is_reported(tmp_path, container, codec, kind):
    """Files that FFmpeg reads up to the end of the first."""
    one = muxed(tmp_path, container, codec, 44_100 if container == "flv" else 48_000)
    note = notes_of(tmp_path / "a", one + one)[0]
    assert note.startswith(f"another recording ({kind}) after its end, from byte {len(one)} on,")
    assert notes_of(tmp_path / "a", one + TAG) == notes_of(tmp_path / "a", one) == ()


@pytest.mark.parametrize("first", ["MP3", "FLAC", "OGG"])
@pytest.mark.parametrize("second", ["WAV", "FLAC"])
def test_another_kind_behind_a_chain_is_reported(tmp_path, first, second):
    """Links of one kind are all read; of two kinds only the first."""
    subtype = {"MP3": "MPEG_LAYER_III", "FLAC": "PCM_16", "OGG": "VORBIS"}[first]
    one, two = encoded(first, subtype), encoded(second)
    notes = notes_of(tmp_path / "a", one + two)
    if first == second or (first, second) == ("OGG", "FLAC"):
        assert not any("another recording" in note for note in notes)
    else:
        assert f"another recording ({second}) after its end, from byte {len(one)} on" in notes[0]
    assert notes_of(tmp_path / "a", one) == ()


def test_sound_that_a_header_does_not_count_is_reported(tmp_path):
    """As of a recorder that was switched off between two looks at its header; chunks of text are none."""
    wav = encoded("WAV", n=4 * RATE)
    half = 4 * RATE
    (note,) = notes_of(tmp_path / "a", sized(wav, half, 36 + half))
    assert note == f"its header says that it ends at byte {44 + half} of {len(wav)}; the rest is not read"
    assert len(notes_of(tmp_path / "a", sized(wav, half))) == 1
    text = b"LIST" + struct.pack("<I", 40_000) + b"INFOISFT" + struct.pack("<I", 39_988) + bytes(39_988)
    for riff in (len(wav) - 8, len(wav) + len(text) - 8, 0):
        assert notes_of(tmp_path / "a", sized(wav, len(wav) - 44, riff) + text) == ()
    for unknown in (0, 0x7FFFF000, 0xFFFFFFFF, 0xFFFFFFFF - 36):
        assert notes_of(tmp_path / "a", sized(wav, unknown)) == ()


def test_long_files_whose_writer_did_not_are_restored_are_read(tmp_path):
    """RF64 with its long size left at 0, as in a live recording; a right one stays as it is."""
    data = encoded("RF64")
    path = tmp_path / "a.rf64"
    path.write_bytes(data)
    whole = audio.read(path).samples
    path.write_bytes(data[:20] + bytes(24) + data[44:])
    assert len(whole) == RATE
    np.testing.assert_array_equal(audio.read(path).samples, whole)
    assert audio.open_recording(path).notes == ()


@pytest.mark.parametrize("n", [0, 3, 11, 12, 20, 30])
@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU", "CAF"])
def test_headers_that_are_cut_off_say_nothing(tmp_path, kind, n):
    """No error of another kind, whatever is missing."""
    (tmp_path / "a").write_bytes(encoded(kind)[: 12 + n])
    assert find_trailing_data(tmp_path / "a") is None


@pytest.mark.parametrize("program", [False, True], ids=["pyav", "ffmpeg"])
@pytest.mark.parametrize(
    ("container", "codec", "video"),
    [
        ("avi", "mp3", True),
        ("matroska", "flac", True),
        ("webm", "libopus", False),
        ("asf", "ac3", False),
        ("mp4", "aac", True),
    ],
)
def test_a_copy_that_was_interrupted_is_told_of(tmp_path, container, codec, video, program, monkeypatch):
    """By the size that the file states, for a film does not state how long its sound is."""
    pytest.importorskip("av")
    rate = 48_000
    options = {"movflags": "faststart"} if container == "mp4" else {}
    sound_builders.track(
        tmp_path / "a", container, codec, sound_builders.bursts(rate), rate, video=video, options=options
    )
    if program:
        if not shutil.which("ffmpeg"):
            pytest.skip("the ffmpeg program is not installed")
        monkeypatch.setitem(sys.modules, "av", None)
    whole = (tmp_path / "a").read_bytes()
    assert notes_of(tmp_path / "a", whole) == ()
    notes = notes_of(tmp_path / "a", whole[: len(whole) // 2])
    assert notes[0].startswith("cut short: its header says ")
    assert f"it has {len(whole) // 2}; copy it again" in notes[0]
    assert not any("behind" in note for note in notes)


def test_the_ffmpeg_program_says_where_it_stopped(tmp_path, monkeypatch):
    """In the middle of a file."""
    if not shutil.which("ffmpeg"):
        pytest.skip("the ffmpeg program is not installed")
    sound_builders.track(tmp_path / "a", "wv", "wavpack", sound_builders.bursts(48_000))
    data = (tmp_path / "a").read_bytes()
    monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "a").write_bytes(data + b"wvpk" + bytes(60))
    recording = audio.open_recording(tmp_path / "a")
    assert recording.waveform().duration == pytest.approx(10.0)
    assert any(note.startswith("damaged after 10.0 s (") for note in recording.notes)
