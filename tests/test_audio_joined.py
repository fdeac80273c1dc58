"""Files that are several one behind the other: all of them are heard, or a note says what is not."""

from __future__ import annotations

import io

import numpy as np
import pytest
import sound_builders
import soundfile

from diarize import audio
from diarize.audio import flac, links, mp3_header, ogg

RATE = 16_000
SECOND = ((2.0, 3.0), (6.0, 6.5))

ID3V1 = b"TAG" + b"title".ljust(125, b"\0")
ID3V1_LONG = b"TAG+" + bytes(223) + ID3V1
ID3V2 = b"ID3\x04\0\0\0\0\x02\x01" + b"\xff\xfb\x90\x64" * 64 + b"\0"  # what looks like frames inside
ID3V2_FOOTER = b"ID3\x04\0\x10\0\0\0\x08" + bytes(8) + b"3DI\x04\0\x10\0\0\0\x08"
ITEM = b"\x05\0\0\0\0\0\0\0Title\0hello"


def ape(head):
    """An APEv2 tag, with or without a header in front."""
    size = (len(ITEM) + 32).to_bytes(4, "little")
    flags = (0x80000000 if head else 0).to_bytes(4, "little")
    end = b"APETAGEX" + (2000).to_bytes(4, "little") + size + (1).to_bytes(4, "little") + flags + bytes(8)
    begin = end[:20] + (0xA0000000).to_bytes(4, "little") + bytes(8)
    return (begin if head else b"") + ITEM + end


LYRICS = b"LYRICSBEGININD0000200LYR00011hello\xff\xfb\x90\x64 you000041LYRICS200"
BETWEEN = {
    "nothing": b"",
    "id3v1": ID3V1,
    "id3v1+": ID3V1_LONG,
    "id3v2": ID3V2,
    "id3v2 with a footer": ID3V2_FOOTER,
    "ape": ape(head=False),
    "ape with a header": ape(head=True),
    "lyrics3": LYRICS + ID3V1,
    "all of them": LYRICS + ape(head=True) + ID3V1 + ID3V2,
    "junk": np.random.default_rng(1).bytes(700),
    "zeros": bytes(5000),
}


def encoded(sound, kind, subtype=None, rate=RATE):
    """The bytes of a file of sound."""
    data = io.BytesIO()
    soundfile.write(data, sound, rate, format=kind, subtype=subtype)
    return data.getvalue()


def halves(kind, subtype=None, rate=RATE):
    """Two files of ten seconds."""
    sounds = (sound_builders.bursts(rate), sound_builders.bursts(rate, SECOND))
    return [encoded(each, kind, subtype, rate) for each in sounds]


def listened(path):
    """Where tones are, seconds and notes."""
    recording = audio.open_recording(path)
    sound = recording.waveform()
    return sound_builders.heard(sound.samples, RATE), sound.duration, recording


def without_length(data):
    """An MP3 without the frame that says how long it is."""
    at = max(data.find(b"Xing"), data.find(b"Info"))
    return data[data.index(data[:2], at) :]


@pytest.mark.slow
@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize("told", [True, False], ids=["lengths told", "not told"])
def test_joined_mp3_files_with_tags_between_them(tmp_path, between, told):
    """Whatever lies there; the second begins where players let it begin, within the delay of its encoder."""
    first, second = halves("MP3")
    if not told:
        first, second = without_length(first), without_length(second)
    (tmp_path / "a.mp3").write_bytes(ID3V2 + first + between + second + ID3V1)
    found, seconds, recording = listened(tmp_path / "a.mp3")
    assert recording.notes == ()
    assert seconds == pytest.approx(20, abs=0.25)
    assert recording.duration == pytest.approx(seconds, abs=0.1)
    expected = np.concatenate((sound_builders.BURSTS, np.array(SECOND) + 10))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found[:3], expected[:3], rtol=0, atol=0.02 if told else 0.1)
    np.testing.assert_allclose(found[3:], expected[3:], rtol=0, atol=0.25)
    tail = audio.read(tmp_path / "a.mp3", start=12.0).samples
    np.testing.assert_array_equal(tail, audio.read(tmp_path / "a.mp3").samples[12 * RATE :])


