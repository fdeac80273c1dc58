"""The background model: its file, what it refuses, and what is learnt from utterances."""

from __future__ import annotations

import errno
import json
import os
import pickle
import tracemalloc
import zipfile
from contextlib import suppress
from dataclasses import asdict, replace

import numpy as np
import pytest

from diarize import background
from diarize.background import (
    BackgroundModel,
    DetectionData,
    fit_background,
    load,
    load_included,
    model,
    save,
)
from diarize.config import AcousticConfig
from diarize.errors import ModelError, OutputError
from diarize.mixtures.discriminant import Discriminant
from diarize.mixtures.npz import load_arrays

from .builders import mixture

RNG = np.random.default_rng(0)
SETTINGS = AcousticConfig(n_voice=2, n_upper=0)  # three numbers a frame: with the upper band's level
SMALL = AcousticConfig(n_voice=3)
MODEL = BackgroundModel(
    ubm=mixture(0, 4, 3),
    speech=mixture(1, 2, 30),
    other=mixture(2, 3, 30),
    talk=Discriminant(RNG.normal(size=65), -0.7),
    band="wide",
    acoustics=SETTINGS,
    origin={"voices": 7, "words": "Grüße"},
)


@pytest.fixture
def stored(tmp_path):
    """The path of a saved model."""
    path = tmp_path / "model.npz"
    save(MODEL, path)
    return path


def arrays_of(path):
    """All arrays of an npz, the header among them."""
    with np.load(path) as file:
        return dict(file)


def same(one, two):
    """Whether two models agree to the bit."""
    mixtures = all(
        np.array_equal(getattr(getattr(one, m), f), getattr(getattr(two, m), f))
        for m in ("ubm", "speech", "other")
        for f in ("weights_", "means_", "covariances_")
    )
    talks = np.array_equal(one.talk.weights, two.talk.weights) and one.talk.offset == two.talk.offset
    words = all(getattr(one, f) == getattr(two, f) for f in ("band", "acoustics", "origin"))
    return mixtures and talks and words


class TestFile:
    def test_what_was_saved_is_loaded_to_the_bit(self, stored):
        """Mixtures, words and numbers."""
        assert same(load(stored), MODEL)

    def test_the_same_model_is_the_same_bytes(self, stored, tmp_path):
        """Written twice, and written again after loading; another model is other bytes."""
        again, reloaded, other = (tmp_path / name for name in ("a.npz", "b.npz", "c.npz"))
        save(MODEL, again)
        save(load(stored), reloaded)
        save(replace(MODEL, origin={}), other)
        assert again.read_bytes() == reloaded.read_bytes() == stored.read_bytes()
        assert other.read_bytes() != stored.read_bytes()
        save(replace(MODEL, origin=dict(reversed(MODEL.origin.items()))), other)
        assert other.read_bytes() == stored.read_bytes()

    def test_a_place_that_cannot_be_written_is_an_error(self, tmp_path):
        """In one line."""
        with pytest.raises(OutputError, match=r"the folder .*missing does not exist"):
            save(MODEL, tmp_path / "missing" / "model.npz")

    def test_a_model_that_cannot_be_written_whole_leaves_the_old_one(self, stored, tmp_path, monkeypatch):
        """As when the disk is full; a model takes hours to learn."""

        def full(_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        before = stored.read_bytes()
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="no space left on device"):
            save(replace(MODEL, origin={}), stored)
        assert stored.read_bytes() == before
        assert [path.name for path in stored.parent.iterdir()] == [stored.name]

    @pytest.mark.parametrize("band", ["wide", "narrow"])
    def test_a_model_ships_for_every_band(self, band):
        """With mixtures for speech activity, the features' settings, and as many dimensions as they have."""
        found = load_included(band)
        assert found.band == band
        assert found.acoustics == AcousticConfig()
        assert found.ubm.n_features_in_ == {"wide": 18, "narrow": 13}[band]
        assert found.speech.n_features_in_ == found.other.n_features_in_ == 30
        assert found.talk.weights.shape == (65,)


