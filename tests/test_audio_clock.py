"""Sound on the clock of its container, through PyAV and ffmpeg: late tracks, missing packets, edit lists."""

from __future__ import annotations

import io
import shutil
import struct
import sys

import numpy as np
import pytest
import sound_builders
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from diarize import audio
from diarize.audio import clock, edit_list
from diarize.audio.backend import ignore_note
from diarize.audio.ffmpeg import FFMPEG
from diarize.audio.pyav import PYAV

SILENCE = "parts of its sound are missing"
# container, codec and seconds by which its encoder is late without the file telling it
CONTAINERS = {
    "a.mp4": ("mp4", "aac", 0.0),
    "a.mov": ("mov", "aac", 0.0),
    "a.m4a": ("ipod", "aac", 0.0),
    "a.mkv": ("matroska", "libopus", 0.0),
    "a.webm": ("webm", "libopus", 0.0),
    "b.mkv": ("matroska", "flac", 0.0),
    "a.ts": ("mpegts", "libopus", 0.0),
    "a.flv": ("flv", "aac", 512 / 48_000),  # a film tells, sound alone does not
    "a.ogg": ("ogg", "libopus", 0.0),
    "b.ogg": ("ogg", "flac", 0.0),
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


def decoded(backend, path):
    """Where tones are, the length by the header and as found, and what is told."""
    header, told = backend.header(path), []
    sound = np.concatenate(list(backend.chunks(path, 0, told.append)))[:, 0]
    return sound_builders.heard(sound, header.rate), header, len(sound) / header.rate, told


@pytest.mark.slow
@pytest.mark.parametrize("backend", READERS)
@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("video", [False, True], ids=["alone", "film"])
def test_a_track_that_begins_late(tmp_path, name, video, backend):
    """Its times count from the start of the film; of what counts as a sender did, from the first packet."""
    container, codec, delay = CONTAINERS[name]
    if container == "ogg" and (video or codec == "flac"):
        pytest.skip("MPEG-4 pictures do not go into OGG, and FFmpeg lets FLAC begin at 0 there")
    late = 2.5
    sound_builders.track(
        tmp_path / name, container, codec, sound_builders.bursts(48_000), late=late, video=video
    )
    found, header, length, told = decoded(backend, tmp_path / name)
    starts = late if video or container in ("mp4", "mov", "ipod", "matroska", "webm") else 0.0
    np.testing.assert_allclose(found, np.array(sound_builders.BURSTS) + starts + delay, rtol=0, atol=0.02)
    assert length == pytest.approx(10 + starts, abs=0.1)
    assert header.promised is None or header.promised / header.rate < length + 0.05 or told
    assert told == []


@pytest.mark.slow
@pytest.mark.parametrize("backend", READERS)
@pytest.mark.parametrize("name", CONTAINERS)
def test_missing_packets_leave_silence(tmp_path, name, backend):
    """What comes behind them stays where it was, and a note says how much is missing."""
    container, codec, delay = CONTAINERS[name]
    gaps = ((2.0, 3.5), (5.5, 7.5))
    sound_builders.track(tmp_path / name, container, codec, sound_builders.bursts(48_000), gaps=gaps)
    found, _, length, told = decoded(backend, tmp_path / name)
    np.testing.assert_allclose(found, np.array(sound_builders.BURSTS) + delay, rtol=0, atol=0.02)
    assert length == pytest.approx(10, abs=0.1)
    (note,) = told
    assert SILENCE in note
    assert float(note.split("(")[1].split(" s")[0]) == pytest.approx(3.5, abs=0.2)


@pytest.mark.parametrize("codec", ["libopus", "flac", "vorbis"])
def test_ogg_needs_no_further_reader_for_that(tmp_path, codec, monkeypatch):
    """Its pages say where they are."""
    if codec == "vorbis":
        noisy = sound_builders.bursts() + np.random.default_rng(1).normal(
            0, 0.03, 160_000
        )  # pages fill sooner
        soundfile.write(tmp_path / "whole", noisy, 16_000, format="OGG", subtype="VORBIS")
        pages = [b"OggS" + page for page in (tmp_path / "whole").read_bytes().split(b"OggS")[1:]]
        places = [int.from_bytes(page[6:14], "little") / 16_000 for page in pages]
        inside = [not (2.5 < place < 3.9 or 6 < place < 7.9) for place in places]
        assert not all(inside)
        (tmp_path / "a").write_bytes(b"".join(page for page, kept in zip(pages, inside, strict=True) if kept))
    else:
        sound_builders.track(
            tmp_path / "a", "ogg", codec, sound_builders.bursts(48_000), gaps=((2, 3.5), (5.5, 7.5))
        )
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setenv("PATH", "")
    recording = audio.open_recording(tmp_path / "a")
    sound = recording.waveform()
    assert recording.header.container in ("OGG", "FLAC")
    np.testing.assert_allclose(
        sound_builders.heard(sound.samples, 16_000), sound_builders.BURSTS, rtol=0, atol=0.02
    )
    assert [note[: len(SILENCE)] for note in recording.notes] == [SILENCE]
    tail = audio.read(tmp_path / "a", start=7.0).samples
    np.testing.assert_allclose(tail, sound.samples[7 * 16_000 :], rtol=0, atol=1e-4)


@pytest.mark.parametrize("backend", READERS)
def test_an_edit_list_cuts_the_start(tmp_path, backend):
    """As an editor writes it that cuts without coding anew: what was before is there and not heard."""
    av = pytest.importorskip("av")
    sound_builders.track(tmp_path / "a.m4a", "ipod", "aac", sound_builders.bursts(48_000))
    with (
        av.open(str(tmp_path / "a.m4a")) as source,
        av.open(str(tmp_path / "b.m4a"), "w", format="ipod") as goal,
    ):
        stream = source.streams.audio[0]
        copy = goal.add_stream_from_template(stream)
        shift = round(3.5 / stream.time_base)
        for packet in source.demux(stream):
            if packet.dts is not None and packet.pts * packet.time_base > 3.3:
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, copy
                goal.mux(packet)
    found, _, _, told = decoded(backend, tmp_path / "b.m4a")
    expected = np.array(sound_builders.BURSTS[1:]) - 3.5
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.02)
    assert told == []