def test_mp3_files_of_other_rates_and_channels_are_joined(tmp_path):
    """The rate of the first goes for all."""
    stereo = np.column_stack([sound_builders.bursts(44_100, SECOND)] * 2)
    data = encoded(sound_builders.bursts(), "MP3") + ID3V1 + encoded(stereo, "MP3", rate=44_100)
    (tmp_path / "a.mp3").write_bytes(data)
    found, seconds, recording = listened(tmp_path / "a.mp3")
    assert (recording.header.rate, recording.header.channels, recording.notes) == (RATE, 1, ())
    assert seconds == pytest.approx(20, abs=0.25)
    assert len(found) == 5


@pytest.mark.parametrize(
    ("kind", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("FLAC", None)], ids=["vorbis", "opus", "flac"]
)
def test_chained_files_are_read_to_the_end(tmp_path, kind, subtype):
    """To the millisecond: these say where they begin."""
    (tmp_path / "a").write_bytes(b"".join(halves(kind, subtype)))
    found, seconds, recording = listened(tmp_path / "a")
    expected = np.concatenate((sound_builders.BURSTS, np.array(SECOND) + 10))
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.02)
    assert (round(seconds, 3), round(recording.duration, 3), recording.notes) == (20.0, 20.0, ())
    part = audio.read(tmp_path / "a", start=12.0, end=13.0).samples
    np.testing.assert_array_equal(part, audio.read(tmp_path / "a").samples[12 * RATE : 13 * RATE])


ID3V2_2 = b"ID3\x02\0\0\0\0\x01\x00" + bytes(128)
BEHIND = {"id3v1": ID3V1, "ape": ape(head=True), "zeros": bytes(5000)}
FLAC_TAGS = {"a tag": ID3V2, "tags": ID3V2 * 2, "an old tag": ID3V2_2, **BEHIND}


@pytest.mark.parametrize("tag", FLAC_TAGS.values(), ids=FLAC_TAGS)
def test_flac_files_with_tags_between_them(tmp_path, tag):
    """Nothing of the first is lost in front of a tag, in which its decoder would look for frames."""
    first, second = halves("FLAC")
    (tmp_path / "a").write_bytes((tag if tag[:3] == b"ID3" else ID3V2) + first + tag + second)
    found, seconds, recording = listened(tmp_path / "a")
    expected = np.concatenate((sound_builders.BURSTS, np.array(SECOND) + 10))
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.01)
    assert (seconds, recording.notes) == (20.0, ())


@pytest.mark.parametrize("tail", BEHIND.values(), ids=BEHIND)
def test_what_stands_behind_flac_is_no_damage(tmp_path, tail):
    """The last second is heard, too."""
    (tmp_path / "a.flac").write_bytes(ID3V2_2 + halves("FLAC")[0] + tail)
    recording = audio.open_recording(tmp_path / "a.flac")
    assert recording.waveform().samples.size == 10 * RATE
    assert recording.notes == ()


