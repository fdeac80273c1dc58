"""Voices on disk: names of all kinds, files of all kinds."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

from diarize.errors import ModelError, OutputError
from diarize.identity import Voice, load, load_folder, save, voice_path
from diarize.identity.store import MAX_BYTES
from diarize.mixtures.npz import save_arrays

from .builders import corner, voice, voice_embeddings

NAMES = (
    "Anna", "Anna Maria  B.", "Jürgen Ångström", "王小明", "../../etc/passwd", "a/b\\c", "..", ".hidden",
    "con", "100 %", "%41nna", "x" * 60, "o'Neil \"Q\"", "*?<>|:", "-rf",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_kept_and_stays_in_its_folder(tmp_path, name):
    """Nothing is written elsewhere."""
    path = save(voice(name, corner("++++")), tmp_path / "voices")
    assert path.parent == tmp_path / "voices"
    assert [each.name for each in tmp_path.rglob("*")] == ["voices", path.name]
    assert load(path).name == name
    assert load_folder(tmp_path / "voices")[0].name == name


def test_different_names_are_different_files(tmp_path):
    """None of them hides another."""
    assert len({voice_path(tmp_path, name) for name in NAMES}) == len(NAMES)
    assert voice_path(tmp_path, "e\u0301") == voice_path(tmp_path, "\u00e9")  # one name in two spellings


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\nb", "a\0b", "\u202ea", "🎤" * 60, "SPEAKER_07"])
def test_impossible_names_are_refused(tmp_path, name):
    """In one line."""
    with pytest.raises(ModelError, match="a voice called"):
        save(voice(name, corner("++++")), tmp_path)


def test_a_voice_is_restored_as_it_was(tmp_path):
    """All recordings, the same bytes twice."""
    whole = Voice("Ann", voice_embeddings(corner("+0+0"), corner("0+0+")))
    first = save(whole, tmp_path / "a").read_bytes()
    assert save(whole, tmp_path / "b").read_bytes() == first
    found = load(tmp_path / "a" / "Ann.voice.npz").embeddings
    for name in ("means", "variances", "seconds", "between"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole.embeddings, name))
    assert found.model == whole.embeddings.model


def test_an_existing_voice_is_not_lost(tmp_path):
    """Unless it may be."""
    save(voice("Ann", corner("++++")), tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        save(voice("Ann", corner("----")), tmp_path)
    save(voice("Ann", corner("----")), tmp_path, overwrite=True)
    assert load(voice_path(tmp_path, "Ann")).embeddings.means[0, 0] < 0


def arrays(**changed):
    """What a voice file of two dimensions holds."""
    own = {
        "means": np.ones((1, 2)),
        "variances": np.ones(1),
        "seconds": np.ones(1),
        "between": np.ones(2),
    }
    return own | changed


WORDS = {"version": 3, "name": "Ann", "model": "m"}


def saved(path, words=WORDS, **changed):
    """A file as save writes it, with some arrays changed."""
    save_arrays(path, "voice " + json.dumps(words), arrays(**changed))
    return path


def test_the_unchanged_file_is_a_voice(tmp_path):
    """So that the next tests fail for their own reason."""
    assert load(saved(tmp_path / "a.voice.npz")).name == "Ann"


@pytest.mark.parametrize(
    "changed",
    [
        {"means": np.full((1, 2), np.nan)},
        {"means": np.ones((1, 3))},
        {"means": np.ones(2)},
        {"variances": np.full(1, np.inf)},
        {"variances": -np.ones(1)},
        {"seconds": np.zeros(1)},
        {"between": np.zeros(2)},
        {"means": np.zeros((0, 2)), "variances": np.zeros(0), "seconds": np.zeros(0)},
    ],
)
def test_arrays_that_no_recording_gives_are_refused(tmp_path, changed):
    """Not finite, of another shape, or with variances that are none."""
    with pytest.raises(ModelError, match=r"a\.voice\.npz: not a voice"):
        load(saved(tmp_path / "a.voice.npz", **changed))


@pytest.mark.parametrize(
    "words",
    [
        {},
        [],
        WORDS | {"version": 2},
        {"version": 3, "model": "m"},
        {"version": 3, "name": "Ann"},
        WORDS | {"name": "SPEAKER_00"},
        WORDS | {"name": "a\nb"},
    ],
)
def test_other_headers_are_refused(tmp_path, words):
    """Another version, no name, no model, a name that no voice has."""
    with pytest.raises(ModelError, match=r"a\.voice\.npz: not a voice"):
        load(saved(tmp_path / "a.voice.npz", words))


def test_files_that_are_something_else_are_refused(tmp_path):
    """Text, an empty file, a folder, another npz, a pickle, a promise of terabytes, too many bytes."""
    text = tmp_path / "text.voice.npz"
    text.write_text("hello")
    empty = tmp_path / "empty.voice.npz"
    empty.touch()
    other = tmp_path / "other.voice.npz"
    np.savez(other, a=np.zeros(3))
    model = tmp_path / "model.voice.npz"
    save_arrays(model, "background {}", arrays())
    pickled = tmp_path / "pickled.voice.npz"
    np.savez(pickled, header=np.array([{}], dtype=object), **arrays())
    for path in (text, empty, other, model, pickled, oversized(tmp_path), tmp_path, tmp_path / "none"):
        with pytest.raises(ModelError, match=path.name):
            load(path)
    large = tmp_path / "large.voice.npz"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ModelError, match="more than any voice has"):
        load(large)


def oversized(folder):
    """A small file whose header claims eight terabytes."""
    good = saved(folder / "good.npz")
    path = folder / "boasting.voice.npz"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "means.npy":
                head = io.BytesIO()
                np.lib.format.write_array_header_1_0(
                    head, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)}
                )
                data = head.getvalue()
            target.writestr(info.filename, data)
    good.unlink()
    return path


def test_a_folder_must_hold_voices_of_different_names(tmp_path):
    """And must be one."""
    for path, complaint in ((tmp_path, "no voices in it"), (tmp_path / "none", "no such folder")):
        with pytest.raises(ModelError, match=complaint):
            load_folder(path)
    saved(tmp_path / "one.voice.npz")
    with pytest.raises(ModelError, match="a file, not a folder"):
        load_folder(tmp_path / "one.voice.npz")
    saved(tmp_path / "two.voice.npz")
    with pytest.raises(ModelError, match="two files hold the voice of 'Ann'"):
        load_folder(tmp_path)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    """A file stands where the folder should."""
    (tmp_path / "voices").write_text("")
    with pytest.raises(OutputError, match=r"deep: cannot be made a folder \(not a directory\); choose"):
        save(voice("Anna", corner("++++")), tmp_path / "voices" / "deep")
