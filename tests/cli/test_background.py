"""``diarize background``: what training is asked to do, what a model is said to be, and what is refused."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from diarize import background, training


@pytest.fixture
def corpora(tmp_path):
    """Two corpora that both know a speaker called ann, and a folder of rooms."""
    for name in ("one/ann/1.wav", "one/ann/deep/2.flac", "one/bob.ogg", "two/ann.wav", "rooms/b.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "rooms" / "a.flac").touch()
    (tmp_path / "rooms" / "notes.txt").touch()
    return tmp_path


@pytest.fixture
def asked(monkeypatch):
    """Training answers the included narrow model; this is what it was asked."""
    seen = []

    def trained(plan, band, *, progress):
        seen.append((plan, band))
        return background.load_included("narrow")

    monkeypatch.setattr(training, "train_background", trained)
    return seen


def test_train_collects_voices_and_rooms_and_says_what_it_wrote(cli, corpora, asked):
    """Speakers called alike in two corpora are two; the file is the model that came of it."""
    out = corpora / "model.npz"
    words = ["--rooms", corpora / "rooms", "--band", "narrow", "--rounds", 3, "--seed", 7, "--jobs", 1]
    result = cli("background", "train", corpora / "one", corpora / "two", "-o", out, *words)
    assert (result.exit_code, result.stderr) == (0, "")
    ((plan, band),) = asked
    assert band == "narrow"
    assert {name: [p.name for p in files] for name, files in plan.voices.items()} == {
        "one/ann": ["1.wav", "2.flac"],
        "one/bob": ["bob.ogg"],
        "two/ann": ["ann.wav"],
    }
    assert [p.name for p in plan.rooms] == ["a.flac", "b.wav"]
    assert (plan.rounds, plan.seed, plan.jobs) == (3, 7, 1)
    assert background.load(out).acoustics == background.load_included("narrow").acoustics
    assert result.stdout.splitlines()[0] == str(out)
    assert "  band: narrow" in result.stdout.splitlines()


def test_train_without_rooms_uses_none(cli, corpora, asked):
    """And the defaults that help tells."""
    assert cli("background", "train", corpora / "two", "-o", corpora / "m.npz").exit_code == 0
    ((plan, band),) = asked
    assert (list(plan.rooms), band, plan.rounds, plan.seed, plan.jobs) == ([], "wide", 8, 0, 2)


def test_what_cannot_be_trained_is_refused_before_the_work(cli, corpora, asked):
    """An unknown band, a file in the way, an empty corpus, rooms that are not there."""
    taken = corpora / "taken.npz"
    taken.write_text("mine")
    one = corpora / "one"
    assert cli("background", "train", one, "-o", corpora / "m.npz", "--band", "broad").exit_code == 2
    for words, told in (
        ([one, "-o", taken], "exists already"),
        ([one, "-o", corpora / "no" / "m.npz"], "does not exist"),
        ([corpora / "one" / "ann" / "deep" / "2.flac", "-o", corpora / "m.npz"], "no folder of voices"),
        ([one, "-o", corpora / "m.npz", "--rooms", corpora / "room"], "did you mean rooms?"),
    ):
        result = cli("background", "train", *words)
        assert result.exit_code == 1
        assert told in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert asked == []
    assert taken.read_text() == "mine"
    assert cli("background", "train", one, "-o", taken, "--overwrite").exit_code == 0
    assert taken.read_text(errors="replace") != "mine"


def test_info_describes_the_included_models(cli):
    """Sizes as the models have them, for people and as JSON."""
    printed = cli("background", "info").stdout
    facts = json.loads(cli("background", "info", "--json").stdout)["models"]
    assert list(facts) == ["wide", "narrow"]
    for band, told in facts.items():
        model = background.load_included(band)
        assert told["band"] == band
        assert (told["components"], told["dimensions"]) == model.ubm.means_.shape
        assert told["speech_components"] == len(model.speech.weights_)
        assert told["talk_weights"] == len(model.talk.weights) == 65
        assert told["acoustics"] == asdict(model.acoustics)
        assert told["origin"] == model.origin
        assert f"{band}\n  band: {band}\n  components: {told['components']}\n" in printed
    assert "  acoustics: " in printed
    assert "_" not in printed.split("acoustics")[0]


def test_info_of_a_file_is_of_that_file(cli, tmp_path):
    """A file that is none is refused in one line."""
    path = tmp_path / "model.npz"
    background.save(background.load_included("narrow"), path)
    facts = json.loads(cli("background", "info", path, "--json").stdout)["models"]
    assert [(name, each["band"]) for name, each in facts.items()] == [(str(path), "narrow")]
    path.write_text("no model")
    for wrong in (path, tmp_path / "modle.npz"):
        result = cli("background", "info", wrong)
        assert result.exit_code == 1
        assert len(result.stderr.splitlines()) == 1
