"""Scenes from which the segmentation network learns to hear in noise."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import soundfile
from numpy.testing import assert_allclose, assert_array_equal

from benchmarks import pools
from benchmarks import segmentation_data as data
from benchmarks.heldout import is_held_out
from diarize import synth
from diarize.networks import pyannet, store

PUBLISHED = store.DATA / "pyannet.npz"


@pytest.fixture(scope="module")
def material(tmp_path_factory, people):
    """Three voices of three seconds, no recorded noise, no measured rooms."""
    folder = tmp_path_factory.mktemp("voices")
    voices = {}
    for name in sorted(people)[:3]:
        path = folder / f"{name}.wav"
        soundfile.write(path, people[name][0].samples, people[name][0].rate)
        voices[name] = [path]
    return pools.Material(voices, (), ())


def scene(material, number):
    """The two arrays of a scene."""
    made = data.make_scene(number, PUBLISHED, material)
    return made["activations"], made["targets"]


@pytest.mark.slow
def test_every_version_of_a_scene_has_the_answers_to_the_clean_one(material):
    """Activations differ, targets do not; the same number gives the same bytes."""
    activations, targets = scene(material, 0)
    assert activations.shape == (12, 589, 60) and targets.shape == (12, *pyannet.OUTPUT)
    versions = targets.reshape(4, 3, *pyannet.OUTPUT)
    assert_array_equal(versions, np.broadcast_to(versions[:1], versions.shape))
    assert_allclose(targets.astype(float).sum(axis=2), 1, atol=0.01)
    assert np.mean(targets[:, :, 0] < 0.5) > 0.3  # somebody speaks
    heard = activations.reshape(4, 3, 589, 60).astype(float)
    assert all(np.abs(heard[k] - heard[0]).mean() > 0.001 for k in (1, 2, 3))
    assert_array_equal(scene(material, 0)[0], activations)


def speechless_scene(least, most):
    """Number of a scene whose draw is between two bounds."""
    for number in range(400):
        rng = np.random.default_rng((data.MAIN_SEED, number))
        rng.integers(0, data.N_SAMPLES - pyannet.WINDOW + 1, data.WINDOWS)
        if least <= rng.random() < most:
            return number
    raise AssertionError


@pytest.mark.parametrize(
    ("least", "most"),
    [(0, data.MADE_UP), (data.MADE_UP, data.MADE_UP + data.TONES)],
    ids=["music and noise", "tones"],
)
def test_nobody_speaks_where_nobody_does(material, least, most):
    """Whatever the network says to it."""
    _, targets = scene(material, speechless_scene(least, most))
    assert targets.shape[0] == 3
    assert (targets[:, :, 0] == 1).all() and (targets[:, :, 1:] == 0).all()


def test_classes_of_independent_speakers():
    """Two of them by hand: 0.9 and 0.6; the third place is empty."""
    found = data.joint_classes(np.array([[[0.9]], [[0.6]]]))
    one, other, both, nobody = 0.9 * 0.4, 0.1 * 0.6, 0.9 * 0.6, 0.1 * 0.4
    wanted = {(): nobody, (0,): one, (1,): other, (0, 1): both}
    assert_allclose(found[0, 0], [wanted.get(voices, 0) for voices in pyannet.CLASSES])


def test_at_most_two_speak_at_once():
    """Three who do are any two of them."""
    found = data.joint_classes(np.full((3, 1, 1), 1 - 1e-9))[0, 0]
    assert_allclose(found, [0, 0, 0, 0, 1 / 3, 1 / 3, 1 / 3], atol=1e-6)


def test_a_fourth_speaker_is_left_out_of_a_window():
    """The one who speaks least in it, in each window for itself."""
    presence = np.zeros((4, 2, 10))
    for speaker in range(4):
        presence[speaker, 0, : 6 + speaker] = 1
        presence[speaker, 1, : 9 - speaker] = 1
    presence[:, :, :6] = 0  # at most one frame in which nobody else speaks
    found = data.joint_classes(presence)
    assert found[0, 6:, 0].tolist() == [0, 0, 0, 1]
    assert found[1, 6:, 0].tolist() == [0, 0, 0, 1]


def test_every_speaker_alone_is_the_conversation(material):
    """Without noise and clipping, the first version is their sum."""
    (clean, *_), alone = data._versions(material, np.random.default_rng(5))
    assert len(alone) >= 1
    assert_allclose(sum(alone), clean[: len(alone[0])], atol=1e-6)


def test_the_band_ends_where_it_is_cut():
    """At 6 kHz: what is over it is gone, what is below stays, at the same time."""
    n = np.arange(data.RATE)
    low, high = (np.sin(2 * np.pi * f * n / data.RATE).astype(np.float32) for f in (5800, 6200))
    inside = slice(1000, -1000)
    assert_allclose(data.low_pass(low + high, 6000.0)[inside], low[inside], atol=0.01)


def test_opus_keeps_length_and_time(people):
    """Of a voice; the code is of other samples, at the same place."""
    sound = next(iter(people.values()))[0].samples[: data.RATE]
    coded = data.code_opus(sound)
    assert len(coded) == len(sound)
    shifts = range(-400, 401, 8)
    fits = [float(np.dot(np.roll(coded, shift), sound)) for shift in shifts]
    assert abs(shifts[int(np.argmax(fits))]) <= 8


def test_a_degraded_conversation_keeps_its_turns(people):
    """Only the sound changes with the place."""
    cast = {name: people[name][:1] for name in sorted(people)[:2]}
    clean = synth.SynthConfig(duration=10.0)
    worse = data.degrade(clean, np.random.default_rng(3))
    sounds, truths = zip(
        *(synth.simulate_conversation(cast, each, 5) for each in (clean, worse)), strict=True
    )
    assert truths[0].turns == truths[1].turns
    assert np.abs(sounds[0].samples - sounds[1].samples).max() > 0.01


def test_sixteen_bits_round_and_clip():
    """By hand."""
    found = data.round_to_16_bits(np.array([0.0, 0.6 / 32767, -2.0, 1.5]))
    assert_array_equal(found, np.array([0, 1 / 32767, -1, 1], np.float32))


def test_a_pool_keeps_what_is_there_and_is_whole(tmp_path, monkeypatch, capsys):
    """Examples that were made before stay, the others are made; voices that are held out are not found."""
    for name in ("anna", "bert", "carl", "dora", "emil", "finn"):
        (tmp_path / "voices" / name).mkdir(parents=True)
        (tmp_path / "voices" / name / "1.wav").write_bytes(b"")
    pool = tmp_path / "pool"
    words = ["make", pool, "--voices", tmp_path / "voices", "--things", 5, "--workers", 1]
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    given = pools.pool_parser("", "things", 9).parse_args()
    material = pools.find_material(given)
    assert material.voices and not any(is_held_out(name) for name in material.voices)
    assert f"{len(material.voices)} voices, 0 recordings of noise, 0 rooms" in capsys.readouterr().out
    pool.mkdir()
    (pool / "00003.npz").write_bytes(b"kept")
    pools.fill_pool(given, squares)
    assert sorted(path.name for path in pool.iterdir()) == [f"{n:05d}.npz" for n in range(5)]
    assert (pool / "00003.npz").read_bytes() == b"kept"
    with np.load(pool / "00004.npz") as stored:
        assert stored["square"] == 16


def squares(number):
    """An example of one value."""
    return {"square": number**2}
