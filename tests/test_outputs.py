"""Where results go, and what is in the way there."""

from __future__ import annotations

import numpy as np
import pytest

from diarize.annotation import Annotation, Turn
from diarize.clustering import no_speakers
from diarize.config import Config
from diarize.errors import OutputError
from diarize.pipeline import Diarization, result_files
from diarize.types import FrameGrid, Posteriors, SpeechMask

GRID = FrameGrid(16_000, 160, 400, -120, 100)


@pytest.fixture
def result():
    """Half a second of one speaker."""
    return Diarization(
        Annotation("a", (Turn(0.2, 0.7, "SPEAKER_00"),)),
        Posteriors(np.zeros((100, 0), np.float32), GRID, ()),
        no_speakers(),
        SpeechMask(np.ones(100, bool), GRID),
        "wide",
        1.0,
        (),
        Config(),
        {},
    )


def test_results_lie_beside_the_recording_or_in_a_folder(tmp_path, result):
    """The picture is nothing but a picture, and the same result the same bytes."""
    recording, seen = tmp_path / "a.wav", set()
    for folder in (None, tmp_path / "out"):
        plan = result_files.plan_result_files(recording, folder, ("rttm", "csv"))
        assert result_files.write_results(result, plan, recording) == plan.paths
        place = folder or tmp_path
        assert [path.name for path in sorted(place.glob("a.*"))] == ["a.csv", "a.png", "a.rttm"]
        png = (place / "a.png").read_bytes()
        assert b"a.rttm" not in png
        seen.add(png)
    assert len(seen) == 1


@pytest.mark.parametrize("name", ["a.rttm", "a.png", "a.report.html"])
def test_whatever_is_there_is_left_alone_before_any_work(tmp_path, result, name):
    """Ours or not; --overwrite replaces it."""
    recording = tmp_path / "a.wav"
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match=rf"{name}: exists already; --overwrite"):
        result_files.plan_result_files(recording, page=True)
    plan = result_files.plan_result_files(recording, page=True, overwrite=True)
    result_files.write_results(result, plan, recording, "page")
    assert (tmp_path / name).read_bytes() != b"mine"


def test_what_is_not_asked_for_is_in_nobodys_way(tmp_path):
    """Another format, no picture."""
    (tmp_path / "a.rttm").write_text("mine")
    (tmp_path / "a.png").write_text("mine")
    assert result_files.plan_result_files(tmp_path / "a.wav", None, ("csv",), picture=False).paths == (
        tmp_path / "a.csv",
    )


def test_elan_finds_the_recording_from_where_the_result_is(tmp_path, result):
    """Beside it or elsewhere."""
    for folder, way in ((None, "./a.wav"), (tmp_path / "out", "../a.wav")):
        plan = result_files.plan_result_files(tmp_path / "a.wav", folder, ("eaf",), picture=False)
        result_files.write_results(result, plan, tmp_path / "a.wav")
        assert f'RELATIVE_MEDIA_URL="{way}"' in plan.annotations["eaf"].read_text()


def test_a_folder_that_may_not_be_written_to_is_known_before_the_work(tmp_path, monkeypatch):
    """root may write anywhere, so the system's answer is made up."""
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(OutputError, match="cannot be written to"):
        result_files.plan_result_files(tmp_path / "a.wav")


def test_a_file_that_appears_during_the_work_is_not_replaced(tmp_path, result):
    """It was not there when the names were chosen."""
    recording = tmp_path / "a.wav"
    plan = result_files.plan_result_files(recording)
    (tmp_path / "a.rttm").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        result_files.write_results(result, plan, recording)
    assert (tmp_path / "a.rttm").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    """A file stands where the folder should."""
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="cannot be made a folder"):
        result_files.plan_result_files(tmp_path / "a.wav", tmp_path / "out")


def test_clashes_are_found_by_place_not_by_name(tmp_path):
    """Same stem in one folder clashes, in two folders not."""
    one = result_files.plan_result_files(tmp_path / "a.wav")
    assert result_files.find_clashes([one, result_files.plan_result_files(tmp_path / "a.flac")]) == one.paths
    assert result_files.find_clashes([one, result_files.plan_result_files(tmp_path / "b" / "a.wav")]) == ()
