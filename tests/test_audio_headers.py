"""Headers that writers could not finish, or wrote in their own way: all of the sound, and no false note."""

from __future__ import annotations

import io
import struct
import sys

import numpy as np
import pytest
import sound_builders
import soundfile

from diarize import audio

RATE = 16_000
SECONDS = 3.0
SPANS = ((0.5, 1.0), (2.0, 2.5))


def encoded(kind, subtype="PCM_16", channels=1, rate=RATE):
    """The bytes of a file of sound."""
    sound = sound_builders.bursts(rate, SPANS, SECONDS)
    data = io.BytesIO()
    soundfile.write(data, np.column_stack([sound] * channels), rate, format=kind, subtype=subtype)
    return data.getvalue()


def replaced(data, mark, offset, value):
    """The data with other bytes ``offset`` behind a mark."""
    at = data.index(mark) + offset
    return data[:at] + value + data[at + len(value) :]


def chunk(name, body, *, pad=True):
    """A chunk of a WAV file, with its byte of padding or without."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (pad and len(body) % 2)


def wav(*before, pad=True):
    """A WAV file with chunks of odd sizes before the sound."""
    whole = encoded("WAV")
    at = whole.index(b"data")
    body = whole[8:at] + b"".join(chunk(name, b"x" * n, pad=pad) for name, n in before) + whole[at:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def rf64(form, size):
    """A file with 64-bit sizes."""
    whole = encoded("WAV")
    at = whole.index(b"data")
    sizes = struct.pack("<QQQI", size, size, 0, 0)
    return (
        form
        + b"\xff" * 4
        + b"WAVE"
        + chunk(b"ds64", sizes)
        + whole[12:at]
        + b"data"
        + b"\xff" * 4
        + whole[at + 8 :]
    )


def aiff(count, sound, form):
    """An AIFF file with other numbers of samples and bytes."""
    data = replaced(encoded("AIFF"), b"COMM", 10, struct.pack(">I", count))
    data = replaced(data, b"SSND", 4, struct.pack(">I", sound))
    return data[:4] + struct.pack(">I", form) + data[8:]


N = round(SECONDS * RATE)
FILES = {
    "AIFF of sox": aiff(0x7F000000 // 2, 0x7F000008, 0x7F000030),
    "AIFF of a pipe": aiff(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
    "AIFF of a 31-bit pipe": aiff(0x3FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF),
    "AIFF without sizes": aiff(N, 0, 0),
    "AIFF interrupted": aiff(0, 8, 46),
    "AIFF interrupted at once": aiff(0, 0, 0),
    "AU of a pipe": replaced(encoded("AU"), b".snd", 8, b"\xff\xff\xff\xff"),
    "AU of a 31-bit pipe": replaced(encoded("AU"), b".snd", 8, b"\x7f\xff\xff\xff"),
    "AU interrupted": replaced(encoded("AU"), b".snd", 8, bytes(4)),
    "CAF interrupted": replaced(encoded("CAF"), b"data", 4, bytes(8)),
    "CAF of a pipe": replaced(encoded("CAF"), b"data", 4, b"\xff" * 8),
    "RF64 interrupted": rf64(b"RF64", 0),
    "RF64 of a pipe": rf64(b"RF64", 2**64 - 1),
    "BW64": rf64(b"BW64", 2 * N),
    "BW64 interrupted": rf64(b"BW64", 0),
    "BW64 of a pipe": rf64(b"BW64", 2**64 - 1),
    "odd chunk": wav((b"LIST", 21)),
    "odd chunk without padding": wav((b"LIST", 21), pad=False),
    "odd chunks, one without padding": wav((b"LIST", 20), (b"junk", 7), pad=False),
}
for _subtype in ("IMA_ADPCM", "MS_ADPCM"):
    for _channels in (1, 2):
        _data = encoded("WAV", _subtype, _channels)
        _count = struct.unpack_from("<I", _data, _data.index(b"fact") + 8)[0]
        FILES |= {
            f"{_subtype}, {_channels} channels, samples counted {word}": replaced(
                _data, b"fact", 8, struct.pack("<I", count)
            )
            for word, count in (("right", _count), ("twice", 2 * _count), ("not at all", 0))
        }


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_headers_of_all_writers(tmp_path, data, monkeypatch, capfd):
    """With libsndfile alone."""
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setenv("PATH", "")
    (tmp_path / "a").write_bytes(data)
    recording = audio.open_recording(tmp_path / "a")
    sound = recording.waveform()
    assert recording.notes == ()
    assert sound.duration == pytest.approx(SECONDS, abs=0.06)  # whole blocks of ADPCM
    assert recording.duration is None or recording.duration == pytest.approx(SECONDS, abs=0.06)
    np.testing.assert_allclose(sound_builders.heard(sound.samples, RATE), SPANS, rtol=0, atol=0.01)
    assert capfd.readouterr() == ("", "")


def test_sound_in_two_chunks_is_told_of(tmp_path):
    """The first is read, as other programs do, and a note gives the place of the second."""
    whole = encoded("WAV")
    at = whole.index(b"data")
    body = whole[8:at] + chunk(b"data", whole[at + 8 :]) + chunk(b"LIST", b"x" * 9)
    second = 8 + len(body)
    body += chunk(b"data", whole[at + 8 :])
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    recording = audio.open_recording(tmp_path / "a.wav")
    np.testing.assert_allclose(
        sound_builders.heard(recording.waveform().samples, RATE), SPANS, rtol=0, atol=0.01
    )
    (note,) = recording.notes
    assert note.startswith(f"its header says that it ends at byte {second} of")


def test_a_coded_file_cut_off_is_told_of_whatever_it_counts(tmp_path):
    """The bytes that its header promises are not there."""
    data = encoded("WAV", "IMA_ADPCM", 2)
    count = struct.unpack_from("<I", data, data.index(b"fact") + 8)[0]
    data = replaced(data, b"fact", 8, struct.pack("<I", 2 * count))
    (tmp_path / "a.wav").write_bytes(data[: len(data) // 2])
    recording = audio.open_recording(tmp_path / "a.wav")
    recording.waveform()
    assert recording.notes == ("the header says 3.1 s, but there are 1.5 s",)


@pytest.mark.parametrize("size", [50, 0])
def test_a_live_stream_of_windows_media_is_read_without_a_note(tmp_path, size):
    """The size of its data is that of the head of an empty one."""
    sound_builders.track(tmp_path / "a.asf", "asf", "ac3", sound_builders.bursts(48_000, SPANS, SECONDS))
    data = (tmp_path / "a.asf").read_bytes()
    mark = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
    (tmp_path / "b.asf").write_bytes(replaced(data, mark, 16, struct.pack("<Q", size)))
    recording = audio.open_recording(tmp_path / "b.asf")
    np.testing.assert_allclose(
        sound_builders.heard(recording.waveform().samples, RATE), SPANS, rtol=0, atol=0.05
    )
    assert not [note for note in recording.notes if "header" in note]
