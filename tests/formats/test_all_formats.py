"""All formats: files are found, refused and written atomically."""

from __future__ import annotations

import errno
import importlib
import os
import time
from pathlib import Path

import numpy as np
import pytest
import written

from diarize import files, formats
from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError, OutputError
from diarize.types import FrameGrid, Posteriors

ONE = Annotation("talk", (Turn(0, 1, "Ann"),))


def test_every_format_is_whole():
    """The table names each format once, with its own suffix, and every format writes."""
    suffixes = [each.suffix.lower() for each in formats.FORMATS.values()]
    assert len(set(suffixes)) == len(suffixes)
    assert all(name == each.name for name, each in formats.FORMATS.items())


@pytest.mark.parametrize("name", [name for name, each in formats.FORMATS.items() if each.read])
def test_what_is_written_is_read(tmp_path, name):
    """Through a real file, by suffix alone."""
    path = tmp_path / f"talk{formats.FORMATS[name].suffix}"
    assert formats.write_file(path, ONE) == path
    assert [each.intervals().tolist() for each in formats.read_file(path).values()] == [[[0, 1]]]
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_unknown_names_get_a_hint():
    """A near miss names the nearest format; an unknown suffix lists the known."""
    with pytest.raises(FormatError, match=r"no format is called 'rtm'.*did you mean rttm\?"):
        formats.format_of("x", "rtm")
    with pytest.raises(FormatError, match=r"no format is called 'zzz'.*; choose one of them$"):
        formats.format_of("x", "zzz")
    with pytest.raises(FormatError, match=r"the suffix '\.xyz' is not one of \.rttm"):
        formats.format_of("x.xyz")


def test_named_format_beats_the_suffix(tmp_path):
    """``--format lab`` into a file called .txt."""
    formats.write_file(tmp_path / "talk.txt", ONE, "LAB")
    assert (tmp_path / "talk.txt").read_text() == "0.000 1.000 Ann\n"


def test_options_reach_their_format(tmp_path):
    """Confidence, duration and media, each where there is a place for it."""
    sure = Annotation("talk", (Turn(0, 1, "Ann", confidence=0.75),))
    options = formats.Options(confidence=True, duration=9.5, media="talk.flac")
    expected = {".rttm": " 0.750 <NA>", ".TextGrid": "xmax = 9.500", ".eaf": 'MEDIA_URL="talk.flac"'}
    for suffix, words in expected.items():
        path = formats.write_file(tmp_path / f"talk{suffix}", sure, options=options)
        assert words in path.read_text()
        plain = formats.write_file(path, sure, overwrite=True)
        assert words not in plain.read_text()


def test_existing_files_are_kept_without_overwrite(tmp_path):
    """Nothing is overwritten by accident."""
    path = tmp_path / "talk.rttm"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        formats.write_file(path, ONE)
    assert path.read_text() == "mine"
    formats.write_file(path, ONE, overwrite=True)
    assert path.read_text().startswith("SPEAKER talk 1 0.000 1.000")


