"""The segmentation network in PyTorch, and a few steps of its training."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

torch = pytest.importorskip("torch", reason="torch is not installed: pip install '.[train]'")

from benchmarks import adapt_segmentation as adapt  # noqa: E402
from diarize.networks import pyannet, store  # noqa: E402

PUBLISHED = store.DATA / "pyannet.npz"


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Three scenes of two windows of made-up activations, the first of them (0) kept from training."""
    folder, rng = tmp_path_factory.mktemp("pool"), np.random.default_rng(4)
    for number in range(3):
        activations = rng.normal(0, 0.1, size=(2, 589, adapt.N_INPUTS)).astype(np.float16)
        targets = rng.dirichlet(np.ones(7), size=(2, 589)).astype(np.float16)
        np.savez(folder / f"{number:05d}.npz", activations=activations, targets=targets)
    return folder


def test_it_is_the_network_of_the_package():
    """The same probabilities of the same sound, and the same weights there and back."""
    weights = store.read_network(PUBLISHED).weights
    sound = np.random.default_rng(5).normal(size=(2, pyannet.WINDOW)).astype(np.float32)
    expected = pyannet.class_probabilities(sound, weights)
    activations = np.stack([pyannet.filter_activations(each, weights) for each in sound])
    net = adapt.Recurrent()
    net.load_state_dict(adapt.from_stored(weights))
    with torch.no_grad():
        found = torch.softmax(net(torch.from_numpy(activations)), dim=-1).numpy()
    assert_allclose(found, expected, atol=1e-4)
    back = adapt.to_stored(net.state_dict())
    assert set(back) == {name for name in weights if name.startswith(("lstm", "linear", "classes"))}
    for name, values in back.items():
        assert_allclose(values, weights[name], rtol=1e-6)


def test_local_speakers_may_be_permuted():
    """The loss of targets with speakers 0 and 2 in turn is that of the targets; other classes are not."""
    rng = np.random.default_rng(6)
    scores = torch.from_numpy(rng.normal(size=(1, 5, 7)).astype(np.float32))
    targets = torch.from_numpy(rng.dirichlet(np.ones(7), size=(1, 5)).astype(np.float32))
    turned = targets[:, :, [0, 3, 2, 1, 6, 5, 4]]  # nobody, 2, 1, 0, 2+1, 2+0, 1+0
    assert float(adapt.cross_entropy(scores, turned)) == pytest.approx(
        float(adapt.cross_entropy(scores, targets))
    )
    other = targets[:, :, [1, 0, 2, 3, 4, 5, 6]]
    assert float(adapt.cross_entropy(scores, other)) != pytest.approx(
        float(adapt.cross_entropy(scores, targets))
    )


def run(monkeypatch, folder, pool, steps, checkpoint):
    """Train as from the command line; the weights that were written."""
    words = ["adapt", pool, PUBLISHED, folder / "net.npz", "--steps", steps, "--batch", 2, "--report", 2]
    monkeypatch.setattr(sys, "argv", [str(word) for word in (*words, "--checkpoint", folder / checkpoint)])
    adapt.main()
    with np.load(folder / "net.npz") as stored:
        return {name: stored[name] for name in stored.files}


def test_training_goes_on_and_repeats_itself(monkeypatch, tmp_path, pool, capsys):
    """Four steps are those of a run that was stopped after two of four; only what may learn has learnt."""
    whole = run(monkeypatch, tmp_path, pool, 4, "whole.pt")
    assert "4 windows to learn from, 2 kept\nfrom step 0 on" in capsys.readouterr().out
    step = adapt.Trainer.advance

    def stopped(trainer, *arguments):
        if trainer.step == 2:
            raise KeyboardInterrupt
        return step(trainer, *arguments)

    monkeypatch.setattr(adapt.Trainer, "advance", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, tmp_path, pool, 4, "cut.pt")
    monkeypatch.setattr(adapt.Trainer, "advance", step)
    capsys.readouterr()
    rest = run(monkeypatch, tmp_path, pool, 4, "cut.pt")
    assert "from step 2 on" in capsys.readouterr().out
    assert all(np.array_equal(rest[name], values) for name, values in whole.items())
    before = store.read_network(PUBLISHED).weights
    after = store.read_network(tmp_path / "net.npz").weights
    changed = {name for name in before if np.abs(before[name] - after[name]).max() > 1e-4}
    assert changed and all(name.startswith(("lstm", "linear", "classes")) for name in changed)


def test_losses_fall(pool):
    """Within a dozen steps, where all windows are to have two speakers."""
    scenes = adapt.Scenes(sorted(pool.glob("*.npz")))
    scenes.targets[:] = np.eye(7)[pyannet.CLASSES.index((0, 1))]
    course = replace(adapt.COURSE, warm_up=1)
    trainer = adapt.start_training(scenes, store.read_network(PUBLISHED).weights, course, 0)
    lost = [trainer.advance(60, 4)["loss"] for _ in range(12)]
    assert np.mean(lost[-3:]) < 0.9 * np.mean(lost[:3])


def test_weights_are_blended_by_their_share():
    """By hand; layers that have not learnt stay."""
    published = {"sinc_w": np.ones(2), "linear0_w": np.array([1.0, 3.0])}
    found = adapt.blend(published, {"linear0_w": np.array([2.0, -1.0])}, 0.25)
    assert_allclose(found["linear0_w"], [1.25, 2.0])
    assert_allclose(found["sinc_w"], 1)
