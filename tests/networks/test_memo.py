"""What the other tests look up is what the networks compute."""

from __future__ import annotations

import memo
import numpy as np
from numpy.testing import assert_array_equal


def test_an_output_is_computed_once(tmp_path, monkeypatch):
    """For other values, and for other weights, there is another one."""
    monkeypatch.setattr(memo, "PAUSED", [False])
    calls = []

    def scaled(values, weights):
        calls.append(1)
        return values * weights["w"]

    lookup = memo.remembered(scaled, tmp_path)
    values, weights = np.arange(6.0).reshape(2, 3), {"w": np.full(3, 2.0)}
    for _ in range(4):
        assert_array_equal(lookup(values, weights), 2 * values)
    assert len(calls) == 1
    assert_array_equal(lookup(values, {"w": np.full(3, 5.0)}), 5 * values)
    assert_array_equal(lookup(values.reshape(3, 2).T, weights), 2 * values.reshape(3, 2).T)
    assert_array_equal(lookup(values.T.copy().T, weights), 2 * values)
    assert len(calls) == 3


def test_the_networks_of_the_tests_look_up(monkeypatch):
    """Everywhere but in this folder."""
    assert memo.PAUSED == [True]
    assert all(hasattr(getattr(module, name), "__wrapped__") for module, name in memo.FUNCTIONS)
