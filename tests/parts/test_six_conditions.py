"""``benchmarks.calibrate_embedding`` for an embedding in an ONNX file, on voices that are made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from benchmarks import calibrate_embedding
from benchmarks.calibrate_embedding import loud_windows, main
from benchmarks.conditions import as_recorded, by_telephone
from diarize.audio import write
from diarize.parts import load_embedding
from diarize.parts.calibration import load_calibration
from diarize.types import Waveform

from . import builders

HELD_OUT = "d"
VOICES = {
    name: builders.voice(5, pitch=90.0 + 25 * number, seed=number) for number, name in enumerate("abcdef")
}


@pytest.fixture
def voices(tmp_path, monkeypatch):
    """A folder of voices; nothing is said again by WORLD, and threads do for processes."""
    monkeypatch.setattr(calibrate_embedding, "ProcessPoolExecutor", ThreadPoolExecutor)
    monkeypatch.setattr(calibrate_embedding, "CONDITIONS", {"as recorded": as_recorded})
    monkeypatch.setattr(calibrate_embedding, "DATA", tmp_path / "data")
    folder = tmp_path / "voices"
    folder.mkdir()
    for name, samples in VOICES.items():
        write(folder / f"{name}.wav", Waveform(samples, 16_000))
    return folder


def test_a_calibration_of_an_onnx_file_lies_where_the_package_looks_for_it(voices, tmp_path):
    """By its checksum; its mean is that of the windows of all voices but the one held out."""
    file = builders.embedding(tmp_path / "a.onnx")
    main(["--voices", str(voices), "--embedding", str(file)])
    extractor = load_embedding(file)
    found = load_calibration(tmp_path / "data" / "calibrations" / f"{extractor.checksum}.npz")
    kept = [sound for name, sound in VOICES.items() if name != HELD_OUT]
    vectors = np.concatenate([extractor.embed([each], loud_windows(each)) for each in kept])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(found.mean, unit.mean(axis=0), atol=0.005)  # each is heard louder or softer


def test_another_condition_is_used_too(voices, tmp_path, monkeypatch):
    """By telephone the upper bands are noise of the line."""
    file, output = builders.embedding(tmp_path / "a.onnx"), tmp_path / "b.npz"
    means = []
    for conditions in ({"a": as_recorded}, {"a": as_recorded, "b": by_telephone}):
        monkeypatch.setattr(calibrate_embedding, "CONDITIONS", conditions)
        main(["--voices", str(voices), "--embedding", str(file), "--output", str(output)])
        means.append(load_calibration(output).mean)
    assert np.abs(means[0] - means[1]).max() > 0.05


def test_an_embedding_of_another_rate_is_refused_in_one_line(voices, tmp_path):
    """The conditions are those of 16 kHz."""
    file = builders.embedding(tmp_path / "a.onnx", metadata={**builders.SHERPA, "sample_rate": 8000})
    with pytest.raises(SystemExit, match=r"a\.onnx works at 8000 Hz; voices are heard at 16000"):
        main(["--voices", str(voices), "--embedding", str(file)])
