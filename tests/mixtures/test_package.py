"""The package: light to import, and every name where it says."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import subprocess
import sys

import pytest

from diarize import mixtures


def test_every_public_name_can_be_had() -> None:
    assert all(getattr(mixtures, name) is not None for name in mixtures.__all__)
    assert dir(mixtures) == sorted(mixtures.__all__)
    homes = [name for names in mixtures._HOMES.values() for name in names]
    assert sorted(homes) == sorted(mixtures.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        mixtures.nothing  # noqa: B018


def test_importing_loads_neither_scipy_nor_scikit_learn() -> None:
    code = "import sys, diarize.mixtures; diarize.mixtures.fit_gmm; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "numpy" in loaded
    assert not {"scipy", "sklearn", "librosa", "matplotlib"} & set(loaded)