def test_full_disk_leaves_nothing(tmp_path, monkeypatch):
    """The old file stays, no half-written one appears, and the reason is one line."""
    path = tmp_path / "talk.rttm"
    path.write_text("old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"no space left on device") as caught:
        formats.write_file(path, ONE, overwrite=True)
    assert "\n" not in str(caught.value)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["talk.rttm"]


def test_a_file_is_renamed_into_place(tmp_path, monkeypatch):
    """So that until then the old one is there, whole."""
    path = tmp_path / "talk.rttm"
    path.write_text("old")
    held = []

    def stopped(beside, target):
        held.append((Path(beside).read_text(), Path(target).read_text()))
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(OutputError, match="input/output error"):
        formats.write_file(path, ONE, overwrite=True)
    assert held == [("SPEAKER talk 1 0.000 1.000 <NA> <NA> Ann <NA> <NA>\n", "old")]
    assert [entry.name for entry in tmp_path.iterdir()] == ["talk.rttm"]


def test_what_killed_processes_left_goes_once_it_is_old(tmp_path):
    """Beside the same place only; what another process may be writing right now stays."""
    path = tmp_path / "talk[1].rttm"
    names = (".talk[1].rttm.0123abcd.part", ".talk[1].rttm.ffffffff.part", ".talk1.rttm.0123abcd.part")
    for name, age in zip(names, (1000, 60, 1000), strict=True):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    formats.write_file(path, ONE)
    assert {each.name for each in tmp_path.iterdir()} == {path.name, *names[1:]}


def test_places_that_cannot_be_written(tmp_path):
    """No folder, a folder, a device."""
    with pytest.raises(OutputError, match="does not exist"):
        formats.write_file(tmp_path / "no" / "talk.rttm", ONE)
    with pytest.raises(OutputError, match="a folder; name a file"):
        formats.write_file(tmp_path, ONE, "rttm")
    with pytest.raises(OutputError, match=r": not a regular file; name one$"):
        formats.write_file("/dev/null", ONE, "rttm", overwrite=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder(tmp_path):
    """A folder without write permission gives one line."""
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="permission denied"):
        formats.write_file(tmp_path / "talk.rttm", ONE)


def test_files_that_cannot_be_read(tmp_path):
    """Absent, a folder, binary, not UTF-8, absurdly large."""
    path = tmp_path / "x.rttm"
    with pytest.raises(FormatError, match="no such file"):
        formats.read_file(path)
    with pytest.raises(FormatError, match="a folder"):
        formats.read_file(tmp_path, "rttm")
    path.write_bytes(b"RIFF\x00\x00")
    with pytest.raises(FormatError, match="binary data"):
        formats.read_file(path)
    path.write_bytes("SPEAKER a 1 0 1 <NA> <NA> A <NA>\nZoë".encode("latin-1"))
    with pytest.raises(FormatError, match=r"x\.rttm:2: not UTF-8"):
        formats.read_file(path)
    with path.open("wb") as file:
        file.truncate(files.LARGEST + 1)
    with pytest.raises(FormatError, match="at most 100000000 bytes"):
        formats.read_file(path)


def test_other_trouble_of_the_system_is_named(tmp_path, monkeypatch):
    """With the file, in the system's words."""

    def broken(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    path = formats.write_file(tmp_path / "x.rttm", ONE)
    monkeypatch.setattr(Path, "read_bytes", broken)
    with pytest.raises(FormatError, match=r"x\.rttm: cannot be read \(input/output error\); check its perm"):
        formats.read_file(path)


@pytest.mark.parametrize("name", [name for name, each in formats.FORMATS.items() if each.read])
def test_text_without_a_file_is_called_after_the_format(name):
    """What has no name of its own gets one, with the suffix as the table has it."""
    with pytest.raises(FormatError, match=rf"^text\{formats.FORMATS[name].suffix}:"):
        importlib.import_module(f"diarize.formats.{name}").read("a b c d")


def test_encodings(tmp_path):
    """UTF-16 as Praat writes it, a byte order mark, old Mac line ends."""
    path = tmp_path / "talk.lab"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be"):
        mark = "\ufeff" if encoding == "utf-16-be" else ""
        path.write_bytes(f"{mark}0 1 Zoë\r1 2 李雷\r\n".encode(encoding))
        assert formats.read_file(path)["talk"].speakers == ("Zoë", "李雷")


def test_uem_files(tmp_path):
    """Maps have their own door."""
    formats.write_uem(tmp_path / "x.uem", {"r": [[0, 1.5]]})
    assert formats.read_uem(tmp_path / "x.uem")["r"].tolist() == [[0, 1.5]]
    with pytest.raises(OutputError, match="exists already"):
        formats.write_uem(tmp_path / "x.uem", {"r": [[0, 2]]})
    formats.write_uem(tmp_path / "x.uem", {"r": [[0, 2]]}, overwrite=True)
    assert formats.read_uem(tmp_path / "x.uem")["r"].tolist() == [[0, 2]]


def test_lone_surrogates_do_not_stop_a_file(tmp_path):
    """A name out of an undecodable file name is written as a field of RTTM can hold it."""
    formats.write_file(tmp_path / "x.rttm", Annotation("caf\udce9", written.MEETING.turns))
    assert set(formats.read_file(tmp_path / "x.rttm")) == {"caf_"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lab", "lab"),
        ("audacity", "Audacity"),
        ("textgrid", "TextGrid"),
        ("eaf", "ELAN"),
        ("webvtt", "WebVTT"),
        ("srt", "SRT"),
        ("npz", "npz"),
    ],
)
@pytest.mark.parametrize("number", [0, 2])
def test_a_file_of_one_recording_takes_neither_none_nor_two(tmp_path, name, said, number):
    """The format is called as people call it."""
    grid = FrameGrid(16_000, 160, 400, -120, 5)
    options = formats.Options(posteriors=Posteriors(np.zeros((5, 0), np.float32), grid, ()))
    with pytest.raises(
        FormatError, match=f"^{said} holds one recording in a file, got {number}; write a file"
    ):
        formats.write_file(tmp_path / "x", [ONE] * number, name, options=options)
    assert not list(tmp_path.iterdir())
