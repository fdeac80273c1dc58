"""What is learnt of an embedding from voices: by hand where it can be, and kept by checksum."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.audio import find_voices, open_recording, write
from diarize.errors import PartError
from diarize.parts import calibration, calibration_of
from diarize.parts.calibration import (
    calibration_path,
    equal_error,
    find_calibration,
    fit_calibration,
    included_voices,
    load_calibration,
    save_calibration,
    voice_vectors,
)
from diarize.parts.catalogue import CATALOGUE
from diarize.types import Waveform

from . import builders


class Pitch:
    """An embedding of four numbers: how often the samples cross zero, how much they differ, and constants."""

    name, rate, dimension = "pitch", 16000, 4

    def __init__(self, checksum="a" * 64):
        self.checksum, self.asked = checksum, []

    def embed(self, blocks, bounds):
        """As the protocol has it."""
        sound = np.concatenate(list(blocks))
        self.asked.append(np.asarray(bounds))
        pieces = [sound[start:end] for start, end in bounds]
        rows = [(np.mean(np.diff(np.sign(p)) != 0), np.log(np.std(np.diff(p)) + 1e-6), 1, 0) for p in pieces]
        return np.array(rows, dtype="f").reshape(-1, 4)


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    """A folder of 24 voices of other pitch, five seconds each."""
    folder = tmp_path_factory.mktemp("readers")
    for i in range(24):
        write(folder / f"v{i:02d}.wav", Waveform(builders.voice(5, pitch=90 + 25 * i, seed=i), 16000))
    return folder


def drawn(n_voices, n_windows, between, seed=0):
    """Vectors (n, 41) of voices whose means vary by ``between`` in ten directions; windows vary by one in 40.

    The last number is large and the same everywhere, so that taking the length off changes nothing else.
    """
    rng = np.random.default_rng(seed)
    means = np.pad(between * rng.standard_normal((n_voices, 10)), ((0, 0), (0, 30)))
    speakers = np.repeat(np.arange(n_voices), n_windows)
    moving = means[speakers] + rng.standard_normal((len(speakers), 40))
    return np.pad(moving, ((0, 0), (0, 1)), constant_values=1e4), speakers


def test_what_was_put_in_is_found():
    """Ten directions in which voices differ nine times as much as windows; none in which they do not."""
    model = fit_calibration(*drawn(400, 8, between=3.0))
    assert model.projection.shape == (41, 41)
    np.testing.assert_allclose(model.between[:9], 9, rtol=0.35)
    assert model.between[10:].max() < 0.5


def test_voices_decide_how_many_dimensions_there_are():
    """A third of them, 16 at least."""
    assert len(fit_calibration(*drawn(100, 8, 3.0)).between) == 33
    assert len(fit_calibration(*drawn(30, 8, 3.0)).between) == 16


def test_the_equal_error_is_none_for_clear_voices_and_a_half_for_none():
    """Of voices that the model was not taught."""
    assert equal_error(*drawn(60, 6, between=20.0)) < 0.01
    assert equal_error(*drawn(60, 6, between=0.0)) == pytest.approx(0.5, abs=0.06)
    assert 0.02 < equal_error(*drawn(60, 6, between=1.0)) < 0.3


def test_vectors_that_know_no_voice_are_refused():
    """All the same, or too few."""
    with pytest.raises(PartError, match="x: gives the same vector for every voice"):
        fit_calibration(np.ones((40, 8)), np.repeat(np.arange(20), 2), "x")
    with pytest.raises(PartError, match="x: cannot be calibrated"):
        fit_calibration(*drawn(20, 1, 3.0), "x")


def test_windows_are_the_loud_ones_of_every_voice(tmp_path, readers):
    """A second and a half each, none of a pause, eight at most, in each of three conditions."""
    sound = np.concatenate((builders.voice(6), np.zeros(48000, dtype="f"), builders.voice(30)))
    write(tmp_path / "long.wav", Waveform(sound, 16000))
    extractor = Pitch()
    paths = {**find_voices(readers), "long": [tmp_path / "long.wav"]}
    seen = []
    vectors, speakers = voice_vectors(extractor, paths, lambda stage, share: seen.append((stage, share)))
    assert len(vectors) == len(speakers)
    counts = np.bincount(speakers)
    assert counts[:24].tolist() == [9] * 24
    assert 22 <= counts[24] <= 24  # echo of the voice may fill a pause
    starts, ends = extractor.asked[-3].T
    assert len(starts) == 8
    assert set(ends - starts) == {24000}
    assert not ((starts < 144_000) & (ends > 96_000)).any()
    assert seen[-1] == ("calibration", 1.0)
    assert [share for _, share in seen] == sorted(share for _, share in seen)


def test_a_voice_of_several_recordings_gives_a_part_of_each(tmp_path, readers):
    """Eight windows in all."""
    extractor = Pitch()
    paths = find_voices(readers)
    paths["v00"] = paths["v00"] + paths["v01"] + paths["v02"] + paths["v03"]
    _, speakers = voice_vectors(extractor, paths)
    assert [len(bounds) for bounds in extractor.asked[:12]] == [2] * 12
    assert (speakers == 0).sum() == 24


def test_too_few_voices_are_refused(readers):
    """Twenty at least, two hundred are better."""
    few = dict(list(find_voices(readers).items())[:19])
    with pytest.raises(PartError, match="19 voices to calibrate with; 20 are needed"):
        voice_vectors(Pitch(), few)


def test_an_unknown_embedding_is_calibrated_once(tmp_path, readers, monkeypatch):
    """At first use, kept by its checksum; another checksum is another embedding."""
    monkeypatch.setattr(calibration, "included_voices", lambda: find_voices(readers))
    extractor = Pitch()
    assert find_calibration(extractor, tmp_path) is None
    model = calibration_of(extractor, cache=tmp_path)
    assert len(extractor.asked) == 72
    assert find_calibration(extractor, tmp_path) == tmp_path / "calibrations" / f"{'a' * 64}.npz"
    again = calibration_of(extractor, cache=tmp_path)
    assert len(extractor.asked) == 72
    np.testing.assert_array_equal(again.projection, model.projection)
    other = Pitch("b" * 64)
    calibration_of(other, cache=tmp_path)
    assert len(other.asked) == 72


def test_a_damaged_calibration_is_computed_again(tmp_path, readers, monkeypatch):
    """Half a file, or one of another kind."""
    monkeypatch.setattr(calibration, "included_voices", lambda: find_voices(readers))
    extractor = Pitch()
    place = calibration_path(extractor, tmp_path)
    calibration_of(extractor, cache=tmp_path)
    whole = place.read_bytes()
    place.write_bytes(whole[: len(whole) // 2])
    calibration_of(extractor, cache=tmp_path)
    assert len(extractor.asked) == 144
    assert place.read_bytes() == whole


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path, readers, monkeypatch):
    """The calibration is there all the same."""
    monkeypatch.setattr(calibration, "included_voices", lambda: find_voices(readers))
    (tmp_path / "taken").write_bytes(b"")
    model = calibration_of(Pitch(), cache=tmp_path / "taken")
    assert model.mean.shape == (4,)


def test_what_is_saved_is_restored(tmp_path):
    """To the bit."""
    model = fit_calibration(*drawn(60, 4, 2.0))
    save_calibration(tmp_path / "new" / "a.npz", model)
    found = load_calibration(tmp_path / "new" / "a.npz")
    for name in ("mean", "projection", "between"):
        np.testing.assert_array_equal(getattr(found, name), getattr(model, name))


def test_the_calibration_of_campplus_ships(tmp_path):
    """By the checksum of the published file; nothing is embedded for it."""
    extractor = Pitch(CATALOGUE["campplus"].sha256)
    model = calibration_of(extractor, cache=tmp_path)
    assert extractor.asked == []
    assert model.projection.shape == (192, 64)
    assert (np.diff(model.between) <= 0).all()
    own = fit_calibration(*drawn(60, 4, 2.0))
    save_calibration(calibration_path(extractor, tmp_path), own)  # the user's own comes first
    assert calibration_of(extractor, cache=tmp_path).mean.shape == (41,)


def test_the_voices_that_ship_are_as_the_notice_says():
    """200 readers of up to twelve seconds, six megabytes at most."""
    found = included_voices()
    files = [path for paths in found.values() for path in paths]
    assert len(found) == len(files) == 200
    assert sum(path.stat().st_size for path in files) <= 6_000_000
    for path in files[::25]:
        recording = open_recording(path)
        assert recording.header.rate == 16000
        assert 10 <= len(recording.waveform().samples) / 16000 <= 12.1
