"""RTTM as NIST writes it, and as strangers do."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import pairwise
from tempfile import NamedTemporaryFile

import pytest
import written
from hypothesis import given
from hypothesis import strategies as st

from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError
from diarize.formats import rttm

MD_EVAL = shutil.which("md-eval.pl", path="/usr/lib/sctk/bin") or shutil.which("md-eval.pl")

GOLDEN = """\
SPEAKER meeting 1 0.000 1.500 <NA> <NA> Ann <NA> <NA>
SPEAKER meeting 1 1.500 60.500 <NA> <NA> Bob <NA> <NA>
SPEAKER meeting 1 61.250 3663.751 <NA> <NA> Ann <NA> <NA>
"""


def test_ten_fields_and_rounded_boundaries():
    """Boundaries are rounded, durations follow from them, and what vanishes is left out."""
    assert rttm.write([written.MEETING]) == GOLDEN


def test_confidence_only_when_asked():
    """The ninth field holds it with three decimals, or <NA> where it is not known."""
    ninth = [line.split()[8] for line in rttm.write([written.MEETING], confidence=True).splitlines()]
    assert ninth == ["0.988", "0.500", "<NA>"]


def test_touching_turns_touch_after_rounding():
    """Rounding durations would leave a millisecond between, or an overlap of one."""
    turns = tuple(Turn(i * 0.3337, (i + 1) * 0.3337, "ABC"[i % 3]) for i in range(1000))
    back = rttm.read(rttm.write([Annotation("r", turns)]))["r"].turns
    assert all(a.end == b.start for a, b in pairwise(back))


def test_files_of_other_programs_are_read():
    """Nine fields, tabs, CRLF, a byte order mark, comments, other records, no length, several recordings."""
    text = (
        "\ufeff;; made by hand\r\n"
        "SPKR-INFO a 1 <NA> <NA> <NA> adult_female Zoë <NA>\r\n"
        "SPEAKER a 1 1.10 2.20 <NA> <NA> Zoë <NA>\r\n"
        "  SPEAKER\ta\t2\t3.3\t.5\t<NA>\t<NA>\t李雷\t0.25\t<NA>\r\n"
        "\r\n"
        "NON-SPEECH a 1 4.0 1.0 <NA> noise <NA> <NA> <NA>\r\n"
        "SPEAKER a 1 5.0 0.000 <NA> <NA> Zoë <NA> <NA>\r\n"
        "SPEAKER b 1 0 1e1 <NA> <NA> x\u00a0y -3.5 <NA> more fields\n"
        "SPEAKER b 1 20 1 <NA> <NA> x\u00a0y 1.5 <NA>\n"
        "SPEAKER b 1 30 1 <NA> <NA> x\u00a0y 1 <NA>\n"
        "SPEAKER c 1 0 <NA> <NA> <NA> x <NA> <NA>"
    )
    b = (Turn(0, 10, "x\u00a0y"), Turn(20, 21, "x\u00a0y"), Turn(30, 31, "x\u00a0y", confidence=1.0))
    assert rttm.read(text) == {
        "a": Annotation(
            "a", (Turn(1.1, 3.3, "Zoë", channel=1), Turn(3.3, 3.8, "李雷", confidence=0.25, channel=2))
        ),
        "b": Annotation("b", b),
        "c": Annotation("c"),
    }


def test_channels_stay_where_there_are_several():
    """Of a call: what is read is written again; letters are old numbers, and a lone 1 says nothing."""
    text = (
        "SPEAKER call 1 0.000 1.000 <NA> <NA> A <NA> <NA>\nSPEAKER call 2 1.000 1.000 <NA> <NA> B <NA> <NA>\n"
        "SPEAKER mono 1 0.000 1.000 <NA> <NA> A <NA> <NA>\n"
    )
    found = rttm.read(text)
    assert [turn.channel for turn in (*found["call"], *found["mono"])] == [1, 2, None]
    assert rttm.write(list(found.values())) == text
    assert rttm.read(text.replace("call 1", "call A").replace("call 2", "call b")) == found
    assert [t.channel for t in rttm.read(text.replace("call 1", "call <NA>"))["call"]] == [None, 2]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("SPEAKER a 1 1.0 -2.0 <NA> <NA> A <NA> <NA>", "duration of -2.0"),
        ("SPEAKER a 1 -1.0 2.0 <NA> <NA> A <NA> <NA>", "from -1.0"),
        ("SPEAKER a 1 one 2.0 <NA> <NA> A <NA> <NA>", "'one'"),
        ("SPEAKER a 1 1_0 2.0 <NA> <NA> A <NA> <NA>", "'1_0'"),
        ("SPEAKER a 1 nan 2.0 <NA> <NA> A <NA> <NA>", "'nan'"),
        ("SPEAKER a 1 1e999 2.0 <NA> <NA> A <NA> <NA>", "'1e999'"),
        ("SPEAKER a 1 1.0 2.0 <NA> <NA> A", "8 fields"),
        ("SPEAKER a 1 1.0 2.0", "5 fields"),
        ("SPEAKER", "1 fields"),
        ("1.0\t2.0\tAnn", "is this RTTM?"),
    ],
)
def test_faults_name_file_and_line(line, problem):
    """One line that says where, what was given and what is allowed."""
    with pytest.raises(FormatError) as caught:
        rttm.read(f"SPEAKER a 1 0 1 <NA> <NA> A <NA> <NA>\n\n{line}\n", "mine.rttm")
    message = str(caught.value)
    assert message.startswith("mine.rttm:3: ")
    assert problem in message
    assert "\n" not in message


def test_names_become_single_fields_and_stay_apart():
    """Blanks of every kind become ``_``; a name that is then taken already gets a number."""
    turns = tuple(Turn(i, i + 1, name) for i, name in enumerate(["a b", "a_b", "a\tb", "\u2028", "a\n;;b"]))
    lines = rttm.write([Annotation("the\nmeeting", turns)]).splitlines()
    assert [line.split(" ")[7] for line in lines] == ["a_b_2", "a_b", "a_b_3", "_", "a_;;b"]
    assert {line.split(" ")[1] for line in lines} == {"the_meeting"}
    assert {len(line.split()) for line in lines} == {10}


@given(written.annotations())
def test_round_trip_is_lossless_to_the_millisecond(annotation):
    """Every turn comes back, also when turns of one speaker overlap or repeat."""
    assert rttm.read(rttm.write([annotation])).get("meeting", Annotation("meeting")) == annotation


@given(st.lists(st.tuples(written.ANY, st.floats(0, 1e6), st.floats(0.001, 1e5)), max_size=8))
def test_anything_written_is_read(rows):
    """Any name and any time give lines of ten fields, with as many speakers as there were."""
    annotation = Annotation("r", tuple(Turn(a, a + d, name) for name, a, d in rows))
    back = rttm.read(rttm.write([annotation])).get("r", Annotation("r"))
    assert len(back.turns) == len(annotation.turns)
    assert len(back.speakers) == len(annotation.speakers)


@given(written.annotations(names=written.UNQUOTED))
def test_pyannote_reads_the_same(annotation):
    """An independent reader finds the same turns."""
    util = pytest.importorskip("pyannote.database.util")
    with NamedTemporaryFile("w", suffix=".rttm", encoding="utf-8") as file:
        file.write(rttm.write([annotation]))
        file.flush()
        found = util.load_rttm(file.name).get("meeting")
    tracks = found.itertracks(yield_label=True) if found else ()
    theirs = [(round(s.start * 1000), round(s.end * 1000), str(name)) for s, _, name in tracks]
    assert sorted(theirs) == sorted(written.rows(annotation))


def speakers_in_any_line(path):
    """Recordings and speakers for readers that pass over SPKR-INFO and take every other line for a turn."""
    rows = [line.split() for line in path.read_text().splitlines() if not line.startswith("SPKR-INFO")]
    assert all(len(row) >= 9 and float(row[4]) > 0 for row in rows)
    return {(row[1], row[7]) for row in rows}


def test_a_recording_in_which_nobody_speaks_has_no_line(tmp_path):
    """Whatever reads it, nobody speaks in it: simple readers, pyannote, meeteval and NIST's md-eval."""
    silent, other = Annotation("a b"), Annotation("c", (Turn(0.0, 1.0, "Ann"), Turn(2.0, 2.0001, "Bob")))
    for name, each in (("none", [silent]), ("one", [silent, other])):
        (tmp_path / name).write_text(rttm.write(each))
    assert rttm.write([silent]) == ""
    assert speakers_in_any_line(tmp_path / "none") == set()
    assert speakers_in_any_line(tmp_path / "one") == {("c", "Ann")}
    load = pytest.importorskip("pyannote.database.util").load_rttm
    assert load(tmp_path / "none") == {}
    assert {name: len(each) for name, each in load(tmp_path / "one").items()} == {"c": 1}


