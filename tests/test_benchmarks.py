"""What the benchmarks take from the command line."""

from __future__ import annotations

import argparse
import runpy
import shutil
from pathlib import Path

import pytest

import diarize
from benchmarks.heldout import voices_of
from benchmarks.points import diarize_with_points

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "audio_samples"
find_corpora = runpy.run_path(str(ROOT / "benchmarks" / "corpora.py"))[
    "find_corpora"
]  # not part of the package


@pytest.fixture
def folders(tmp_path):
    """Two corpora side by side: meetings with one recording, calls with one, and a folder without any."""
    for corpus, name in (("meetings", "meeting"), ("calls", "call")):
        (tmp_path / corpus).mkdir()
        shutil.copy(SAMPLES / f"{name}.flac", tmp_path / corpus)
        shutil.copy(SAMPLES / "references" / f"{name}.rttm", tmp_path / corpus)
    (tmp_path / "rooms").mkdir()
    shutil.copy(SAMPLES / "call.flac", tmp_path / "rooms")
    return tmp_path


class TestCorpora:
    """A folder of recordings with references, or of such folders."""

    def test_a_folder_with_recordings_is_one(self, folders):
        (only,) = find_corpora(str(folders / "meetings"))
        assert only.name == "meetings"
        assert [each.path.name for each in only.recordings] == ["meeting.flac"]
        assert only.recordings[0].reference.speakers

    def test_a_folder_without_stands_for_its_folders(self, folders):
        assert [each.name for each in find_corpora(str(folders))] == ["calls", "meetings"]

    def test_recordings_of_its_own_come_first(self, folders):
        """A folder that has both holds one corpus: what lies deeper is something else."""
        for path in (folders / "meetings").iterdir():
            shutil.copy(path, folders)
        assert [each.name for each in find_corpora(str(folders))] == [folders.name]

    @pytest.mark.parametrize(("folder", "why"), [("rooms", "NAME.rttm"), ("away", "no folder")])
    def test_nothing_to_measure_is_said_in_a_line(self, folders, folder, why):
        with pytest.raises(argparse.ArgumentTypeError, match=why):
            find_corpora(str(folders / folder))

    def test_several_folders_are_laid_side_by_side(self, folders):
        parser = argparse.ArgumentParser()
        parser.add_argument("--corpus", type=find_corpora, action="extend", default=[])
        asked = parser.parse_args(["--corpus", str(folders), "--corpus", str(folders / "calls")])
        assert [each.name for each in asked.corpus] == ["calls", "meetings", "calls"]

    def test_references_in_a_folder_of_their_own_are_found(self):
        (samples,) = find_corpora(str(SAMPLES))
        assert [each.path.stem for each in samples.recordings] == [
            "call",
            "meeting",
            "monologue",
            "no_speech",
        ]
        assert samples.recordings[0].reference.speakers == ("linda", "ken")
        assert samples.recordings[0].uem.tolist() == [[0.0, 55.0]]


class TestVoices:
    """Which voices are for learning and which for tuning."""

    def test_every_voice_is_held_out_or_not_and_has_its_files_of_all_folders(self, tmp_path):
        folders = tmp_path / "a", tmp_path / "b"
        for folder in folders:
            folder.mkdir()
            for number in range(10):
                shutil.copy(SAMPLES / "no_speech.flac", folder / f"{number}.flac")
        kept, others = (voices_of(folders, held_out=k) for k in (True, False))
        assert sorted([*kept, *others]) == [str(number) for number in range(10)]
        assert sorted(kept) == ["2", "7"]  # ord("2") = 50, ord("7") = 55
        assert kept["2"] == [folder / "2.flac" for folder in folders]


def test_the_points_of_a_run_are_those_that_it_clusters():
    """One row of responsibilities for each; the result is as without looking."""
    points, result = diarize_with_points(SAMPLES / "call.flac")
    assert points is not None
    assert len(points.values) == len(result.clustering.responsibilities)
    assert result.annotation == diarize.diarize(SAMPLES / "call.flac").annotation
    assert diarize_with_points(SAMPLES / "no_speech.flac", speech=[])[0] is None
