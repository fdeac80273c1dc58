"""Subtitles: WebVTT and SRT."""

from __future__ import annotations

import io

import pytest
import written
from hypothesis import given

from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError
from diarize.formats import srt, times, webvtt

WEBVTT = """\
WEBVTT

00:00:00.000 --> 00:00:01.500
<v Ann>Ann</v>

00:00:01.500 --> 00:01:02.000
<v Bob>Bob</v>

00:01:01.250 --> 01:02:05.001
<v Ann>Ann</v>
"""

SRT = """\
1
00:00:00,000 --> 00:00:01,500
Ann

2
00:00:01,500 --> 00:01:02,000
Bob

3
00:01:01,250 --> 01:02:05,001
Ann
"""


def test_golden():
    """Clock times, voice spans, numbers and commas."""
    assert webvtt.write([written.MEETING]) == WEBVTT
    assert srt.write([written.MEETING]) == SRT
    assert webvtt.write([Annotation("r")]) == "WEBVTT\n"
    assert srt.write([Annotation("r")]) == ""


def test_markup_in_names_is_escaped():
    """A name never becomes a tag, a time or a new cue."""
    annotation = Annotation("r", (Turn(0, 1, "<b>&amp;\n\n-->x"),))
    text = webvtt.write([annotation])
    assert "<v &lt;b&gt;&amp;amp; --&gt;x>" in text
    assert webvtt.read(text, "r.vtt")["r"].speakers == ("<b>&amp; -->x",)
    assert srt.write([annotation]).split("\n")[2:] == ["\u2039b\u203a&amp; --\u203ax", ""]


def test_files_of_other_programs_are_read():
    """Notes, styles, identifiers, settings, no hours, classes, two voices in a cue, cues without a voice."""
    text = (
        "WEBVTT - a title\nKind: captions\n\nNOTE\nnothing --> here\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:01.000 --> 00:02.500 align:start position:10%\n"
        "<v.loud Mary &amp; John>Hi</v> <v\tEsme>there\n\n"
        "100:00:00.000 --> 100:00:01.000\n[music]\n"
    )
    assert webvtt.read(text, "r.vtt")["r"].turns == (
        Turn(1, 2.5, "Esme", text="there"),
        Turn(1, 2.5, "Mary & John", text="Hi"),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "x.vtt:1: does not start with WEBVTT"),
        ("WEBVTTX\n", "x.vtt:1: does not start with WEBVTT"),
        ("1\n00:00:00,000 --> 00:00:01,500\nAnn\n", "does not start with WEBVTT"),
        ("WEBVTT\n\n00:01.000 --> 00:02\n<v A>A\n", "x.vtt:3: '00:01.000 --> 00:02' are not times"),
        ("WEBVTT\n\n00:03.000 --> 00:02.000\n<v A>A\n", "x.vtt:3: a turn from 3.000 to 2.000 s"),
        ("WEBVTT\n\nid\nnot times\n", "x.vtt:3: a block without times"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n", "x.vtt: no cue has a voice span"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<v  >hello\n", "without a speaker name"),
    ],
)
def test_faults(text, problem):
    """What is wrong, and where."""
    with pytest.raises(FormatError) as caught:
        webvtt.read(text, "x.vtt")
    assert problem in str(caught.value)


@given(written.annotations())
def test_round_trip_is_lossless_to_the_millisecond(annotation):
    """Every turn comes back."""
    assert webvtt.read(webvtt.write([annotation]), "meeting.vtt") == {"meeting": annotation}


@given(written.annotations(names=written.ANY))
def test_any_name_can_be_read_back(annotation):
    """As many turns and speakers as there were."""
    back = webvtt.read(webvtt.write([annotation]), "meeting.vtt")["meeting"]
    assert (len(back.turns), len(back.speakers)) == (len(annotation.turns), len(annotation.speakers))


