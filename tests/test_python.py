"""The package as somebody uses it in Python: what goes in, what comes out, and a notebook."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

import diarize
from diarize.annotation import Annotation, Turn
from diarize.errors import ConfigError, DiarizeError, InputError
from diarize.types import Waveform

ROOT = Path(__file__).parent.parent
CALL = ROOT / "audio_samples" / "call.flac"
TURNS = Annotation(
    "talk", (Turn(0, 2, "Ann", 0.9, "Bob"), Turn(2, 3, "Bob & <Co>", text="Hello."), Turn(62, 3700, "Ann"))
)


@pytest.fixture(scope="module")
def result():
    """Of the sample call."""
    return diarize.diarize(CALL, num_speakers=2)


@pytest.mark.slow
def test_a_recording_may_be_given_in_any_usual_way():
    """The same turns from each, under a name where there is one."""
    quick = {"num_speakers": 2, "end": 10.0}
    result = diarize.diarize(CALL, **quick)
    samples, rate = soundfile.read(CALL, dtype="float32")
    data = CALL.read_bytes()
    with CALL.open("rb") as file:
        ways = {
            "text": str(CALL),
            "file": file,
            "in memory": io.BytesIO(data),
            "bytes": data,
            "samples": (samples, rate),
            "stereo": (np.column_stack((samples, samples)), rate),
            "channels first": (np.vstack((samples, samples)), rate),
            "whole numbers": (np.round(samples * 32768).astype(np.int16), rate),
            "waveform": Waveform(samples, rate, "call"),
        }
        found = {name: diarize.diarize(each, **quick).annotation for name, each in ways.items()}
    for name in ("text", "file", "in memory", "bytes"):
        assert found[name].turns == result.annotation.turns
    for each in found.values():  # sound in memory is resampled in one piece
        assert [t.speaker for t in each] == [t.speaker for t in result.annotation]
        assert np.allclose(each.intervals(), result.annotation.intervals(), atol=0.05)
    assert {found[name].recording for name in ("text", "file", "waveform")} == {"call"}
    assert found["bytes"].recording == "recording"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (3, "a recording given as int"),
        (None, "a recording given as NoneType"),
        (("a", 16_000), "samples given as str"),
        ((np.zeros(9), "a"), "a sample rate given as str"),
        (io.StringIO("text"), "reads text"),
    ],
)
def test_what_is_no_recording_is_a_clear_type_error(given, problem):
    """And one of ours."""
    with pytest.raises(TypeError, match=problem) as caught:
        diarize.diarize(given)
    assert isinstance(caught.value, DiarizeError)
    assert isinstance(caught.value, InputError)


@pytest.mark.parametrize(
    "more",
    [
        {"num_speakers": 0},
        {"num_speakers": 2, "max_speakers": 3},
        {"min_speakers": 4, "max_speakers": 3},
        {"num_speakers": "two"},
    ],
)
def test_a_number_that_cannot_be_is_a_clear_value_error(more):
    """And one of ours."""
    with pytest.raises(ValueError, match="speakers") as caught:
        diarize.diarize(CALL, **more)
    assert isinstance(caught.value, ConfigError)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"num_speakers": 0}, "num_speakers = 0; give a whole number from 1 to 100, or leave it out"),
        ({"max_speakers": 2.0}, "max_speakers = 2.0; give a whole number from 1 to 100, or leave it out"),
        ({"min_speakers": True}, "min_speakers = True; give a whole number from 1 to 100, or leave it out"),
    ],
)
def test_a_number_that_cannot_be_is_reported_under_the_name_of_the_argument(more, problem):
    """And not under that of a setting, which the caller has not given."""
    with pytest.raises(ConfigError) as caught:
        diarize.diarize(CALL, **more)
    assert str(caught.value) == problem


def test_whole_numbers_of_numpy_are_numbers_of_speakers():
    """As a table or a loop over np.arange gives them."""
    config = diarize.diarize(CALL, num_speakers=np.int64(2), end=10.0).config
    assert (config.clustering.min_speakers, config.clustering.max_speakers) == (2, 2)


def test_numbers_of_speakers_are_settings():
    """As the options of the program are."""
    config = diarize.diarize(CALL, min_speakers=2, max_speakers=4, end=10.0).config
    assert (config.clustering.min_speakers, config.clustering.max_speakers) == (2, 4)


def test_an_annotation_is_a_collection_of_turns():
    """Length, iteration, turns by number, speakers by name."""
    assert (len(TURNS), list(TURNS), TURNS[1]) == (3, list(TURNS.turns), TURNS.turns[1])
    assert [turn.start for turn in TURNS["Ann"]] == [0, 62]
    with pytest.raises(KeyError, match="no speaker is called 'An'; did you mean 'Ann'"):
        TURNS["An"]
    assert repr(TURNS) == "<Annotation 'talk': 3 turns of 2 speakers to 1:01:40>"
    assert len(repr(Annotation("empty"))) < 80


def test_a_notebook_shows_a_small_timeline():
    """Names as text, whatever they hold."""
    html = TURNS._repr_html_()
    assert html.count("<rect") == 3
    assert "Bob &amp; &lt;Co&gt;" in html
    assert "<Co>" not in html
    assert "<svg" in Annotation("empty")._repr_html_()


def test_crop_cuts_turns():
    """At both ends."""
    assert [(t.start, t.end, t.speaker) for t in TURNS.crop(1.5, 2.5)] == [
        (1.5, 2, "Ann"),
        (2, 2.5, "Bob & <Co>"),
    ]


def test_pyannote_and_back():
    """Times and speakers; overlap too."""
    pytest.importorskip("pyannote.core")
    both = Annotation("talk", (Turn(0, 2, "Ann"), Turn(1, 3, "Bob"), Turn(1, 3, "Cid")))
    theirs = both.to_pyannote()
    assert (theirs.uri, sorted(theirs.labels())) == ("talk", ["Ann", "Bob", "Cid"])
    assert Annotation.from_pyannote(theirs) == both


def test_a_data_frame_has_a_row_a_turn():
    """Where pandas is installed."""
    pytest.importorskip("pandas")
    frame = TURNS.to_dataframe()
    assert list(frame.speaker) == ["Ann", "Bob & <Co>", "Ann"]
    assert frame.columns[0] == "recording"


def test_results_are_written_and_drawn(tmp_path, result):
    """Every format by its suffix; a picture; a page."""
    for name in ("a.rttm", "a.srt", "a.json", "a.npz", "a.TextGrid"):
        assert result.write(tmp_path / name) == tmp_path / name
    assert TURNS.write(tmp_path / "b.vtt", confidence=True).exists()
    assert result.plot().axes
    assert TURNS.plot().axes
    assert "<html" in result.report(tmp_path / "a.html", CALL).read_text(encoding="utf-8")
    with pytest.raises(DiarizeError, match="exists already"):
        result.write(tmp_path / "a.rttm")


def test_a_result_is_short_to_look_at(result):
    """Not thousands of characters."""
    assert len(repr(result)) < 200
    assert "2 speakers" in repr(result)
    assert result._repr_html_().startswith("<div>")
    assert diarize.__version__.count(".") == 2


def test_speakers_have_a_place_and_how_sure_it_is(result):
    """Surer with more speech; places of two speakers are apart by more than that."""
    one, other = result.speakers["SPEAKER_00"], result.speakers["SPEAKER_01"]
    assert one.seconds + other.seconds == pytest.approx(sum(t.duration for t in result.annotation))
    assert one.n_turns + other.n_turns == len(result.annotation)
    assert one.vector.shape == other.vector.shape == result.voices.between.shape
    assert one.seconds > other.seconds
    assert 0 < one.variance < other.variance
    apart = one.vector - other.vector
    assert apart @ apart > 2 * len(apart) * (one.variance + other.variance)
    assert {each.speaker: each.mean.tolist() for each in result.voices.speakers} == {
        name: each.vector.tolist() for name, each in result.speakers.items()
    }


@pytest.mark.slow
def test_the_notebook_runs(tmp_path, monkeypatch):
    """Every cell, in a folder with the samples."""
    shutil.copytree(ROOT / "audio_samples", tmp_path / "audio_samples")
    monkeypatch.chdir(tmp_path)
    cells = json.loads((ROOT / "docs" / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    names: dict = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)  # noqa: S102 - our own notebook
    assert (tmp_path / "call.eaf").exists()
