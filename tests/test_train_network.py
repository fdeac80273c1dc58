"""A few steps of training the compact network."""

from __future__ import annotations

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install '.[train]'")

from benchmarks import network_data, train_network  # noqa: E402


@pytest.fixture(scope="module")
def pool(tmp_path_factory, people):
    """Four streams of two people, the first of them (0) kept from training."""
    folder = tmp_path_factory.mktemp("pool")
    voices = [people[name][0].samples for name in sorted(people)[:2]]
    size = 6 * network_data.RATE
    for number in range(4):
        first, second = (np.roll(np.resize(voice, size), number * 9999) for voice in voices)
        half = np.arange(size) < size // 2
        samples = np.where(half, first, second).astype(np.float32)
        cells = half[:: network_data.SUBFRAME]
        with (folder / f"{number:05d}.npz").open("wb") as file:
            np.savez(file, **network_data.teacher_outputs(samples, np.stack((cells, ~cells), axis=1)))
    return folder


def run(monkeypatch, folder, pool, steps, checkpoint):
    """Train as from the command line."""
    words = ["train", pool, folder / "net.pt", "--steps", steps, "--batch", 2, "--report", 2, "--threads", 1]
    monkeypatch.setattr(sys, "argv", [str(word) for word in (*words, "--checkpoint", folder / checkpoint)])
    train_network.main()
    return torch.load(folder / "net.pt", weights_only=True)


def test_training_learns_goes_on_and_repeats_itself(monkeypatch, tmp_path, pool, capsys):
    """Losses fall; four steps are those of a run that was stopped after two of four."""
    whole = run(monkeypatch, tmp_path, pool, 4, "whole.pt")
    assert "3 streams to learn from, 1 kept\nfrom step 0 on" in capsys.readouterr().out
    again = run(monkeypatch, tmp_path, pool, 4, "again.pt")
    assert all(torch.equal(again[name], values) for name, values in whole.items())
    monkeypatch.setattr(train_network.Trainer, "advance", stopped_after(2))
    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, tmp_path, pool, 4, "cut.pt")
    monkeypatch.undo()
    capsys.readouterr()
    rest = run(monkeypatch, tmp_path, pool, 4, "cut.pt")
    assert "from step 2 on" in capsys.readouterr().out
    assert all(torch.equal(rest[name], values) for name, values in whole.items())


def stopped_after(steps):
    """A step of training that is interrupted once so many are done."""
    step = train_network.Trainer.advance

    def advance(trainer, *arguments):
        if trainer.step == steps:
            raise KeyboardInterrupt
        return step(trainer, *arguments)

    return advance


def test_losses_fall(pool):
    """Within two dozen steps on the same crops."""
    teacher = train_network.Teacher()
    streams = [train_network.Stream(path, teacher) for path in sorted(pool.glob("*.npz"))]
    trainer = train_network.start_training(streams, teacher, train_network.embedding_spread(streams), 0)
    lost = [trainer.advance(40, 4) for _ in range(24)]
    for name in ("frames", "window", "scores"):
        assert np.mean([each[name] for each in lost[-4:]]) < 0.9 * np.mean([each[name] for each in lost[:4]])
