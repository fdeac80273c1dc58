"""Local voices of overlapping windows, against the same arithmetic done in one piece."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarize.parts import load_segmenter
from diarize.parts.segmenter import powerset

from . import builders

WINDOW, HOP, STEP, FIELD = 160_000, 40_000, 270, 991


def marginals(window):
    """What the made network says of one window (160000,): (589, 3), by its definition."""
    kernels = builders.weights(7, 1, 991)[:, 0] / 5
    frames = np.stack([window[270 * i : 270 * i + 991] for i in range(589)])
    scores = frames.astype(np.float64) @ kernels.T
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    _, one, two, three, one_two, one_three, two_three = shares.T
    return np.column_stack(
        (one + one_two + one_three, two + one_two + two_three, three + one_three + two_three)
    )


def test_the_powerset_is_nobody_each_one_each_two():
    """In the order of pyannote's classes."""
    rows = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1)]
    assert powerset(3, 2).tolist() == [list(map(float, row)) for row in rows]


@pytest.mark.parametrize("metadata", [builders.SEGMENTATION, {}])
@pytest.mark.parametrize("ending", ["LogSoftmax", "Softmax", "Identity"])
def test_activity_is_the_sum_of_classes_with_a_voice(tmp_path, metadata, ending):
    """Whether the network ends with probabilities, their logarithms or scores."""
    segmenter = load_segmenter(builders.segmentation(tmp_path / "a.onnx", metadata=metadata, ending=ending))
    sound = builders.voice(14.9)
    found = segmenter.segment([sound])
    assert found.starts.tolist() == [0, 40_000, 80_000]
    assert (found.step, found.offset, found.rate) == (270.0, 495.0, 16000)
    assert found.values.shape == (3, 589, 3)
    assert found.values.dtype == np.float32
    padded = np.pad(sound, (0, 2 * WINDOW))
    for start, values in zip(found.starts, found.values, strict=True):
        wanted = marginals(padded[start : start + WINDOW])
        wanted[start + 495 + 270 * np.arange(589) >= len(sound)] = 0
        np.testing.assert_allclose(values, wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("n", "starts"),
    [
        (1, [0]),
        (159_999, [0]),
        (160_000, [0]),
        (160_001, [0, 40_000]),
        (200_000, [0, 40_000]),
        (200_001, [0, 40_000, 80_000]),
    ],
)
def test_windows_reach_the_end_and_not_further(tmp_path, n, starts):
    """The last is the first that ends with the recording or after it."""
    segmenter = load_segmenter(builders.segmentation(tmp_path / "a.onnx"))
    found = segmenter.segment([np.zeros(n, dtype="f")])
    assert found.starts.tolist() == starts


def test_nothing_in_nothing_out(tmp_path):
    """No window of no sample."""
    found = load_segmenter(builders.segmentation(tmp_path / "a.onnx")).segment([])
    assert found.values.shape == (0, 589, 3)
    assert found.starts.size == 0


@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, 220_000), max_size=5))
def test_blocks_of_any_size_give_the_same_bits(tmp_path_factory, cuts):
    """A window has the same samples however they came."""
    segmenter = _shared(tmp_path_factory)
    sound = builders.voice(220_000 / 16000)
    one, other = segmenter.segment([sound]), segmenter.segment(np.split(sound, sorted(cuts)))
    assert np.array_equal(one.values, other.values)
    assert np.array_equal(one.starts, other.starts)


_KEPT = {}


def _shared(factory):
    if "segmenter" not in _KEPT:
        _KEPT["segmenter"] = load_segmenter(builders.segmentation(factory.mktemp("one") / "a.onnx"))
    return _KEPT["segmenter"]


@pytest.mark.parametrize("batch", [1, 3])
def test_a_file_with_one_size_of_batch_gives_the_same(tmp_path, batch):
    """What fills the batch up is thrown away."""
    sound = builders.voice(21)
    free = load_segmenter(builders.segmentation(tmp_path / "a.onnx")).segment([sound])
    fixed = load_segmenter(builders.segmentation(tmp_path / "b.onnx", batch=batch)).segment([sound])
    np.testing.assert_allclose(fixed.values, free.values, atol=1e-5)


def test_other_windows_and_more_voices_follow_the_metadata(tmp_path):
    """Five seconds, four local speakers, two at once."""
    metadata = {**builders.SEGMENTATION, "window_size": 80_000, "num_speakers": 4, "num_classes": 11}
    segmenter = load_segmenter(builders.segmentation(tmp_path / "a.onnx", classes=11, metadata=metadata))
    found = segmenter.segment([builders.voice(7)])
    assert found.values.shape == (3, 293, 4)
    assert found.starts.tolist() == [0, 20_000, 40_000]
