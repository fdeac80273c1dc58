"""Results say with which bytes they were made, and other bytes do not make them again."""

from __future__ import annotations

import hashlib

import pytest

import diarize
from diarize.audio import find_voices, write
from diarize.config import Config, override
from diarize.errors import PartError
from diarize.parts import calibration, pin_checksums
from diarize.types import Waveform

from . import builders


def sha256(path):
    """As sha256sum prints it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def asking(**changes):
    """The defaults with changes of space and speech."""
    return override(Config(), changes)


@pytest.fixture
def both(tmp_path):
    """An embedding and a segmentation network."""
    return builders.embedding(tmp_path / "voice.onnx"), builders.segmentation(tmp_path / "who.onnx")


def test_parts_that_ship_need_no_checksum():
    """They go with the version of the package."""
    assert pin_checksums(Config()) == Config()


def test_parts_of_others_get_theirs(both):
    """Both, and again the same."""
    embedding, segmentation = both
    config = asking(space={"embedding": str(embedding)}, speech={"segmentation": str(segmentation)})
    found = pin_checksums(config)
    assert found.space.embedding_sha256 == sha256(embedding)
    assert found.speech.segmentation_sha256 == sha256(segmentation)
    assert pin_checksums(found) == found


def test_a_part_that_is_not_used_is_not_looked_for():
    """Another space, other speech activity."""
    config = asking(
        space={"kind": "mfcc", "embedding": "nowhere"}, speech={"method": "hmm", "segmentation": "nowhere"}
    )
    assert pin_checksums(config) == config


@pytest.mark.parametrize(("section", "key"), [("space", "embedding"), ("speech", "segmentation")])
def test_other_bytes_are_refused(both, section, key):
    """The setting, both checksums, and what to do."""
    path = both[key == "segmentation"]
    config = asking(**{section: {key: str(path), f"{key}_sha256": "0" * 64}})
    with pytest.raises(
        PartError, match=rf"{section}.{key} = .* is another file than .* 000000000000… is wanted"
    ):
        pin_checksums(config)


def test_a_recording_is_diarized_with_both_and_not_with_others(both, tmp_path, monkeypatch):
    """From file to turns, calibrated on the way; the same again; not after the file has changed."""
    folder = tmp_path / "voices"
    folder.mkdir()
    for i in range(20):
        write(folder / f"v{i}.wav", Waveform(builders.voice(4, pitch=90 + 20 * i, seed=i), 16000))
    monkeypatch.setattr(calibration, "included_voices", lambda: find_voices(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    embedding, segmentation = both
    config = asking(space={"embedding": str(embedding)}, speech={"segmentation": str(segmentation)})
    recording = Waveform(builders.voice(25), 16000, "a")
    result = diarize.diarize(recording, config)
    assert result.annotation.turns
    assert result.config == pin_checksums(config)
    assert diarize.diarize(recording, result.config).annotation == result.annotation
    builders.embedding(embedding, size=5)
    with pytest.raises(PartError, match="is another file than the settings were recorded with"):
        diarize.diarize(recording, result.config)