@given(written.annotations())
def test_webvtt_package_reads_both(annotation):
    """An independent reader finds the same cues."""
    package = pytest.importorskip("webvtt")
    for kind, text in (("vtt", webvtt.write([annotation])), ("srt", srt.write([annotation]))):
        captions = package.from_buffer(io.StringIO(text), format=kind) if annotation.turns else []
        theirs = [(round(each.start_in_seconds), round(each.end_in_seconds)) for each in captions]
        assert len(theirs) == len(annotation.turns)
        assert all(
            abs(theirs[i][0] - turn.start) <= 1 and abs(theirs[i][1] - turn.end) <= 1
            for i, turn in enumerate(annotation.turns)
        )


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "00:00:00.000"),
        (59_999, "00:00:59.999"),
        (3_599_999, "00:59:59.999"),
        (3_600_000, "01:00:00.000"),
        (362_445_006, "100:40:45.006"),
    ],
)
def test_clock_readings(ms, text):
    """Hours grow past 99; what is written is read."""
    assert times.clock(ms) == text
    assert times.clock(ms, ",") == text.replace(".", ",")
    assert times.parse_clock(text) == ms


def cue(start, text, number=""):
    """A cue of a second, in WebVTT and SRT, without a blank line behind it."""
    return f"{number}00:0{start}.000 --> 00:0{start + 1}.000\n{text}\n"


FIRST, SECOND = cue(1, "Ann: one"), cue(2, "Bob: two")
TWO = [(1, 2, "Ann", "one"), (2, 3, "Bob", "two")]
ROLLING = (
    "WEBVTT\nKind: captions\n\n"
    "00:00.160 --> 00:02.070 align:start\n \n"
    "Ann: hello<00:00:00.560><c> and</c><00:00:00.800><c> welcome</c>\n\n"
    "00:02.070 --> 00:02.080 align:start\nAnn: hello and welcome\n \n\n"
    "00:02.080 --> 00:04.000 align:start\nAnn: hello and welcome\nBob: thank<00:00:02.560><c> you</c>\n"
)


@pytest.mark.parametrize(
    ("module", "text", "turns"),
    [
        (webvtt, f"WEBVTT\n{FIRST}\n{SECOND}", TWO),
        (webvtt, f"WEBVTT - x\n1\n{FIRST}2\n{SECOND}", TWO),
        (webvtt, f"WEBVTT\n\na-1\n{FIRST}{SECOND}", TWO),
        (webvtt, f"WEBVTT\n\n{FIRST} \n{SECOND}", TWO),
        (webvtt, "WEBVTT\n\n" + cue(1, "A &amp; B: one"), [(1, 2, "A & B", "one")]),
        (
            webvtt,
            f"WEBVTT\nX-TIMESTAMP-MAP=LOCAL:0\n\n{FIRST}\nWEBVTT\nX-TIMESTAMP-MAP=LOCAL:0\n\n{SECOND}",
            TWO,
        ),
        (webvtt, f"WEBVTT\n\n{FIRST}\n\ufeffWEBVTT\n{SECOND}", TWO),
        (webvtt, ROLLING, [(0.16, 2.07, "Ann", "hello and welcome"), (2.08, 4, "Bob", "thank you")]),
        (srt, f"1\n{FIRST}2\n{SECOND}", TWO),
        (srt, FIRST + SECOND, TWO),
        (
            srt,
            cue(1, "Dr. Maria de la Cruz Lopez: one\nWhat I wanted to say: two") + SECOND,
            [(1, 2, "Dr. Maria de la Cruz Lopez", "one What I wanted to say: two"), TWO[1]],
        ),
        (srt, f"1\n{FIRST}at 9 --> 10\n", [(1, 2, "Ann", "one at 9 --> 10")]),
        (srt, cue(1, ">> Ann: one\n>>Bob: two"), [(1, 2, "Ann", "one"), (1, 2, "Bob", "two")]),
    ],
)
def test_cues_of_careless_writers(module, text, turns):
    """Without blank lines, with blanks in them, and with lines that are shown twice."""
    found = module.read(text, "r")["r"].turns
    assert [(turn.start, turn.end, turn.speaker, turn.text) for turn in found] == turns
