"""The two plain formats: evaluation maps and label lines."""

from __future__ import annotations

import numpy as np
import pytest
import written
from hypothesis import given

from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError
from diarize.formats import lab, uem


def test_uem_is_read_as_intervals():
    """Sorted, merged, channels together, comments and empty intervals skipped."""
    intervals = uem.load(";; map\n# of two\nb 1 5 6.5\na 1 3.0 4\r\na 2 0.5 3.5\na 1 9 9\n")
    assert {name: rows.tolist() for name, rows in intervals.items()} == {"b": [[5, 6.5]], "a": [[0.5, 4]]}


def test_uem_is_written_on_the_millisecond():
    """Four fields; an interval that vanishes is left out."""
    rows = np.array([[7.0001, 7.0002], [0.0004, 2.0006]])
    assert uem.dump({"my call": rows}) == "my_call 1 0.000 2.001\n"


def test_annotation_as_uem_is_where_anybody_speaks():
    """Overlap is united, names are gone."""
    assert uem.write([written.MEETING]) == "meeting 1 0.000 3725.001\n"
    assert uem.read("r 1 0 2\n") == {"r": Annotation("r", (Turn(0, 2, "speech"),))}


@pytest.mark.parametrize("line", ["a 1 0", "a 1 0 1 2", "a 1 3 2", "a 1 x 2", "a 1 -1 2"])
def test_uem_faults_name_file_and_line(line):
    """Wrong counts, times that run backwards, no numbers."""
    with pytest.raises(FormatError, match=r"^mine\.uem:2: "):
        uem.read(f"a 1 0 1\n{line}\n", "mine.uem")


def test_uem_faults_name_the_field():
    """Which of the two times it is."""
    with pytest.raises(FormatError, match=r":1: the start is 'x'; a number of seconds"):
        uem.read("a 1 x 2")
    with pytest.raises(FormatError, match=r":1: the end is 'y'; a number of seconds"):
        uem.read("a 1 0 y")


def test_a_map_without_a_file_is_called_after_the_format():
    """In lower case."""
    with pytest.raises(FormatError, match=r"^text\.uem:1: "):
        uem.load("a 1 0")


def test_pyannote_reads_our_uem(tmp_path):
    """An independent reader finds the same intervals."""
    util = pytest.importorskip("pyannote.database.util")
    path = tmp_path / "x.uem"
    path.write_text(uem.dump({"r": np.array([[0.5, 4], [6, 7.25]])}))
    assert [(s.start, s.end) for s in util.load_uem(path)["r"]] == [(0.5, 4), (6, 7.25)]


def test_lab_golden():
    """Start, end, label."""
    expected = "0.000 1.500 Ann\n1.500 62.000 Bob\n61.250 3725.001 Ann\n"
    assert lab.write([written.MEETING]) == expected


def test_lab_takes_its_name_from_the_file_and_the_rest_of_the_line():
    """A label may hold blanks; an empty file is an annotation without turns."""
    assert lab.read("0 1.5 Mr  Green\n", "talk.lab")["talk"].turns == (Turn(0, 1.5, "Mr Green"),)
    assert lab.read("", "talk.lab") == {"talk": Annotation("talk")}
    assert lab.read(" \t0 1 XX \v\f\n", "talk.lab")["talk"].speakers == ("XX",)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("0 1", ""),
        ("2 1 A", "a turn from 2 to 1 s"),
        ("a 1 c", "the start is 'a'"),
        ("0 b c", "the end is 'b'"),
    ],
)
def test_lab_faults_name_file_and_line(line, problem):
    """Wrong counts, times that run backwards, no numbers."""
    with pytest.raises(FormatError, match=rf"^mine\.lab:2: {problem}"):
        lab.read(f"0 1 A\n{line}\n", "mine.lab")


def test_one_recording_a_lab_file():
    """Two recordings are refused rather than mixed."""
    with pytest.raises(FormatError, match="one recording in a file, got 2"):
        lab.write([written.MEETING, written.MEETING])


@given(written.annotations())
def test_lab_round_trip(annotation):
    """Every turn comes back."""
    assert lab.read(lab.write([annotation]), "meeting.lab") == {"meeting": annotation}


def test_uem_names_with_blanks_are_read_from_the_end_of_the_line():
    """The three fields behind them have none; what is no channel there is a line of something else."""
    assert uem.load("my call 1 0 10.5\ncall 2 A 3 4\n").keys() == {"my call", "call 2"}
    with pytest.raises(FormatError, match=r"x\.uem:1: 5 fields"):
        uem.load("a 1 0 10 20\n", "x.uem")


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("0 12300000 A\n12300000 45600000 B\n", (Turn(0, 1.23, "A"), Turn(1.23, 4.56, "B"))),
        ("0 500000 sil\n500000 1250000 A -73.5\n", (Turn(0.05, 0.125, "A"),)),
        ("0 1 A\n1 86400 B\n", (Turn(0, 1, "A"), Turn(1, 86400, "B"))),
        ("0 1230000.5 A\n", (Turn(0, 1230000.5, "A"),)),
        ("0.0 2 sil\n", (Turn(0, 2, "sil"),)),
    ],
)
def test_lab_files_of_htk_are_distinguished_from_seconds(text, turns):
    """Whole numbers beyond eleven days in seconds are units of 100 ns."""
    assert lab.read(text, "a.lab")["a"].turns == turns
    with pytest.raises(FormatError, match=r"a\.lab:1: 2 fields"):
        lab.read("0 12300000\n", "a.lab")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("#1_call 1 0 10.5", "#1_call"),
        (";x 1 0 10.5", ";x"),
        ("#1 call 1 0 10.5", "#1 call"),
        ("# 1 0 10.5", None),
        ("#call from 2 o'clock", None),
        (";;call 1 0 10.5", None),
        ("# call", None),
    ],
)
def test_names_that_begin_like_comments(line, name):
    """A recording called ``#1 call`` is not lost."""
    assert uem.load(f"a 1 0 1\n{line}\n").keys() == {"a", *([name] if name else [])}
    if name:
        assert name.replace(" ", "_") in uem.load(uem.dump(uem.load(line)))
