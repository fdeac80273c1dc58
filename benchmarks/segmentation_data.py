"""Degraded conversations, and what the published segmentation network hears in them without the damage.

::

    python -m benchmarks.segmentation_data POOL PUBLISHED.npz --voices DIR … [--noise DIR] [--rooms DIR]
        [--scenes N]

A pool (``benchmarks.pools``) of scenes. PUBLISHED.npz is the network as ``benchmarks.pack_networks`` writes
it. A scene is half a minute of a conversation, simulated once clean and three times degraded: in a room, with
noise, loud and quiet speakers, by telephone, at a low level in 16 bits. The targets of all four versions are
the answers to the clean one, in three windows of ten seconds, so a network that learns them hears in noise
what it hears without, and keeps its own idea of what speech and a pause are. One scene in ten is music or
made-up noise, one in twenty a recording of noise: nobody speaks.

For each scene one npz file: ``activations`` float16 (n, 589, 60) of the filters, which stay as published, and
``targets`` float16 (n, 589, 7), the probabilities of the classes. About a second of one core a scene.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.network_data import RATE, SECONDS, scenery, with_noise
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
MADE_UP, RECORDED = 0.1, 0.05  # shares of scenes without speech
MOST_RECORDINGS = 4  # of one voice in one scene


def make_scene(number: int, published: Path, material: Material) -> dict[str, Array]:
    """Scene ``number``."""
    weights = read_network(published).weights
    rng = np.random.default_rng((MAIN_SEED, number))
    starts = rng.integers(0, N_SAMPLES - pyannet.WINDOW + 1, WINDOWS)
    draw = rng.random()
    if draw < MADE_UP + RECORDED:
        windows = _windows(_speechless(draw < MADE_UP, material, rng), starts)
        targets = _nobody(len(windows))
    else:
        clean, *degraded = _versions(material, rng)
        windows = np.concatenate([_windows(sound, starts) for sound in (clean, *degraded)])
        answers = pyannet.class_probabilities(windows[:WINDOWS], weights)
        targets = np.tile(answers, (1 + DEGRADED, 1, 1))
    activations = np.stack([pyannet.filter_activations(window, weights) for window in windows])
    return {"activations": activations.astype(np.float16), "targets": targets.astype(np.float16)}


def _windows(samples: Array, starts: Array) -> Array:
    return np.stack([samples[start : start + pyannet.WINDOW] for start in starts]).astype(np.float32)


def _nobody(n: int) -> Array:
    """Targets of ``n`` windows in which nobody speaks."""
    targets = np.zeros((n, *pyannet.OUTPUT), np.float32)
    targets[:, :, pyannet.CLASSES.index(())] = 1
    return targets


def _speechless(is_made_up: bool, material: Material, rng: np.random.Generator) -> Array:
    """Half a minute without speech, float32 (N_SAMPLES,)."""
    if is_made_up or not material.noises:
        make = simulation.music_piece if rng.random() < 0.4 else simulation.noise
        return np.resize(make(rng, RATE)[0].samples, N_SAMPLES)
    noise = audio.read(material.noises[int(rng.integers(len(material.noises)))], rate=RATE).samples
    first = int(rng.integers(max(1, len(noise) - N_SAMPLES)))
    return in_16_bits(np.resize(noise[first:], N_SAMPLES) * 10 ** rng.uniform(-1.5, 0))


def _versions(material: Material, rng: np.random.Generator) -> list[Array]:
    """The same conversation clean and degraded, each float32 (N_SAMPLES,)."""
    cast, seed = _cast(material.voices, rng), int(rng.integers(1 << 31))
    clean = replace(
        scenery(rng),
        repeat=True,
        gain_spread=0.0,
        rt60=0.0,
        snr=np.inf,
        low_cut=0.0,
        high_cut=np.inf,
        mu_law=False,
        level=-26.0,
    )
    sounds = [synth.conversation(cast, clean, seed)[0].samples]
    for _ in range(DEGRADED):
        room = [_drawn(material.rooms, rng)] if material.rooms and rng.random() < 0.3 else []
        sound = synth.conversation(cast, degrade(clean, rng), seed, rooms=room)[0].samples
        if material.noises and rng.random() < 0.4:
            sound = with_noise(sound, _drawn(material.noises, rng), rng)
        sounds.append(in_16_bits(sound) if rng.random() < 0.7 else sound)
    return [np.resize(sound, N_SAMPLES) for sound in sounds]


def _drawn(files: Sequence[Path], rng: np.random.Generator) -> Any:
    return audio.read(files[int(rng.integers(len(files)))], rate=RATE)


def _cast(voices: Mapping[str, Sequence[Path]], rng: np.random.Generator) -> dict[str, list[Any]]:
    """One to four voices, half of them said faster or slower."""
    n_speakers = min(len(voices), int(rng.choice([1, 2, 3, 4], p=[0.15, 0.35, 0.3, 0.2])))
    cast = {}
    for name in rng.choice(sorted(voices), n_speakers, replace=False):
        files = voices[str(name)]
        chosen = [files[i] for i in rng.permutation(len(files))[:MOST_RECORDINGS]]
        speed = float(np.exp(rng.uniform(-0.15, 0.15))) if rng.random() < 0.5 else 1.0
        cast[str(name)] = [simulation.change_speed(audio.read(path, rate=RATE), speed) for path in chosen]
    return cast


def degrade(clean: synth.SynthConfig, rng: np.random.Generator) -> synth.SynthConfig:
    """The talk of ``clean`` in another place: its timing stays, for it is drawn before all else."""
    other = scenery(rng)
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


def in_16_bits(samples: Array) -> Array:
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
