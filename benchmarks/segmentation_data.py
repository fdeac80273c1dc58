"""Degraded conversations, and the output of the published segmentation network for each speaker alone.

::

    python -m benchmarks.segmentation_data POOL PUBLISHED.npz --voices DIR … [--noise DIR] [--rooms DIR]
        [--scenes N]

A pool (``benchmarks.pools``) of scenes. PUBLISHED.npz is the network as ``benchmarks.pack_networks`` writes
it. A scene is half a minute of a conversation, simulated once clean and three times degraded: in a room, with
noise, loud and quiet speakers, by telephone, with a lower end of the band, as Opus, at a low level in 16
bits. One conversation in twelve has synthetic voices.
The targets of all four versions are the same. The network hears each speaker alone and clean, in three
windows of ten seconds; of its answers the probability of every set of at most two speakers is the product. So
a network that learns them keeps the published one's idea of what speech and a pause are, and hears in noise
and in overlap what that one hears of each speaker without. One scene in ten is music or made-up noise, one in
forty steady tones, one in twenty a recording of noise: nobody speaks.

For each scene one npz file: ``activations`` float16 (n, 589, 60) of the filters, which stay as published, and
``targets`` float16 (n, 589, 7), the probabilities of the classes. About two seconds of one core a scene.
"""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from scipy.signal import firwin, oaconvolve

from benchmarks.network_data import RATE, SECONDS, add_noise, draw_conditions
from benchmarks.pools import fill_pool, find_material, pool_parser
from diarize import audio, synth
from diarize.networks import pyannet
from diarize.networks.store import read_network
from diarize.training import simulation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.pools import Material

    Array = Any

MAIN_SEED = 4242
N_SAMPLES = round(SECONDS * RATE)
WINDOWS = 3  # of each version of a scene
DEGRADED = 3  # versions of a conversation
MADE_UP, TONES, RECORDED = 0.1, 0.025, 0.05  # shares of scenes without speech
SYNTHETIC = 0.08  # share of conversations whose voices are synthetic
BAND_ENDS = 0.5  # share of degraded versions whose band ends lower, and where, in Hz
LOWEST_END, HIGHEST_END = 5000.0, 7900.0
OPUS = 0.15  # share of degraded versions that are coded
N_LOCAL = 3  # speakers of a window
TAPS = 301  # of a low-pass filter
HEARD = 1e-5  # standard deviation of a window with speech
MAX_RECORDINGS = 4  # of one voice in one scene


def make_scene(number: int, published: Path, material: Material) -> dict[str, Array]:
    """Scene ``number``."""
    weights = read_network(published).weights
    rng = np.random.default_rng((MAIN_SEED, number))
    starts = rng.integers(0, N_SAMPLES - pyannet.WINDOW + 1, WINDOWS)
    draw = rng.random()
    if draw < MADE_UP + TONES + RECORDED:
        windows = _windows(_speechless(draw, material, rng), starts)
        targets = _nobody(len(windows))
    else:
        sounds, alone = _versions(material, rng)
        windows = np.concatenate([_windows(sound, starts) for sound in sounds])
        presence = np.stack([_presence(_windows(sound, starts), weights) for sound in alone])
        targets = np.tile(joint_classes(presence), (len(sounds), 1, 1))
    activations = np.stack([pyannet.filter_activations(window, weights) for window in windows])
    return {"activations": activations.astype(np.float16), "targets": targets.astype(np.float16)}


def _windows(samples: Array, starts: Array) -> Array:
    return np.stack([samples[start : start + pyannet.WINDOW] for start in starts]).astype(np.float32)


def _presence(windows: Array, weights: Mapping[str, Array]) -> Array:
    """Probability (n, 589) that anybody speaks in ``windows`` of one speaker alone."""
    presence = np.zeros((len(windows), pyannet.OUTPUT[0]), np.float32)
    heard = windows.std(axis=1) > HEARD
    if heard.any():
        answers = pyannet.class_probabilities(windows[heard], weights)
        presence[heard] = 1 - answers[:, :, pyannet.CLASSES.index(())]
    return presence