def test_meeteval_takes_it_for_nobody(tmp_path):
    """Where it is installed."""
    io = pytest.importorskip("meeteval.io", reason="meeteval is not installed")
    (tmp_path / "none.rttm").write_text(rttm.write([Annotation("a")]))
    assert len(io.RTTM.load(tmp_path / "none.rttm").to_seglst()) == 0


@pytest.mark.skipif(not MD_EVAL, reason="NIST's md-eval (package sctk) is not installed")
def test_md_eval_takes_it_for_nobody(tmp_path):
    """All that the reference has is missed."""
    (tmp_path / "none.rttm").write_text(rttm.write([Annotation("a")]))
    (tmp_path / "ref.rttm").write_text(rttm.write([Annotation("a", (Turn(1, 3, "Ann"),))]))
    command = [MD_EVAL, "-r", tmp_path / "ref.rttm", "-s", tmp_path / "none.rttm"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert re.search(r"MISSED SPEAKER TIME = +2\.00 secs", said)
    assert re.search(r"FALARM SPEAKER TIME = +0\.00 secs", said)


@pytest.mark.parametrize(
    ("line", "recording", "speaker", "confidence"),
    [
        ("SPEAKER my call 1 2.5 3 <NA> <NA> Ann <NA> <NA>", "my call", "Ann", None),
        ("SPEAKER my call 1 2.5 3 <NA> <NA> Ann <NA>", "my call", "Ann", None),
        ("SPEAKER call 2 1 2.5 3 <NA> <NA> Ann 0.25 <NA>", "call 2", "Ann", 0.25),
        ("SPEAKER a 1 2.5 3 <NA> <NA> Ann Lee <NA> <NA>", "a", "Ann Lee", None),
        ("SPEAKER a 1 2.5 3 <NA> <NA> Ann Lee <NA>", "a", "Ann Lee", None),
        ("SPEAKER a 1 2.5 3 <NA> <NA> Ann Lee 0.5 <NA>", "a", "Ann Lee", 0.5),
        ("SPEAKER a 1 2.5 3 <NA> <NA> Speaker 1 <NA> <NA>", "a", "Speaker 1", None),
        ("SPEAKER a 1 2.5 3 <NA> <NA> Speaker 1 0.5 0.9", "a", "Speaker 1", 0.5),
        ("SPEAKER the   last call 1 2.5 3 <NA> <NA> Speaker 1 1 <NA>", "the last call", "Speaker 1", 1.0),
        ("SPEAKER\tmy  call\t1\t2.5\t3\t<NA>\t<NA>\tAnn 1\t0.5\t<NA>", "my  call", "Ann 1", 0.5),
        ("SPEAKER a 1 2.5 3 <NA> speech Ann 0.5 <NA>", "a", "Ann", 0.5),
        ("SPEAKER a 1 2.5 3 <NA> <NA> <NA> <NA> <NA>", "a", "<NA>", None),
    ],
)
def test_names_with_blanks_shift_no_field(line, recording, speaker, confidence):
    """The pair that is never used says where onset and duration end and the name begins."""
    turns = (Turn(2.5, 5.5, speaker, confidence),)
    assert rttm.read(line) == {recording: Annotation(recording, turns)}


@pytest.mark.parametrize(
    "line",
    [
        "SPEAKER my call 1 2.5 3 <NA> speech Ann <NA> <NA>",
        "SPEAKER my call 1 two 3 <NA> <NA> Ann <NA> <NA>",
        "SPEAKER a 1 2.5 3 <NA> <NA> Ann Lee",
        "SPEAKER my call 1 2.5 3 speech one Ann Lee 0.5 0.5",
        "LEXEME my own call 1 one two words lex Ann <NA> <NA> <NA>",
    ],
)
def test_ambiguous_lines_are_refused_with_their_number(line):
    """Rather than that one field be taken for another."""
    with pytest.raises(FormatError, match=r"^mine\.rttm:2: "):
        rttm.read(f";; first\n{line}\n", "mine.rttm")


def test_other_types_name_recordings_with_blanks():
    """Ten fields and what the name has over one."""
    text = "NON-SPEECH my call 1 0.000 5.0 <NA> other <NA> <NA> <NA>\n"
    text += "SPKR-INFO b 1 <NA> <NA> <NA> unknown x <NA>"
    assert rttm.read(text) == {"my call": Annotation("my call"), "b": Annotation("b")}