def with_edits(data, edits):
    """An MP4 of one track, whose index is at its end, with other edits: seconds, and seconds of the media or
    None for an empty one.
    """
    index = data.index(b"moov") - 4
    scale = int.from_bytes(data[data.index(b"mvhd") + 16 :][:4], "big")
    rate = int.from_bytes(data[data.index(b"mdhd") + 16 :][:4], "big")
    old = data.index(b"edts") - 4
    rows = b"".join(
        struct.pack(">Iihh", round(length * scale), -1 if start is None else round(start * rate), 1, 0)
        for length, start in edits
    )
    body = struct.pack(">I4sII", 16 + len(rows), b"elst", 0, len(edits)) + rows
    body = struct.pack(">I4s", 8 + len(body), b"edts") + body
    size = int.from_bytes(data[old : old + 4], "big")
    data = bytearray(data[:old] + body + data[old + size :])
    for at in (index, data.index(b"trak") - 4):
        struct.pack_into(">I", data, at, int.from_bytes(data[at : at + 4], "big") + len(body) - size)
    struct.pack_into(">I", data, data.index(b"mvhd") + 20, round(scale * sum(each[0] for each in edits)))
    return bytes(data)


@pytest.mark.parametrize("backend", READERS)
@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([(2.0, None), (10.0, 0.0)], [(3, 3.5), (6, 7), (10, 11)]),
        ([(3.0, 0.0), (4.0, 6.0)], [(1, 1.5), (5, 6)]),
        ([(4.0, 6.0), (3.0, 0.0)], [(2, 3), (5, 5.5)]),
        ([(3.0, 0.0), (2.0, None), (7.0, 3.0)], [(1, 1.5), (6, 7), (10, 11)]),
        ([(1.0, None), (3.0, 0.0), (2.0, None), (4.0, 6.0), (3.0, None)], [(2, 2.5), (8, 9)]),
    ],
    ids=["late", "two", "other order", "gap", "gaps"],
)
def test_edit_lists_of_all_kinds(tmp_path, edits, expected, backend):
    """Parts are left out or moved, and where an edit is empty there is silence."""
    sound_builders.track(tmp_path / "a.m4a", "ipod", "aac", sound_builders.bursts(48_000))
    primed = [(length, None if start is None else start + 1024 / 48_000) for length, start in edits]
    (tmp_path / "b.m4a").write_bytes(with_edits((tmp_path / "a.m4a").read_bytes(), primed))
    found, header, _, told = decoded(backend, tmp_path / "b.m4a")
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.02)
    assert told == []
    assert header.frames / header.rate == pytest.approx(sum(each[0] for each in edits), abs=0.1)


