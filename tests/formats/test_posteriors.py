"""Posteriors of frames as npz."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from diarize import formats
from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError
from diarize.formats.posteriors import dump
from diarize.types import FrameGrid, Posteriors

GRID = FrameGrid(16_000, 160, 400, -120, 50)


def made(n_speakers=2, start=0.0):
    """Half a second: the first ten frames nobody, then shares."""
    values = np.random.default_rng(1).dirichlet(np.ones(max(n_speakers, 1)), 50)[:, :n_speakers]
    values[:10] = 0
    names = tuple(f"Ännchen {k}" for k in range(n_speakers))
    return formats.StoredPosteriors("my talk", Posteriors(values.astype(np.float32), GRID, names), start)


@pytest.mark.parametrize(("n_speakers", "start"), [(2, 0.0), (1, 70.5), (0, 0.0), (5, 3600.25)])
def test_what_is_written_is_read(tmp_path, n_speakers, start):
    """All of it, exactly; the same bytes twice."""
    stored = made(n_speakers, start)
    (tmp_path / "a.npz").write_bytes(dump(stored))
    found = formats.read_posteriors(tmp_path / "a.npz")
    assert (found.recording, found.start) == ("my talk", start)
    assert found.posteriors.speakers == stored.posteriors.speakers
    assert found.posteriors.grid == GRID
    np.testing.assert_array_equal(found.posteriors.values, stored.posteriors.values)
    assert dump(found) == (tmp_path / "a.npz").read_bytes()


def test_numpy_alone_reads_it(tmp_path):
    """Times bracket frames, on the clock of the file; nothing needs pickle."""
    annotation = Annotation("my talk", (Turn(70.6, 71.0, "Ännchen 0"),))
    options = formats.Options(posteriors=made(2, 70.5).posteriors, start=70.5)
    path = formats.write_file(tmp_path / "x.npz", annotation, options=options)
    with np.load(path, allow_pickle=False) as found:
        assert sorted(found) == ["format", "grid", "posteriors", "recording", "speakers", "start", "times"]
        np.testing.assert_allclose(found["times"], 70.5 + 0.01 * np.arange(51), rtol=0, atol=1e-9)
        assert found["posteriors"].shape == (50, 2)
        assert found["posteriors"].dtype == np.float32
        assert found["grid"].tolist() == [16_000, 160, 400, -120, 50]
        assert found["recording"].item() == "my talk"


def test_turns_alone_have_no_posteriors(tmp_path):
    """Nor can they be read as turns."""
    with pytest.raises(
        FormatError,
        match=r"^npz holds posteriors of frames, which turns do not have; run and batch write them$",
    ):
        formats.write_file(tmp_path / "x.npz", Annotation("x"))
    (tmp_path / "x.npz").write_bytes(dump(made()))
    with pytest.raises(FormatError, match="npz is only written, not read"):
        formats.read_file(tmp_path / "x.npz")


def changed(**arrays):
    """A file with some arrays others, or gone where None."""
    with np.load(io.BytesIO(dump(made()))) as found:
        kept = {name: found[name] for name in found} | arrays
    data = io.BytesIO()
    np.savez(data, **{name: array for name, array in kept.items() if array is not None})
    return data.getvalue()


def of_another_version():
    """Arrays as NumPy writes them for headers that are too long for the first version."""
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(dump(made()))) as source, zipfile.ZipFile(data, "w") as target:
        for info in source.infolist():
            array, content = np.lib.format.read_array(io.BytesIO(source.read(info))), io.BytesIO()
            np.lib.format.write_array(content, array, version=(2, 0))
            target.writestr(info.filename, content.getvalue())
    return data.getvalue()


def oversized():
    """A promise of a terabyte in a few bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(dump(made()))) as source, zipfile.ZipFile(data, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == "posteriors.npy":
                head = io.BytesIO()
                np.lib.format.write_array_header_1_0(
                    head, {"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**6)}
                )
                content = head.getvalue()
            target.writestr(info.filename, content)
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"hello", dump(made())[:-30], oversized(), of_another_version(),
        changed(format=np.array("something else")),
        changed(posteriors=None),
        changed(posteriors=np.ones((50, 2), np.float32)),
        changed(posteriors=np.full((50, 2), np.nan, np.float32)),
        changed(posteriors=np.ones((50, 2), np.int64)),
        changed(speakers=np.array(["a"])),
        changed(speakers=np.array([{}, {}], dtype=object)),
        changed(grid=np.array([16_000, 0, 400, -120, 50])),
        changed(grid=np.array([16_000, 160, 400])),
        changed(grid=np.array([16_000, 160, 400, -120, 10**14])),
        changed(times=np.zeros(51)),
        changed(times=np.zeros(3)),
        changed(start=np.array([0.0, 1.0])),
        changed(start=np.array(np.nan)),
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_line(tmp_path, data):
    """Nothing is unpickled, nothing huge is allocated."""
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(FormatError, match=r"x\.npz: not posteriors of this version"):
        formats.read_posteriors(tmp_path / "x.npz")


@pytest.mark.parametrize(("off", "right"), [(5e-7, True), (3e-6, False)])
def test_times_agree_with_the_grid_to_a_millionth_of_a_second(tmp_path, off, right):
    """They are for people; rounding of whoever copied them is forgiven, another clock is not."""
    times = 70.5 + 0.01 * np.arange(51) + off * (np.arange(51) == 7)
    (tmp_path / "x.npz").write_bytes(changed(times=times, start=np.array(70.5)))
    if right:
        assert formats.read_posteriors(tmp_path / "x.npz").start == 70.5
        return
    with pytest.raises(FormatError, match="not posteriors of this version"):
        formats.read_posteriors(tmp_path / "x.npz")


def test_a_file_that_is_not_there_is_named(tmp_path):
    """With the reason."""
    with pytest.raises(FormatError, match=r"none\.npz: cannot be read"):
        formats.read_posteriors(tmp_path / "none.npz")


def test_too_much_is_not_unpacked(tmp_path, monkeypatch):
    """A limit on what the archive claims."""
    monkeypatch.setattr("diarize.formats.posteriors.LARGEST", 100)
    (tmp_path / "x.npz").write_bytes(dump(made()))
    with pytest.raises(FormatError, match="at most 100 are read"):
        formats.read_posteriors(tmp_path / "x.npz")