def joint_classes(presence: Array) -> Array:
    """Probabilities (n, 589, 7) of the classes where the speakers of ``presence`` (n_speakers, n, 589) are
    independent and at most two speak; of more than three, those who speak most in a window.
    """
    _, n, frames = presence.shape
    padded = np.concatenate((presence, np.zeros((N_LOCAL, n, frames), presence.dtype)))
    most = np.argsort(-padded.sum(axis=2), axis=0, kind="stable")[:N_LOCAL]
    local = np.take_along_axis(padded, most[:, :, None], axis=0)
    classes = [
        np.prod([local[k] if k in voices else 1 - local[k] for k in range(N_LOCAL)], axis=0)
        for voices in pyannet.CLASSES
    ]
    joint = np.stack(classes, axis=2)
    together: Array = joint / joint.sum(axis=2, keepdims=True).clip(1e-9)
    return together


def _nobody(n: int) -> Array:
    """Targets of ``n`` windows in which nobody speaks."""
    targets = np.zeros((n, *pyannet.OUTPUT), np.float32)
    targets[:, :, pyannet.CLASSES.index(())] = 1
    return targets


def _speechless(draw: float, material: Material, rng: np.random.Generator) -> Array:
    """Half a minute without speech, float32 (N_SAMPLES,); ``draw`` says of which kind."""
    if MADE_UP <= draw < MADE_UP + TONES:
        return round_to_16_bits(_tones(rng))
    if draw < MADE_UP or not material.noises:
        make = simulation.simulate_music if rng.random() < 0.4 else simulation.simulate_noise
        return np.resize(make(rng, RATE)[0].samples, N_SAMPLES)
    noise = audio.read(material.noises[int(rng.integers(len(material.noises)))], rate=RATE).samples
    first = int(rng.integers(max(1, len(noise) - N_SAMPLES)))
    return round_to_16_bits(np.resize(noise[first:], N_SAMPLES) * 10 ** rng.uniform(-1.5, 0))


def _tones(rng: np.random.Generator) -> Array:
    """Hum or a tone with up to three harmonics, on and off or steady, in faint noise, float32."""
    seconds = np.arange(N_SAMPLES) / RATE
    pitch = float(rng.choice([50.0, 60.0, np.exp(rng.uniform(np.log(50.0), np.log(4000.0)))]))
    sound = sum(
        10 ** (-rng.uniform(0.3, 1.5) * k) * np.sin(2 * np.pi * pitch * (k + 1) * seconds)
        for k in range(int(rng.integers(1, 4)))
    )
    if rng.random() < 0.5:
        period = rng.uniform(0.2, 4.0)
        sound = sound * (seconds % period < rng.uniform(0.2, 0.9) * period)
    noise = 10 ** rng.uniform(-5, -1.5) * rng.standard_normal(N_SAMPLES)
    return np.asarray(10 ** rng.uniform(-2.5, -0.5) * (sound + noise), np.float32)


def _versions(material: Material, rng: np.random.Generator) -> tuple[list[Array], list[Array]]:
    """The same conversation clean and degraded, and each of its speakers alone; float32 (N_SAMPLES,) each."""
    is_synthetic = rng.random() < SYNTHETIC
    cast = _synthetic_cast(rng) if is_synthetic else _cast(material.voices, rng)
    seed = int(rng.integers(1 << 31))
    clean = replace(
        draw_conditions(rng),
        repeat=True,
        gain_spread=float(rng.uniform(0.0, 4.0)),
        rt60=0.0,
        snr=np.inf,
        low_cut=0.0,
        high_cut=np.inf,
        mu_law=False,
        level=-26.0,
    )
    planned = synth.plan_conversation(cast, clean, seed)
    sounds = [planned.waveform().samples]
    alone = [planned.extract_speaker(name).waveform().samples for name in planned.annotation.speakers]
    for version in range(DEGRADED):
        room = [_draw_file(material.rooms, rng)] if material.rooms and rng.random() < 0.3 else []
        worse = degrade(clean, rng) if version else clean
        sound = synth.simulate_conversation(cast, worse, seed, rooms=room if version else [])[0].samples
        if version and material.noises and rng.random() < 0.4:
            sound = add_noise(sound, _draw_file(material.noises, rng), rng)
        sounds.append(_apply_channel(np.resize(sound, N_SAMPLES), rng, always=not version))
    return [np.resize(sound, N_SAMPLES) for sound in sounds], alone