def test_an_index_that_is_cut_off_has_no_edits(tmp_path):
    """Or those that are there."""
    sound_builders.track(tmp_path / "a.m4a", "ipod", "aac", sound_builders.bursts(48_000))
    data = with_edits((tmp_path / "a.m4a").read_bytes(), [(3.0, 0.0), (2.0, None), (7.0, 3.0)])
    for cut in range(0, 700, 7):
        (tmp_path / "b.m4a").write_bytes(data[: data.index(b"moov") - 4 + cut])
        found = edit_list.read_empty_edits(tmp_path / "b.m4a", 1)
        assert found is None or found.spans == ((3.0, 5.0),)
        assert edit_list.read_empty_edits(tmp_path / "b.m4a", 2) is None


@pytest.mark.parametrize("backend", READERS)
def test_clocks_that_were_joined_go_on(tmp_path, backend):
    """Two broadcasts in one file: the second begins anew, and nothing of it is lost."""
    sound_builders.track(tmp_path / "a.ts", "mpegts", "libopus", sound_builders.bursts(48_000))
    data = (tmp_path / "a.ts").read_bytes()
    (tmp_path / "b.ts").write_bytes(data + data)
    found, _, length, told = decoded(backend, tmp_path / "b.ts")
    assert len(found) == 6
    assert length == pytest.approx(20, abs=0.1)
    assert any("another clock from 10.0 s on" in note for note in told)


def test_a_start_is_the_same_through_both_readers(tmp_path):
    """Seconds are seconds of the clock, whatever was dropped before them."""
    sound_builders.track(
        tmp_path / "a.mkv", "matroska", "flac", sound_builders.bursts(48_000), late=2.5, gaps=((2, 3),)
    )
    whole = audio.read(tmp_path / "a.mkv").samples
    part = audio.read(tmp_path / "a.mkv", start=5.5).samples
    np.testing.assert_array_equal(part, whole[round(5.5 * 16_000) :])


PIECES = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 30)), min_size=1, max_size=8)


@given(PIECES, st.integers(0, 100))
def test_every_sample_is_where_its_stamp_says(pieces, zero):
    """A law: gaps become zeros, and every piece lies at its stamp."""
    rate, at, expected, given_pieces = 1000, 0, np.zeros(0), []
    for number, (drawn, n) in enumerate(pieces, 1):
        gap = drawn if drawn > 15 or not given_pieces else 0
        at += gap
        expected = np.concatenate((expected, np.zeros(gap), np.full(n, number)))
        given_pieces.append((zero + at / rate, np.full((n, 1), number, dtype=np.float32)))
        at += n
    found = np.concatenate(list(clock.place_on_clock(given_pieces, rate, zero, ignore_note)))[:, 0]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("stamps", "expected", "told"),
    [
        ([0.0, 0.110], [1] * 100 + [2] * 100, 0),  # ten milliseconds are rounding
        ([0.0, 0.090], [1] * 100 + [2] * 100, 0),
        ([0.0, None], [1] * 100 + [2] * 100, 0),
        ([0.0, 0.150], [1] * 100 + [0] * 50 + [2] * 100, 1),
        ([0.0, 0.050], [1] * 100 + [2] * 50, 0),  # half of it was there already
        ([5.0, 0.0], [0] * 5000 + [1] * 100 + [2] * 100, 1),  # another clock
        ([0.0, 4000.0], [1] * 100 + [2] * 100, 1),
        ([-0.040, 0.060], [1] * 60 + [2] * 100, 0),  # before the start of the clock
    ],
)
def test_stamps_by_hand(stamps, expected, told):
    """Two pieces of a hundred samples at a thousand a second."""
    notes = []
    pieces = [(at, np.full((100, 1), n, dtype=np.float32)) for n, at in enumerate(stamps, 1)]
    found = np.concatenate(list(clock.place_on_clock(pieces, 1000, 0.0, notes.append)))[:, 0]
    assert found.tolist() == expected
    assert len(notes) == told


