"""Simulated conversations with the reference and the outputs of two teachers, to train the compact network.

::

    python -m benchmarks.network_data POOL --voices DIR … [--noise DIR] [--rooms DIR] [--streams N]

A pool (``benchmarks.pools``) of streams. Each stream is half a minute: a conversation of made voices (speed,
pitch, formants and brightness changed by chance), utterances now and then excited or subdued, in a room, with
noise, in the band of a telephone; one in ten has no speech in it. For each stream one npz file: log mel
energies; for every 40 ms the activations of CAM++ before pooling; for every 20 ms who speaks, by the truth,
and whether anybody does and whether two do, by the segmentation network. Needs pyworld
(``pip install '.[train]'``). About two seconds of one core a stream.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.conditions import change_voice, excited, subdued
from benchmarks.pools import fill_pool, find_material, pool_parser
from diarize import audio, synth
from diarize.features.fbank import fbank_of
from diarize.networks import campplus
from diarize.networks.store import load_included_network
from diarize.speech.network import PyanNetSegmenter, frame_means
from diarize.training import simulation
from diarize.types import FrameGrid, Waveform

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.pools import Material

    Array = Any

RATE = 16_000
SECONDS = 30.0
SUBFRAME = 320  # samples from label to label
MAIN_SEED = 2026
SPEECHLESS = 0.1  # share of streams


def make_voice(files: Sequence[Path], rng: np.random.Generator) -> list[Waveform]:
    """Some recordings of one voice, changed into another voice that keeps its moods."""
    chosen = [files[i] for i in rng.permutation(len(files))[:4]]
    speed = float(np.exp(rng.uniform(-0.2, 0.2))) if rng.random() < 0.7 else 1.0
    is_remade = rng.random() < 0.3
    pitch, opening = np.exp(rng.uniform(-0.4, 0.4)), np.exp(rng.uniform(-0.15, 0.15))
    brightness = rng.uniform(-8, 8)
    has_moods = rng.random() < 0.3
    said = []
    for path in chosen:
        sound = simulation.change_speed(audio.read(path, rate=RATE), speed)
        samples = sound.samples.astype(np.float64)
        if is_remade:
            samples = change_voice(samples, pitch=pitch, opening=opening, brightness=brightness)
        if has_moods and (draw := rng.random()) < 0.6:
            samples = (excited if draw < 0.35 else subdued)(samples, rng)
        tilt = rng.uniform(-0.3, 0.3)
        samples = samples + tilt * np.concatenate((samples[:1], samples[:-1]))
        peak = max(np.abs(samples).max(), 1e-6)
        said.append(replace(sound, samples=(samples * min(1.0, 0.9 / peak)).astype(np.float32)))
    return said


def draw_conditions(rng: np.random.Generator) -> synth.SynthConfig:
    """Talk, room, noise and channel of one stream."""
    is_telephone = rng.random() < 0.15
    return synth.SynthConfig(
        duration=SECONDS,
        rate=RATE,
        share_concentration=float(rng.uniform(1.5, 10.0)),
        turn_median=float(np.exp(rng.uniform(np.log(0.8), np.log(5.0)))),
        pause_mean=float(rng.uniform(0.1, 1.0)),
        overlap_probability=float(rng.uniform(0.0, 0.7)),
        overlap_mean=float(rng.uniform(0.4, 2.0)),
        gain_spread=float(rng.uniform(0.0, 6.0)),
        rt60=float(rng.choice([0.0, rng.uniform(0.1, 0.9)], p=[0.3, 0.7])),
        direct_to_reverberant=float(rng.uniform(-3.0, 15.0)),
        noise=str(rng.choice(["white", "pink", "babble"], p=[0.2, 0.5, 0.3])),
        snr=float(rng.choice([np.inf, rng.uniform(3.0, 40.0)], p=[0.15, 0.85])),
        low_cut=float(rng.uniform(150, 350)) if is_telephone else 0.0,
        high_cut=float(rng.uniform(3000, 3900)) if is_telephone else np.inf,
        mu_law=bool(rng.random() < 0.15),
        level=float(rng.uniform(-40.0, -18.0)),
    )


def simulate(material: Material, rng: np.random.Generator) -> tuple[Array, Array]:
    """Samples float32 (n,) and who speaks at every sample's subframe, bool (n_subframes, n_speakers)."""
    n = round(SECONDS * RATE)
    voices, noises, rooms = material.voices, material.noises, material.rooms
    if rng.random() < SPEECHLESS:
        make = simulation.simulate_music if rng.random() < 0.4 else simulation.simulate_noise
        sound, truth = make(rng, RATE)
        samples = np.resize(sound.samples, n)
    else:
        n_speakers = int(rng.choice([1, 2, 3, 4, 5], p=[0.15, 0.3, 0.25, 0.2, 0.1]))
        cast = {
            f"{i}": make_voice(voices[str(name)], rng)
            for i, name in enumerate(rng.choice(sorted(voices), n_speakers, replace=False))
        }
        room = [audio.read(rooms[int(rng.integers(len(rooms)))], rate=RATE)] if rng.random() < 0.3 else []
        sound, truth = synth.simulate_conversation(
            cast, draw_conditions(rng), int(rng.integers(1 << 31)), rooms=room
        )
        samples = sound.samples[:n]
    if noises and rng.random() < 0.5:
        samples = add_noise(samples, audio.read(noises[int(rng.integers(len(noises)))], rate=RATE), rng)
    n_labels = n // SUBFRAME
    names = truth.speakers
    active = np.zeros((n_labels, max(1, len(names))), bool)
    for turn in truth.turns:
        first, last = (round(t * RATE / SUBFRAME) for t in (turn.start, turn.end))
        active[first:last, names.index(turn.speaker)] = True
    return np.clip(samples, -1, 1).astype(np.float32), active


