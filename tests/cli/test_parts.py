"""``diarize parts``: what is known, what is here, what it is, and whether it is well."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from parts import builders

from diarize.audio import write
from diarize.parts.calibration import load_calibration
from diarize.parts.catalogue import CATALOGUE
from diarize.parts.download import checksum_of
from diarize.types import Waveform


@pytest.fixture
def cache(tmp_path):
    """A cache with an embedding and a segmentation network that were copied there."""
    (tmp_path / "parts").mkdir()
    builders.embedding(tmp_path / "parts" / "mine.onnx")
    builders.segmentation(tmp_path / "parts" / "who.onnx")
    return tmp_path


def test_list_says_all_that_is_known(cli, cache):
    """Address, size, licence and SHA-256, and what is here."""
    result = cli("parts", "list", "--cache", cache)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert (
        "campplus: CAM++, Chinese and English, 192 dimensions, 16 kHz (3D-Speaker), Apache-2.0, 28.3 MB"
        in lines
    )
    for entry in CATALOGUE.values():
        assert f"  address {entry.address}" in lines
        assert f"  sha256 {entry.sha256}" in lines
    assert any(line.startswith("mine: copied here") and line.endswith("; in the cache") for line in lines)
    assert lines[-1] == f"cache: {cache / 'parts'}"


def test_list_as_a_document(cli, cache):
    """The same for programs."""
    document = json.loads(cli("parts", "list", "--json", "--cache", cache).stdout)
    assert [each["name"] for each in document["parts"]] == [*CATALOGUE, "mine", "who"]
    assert document["parts"][-1]["here"] == str(cache / "parts" / "who.onnx")
    assert document["parts"][0]["here"] is None


def test_get_puts_a_part_into_the_cache(cli, cache, monkeypatch):
    """By name; a second time it is there already."""
    source = cache / "parts" / "mine.onnx"
    entry = replace(
        CATALOGUE["campplus"],
        address=source.as_uri(),
        size=source.stat().st_size,
        sha256=checksum_of(source),
    )
    monkeypatch.setitem(CATALOGUE, "campplus", entry)
    place = cache / "parts" / "campplus.onnx"
    assert cli("parts", "get", "campplus", "--cache", cache).stdout == f"{place}\n"
    assert cli("parts", "get", "campplus", "--cache", cache).stdout == f"{place} (already there)\n"
    assert cli("parts", "info", "campplus", "--cache", cache).stdout.splitlines()[0] == str(place)


def test_get_by_address_and_checksum(cli, cache):
    """Under another name."""
    source = cache / "parts" / "mine.onnx"
    words = ["parts", "get", source.as_uri(), "--cache", cache, "--name", "other"]
    assert "--sha256" in cli(*words).stderr
    result = cli(*words, "--sha256", checksum_of(source))
    assert result.stdout == f"{cache / 'parts' / 'other.onnx'}\n"
    assert "fetched by address" in cli("parts", "list", "--cache", cache).stdout


def test_info_says_what_a_file_is(cli, cache):
    """Kind, rate, features, inputs, outputs, metadata, calibration."""
    result = cli("parts", "info", cache / "parts" / "mine.onnx", "--cache", cache)
    assert (result.exit_code, result.stderr) == (0, "")
    for line in (
        "  kind: embedding",
        "  dimension: 6",
        "  features: filter bank of 80",
        "  framework: 3d-speaker",
        "  rate: 16000",
        "  inputs: x float (?, ?, 80)",
        "  calibration: computed at first use",
    ):
        assert line in result.stdout.splitlines()
    document = json.loads(cli("parts", "info", "who", "--json", "--cache", cache).stdout)
    assert (document["kind"], document["local_speakers"]) == ("segmentation", 3)
    assert document["metadata"]["window_size"] == "160000"
    assert document["sha256"] == checksum_of(cache / "parts" / "who.onnx")


@pytest.mark.parametrize("words", [["info", "nothing"], ["calibrate", "nothing"], ["calibrate", "who"]])
def test_what_is_no_such_part_is_one_line(cli, cache, words):
    """And exit code 1."""
    result = cli("parts", *words, "--cache", cache)
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1


def test_check_finds_what_is_damaged(cli, cache):
    """All parts are looked at, and the exit code says that one is not well."""
    assert cli("parts", "check", "--cache", cache / "empty").stdout.startswith("no parts in")
    result = cli("parts", "check", "--cache", cache)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "mine: valid (no checksum is known)",
        "who: valid (no checksum is known)",
    ]
    (cache / "parts" / "campplus.onnx").write_bytes((cache / "parts" / "mine.onnx").read_bytes())
    (cache / "parts" / "mine.onnx").write_bytes(b"cut")
    result = cli("parts", "check", "--cache", cache)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == ["who: valid (no checksum is known)"]
    campplus, mine = result.stderr.splitlines()
    assert campplus.startswith("campplus: SHA-256 ")
    assert f"{CATALOGUE['campplus'].sha256} is expected" in campplus
    assert mine.startswith("mine: ")


def test_calibrate_uses_own_voices(cli, cache, tmp_path):
    """Into the cache by checksum, or wherever it is asked for."""
    folder = tmp_path / "voices"
    folder.mkdir()
    for i in range(20):
        write(folder / f"v{i}.wav", Waveform(builders.voice(4, pitch=90 + 20 * i, seed=i), 16000))
    result = cli("parts", "calibrate", "mine", "--voices", folder, "--cache", cache)
    assert (result.exit_code, result.stderr) == (0, "")
    place = cache / "calibrations" / f"{checksum_of(cache / 'parts' / 'mine.onnx')}.npz"
    first, second, third = result.stdout.splitlines()
    assert first == str(place)
    assert second == "  voices: 20, windows: 120, dimensions: 6"
    assert third.startswith("  equal error rate of pairs of windows, cross-validated: ")
    assert load_calibration(place).mean.shape == (6,)
    assert f"calibration: {place}" in cli("parts", "info", "mine", "--cache", cache).stdout
    out = tmp_path / "own.npz"
    words = ["parts", "calibrate", "mine", "--voices", folder, "--cache", cache, "--output", out]
    assert cli(*words).exit_code == 0
    np.testing.assert_array_equal(load_calibration(out).mean, load_calibration(place).mean)
    assert "exists already" in cli(*words).stderr


@pytest.mark.parametrize("option", ["--embedding", "--segmentation"])
@pytest.mark.parametrize("command", ["run", "batch"])
def test_a_part_that_is_not_there_is_refused_before_any_work(cli, calls, talk, tmp_path, command, option):
    """One line for all recordings, nothing heard, nothing written."""
    where = [talk / "talk.wav"] if command == "run" else [talk, "--output", tmp_path / "out"]
    result = cli(command, *where, option, "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: nowhere: neither a file nor the name of a part")
    assert len(result.stderr.splitlines()) == 1
    assert calls == []
    assert not (tmp_path / "out").exists()


def test_a_result_is_not_made_again_with_another_part(cli, calls, talk, cache, tmp_path):
    """Its settings hold the checksum; an option names the part anew."""
    who = cache / "parts" / "who.onnx"
    words = ["run", talk / "talk.wav", "--json", "--output", tmp_path / "out"]
    document = json.loads(cli(*words, "--segmentation", who).stdout)
    assert calls[-1]["config"].speech.segmentation_sha256 == checksum_of(who)
    (tmp_path / "earlier.json").write_text(json.dumps(document))
    again = [*words, "--overwrite", "--config", tmp_path / "earlier.json"]
    assert cli(*again).exit_code == 0
    builders.segmentation(who, ending="Softmax")
    result = cli(*again)
    assert result.exit_code == 1
    assert "speech.segmentation" in result.stderr
    assert "is another file than the settings were recorded with" in result.stderr
    assert cli(*again, "--segmentation", who).exit_code == 0
    assert calls[-1]["config"].speech.segmentation_sha256 == checksum_of(who)


def test_an_unknown_embedding_is_calibrated_before_the_first_recording(cli, calls, talk, cache, monkeypatch):
    """Once."""
    from diarize.parts import calibration

    asked = []

    def calibrated(embedding, progress):
        asked.append(embedding.name)
        assert calls == []

    monkeypatch.setattr(calibration, "calibration_of", calibrated)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    words = [
        "run",
        talk / "talk.wav",
        "--output",
        cache / "out",
        "--embedding",
        cache / "parts" / "mine.onnx",
    ]
    assert cli(*words).exit_code == 0
    assert asked == ["mine"]
    assert len(calls) == 1


@pytest.mark.parametrize("command", ["enroll", "link"])
def test_voices_are_enrolled_and_linked_with_other_parts_too(cli, talk, tmp_path, command):
    """The option is there, and a part that is not is refused first."""
    words = {"enroll": ["Ann", talk / "talk.wav", "-o", tmp_path], "link": [talk, "-o", tmp_path / "out"]}
    result = cli(command, *words[command], "--embedding", "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nowhere: neither a file nor the name of a part" in result.stderr
