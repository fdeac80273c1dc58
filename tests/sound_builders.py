"""Sound whose events are known to the millisecond, in files of every container, made by PyAV."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

BURSTS = ((1.0, 1.5), (4.0, 5.0), (8.0, 9.0))
LENGTH = 10.0
PAGES = {"page_duration": "20000"}  # microseconds: pages of Ogg alone say where they are


def bursts(rate=16_000, spans=BURSTS, length=LENGTH):
    """Quiet noise with tones of 500 Hz in it, float32 (n,)."""
    sound = np.random.default_rng(0).normal(0, 1e-3, round(length * rate)).astype(np.float32)
    for start, end in spans:
        n = np.arange(round(start * rate), round(end * rate))
        sound[n] += 0.3 * np.sin(2 * np.pi * 500 * n / rate).astype(np.float32)
    return sound


def heard(samples, rate):
    """Where tones begin and end, in seconds."""
    width = rate // 200
    loud = np.sqrt(np.convolve(np.square(samples, dtype=np.float64), np.ones(width) / width, "same")) > 0.1
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud, [0])).astype(int))) / rate
    return edges.reshape(-1, 2)


def track(path, container, codec, sound, rate=48_000, *, late=0.0, gaps=(), video=False, options=None):
    """A file whose sound begins ``late`` seconds in, without the packets inside ``gaps``, with a video or
    not.
    """
    av = pytest.importorskip("av")
    options = options or (PAGES if container == "ogg" else {})
    with av.open(str(path), "w", format=container, options=options) as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        packets = []
        if video:
            codec = {"webm": "libvpx", "flv": "flv", "mpegts": "mpeg2video"}.get(container, "mpeg4")
            picture = file.add_stream(codec, rate=25)
            picture.width = picture.height = 32
            for number in range(round(25 * (late + len(sound) / rate))):
                frame = av.VideoFrame(32, 32, "yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                packets += picture.encode(frame)
            packets += picture.encode(None)
        packets += sound_packets(av, stream, sound, rate, late, gaps)
        for packet in sorted(packets, key=lambda each: each.dts * each.time_base):
            file.mux(packet)


def sound_packets(av, stream, sound, rate, late=0.0, gaps=()):
    """The packets of a stream, without those inside ``gaps``."""
    frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, round(late * rate), Fraction(1, rate)
    packets = [packet for packet in (*stream.encode(frame), *stream.encode(None)) if packet.dts is not None]

    def kept(packet):
        at = float(packet.pts * packet.time_base) - late
        return not any(start <= at < end for start, end in gaps)

    return [packet for packet in packets if kept(packet)]