def add_noise(samples: Array, noise: Waveform, rng: np.random.Generator) -> Array:
    """With recorded noise from 3 to 35 dB under the loudest tenth of the seconds."""
    start = int(rng.integers(max(1, noise.samples.size - samples.size)))
    piece = np.resize(noise.samples[start:], samples.size)
    seconds = samples[: samples.size // RATE * RATE].reshape(-1, RATE).std(axis=1)
    wanted = np.percentile(seconds, 90) * 10 ** (-rng.uniform(3, 35) / 20)
    return samples + piece * wanted / max(float(piece.std()), 1e-9)


@lru_cache(maxsize=1)
def _teachers() -> tuple[dict[str, Array], PyanNetSegmenter]:
    return campplus.prepare_weights(load_included_network("campplus").weights), PyanNetSegmenter()


def teacher_outputs(samples: Array, active: Array) -> dict[str, Array]:
    """Energies of a stream and all that is to be learnt of it."""
    weights, segmenter = _teachers()
    energies = fbank_of(samples, RATE)
    activations = campplus.frame_activations(energies, weights)
    pairs = activations[: len(activations) // 2 * 2].reshape(-1, 2, activations.shape[1])
    grid = FrameGrid(RATE, SUBFRAME, SUBFRAME, 0, len(active))
    speech, overlap, _ = frame_means(segmenter.segment([samples]), grid)
    heard = np.stack((speech, overlap))
    return {
        "energies": energies.astype(np.float16),
        "activations": pairs.mean(axis=1).astype(np.float16),
        "active": active,
        "heard": np.round(255 * heard).astype(np.uint8),
    }


def make_stream(number: int, material: Material) -> dict[str, Array]:
    """Stream ``number``."""
    return teacher_outputs(*simulate(material, np.random.default_rng((MAIN_SEED, number))))


def main() -> None:
    """Make the streams."""
    given = pool_parser(__doc__, "streams", 2400).parse_args()
    fill_pool(given, partial(make_stream, material=find_material(given)))


if __name__ == "__main__":
    main()