class TestRefusal:
    def refused(self, path, match):
        """The error is one line that names the file."""
        with pytest.raises(ModelError, match=match) as error:
            load(path)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)

    def test_a_file_that_is_not_there(self, tmp_path):
        """Nor a folder in its place."""
        self.refused(tmp_path / "none.npz", "cannot read")
        self.refused(tmp_path, "cannot read")

    @pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04 neither"])
    def test_a_file_of_something_else(self, tmp_path, content):
        """Text, nothing, or what only begins as an archive."""
        path = tmp_path / "model.npz"
        path.write_bytes(content)
        self.refused(path, "not a saved model")

    def test_an_archive_of_other_arrays(self, tmp_path):
        """Any other npz."""
        path = tmp_path / "other.npz"
        np.savez(path, x=np.ones(3))
        self.refused(path, "not a saved model")

    def test_a_saved_mixture_is_a_model_of_another_kind(self, tmp_path):
        """Though it was saved by this package."""
        path = tmp_path / "gmm.npz"
        mixture().save(path)
        self.refused(path, "not a saved model|another kind")

    def test_a_header_of_another_kind(self, stored):
        """All arrays there; another word before the same words."""
        arrays = arrays_of(stored)
        for header in ("gmm diag", str(arrays["header"]).partition(":")[2].replace("back", "fore", 1)):
            np.savez(stored, **arrays | {"header": np.array(f"diarize-models-1:{header}")})
            self.refused(stored, "another kind; pass a background model")

    @pytest.mark.parametrize("words", ["", "{", "[]", "null", '{"band": "wide"}'])
    def test_words_that_say_nothing(self, stored, words):
        """No JSON, no object, or half of one."""
        arrays = arrays_of(stored)
        arrays["header"] = np.array(f"diarize-models-1:background {words}")
        np.savez(stored, **arrays)
        self.refused(stored, "another kind")

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
    def test_half_a_file(self, stored, share):
        """Wherever the copy broke off."""
        whole = stored.read_bytes()
        stored.write_bytes(whole[: round(share * len(whole))])
        self.refused(stored, "not a saved model")

    @pytest.mark.parametrize("name", background.ARRAYS)
    def test_an_array_missing(self, stored, name):
        """Any of them."""
        arrays = arrays_of(stored)
        del arrays[name]
        np.savez(stored, **arrays)
        self.refused(stored, "not a saved model of this kind and version")

    def test_pickled_arrays_are_never_opened(self, stored, tmp_path):
        """An object that would write a file when unpickled does not."""
        witness = tmp_path / "witness"

        class Hostile:
            def __reduce__(self):
                return open, (str(witness), "w")

        assert pickle.loads(pickle.dumps(Hostile())).close() is None  # noqa: S301 (it works elsewhere)
        assert witness.exists()
        witness.unlink()
        for name in ("ubm_means", "header"):
            arrays = arrays_of(stored)
            arrays[name] = np.array([Hostile()], dtype=object)
            np.savez(tmp_path / "hostile.npz", allow_pickle=True, **arrays)
            self.refused(tmp_path / "hostile.npz", "not a saved model")
            assert not witness.exists()

    @pytest.mark.parametrize(
        ("name", "change", "said"),
        [
            ("ubm_means", lambda x: np.where(x == x.max(), np.nan, x), "not a saved model"),
            ("ubm_means", lambda x: np.where(x == x.max(), np.inf, x), "not a saved model"),
            ("talk_offset", lambda x: np.append(x, x), "another kind"),
            ("talk_offset", lambda x: x[:0], "another kind"),
            ("talk_offset", lambda x: x * np.nan, "not a saved model"),
            ("ubm_weights", lambda x: x * 2, "model.npz: "),
            ("ubm_means", lambda x: x[:, 0], "model.npz: "),
            ("other_covariances", lambda x: -x, "model.npz: "),
            ("speech_means", lambda x: x.astype(np.float32), "not a saved model"),
            ("speech_means", lambda x: x.astype(object), "not a saved model"),
            ("speech_means", lambda x: x.astype(str), "not a saved model"),
        ],
    )
    def test_arrays_that_no_model_has(self, stored, name, change, said):
        """NaN, infinity, other shapes, types and sizes."""
        arrays = arrays_of(stored)
        np.savez(stored, allow_pickle=True, **arrays | {name: change(arrays[name])})
        self.refused(stored, said)

    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("band", "ultra", "band 'ultra'"),
            ("band", ["wide"], "band"),
            ("acoustics", {"n_mfcc": 20}, "acoustics that are not"),
            ("acoustics", asdict(SETTINGS) | {"__class__": 1}, "acoustics that are not"),
            ("acoustics", asdict(SETTINGS) | {"n_mels": 10**9}, "n_mels = 1000000000; allowed: 8 to 128"),
            ("acoustics", asdict(SETTINGS) | {"hop": "10 ms"}, "hop = '10 ms'; it must be like 0.01"),
            ("acoustics", asdict(SETTINGS) | {"n_voice": True}, "n_voice = True; it must be like 13"),
            ("acoustics", asdict(SETTINGS) | {"n_voice": 3}, "3 numbers a frame where its settings give 4"),
            ("acoustics", [], "acoustics that are not"),
            ("origin", "x", "an origin"),
        ],
    )
    def test_words_that_no_model_has(self, stored, name, value, said):
        """Bands, settings and origins of the wrong kind."""
        arrays = arrays_of(stored)
        start, _, words = str(arrays["header"]).partition(" ")
        changed = json.loads(words) | {name: value}
        np.savez(stored, **arrays | {"header": np.array(f"{start} {json.dumps(changed)}")})
        self.refused(stored, said)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "shape", ["(1000000, 1000000)", "(10**12,)", "(-1,)", "(9000000,)", "(" * 500, "()"]
    )
    def test_sizes_that_are_only_claimed_are_never_allocated(self, stored, tmp_path, shape):
        """A header with numbers of its own over little data, and data that unpack to much from little."""
        header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        body = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
        hostile = tmp_path / "hostile.npz"
        with zipfile.ZipFile(stored) as old, zipfile.ZipFile(hostile, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                new.writestr(name, old.read(name) if name != "ubm_means.npy" else body + bytes(72_000_000))
        assert hostile.stat().st_size < 200_000
        tracemalloc.start()
        try:
            self.refused(hostile, "not a saved model|claims 720")
            assert tracemalloc.get_traced_memory()[1] < 2_000_000
        finally:
            tracemalloc.stop()

    def test_a_pipe_is_not_waited_for(self, tmp_path):
        """Nothing would ever come out of it."""
        os.mkfifo(tmp_path / "model.npz")
        self.refused(tmp_path / "model.npz", "not a regular file")

    @pytest.mark.parametrize("seed", range(5))
    def test_flipped_bytes_are_refused_or_read(self, stored, seed):
        """Whatever they hit, ModelError is all there is."""
        whole, rng = stored.read_bytes(), np.random.default_rng(seed)
        for _ in range(60):
            data = bytearray(whole)
            for at in rng.integers(0, len(data), 3):
                data[at] = rng.integers(0, 256)
            stored.write_bytes(data)
            with suppress(ModelError):
                load(stored)

    def test_the_words_of_a_file_are_plain_json(self, stored):
        """Anybody can read what a model was trained with."""
        kind, _ = load_arrays(stored, background.ARRAYS)
        words = json.loads(kind.removeprefix("background "))
        assert words["acoustics"]["n_mfcc"] == 20
        assert words["origin"]["words"] == "Grüße"


def test_a_model_of_an_earlier_version_has_the_usual_moving_window(stored):
    """Its file does not say; nothing else may be left out."""
    arrays = arrays_of(stored)
    start, _, words = str(arrays["header"]).partition(" ")
    told = json.loads(words)
    del told["acoustics"]["sliding_window"]
    np.savez(stored, **arrays | {"header": np.array(f"{start} {json.dumps(told)}")})
    assert load(stored).acoustics == SETTINGS
    del told["acoustics"]["hop"]
    np.savez(stored, **arrays | {"header": np.array(f"{start} {json.dumps(told)}")})
    with pytest.raises(ModelError, match="acoustics that are not the settings"):
        load(stored)


def test_a_model_that_does_not_go_with_its_own_settings_is_refused():
    """The telephone's would be two numbers a frame."""
    with pytest.raises(ModelError, match="3 numbers a frame where its settings give 2"):
        replace(MODEL, band="narrow")


class TestFitted:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        """Sizes that are learnt in a blink."""
        for name, size in {"N_COMPONENTS": 4, "N_ACTIVITY": 2}.items():
            monkeypatch.setattr(model, name, size)

    def learnt(self, seed=0, progress=lambda stage, share: None):
        """A model of frames around four places."""
        rng = np.random.default_rng(5)
        voices = mixture(3, 4, 3).means_[rng.integers(0, 4, 600)] + rng.normal(size=(600, 3))
        frames = (rng.normal(size=(300, 30)) + shift for shift in (3, -3))
        intervals = (rng.normal(size=(200, 5)) + shift for shift in (3, -3))
        return fit_background(
            voices,
            DetectionData(*frames, *intervals),
            band="narrow",
            acoustics=SMALL,
            seed=seed,
            origin={"voices": 5},
            progress=progress,
        )

    def test_the_same_frames_and_seed_are_the_same_model(self):
        """To the bit; another seed is not."""
        one = self.learnt()
        assert same(one, self.learnt())
        assert not same(one, self.learnt(seed=1))

    def test_sizes_and_words(self):
        """What goes in comes out."""
        heard = []
        found = self.learnt(progress=lambda stage, share: heard.append(stage))
        assert (found.ubm.means_.shape, found.speech.n_components) == ((4, 3), 2)
        assert (found.band, found.origin) == ("narrow", {"voices": 5})
        assert found.acoustics == SMALL
        assert heard == ["mixtures"]

    def test_speech_is_distinguished_from_other_sound(self):
        """Each mixture likes its own frames better."""
        found, rng = self.learnt(), np.random.default_rng(8)
        x = rng.normal(size=(100, 30)) + 3
        assert (found.speech.score_samples(x) > found.other.score_samples(x)).all()
        assert (found.speech.score_samples(-x) < found.other.score_samples(-x)).all()
        x = rng.normal(size=(100, 5)) + 3
        assert (found.talk.log_odds(x) > 0).all()
        assert (found.talk.log_odds(-x) < 0).all()