BEFORE = {
    "zeros": bytes(3000),
    "id3v2, zeros": ID3V2 + bytes(3000),
    "ape": ape(head=True),
    "id3v1": ID3V1,
    "id3v2, junk": ID3V2 + np.random.default_rng(3).bytes(700),
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("twice", [False, True], ids=["one", "two"])
def test_whatever_stands_before_an_mp3_its_clock_is_the_same(tmp_path, before, twice):
    """The delay of the encoder is removed, and what is joined is heard."""
    first, second = halves("MP3")
    (tmp_path / "a.mp3").write_bytes(before + first + (before + second) * twice)
    found, seconds, recording = listened(tmp_path / "a.mp3")
    assert recording.notes == ()
    assert seconds == pytest.approx(20 if twice else 10, abs=0.25)
    np.testing.assert_allclose(found[:3], sound_builders.BURSTS, rtol=0, atol=0.01)
    np.testing.assert_allclose(found[3:], (np.array(SECOND) + 10)[: 2 * twice], rtol=0, atol=0.25)


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
def test_a_length_that_counts_joined_files_does_not_hide_the_second(tmp_path, between):
    """Programs that mend the tag of a joined file leave there what is between the parts."""
    first, second = halves("MP3")
    at = max(first.find(b"Xing"), first.find(b"Info")) + 8
    whole = (2 * int.from_bytes(first[at : at + 4], "big") + 1).to_bytes(4, "big")
    (tmp_path / "a.mp3").write_bytes(first[:at] + whole + first[at + 4 :] + between + second)
    found, seconds, recording = listened(tmp_path / "a.mp3")
    assert recording.notes == ()
    assert seconds == pytest.approx(20, abs=0.25)
    assert len(found) == 5


def test_another_layer_behind_an_mp3_is_heard(tmp_path):
    """As in a file of jingles of all ages."""
    sound = sound_builders.bursts(48_000, SECOND)
    sound_builders.track(tmp_path / "b.mp2", "mp2", "mp2", sound)
    first = encoded(sound_builders.bursts(48_000), "MP3", rate=48_000)
    (tmp_path / "a.mp3").write_bytes(first + (tmp_path / "b.mp2").read_bytes())
    found, seconds, recording = listened(tmp_path / "a.mp3")
    assert recording.notes == ()
    assert seconds == pytest.approx(20, abs=0.25)
    np.testing.assert_allclose(found[3:], np.array(SECOND) + 10, rtol=0, atol=0.1)


def ogg_page(flags, serial, body, place=0):
    """A page of Ogg with its checksum (RFC 3533)."""
    sizes = bytes([255] * (len(body) // 255) + [len(body) % 255])
    return checked(
        b"OggS\0" + bytes([flags]) + place.to_bytes(8, "little") + serial.to_bytes(4, "little") + bytes(8)
        + bytes([len(sizes)]) + sizes + body
    )  # fmt: skip


def checked(page):
    """The page with the right checksum."""
    remainder = 0
    for byte in page[:22] + bytes(4) + page[26:]:
        remainder ^= byte << 24
        for _ in range(8):
            remainder = (remainder << 1 ^ (0x04C11DB7 if remainder >> 31 else 0)) & 0xFFFFFFFF
    return page[:22] + remainder.to_bytes(4, "little") + page[26:]


def with_skeleton(data):
    """An Ogg file with a second stream that describes it, as film programs write it."""
    first = data.index(b"OggS", 4)
    return ogg_page(2, 77, b"fishead\0" + bytes(56)) + data[:first] + ogg_page(4, 77, b"") + data[first:]


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("described", [(0, 1), (1, 0), (1, 1)])
def test_chained_ogg_with_other_streams_is_heard_to_the_end(tmp_path, subtype, described):
    """The first stream of sound of each link counts."""
    parts = [
        with_skeleton(data) if d else data for d, data in zip(described, halves("OGG", subtype), strict=True)
    ]
    (tmp_path / "a.ogg").write_bytes(b"".join(parts))
    found, seconds, recording = listened(tmp_path / "a.ogg")
    assert recording.notes == ()
    assert seconds == pytest.approx(20, abs=0.01)
    np.testing.assert_allclose(
        found, np.concatenate((sound_builders.BURSTS, np.array(SECOND) + 10)), rtol=0, atol=0.02
    )


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_ogg_without_the_mark_of_its_end_is_no_damage(tmp_path, subtype):
    """As of a live stream: the sound of the last page is heard."""
    data = halves("OGG", subtype)[0]
    last = data.rindex(b"OggS")
    page = bytearray(data[last:])
    page[5] &= ~4
    (tmp_path / "a.ogg").write_bytes(data[:last] + checked(bytes(page)))
    found, seconds, recording = listened(tmp_path / "a.ogg")
    assert recording.notes == ()
    assert seconds == pytest.approx(10, abs=0.02)
    np.testing.assert_allclose(found, sound_builders.BURSTS, rtol=0, atol=0.02)


@pytest.mark.parametrize("unknown", [False, True])
def test_flac_in_ogg_and_flac_of_unknown_length(tmp_path, unknown):
    """As programs write it that pipe: all of it is read, in Ogg too, and chained."""
    sound_builders.track(tmp_path / "a", "ogg", "flac", sound_builders.bursts(), RATE)
    data = (tmp_path / "a").read_bytes()
    (tmp_path / "b").write_bytes(data * 2)
    np.testing.assert_allclose(listened(tmp_path / "b")[0][3:] - 10, sound_builders.BURSTS, rtol=0, atol=0.02)
    data = bytearray(encoded(sound_builders.bursts(), "FLAC"))
    if unknown:
        data[21] &= 0xF0
        data[22:26] = bytes(4)
    (tmp_path / "c").write_bytes(data)
    found, seconds, recording = listened(tmp_path / "c")
    assert (seconds, recording.notes, recording.duration) == (10.0, (), None if unknown else 10.0)
    np.testing.assert_allclose(found, sound_builders.BURSTS, rtol=0, atol=0.01)


def test_a_damaged_link_is_reported_and_the_rest_is_read(tmp_path):
    """The second of three cannot be opened."""
    first, second = halves("FLAC")
    broken = second[:42] + bytes(len(second) - 42)
    (tmp_path / "a").write_bytes(first + broken + second)
    found, _, recording = listened(tmp_path / "a")
    assert len(found) >= 5
    assert any("damaged" in note or "the header says" in note for note in recording.notes)


def test_one_file_is_read_as_ever(tmp_path):
    """Nothing is made of links where there are none."""
    for kind, subtype, look in (
        ("OGG", "VORBIS", ogg.ogg_links),
        ("OGG", "OPUS", ogg.ogg_links),
        ("FLAC", None, flac.flac_links),
        ("MP3", None, lambda file: mp3_header.mpeg_links(file, mp3_header.first_frame(file))),
    ):
        (tmp_path / "a").write_bytes(encoded(sound_builders.bursts(), kind, subtype))
        with (tmp_path / "a").open("rb", buffering=0) as file:
            assert look(file) == []


def test_spans_read_as_one_file(tmp_path):
    """Across their edges, from anywhere."""
    (tmp_path / "a").write_bytes(bytes(range(100)))
    with (tmp_path / "a").open("rb", buffering=0) as file:
        spans = io.BufferedReader(links.Spans(file, [(90, 95), (10, 12), (50, 60)]))
        whole = bytes([*range(90, 95), 10, 11, *range(50, 60)])
        assert spans.read() == whole
        for at in range(len(whole) + 1):
            spans.seek(at)
            assert spans.read(4) == whole[at : at + 4]
        assert spans.seek(-3, 2) == 14


def test_channels_are_made_to_fit():
    """Too few are repeated, too many averaged, other rates converted."""
    chunk = np.column_stack((np.ones(1600), -np.ones(1600))).astype(np.float32)
    (mono,) = links.convert_links([chunk], (RATE, RATE), 1)
    (three,) = links.convert_links([chunk[:, :1]], (RATE, RATE), 3)
    assert (mono.max(), three.shape) == (0, (1600, 3))
    half = np.concatenate(list(links.convert_links([chunk, chunk], (RATE, 8000), 2)))
    assert half.shape == (1600, 2)


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        ("fc", 960),  # CELT, 20 ms, one frame
        ("fd", 1920),
        ("08", 960),  # SILK, 20 ms
        ("18", 2880),
        ("60", 480),  # hybrid, 10 ms
        ("e003", 120),
        ("ff06", 5760),  # six frames, their number in the second byte
        ("ff", 0),
        ("", 0),
    ],
)
def test_lengths_of_opus_packets(packet, samples):
    """By the table of RFC 6716, 3.1."""
    assert ogg._opus_length(bytes.fromhex(packet)) == samples


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        ("fff8c9080012", 4096),
        ("fff819080012", 192),
        ("fff829080012", 576),
        ("fff8690800ff", 256),
        ("fff879080813ff", 5120),
        ("fff879c28013ff", 5120),  # the number of the frame has two bytes
        ("00f8c9080012", 0),
    ],
)
def test_lengths_of_flac_frames(packet, samples):
    """By the header of RFC 9639, 9.1."""
    assert ogg._flac_length(bytes.fromhex(packet)) == samples