@pytest.mark.parametrize(
    ("container", "start", "zero"),
    [
        ("mov,mp4,m4a,3gp,3g2,mj2", 2.0, 0.0),
        ("matroska,webm", 2.0, 0.0),
        ("matroska,webm", 90_000.0, 90_000.0),
        ("mpegts", 1.4, 1.4),
        ("ogg", None, 0.0),
    ],
)
def test_where_a_clock_begins(container, start, zero):
    """At 0 where a file's own clock does, at the first packet of a broadcast."""
    assert clock.origin(container, start) == zero


@pytest.mark.parametrize("backend", READERS)
@pytest.mark.parametrize("rates", [(48_000, 44_100), (44_100, 48_000), (48_000, 16_000)])
@pytest.mark.parametrize(("container", "codec"), [("adts", "aac"), ("ac3", "ac3")])
def test_streams_of_two_rates_keep_their_pace(tmp_path, container, codec, rates, backend):
    """Joined files without a clock: the second is converted to the rate of the first."""
    if codec == "ac3" and 16_000 in rates:
        pytest.skip("AC-3 has no such rate")
    data = b""
    for rate in rates:
        sound_builders.track(tmp_path / "a", container, codec, sound_builders.bursts(rate), rate)
        data += (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(data)
    found, header, length, told = decoded(backend, tmp_path / "a")
    assert header.rate == rates[0]
    assert length == pytest.approx(20, abs=0.2)
    expected = np.concatenate((sound_builders.BURSTS, np.array(sound_builders.BURSTS) + 10))
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.15)
    assert (told, header.promised) == ([], None)


def test_a_stream_whose_rate_changes_on_the_clock_keeps_its_pace(tmp_path):
    """As of a broadcast."""
    for name, rate in (("a", 48_000), ("b", 44_100)):
        sound_builders.track(tmp_path / name, "mpegts", "mp2", sound_builders.bursts(rate), rate)
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes())
    found, _, length, told = decoded(PYAV, tmp_path / "a")
    assert length == pytest.approx(20, abs=0.1)
    expected = np.concatenate((sound_builders.BURSTS, np.array(sound_builders.BURSTS) + 10))
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.05)
    assert [note.split(" from")[0] for note in told] == ["another clock"]


class _Pipe(io.BytesIO):
    """Somewhere to write to, where nobody can go back."""

    seek = tell = None

    def seekable(self):
        return False


@pytest.mark.parametrize("backend", READERS)
@pytest.mark.parametrize("codec", ["mp3", "ac3"])
def test_an_avi_of_a_pipe_promises_nothing(tmp_path, codec, backend):
    """FFmpeg guesses half an hour from the zeros in its header."""
    av = pytest.importorskip("av")
    pipe = _Pipe()
    with av.open(pipe, "w", format="avi") as file:
        stream = file.add_stream(codec, rate=48_000, layout="mono")
        for packet in sound_builders.sound_packets(av, stream, sound_builders.bursts(48_000), 48_000):
            file.mux(packet)
    (tmp_path / "a").write_bytes(pipe.getvalue())
    found, header, length, told = decoded(backend, tmp_path / "a")
    np.testing.assert_allclose(found, sound_builders.BURSTS, rtol=0, atol=0.08)
    assert (header.frames, header.promised, told) == (None, None, [])
    assert length == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("backend", READERS)
@pytest.mark.parametrize(
    ("container", "codec", "video"),
    [("avi", "pcm_s16le", False), ("avi", "adpcm_ms", False), ("asf", "ac3", True), ("asf", "ac3", False)],
)
def test_no_length_is_promised_that_is_none(tmp_path, container, codec, video, backend):
    """FFmpeg takes bytes of AVI for more seconds than they are, and the end of late sound for its length."""
    late = 3.0 * video
    sound = sound_builders.bursts(44_100)
    sound_builders.track(tmp_path / "a", container, codec, sound, 44_100, late=late, video=video)
    found, header, length, told = decoded(backend, tmp_path / "a")
    np.testing.assert_allclose(found, np.array(sound_builders.BURSTS) + late, rtol=0, atol=0.02)
    assert length == pytest.approx(10 + late, abs=0.05)
    assert header.promised is None or header.promised / header.rate < length + 0.05
    assert told == []
