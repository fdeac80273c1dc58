"""Whose files lie where results go: ours and unchanged, or somebody else's."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest

from diarize import outputs
from diarize.clustering import nobody
from diarize.config import Config
from diarize.errors import OutputError
from diarize.pipeline import Diarization
from diarize.types import Annotation, FrameGrid, Posteriors, SpeechMask, Turn

GRID = FrameGrid(16_000, 160, 400, -120, 100)


@pytest.fixture
def result():
    """Half a second of one speaker."""
    return Diarization(
        Annotation("a", (Turn(0.2, 0.7, "SPEAKER_00"),)),
        Posteriors(np.zeros((100, 0), np.float32), GRID, ()),
        nobody(),
        SpeechMask(np.ones(100, bool), GRID),
        "wide",
        1.0,
        (),
        Config(),
        {},
    )


def chunks(png):
    """Kinds of the chunks of a PNG, every checksum verified."""
    place, kinds = 8, []
    while place < len(png):
        length = int.from_bytes(png[place : place + 4], "big")
        body = png[place + 4 : place + 8 + length]
        assert zlib.crc32(body) == int.from_bytes(png[place + 8 + length : place + 12 + length], "big")
        kinds.append(body[:4])
        place += 12 + length
    return kinds


def test_the_mark_is_one_valid_chunk_however_often_it_is_rewritten(tmp_path, result):
    """The picture stays a picture, and the same result the same bytes."""
    recording, seen = tmp_path / "a.wav", set()
    for formats in (("rttm",), ("csv",), ("rttm",), ("csv",)):
        outputs.written(result, outputs.target(recording, None, formats), recording)
        png = (tmp_path / "a.png").read_bytes()
        assert chunks(png).count(b"tEXt") == 1
        assert chunks(png)[0] == b"IHDR"
        seen.add(png)
    assert len(seen) == 2  # with one and then with both files


@pytest.mark.parametrize("formats", [("rttm",), ("rttm", "eaf"), ("kaldi",)])
def test_own_unchanged_files_are_replaced(tmp_path, result, formats):
    """Also when the second run draws no picture, and a third one does."""
    recording = tmp_path / "a.wav"
    for number, picture in enumerate((True, False, False, True)):
        other = Annotation("a", (Turn(number, number + 0.7, "SPEAKER_00"),))
        plan = outputs.target(recording, tmp_path / "out", formats, picture=picture)
        outputs.written(replace(result, annotation=other), plan, recording)
        assert plan.note == ""
        assert chunks((tmp_path / "out" / "a.png").read_bytes()).count(b"tEXt") == 1


def test_a_changed_file_is_not_replaced(tmp_path, result):
    """Somebody has corrected the turns."""
    recording, folder = tmp_path / "a.wav", tmp_path / "out"
    outputs.written(result, outputs.target(recording, folder), recording)
    (folder / "a.rttm").write_text("better\n")
    with pytest.raises(OutputError, match=r"a\.rttm: exists already"):
        outputs.target(recording, folder)
    assert outputs.target(recording, folder, ("csv",)).annotations["csv"] == folder / "a.csv"


def test_hidden_files_in_a_folder_of_results_do_not_count(tmp_path, result):
    """A killed process leaves them, and file managers do; a changed file in it counts."""
    recording, folder = tmp_path / "a.wav", tmp_path / "out"
    outputs.written(result, outputs.target(recording, folder, ("kaldi",)), recording)
    (folder / "a.kaldi" / ".segments.0123abcd.part").write_text("half")
    plan = outputs.target(recording, folder, ("kaldi",))
    (folder / "a.kaldi" / "segments").write_text("better\n")
    with pytest.raises(OutputError, match=r"a\.kaldi: exists already"):
        outputs.target(recording, folder, ("kaldi",))
    outputs.written(result, plan, recording)
    assert outputs.target(recording, folder, ("kaldi",)).paths == plan.paths


def test_a_later_run_in_another_format_does_not_vouch_for_a_changed_file(tmp_path, result):
    """The new picture says nothing of the turns that somebody has corrected."""
    recording, folder = tmp_path / "a.wav", tmp_path / "out"
    outputs.written(result, outputs.target(recording, folder), recording)
    (folder / "a.rttm").write_text("better\n")
    outputs.written(result, outputs.target(recording, folder, ("csv",)), recording)
    with pytest.raises(OutputError, match=r"a\.rttm"):
        outputs.target(recording, folder)


def test_a_folder_that_may_not_be_written_to_is_known_before_the_work(tmp_path, monkeypatch):
    """root may write anywhere, so the system's answer is made up."""
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(OutputError, match="may not be written to"):
        outputs.target(tmp_path / "a.wav")


def test_a_file_without_a_picture_that_vouches_for_it_is_not_replaced(tmp_path, result):
    """Nobody can know whose it is."""
    recording, folder = tmp_path / "a.wav", tmp_path / "out"
    outputs.written(result, outputs.target(recording, folder, picture=False), recording)
    with pytest.raises(OutputError):
        outputs.target(recording, folder, picture=False)
    plan = outputs.target(recording, folder, picture=False, overwrite=True)
    assert outputs.written(result, plan, recording) == (folder / "a.rttm",)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + b"x" * 40, b"mine"])
def test_another_programs_picture_is_not_replaced(tmp_path, content):
    """Whatever is in it."""
    (tmp_path / "a.png").write_bytes(content)
    plan = outputs.target(tmp_path / "a.wav")
    assert plan.stem.name == "a.diarize"
    assert "a.png" in plan.note
    (tmp_path / "a.diarize.rttm").write_text("mine")
    with pytest.raises(OutputError, match=r"a\.diarize\.rttm"):
        outputs.target(tmp_path / "a.wav")


def test_a_file_that_appears_during_the_work_is_not_replaced(tmp_path, result):
    """It was not there when the names were chosen."""
    recording = tmp_path / "a.wav"
    plan = outputs.target(recording)
    (tmp_path / "a.rttm").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        outputs.written(result, plan, recording)
    assert (tmp_path / "a.rttm").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    """A file stands where the folder should."""
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="cannot be made a folder"):
        outputs.target(tmp_path / "a.wav", tmp_path / "out")


def test_clashes_are_found_by_place_not_by_name(tmp_path):
    """Same stem in one folder clashes, in two folders not."""
    one = outputs.target(tmp_path / "a.wav")
    assert outputs.clashes([one, outputs.target(tmp_path / "a.flac")]) == one.paths
    assert outputs.clashes([one, outputs.target(tmp_path / "b" / "a.wav")]) == ()


def test_a_page_is_vouched_for_like_the_turns(tmp_path, result):
    """An own unchanged one is replaced, a changed one is not."""
    recording, folder = tmp_path / "a.wav", tmp_path / "out"
    for text in ("one", "two"):
        plan = outputs.target(recording, folder, page=True)
        assert folder / "a.report.html" in outputs.written(result, plan, recording, text)
        assert (folder / "a.report.html").read_text() == text
    (folder / "a.report.html").write_text("mine")
    with pytest.raises(OutputError, match=r"a\.report\.html"):
        outputs.target(recording, folder, page=True)
    assert outputs.target(recording, folder).page is None


def test_a_file_that_cannot_be_read_is_nobodys_own(tmp_path, result):
    """A folder with a folder in it, where the turns were."""
    recording, folder = tmp_path / "a.wav", tmp_path / "out"
    outputs.written(result, outputs.target(recording, folder), recording)
    (folder / "a.rttm").unlink()
    (folder / "a.rttm" / "deep").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"a\.rttm: exists already, and no picture beside it"):
        outputs.target(recording, folder)
