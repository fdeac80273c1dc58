"""Synthetic music: chords, arpeggios, melodies, bass and drums.

Training data for a speech detector, to learn what separates music from talk.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import ConfigError
from diarize.synth.acoustics import convolve, impulse_response
from diarize.synth.settings import SynthConfig
from diarize.types import Waveform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["synthesize_music"]

# Semitones above the root: major, minor, harmonic minor and the two pentatonic scales.
SCALES: Final = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 8, 11), (0, 2, 4, 7, 9),
                 (0, 3, 5, 7, 10))  # fmt: skip
BEATS: Final = (55.0, 180.0)  # a minute, slowest and fastest
ROOTS: Final = (40.0, 52.0)  # notes as MIDI counts them
RELEASE: Final = 0.03  # seconds in which a note ends


@dataclass(frozen=True, slots=True)
class _Song:
    """Data of a whole piece: length and beat in seconds, scale, root and a chord for every bar."""

    seconds: float
    rate: int
    beat: float
    scale: tuple[int, ...]
    root: float
    chords: tuple[int, ...]

    def chord(self, time: float) -> int:
        """The root degree of the chord at a time."""
        return self.chords[int(time / (4 * self.beat)) % len(self.chords)]

    def hertz(self, degree: int) -> float:
        """Frequency of a degree of the scale, counted on over octaves."""
        octave, step = divmod(degree, len(self.scale))
        return float(440 * 2 ** ((self.root + 12 * octave + self.scale[step] - 69) / 12))


@dataclass(frozen=True, slots=True)
class _Instrument:
    """Parameters of an instrument: amplitudes of overtones (n,) and their inharmonicity; seconds of attack
    and decay, and the sustain level (0: plucked); vibrato (share of the pitch, Hz), tremolo (share of the
    level, Hz), and the octaves from which a note slides in.
    """

    overtones: Array
    stretch: float
    attack: float
    decay: float
    hold: float
    vibrato: tuple[float, float]
    tremolo: tuple[float, float]
    slide: float


@dataclass(frozen=True, slots=True)
class _Note:
    """Seconds of start and length, Hz, and loudness."""

    start: float
    length: float
    hertz: float
    loudness: float = 1.0


def synthesize_music(seconds: float, rate: int, seed: int) -> Waveform:
    """Make a piece of music.

    Parameters
    ----------
    seconds : its length, 1 or more
    rate : Hz, 8000 or more
    seed : the same seed gives the same bits

    Returns
    -------
    The sound, at most full scale.

    Raises
    ------
    ConfigError
        When it is too short or its rate too low.

    """
    if seconds < 1 or rate < 8_000:
        raise ConfigError(f"music of {seconds:g} s at {rate} Hz; at least 1 s and 8000 Hz are needed")
    rng = np.random.default_rng(seed)
    song = _song(seconds, rate, rng)
    chosen = [part for part, chance in PARTS if rng.random() < chance] or [_melody]
    sound = np.zeros(round(seconds * rate))
    for part in chosen:
        played = part(song, rng)
        if rng.random() < 0.3:
            played = _sweep_filter(played, rate, rng)
        sound += 10 ** rng.uniform(-1, 0) * played / max(float(played.std()), 1e-9)
    return Waveform(_produce(sound, rate, rng), rate, "music")


def _song(seconds: float, rate: int, rng: np.random.Generator) -> _Song:
    scale = SCALES[int(rng.integers(len(SCALES)))]
    chords = tuple(int(each) for each in rng.integers(0, len(scale), int(rng.integers(2, 5))))
    return _Song(seconds, rate, 60 / rng.uniform(*BEATS), scale, rng.uniform(*ROOTS), chords)


def _produce(sound: Array, rate: int, rng: np.random.Generator) -> Array:
    """Random production effects: room, swelling, distortion and noise; float32, peak below full scale."""
    n = sound.size
    if rng.random() < 0.6:
        room = SynthConfig(rate=rate, rt60=rng.uniform(0.2, 2.5), direct_to_reverberant=rng.uniform(-2, 10))
        sound = convolve(sound, impulse_response(room, (), rng)[0])[:n]
    if rng.random() < 0.3:
        sound = sound * 10 ** (rng.uniform(0, 0.5) * _wave(n, rate, 1 / rng.uniform(4, 20), rng))
    scale = max(float(sound.std()), 1e-9)
    if rng.random() < 0.2:
        sound = np.tanh(sound / scale * rng.uniform(0.3, 3)) * scale
    sound = sound + scale * 10 ** rng.uniform(-4, -1.5) * rng.standard_normal(n)
    return np.asarray(10 ** rng.uniform(-1.5, -0.3) * sound / np.abs(sound).max(), dtype=np.float32)


def _wave(n: int, rate: int, hertz: float, rng: np.random.Generator) -> Array:
    """A sine (n,) with a random phase."""
    wave: Array = np.sin(2 * np.pi * (hertz * np.arange(n) / rate + rng.random()))
    return wave


def _sweep_filter(sound: Array, rate: int, rng: np.random.Generator) -> Array:
    """Filter with a band that moves back and forth between two bands."""
    from scipy.signal import butter, sosfilt

    centres = np.exp(rng.uniform(np.log(200), np.log(2500), 2))
    one, other = (
        sosfilt(butter(2, (0.7 * hz, min(1.5 * hz, 0.45 * rate)), "band", fs=rate, output="sos"), sound)
        for hz in centres
    )
    share = 0.5 + 0.5 * _wave(sound.size, rate, float(np.exp(rng.uniform(np.log(0.1), np.log(8)))), rng)
    swept: Array = share * one + (1 - share) * other + 0.1 * sound
    return swept


def _instrument(rng: np.random.Generator) -> _Instrument:
    numbers = np.arange(1, int(rng.integers(2, 17)))
    overtones = numbers ** -rng.uniform(0.3, 2) * np.exp(0.7 * rng.standard_normal(numbers.size))
    if rng.random() < 0.2:
        overtones[1::2] *= 0.1  # a closed pipe
    return _Instrument(
        overtones=overtones,
        stretch=float(rng.choice([0.0, 0.0, 10 ** rng.uniform(-4.5, -3)])),
        attack=float(10 ** rng.uniform(-2.7, -0.7)),
        decay=float(10 ** rng.uniform(-1.2, 0.5)),
        hold=float(rng.choice([0.0, rng.uniform(0.3, 1)])),
        vibrato=(float(rng.choice([0.0, rng.uniform(0, 0.015)], p=[0.6, 0.4])), rng.uniform(4, 7)),
        tremolo=(float(rng.choice([0.0, rng.uniform(0, 0.4)], p=[0.8, 0.2])), rng.uniform(3, 8)),
        slide=float(rng.choice([0.0, rng.uniform(-0.1, 0.1), rng.uniform(-0.6, 0.6)], p=[0.6, 0.2, 0.2])),
    )


def _sound_note(note: _Note, instrument: _Instrument, rate: int, rng: np.random.Generator) -> Array:
    """One note, float64 (n,)."""
    n = max(2, round(note.length * rate))
    time = np.arange(n) / rate
    bent = 1 + instrument.vibrato[0] * _wave(n, rate, instrument.vibrato[1], rng)
    phase = np.cumsum(note.hertz * bent * 2 ** (instrument.slide * np.exp(-time / 0.05))) / rate
    sound = np.zeros(n)
    for number, loudness in enumerate(instrument.overtones, 1):
        times = number * np.sqrt(1 + instrument.stretch * number**2)
        if 1.1 * note.hertz * times < rate / 2:
            sound += loudness * np.sin(2 * np.pi * (times * phase + rng.random()))
    faded = note.loudness * np.minimum(1, time / instrument.attack) * np.minimum(1, time[::-1] / RELEASE)
    held = instrument.hold + (1 - instrument.hold) * np.exp(-time / instrument.decay)
    shaken = 1 + instrument.tremolo[0] * _wave(n, rate, instrument.tremolo[1], rng)
    played: Array = sound * faded * held * shaken
    return played


def _perform(notes: Iterator[_Note], song: _Song, rng: np.random.Generator) -> Array:
    """Notes on one instrument, float64 (n,) of the whole song."""
    instrument, sound = _instrument(rng), np.zeros(round(song.seconds * song.rate))
    for note in notes:
        _add(sound, round(note.start * song.rate), _sound_note(note, instrument, song.rate, rng))
    return sound


def _add(sound: Array, start: int, event: Array) -> None:
    """Add an event in place, cut at the end of the sound."""
    room = max(0, sound.size - start)
    sound[start : start + event.size] += event[:room]


def _pad(song: _Song, rng: np.random.Generator) -> Array:
    """Chords that last for a bar or two."""
    length, octave = 4 * song.beat * int(rng.choice([1, 2])), len(song.scale) * int(rng.integers(0, 3))
    thirds = range(0, 2 * int(rng.integers(2, 5)), 2)
    starts = np.arange(0, song.seconds, length)
    notes = (
        _Note(at, 1.02 * length, song.hertz(song.chord(at) + octave + third))
        for at in starts
        for third in thirds
    )
    return _perform(notes, song, rng)


def _arpeggio(song: _Song, rng: np.random.Generator) -> Array:
    """Notes of the chord, one by one, in a repeated pattern."""
    step, length = song.beat / int(rng.choice([1, 2, 3, 4])), rng.uniform(0.4, 2)
    pattern = 2 * rng.integers(0, 8, int(rng.choice([3, 4, 6, 8])))
    pattern += len(song.scale) * int(rng.integers(0, 2))
    notes = (
        _Note(at, length * step, song.hertz(song.chord(at) + int(degree)), rng.uniform(0.6, 1))
        for at, degree in zip(np.arange(0, song.seconds, step), cycle(pattern), strict=False)
    )
    return _perform(notes, song, rng)


def _bass(song: _Song, rng: np.random.Generator) -> Array:
    """The low root of the chord, most times."""
    step = song.beat * float(rng.choice([0.5, 1, 2]))
    notes = (
        _Note(at, 0.95 * step, song.hertz(song.chord(at)) / 2, rng.uniform(0.7, 1))
        for at in np.arange(0, song.seconds, step)
        if rng.random() < 0.85
    )
    return _perform(notes, song, rng)


def _melody(song: _Song, rng: np.random.Generator) -> Array:
    """One note after the other, near each other, with rests; sometimes in thirds."""
    return _perform(_tune(song, rng), song, rng)


def _tune(song: _Song, rng: np.random.Generator) -> Iterator[_Note]:
    chances, rests, legato = rng.dirichlet(np.ones(4)), rng.uniform(0, 0.3), rng.uniform(0.5, 1.1)
    octave, thirds = len(song.scale) * int(rng.integers(0, 3)), (0, 2) if rng.random() < 0.2 else (0,)
    at, degree = 0.0, int(rng.integers(0, 7))
    while at < song.seconds:
        length = song.beat * float(rng.choice([0.25, 0.5, 1, 2], p=chances))
        loudness = rng.uniform(0.5, 1)
        if rng.random() > rests:
            for third in thirds:
                yield _Note(at, legato * length, song.hertz(degree + octave + third), loudness)
        at, degree = at + length, int(np.clip(degree + rng.integers(-3, 4), -3, 14))


def _drums(song: _Song, rng: np.random.Generator) -> Array:
    """Kick, snare and hat, each in a pattern of a bar."""
    sound, steps = np.zeros(round(song.seconds * song.rate)), 4 * int(rng.choice([2, 4]))
    for drum, chance in ((_kick, 0.3), (_snare, 0.2), (_hat, 0.6)):
        pattern, loudness = rng.random(steps) < chance, 10 ** rng.uniform(-0.7, 0.3)
        hit = drum(song.rate, rng)
        for n, at in enumerate(np.arange(0, song.seconds, 4 * song.beat / steps)):
            if pattern[n % steps]:
                _add(sound, round(at * song.rate), loudness * rng.uniform(0.7, 1) * hit)
    return sound


def _kick(rate: int, rng: np.random.Generator) -> Array:
    time = np.arange(rate // 4) / rate
    drop = rng.uniform(1.5, 9) * 0.03 * np.exp(-time / 0.03)
    kick: Array = np.sin(2 * np.pi * 50 * (time - drop)) * np.exp(-time / rng.uniform(0.05, 0.2))
    return kick


def _snare(rate: int, rng: np.random.Generator) -> Array:
    time = np.arange(rate // 4) / rate
    rattle = rng.standard_normal(time.size) * np.exp(-time / rng.uniform(0.03, 0.15))
    skin = np.sin(2 * np.pi * rng.uniform(120, 250) * time) * np.exp(-time / 0.05)
    snare: Array = 0.6 * rattle + 0.4 * skin
    return snare


def _hat(rate: int, rng: np.random.Generator) -> Array:
    time = np.arange(rate // 10) / rate
    hiss = np.diff(rng.standard_normal(time.size), prepend=0.0)
    hat: Array = 0.3 * hiss * np.exp(-time / rng.uniform(0.01, 0.08))
    return hat


# Parts and the probability of each to be in a piece.
PARTS: Final[tuple[tuple[Callable[[_Song, np.random.Generator], Array], float], ...]] = (
    (_pad, 0.6), (_arpeggio, 0.5), (_melody, 0.7), (_melody, 0.2), (_bass, 0.6), (_drums, 0.5),
)  # fmt: skip