def _apply_channel(samples: Array, rng: np.random.Generator, *, always: bool) -> Array:
    """Samples after a recorder: the band may end lower (``always``: does), coded as Opus, in 16 bits."""
    if always or rng.random() < BAND_ENDS:
        samples = low_pass(samples, float(rng.uniform(LOWEST_END, HIGHEST_END)))
    if rng.random() < OPUS:
        samples = code_opus(samples)
    return round_to_16_bits(samples) if rng.random() < 0.7 else samples


def low_pass(samples: Array, end: float) -> Array:
    """Samples whose band ends at ``end`` Hz, as after conversion from another rate."""
    sound: Array = oaconvolve(samples, firwin(TAPS, end, fs=RATE), mode="same").astype(np.float32)
    return sound


def code_opus(samples: Array) -> Array:
    """Samples after Ogg Opus, of the same length."""
    coded = io.BytesIO()
    kind = {"format": "OGG", "subtype": "OPUS", "compression_level": 0.9}
    with soundfile.SoundFile(coded, "w", RATE, 1, **kind) as file:
        for start in range(0, len(samples), RATE):
            file.write(samples[start : start + RATE])
    coded.seek(0)
    decoded, _ = soundfile.read(coded, dtype="float32")
    return np.resize(np.pad(decoded, (0, max(0, len(samples) - len(decoded)))), len(samples))


def _synthetic_cast(rng: np.random.Generator) -> dict[str, list[Any]]:
    """One to three voices that no human has."""
    return synth.synthesize_voices(int(rng.integers(1, 4)), rate=RATE, seed=int(rng.integers(1 << 31)))


def _draw_file(files: Sequence[Path], rng: np.random.Generator) -> Any:
    return audio.read(files[int(rng.integers(len(files)))], rate=RATE)


def _cast(voices: Mapping[str, Sequence[Path]], rng: np.random.Generator) -> dict[str, list[Any]]:
    """One to four voices, half of them said faster or slower."""
    n_speakers = min(len(voices), int(rng.choice([1, 2, 3, 4], p=[0.15, 0.35, 0.3, 0.2])))
    cast = {}
    for name in rng.choice(sorted(voices), n_speakers, replace=False):
        files = voices[str(name)]
        chosen = [files[i] for i in rng.permutation(len(files))[:MAX_RECORDINGS]]
        speed = float(np.exp(rng.uniform(-0.15, 0.15))) if rng.random() < 0.5 else 1.0
        cast[str(name)] = [simulation.change_speed(audio.read(path, rate=RATE), speed) for path in chosen]
    return cast


def degrade(clean: synth.SynthConfig, rng: np.random.Generator) -> synth.SynthConfig:
    """The talk of ``clean`` in another place: its timing stays, for it is drawn before all else."""
    other = draw_conditions(rng)
    return replace(
        clean,
        rt60=other.rt60,
        direct_to_reverberant=other.direct_to_reverberant,
        noise=other.noise,
        low_cut=other.low_cut,
        high_cut=other.high_cut,
        mu_law=other.mu_law,
        gain_spread=float(rng.uniform(0.0, 9.0)),
        snr=float(rng.choice([np.inf, rng.uniform(0.0, 25.0)], p=[0.1, 0.9])),
        level=float(rng.uniform(-56.0, -18.0)),
    )


def round_to_16_bits(samples: Array) -> Array:
    """Rounded and clipped as in a WAV file of 16 bits, float32."""
    return (np.round(np.clip(samples, -1, 1) * 32767) / 32767).astype(np.float32)


def main() -> None:
    """Make the scenes."""
    parser = pool_parser(__doc__, "scenes", 1600)
    parser.add_argument("published", type=Path, help="the network that benchmarks.pack_networks wrote")
    given = parser.parse_args()
    fill_pool(given, partial(make_scene, published=given.published, material=find_material(given)))


if __name__ == "__main__":
    main()
