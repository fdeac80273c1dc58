"""Bad input, made by code: recordings and annotations that are cut, flipped, misnamed or hostile."""

from __future__ import annotations

import os
import struct
import zipfile
from io import BytesIO

import numpy as np

RATE = 16_000
KINDS = {"wav": "WAV", "flac": "FLAC", "ogg": "OGG", "mp3": "MP3", "aiff": "AIFF"}
HEADER = (
    48  # bytes; files of each kind are cut off at every fourth of them, tests/test_audio_odd.py at every one
)
NAMES = tuple(
    f"{stem}.wav"
    for stem in (
        "with spaces", " leading", "trailing ", "line\nbreak", "tab\tand\rreturn", 'quote"', "quote'",
        "back\\slash", "-rf", "--help", "Ünïcødé 语音 🎙", "e\u0301 and \xe9", "\u202egnp", ".", "..", "%s%n",
        "$(touch pwned)", ";touch pwned;", "*", "[a-z]", "~", "x" * 240, "\x1b[31mred", "a.rttm", "NUL",
        "<script>", "=1+1",
    )
)  # fmt: skip


def tone(seconds=0.3):
    """Something that can be heard, float32 (n,)."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.1 * np.sin(880 * time) * np.sin(9 * time)).astype(np.float32)


def encoded(kind, samples=None, rate=RATE, **more):
    """A sound file as bytes."""
    import soundfile

    file = BytesIO()
    soundfile.write(file, tone() if samples is None else samples, rate, format=kind, **more)
    return file.getvalue()


def wav_header(rate=RATE, channels=1, bits=16, size=9600, tag=1):
    """44 bytes that promise what they like."""
    frame = channels * bits // 8
    body = struct.pack("<HHIIHH", tag, channels, rate, rate * frame & 0xFFFFFFFF, frame & 0xFFFF, bits)
    head = struct.pack("<4sI4s4sI", b"RIFF", size + 36 & 0xFFFFFFFF, b"WAVE", b"fmt ", 16)
    return head + body + struct.pack("<4sI", b"data", size)


def _zipped():
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.wav", encoded("WAV"))
    return file.getvalue()


def sounds():
    """Bytes by file name: cut at every byte of the header, flipped, misnamed, absurd."""
    rng = np.random.default_rng(0)
    found = {}
    whole = {suffix: encoded(kind) for suffix, kind in KINDS.items()}
    for first, (suffix, data) in enumerate(whole.items()):
        found |= {f"cut-{n:02d}.{suffix}": data[:n] for n in {*range(first % 4, HEADER, 4), 0, 30}}
        found[f"half.{suffix}"] = data[: len(data) // 2]
        for n in range(12):
            flipped = bytearray(data)
            for at in rng.integers(0, min(len(data), 120), 1 + n % 4):
                flipped[at] ^= int(rng.integers(1, 256))
            found[f"flipped-{n:02d}.{suffix}"] = bytes(flipped)
        others = {
            "text": b"Dear Sir,\nthis is no sound.\n",
            "zip": _zipped(),
            "zeros": bytes(5000),
            "empty": b"",
        }
        others |= {f"is-{other}": data for other, data in whole.items() if other != suffix}
        others |= {"noise": rng.bytes(5000), "playlist": b"#EXTM3U\nfile:///etc/passwd\n", "nul": b"\0"}
        found |= {f"{name}.{suffix}": data for name, data in others.items()}
    for channels in (0, 2, 65, 255, 65_535):
        found[f"channels-{channels}.wav"] = wav_header(channels=channels, size=channels * 200) + bytes(
            channels * 200
        )
    for rate in (0, 1, 7_999, 192_001, 10**9, 2**31 - 1, 2**32 - 1):
        found[f"rate-{rate}.wav"] = wav_header(rate=rate) + bytes(9600)
    for bits in (0, 1, 7, 8, 12, 24, 32, 64, 65_535):
        found[f"bits-{bits}.wav"] = wav_header(bits=bits) + bytes(9600)
    for size in (0, 1, 2**31 - 1, 2**32 - 1):
        found[f"size-{size}.wav"] = wav_header(size=size) + encoded("WAV")[44:]
    for tag in (0, 2, 3, 6, 7, 17, 85, 0x161, 0xFFFE, 0xFFFF):
        found[f"codec-{tag}.wav"] = wav_header(tag=tag) + bytes(9600)
    for n in (1, 2, 159, 400):
        found[f"samples-{n}.wav"] = encoded("WAV", tone()[:n])
    for name, value in (
        ("nan", np.nan),
        ("inf", np.inf),
        ("minus-inf", -np.inf),
        ("huge", 3e38),
        ("tiny", 1e-40),
    ):
        found[f"{name}.wav"] = encoded("WAV", np.full(4800, value, np.float32), subtype="FLOAT")
        some = tone()
        some[100:110] = value
        found[f"some-{name}.wav"] = encoded("WAV", some, subtype="FLOAT")
    return found | {name: encoded("WAV") for name in NAMES}


def no_files(folder):
    """What is called like a recording and is none: a folder, a pipe, links to nothing, to itself and away."""
    (folder / "folder.wav").mkdir()
    os.mkfifo(folder / "pipe.wav")
    (folder / "loop.wav").symlink_to("loop.wav")
    (folder / "there.wav").symlink_to("back.wav")
    (folder / "back.wav").symlink_to("there.wav")
    (folder / "dangling.wav").symlink_to("nothing/at/all.wav")
    (folder / "device.wav").symlink_to("/dev/zero")
    (folder / "full.wav").symlink_to("/dev/full")
    (folder / "text.wav").unlink(missing_ok=True)
    (folder / "text.wav").symlink_to("/etc/passwd")
    locked = folder / "unreadable.wav"
    locked.write_bytes(encoded("WAV"))
    locked.chmod(0)
    return [
        "folder.wav",
        "pipe.wav",
        "loop.wav",
        "there.wav",
        "dangling.wav",
        "device.wav",
        "full.wav",
        "text.wav",
    ]


def recordings(folder, every=1):
    """All of it, or one in so many, as files in a folder; their names."""
    found = dict(sorted(sounds().items())[::every])
    for name, data in found.items():
        (folder / name).write_bytes(data)
    return [*found, *(name for name in no_files(folder) if name not in found), "unreadable.wav"]


def annotations():
    """Small valid texts by format name."""
    from diarize.annotation import Annotation, Turn
    from diarize.formats import FORMATS, Options

    turns = (Turn(0.5, 2.25, "Ann & <Co>", 0.9, "Bob"), Turn(1.5, 3.0, "Bob"), Turn(4.0, 5.0, "=Ann"))
    options = Options(duration=6.0, media="a.wav", confidence=True)
    return {
        name: next(iter(each.write([Annotation("a", turns)], options).values())).encode()
        for name, each in FORMATS.items()
        if each.read
    }


def damaged(data, rng, number):
    """Cut off at every byte, and so many times flipped, cut out, doubled and mixed with odd bytes."""
    yield from (data[:n] for n in range(len(data)))
    odd = (
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r",
        b"1e999",
        b"nan",
        b"-1",
        b"9" * 400,
        b"<![CDATA[",
        b'"',
        b"\xf0\x9f",
    )
    for _ in range(number):
        changed = bytearray(data)
        for _ in range(int(rng.integers(1, 4))):
            at, length = (int(x) for x in rng.integers(0, (len(changed) + 1, 12)))
            piece = odd[rng.integers(len(odd))] if rng.random() < 0.4 else rng.bytes(length)
            changed[at : at + int(rng.integers(0, 12))] = piece
        yield bytes(changed)
