"""Tables and trees: CSV, JSON and Kaldi folders."""

from __future__ import annotations

import csv as stdlib_csv
import io

import pytest
import written
from hypothesis import given
from hypothesis import strategies as st

from diarize import formats
from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError, OutputError
from diarize.formats import csv, json, kaldi

CSV = """\
recording,start,end,speaker,confidence,runner_up
meeting,0.000,1.500,Ann,0.9876,Bob
meeting,1.500,62.000,Bob,0.5000,
meeting,61.250,3725.001,Ann,,
"""

JSON = """\
{
  "schema": "diarize/result",
  "version": 1,
  "recordings": [
    {
      "recording": "meeting",
      "speakers": [
        {
          "speaker": "Zoë",
          "seconds": 0.734,
          "share": 1.0,
          "turns": 1
        }
      ],
      "turns": [
        {
          "start": 0.5,
          "end": 1.234,
          "speaker": "Zoë",
          "confidence": 0.9877,
          "runner_up": null
        }
      ]
    }
  ]
}
"""


def test_csv_golden():
    """A header, three decimals, four for confidence."""
    assert csv.write([written.MEETING]) == CSV


def test_no_cell_is_a_formula():
    """Names that a spreadsheet would run get an apostrophe, also in the other columns."""
    wide = "\uff1d"
    names = ["=1+1", "+1", "-1", "@x", f"{wide}1", "'=x", "'tHooft", "\t=1"]
    turns = tuple(Turn(i, i + 1, name, 0.5, names[i - 1]) for i, name in enumerate(names))
    text = csv.write([Annotation("=HYPERLINK()", turns)])
    cells = [cell for row in list(stdlib_csv.reader(io.StringIO(text)))[1:] for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", wide, "\t"))]
    back = csv.read(text)["=HYPERLINK()"]
    assert [turn.speaker for turn in back.turns] == [*names[:-1], "=1"]


def test_csv_files_of_other_programs():
    """Other separators, order and case, more columns, no recording, rows of no length, a byte order mark."""
    text = '\ufeffSpeaker;START;comment;End\r\n"A;""x""";1;hm;2.5\r\nB;3;;3\r\n\'tHooft;4;;5\r\n'
    assert csv.read(text, "talk.csv") == {
        "talk": Annotation("talk", (Turn(1, 2.5, 'A;"x"'), Turn(4, 5, "'tHooft")))
    }
    assert csv.read("start,end,speaker\n", "talk.csv") == {"talk": Annotation("talk")}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("start,end\n1,2\n", "x.csv:1: the header 'start,end' lacks speaker"),
        ("", "x.csv:1: the header '' lacks end, speaker, start"),
        ("start,end,speaker\n1,2\n", "x.csv:2: not the 3 cells"),
        ("start,end,speaker\n1,2,A,B\n", "x.csv:2: not the 3 cells"),
        ("start,end,speaker\n1,2,A\nx,2,A\n", "x.csv:3: the start is 'x'"),
        ("start,end,speaker\n2,1,A\n", "x.csv:2: a turn from 2 to 1 s"),
        ("start,end,speaker\n1,2,\n", "x.csv:2: a turn without a speaker"),
        ("start,end,speaker,confidence\n1,2,A,1.5\n", "x.csv:2: a confidence of 1.5"),
        ("start,end,speaker,confidence\n1,2,A,-0.1\n", "x.csv:2: a confidence of -0.1"),
        ("start,end,speaker,confidence\n1,2,A,sure\n", "x.csv:2: the confidence is 'sure'"),
        ('start,end,speaker\n1,2,"A\n', "x.csv:2: broken CSV"),
        (f"start,end,speaker\n1,2,{'A' * 200_000}\n", "broken CSV"),
    ],
)
def test_csv_faults(text, problem):
    """With file and line."""
    with pytest.raises(FormatError) as caught:
        csv.read(text, "x.csv")
    assert problem in str(caught.value)


def test_json_golden():
    """The schema of the docstring, byte for byte."""
    annotation = Annotation(
        "meeting", (Turn(0.5, 1.23400001, "Zoë", confidence=0.98765), Turn(2.0, 2.0001, "gone"))
    )
    assert json.write([annotation]) == JSON


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "x.json:1: not JSON"),
        ("[]", 'x.json: needs "schema"'),
        (JSON.replace('"version": 1', '"version": 2'), "x.json: version 2 of diarize/result"),
        ("[" * 100_000, "too deep"),
        ('{"a": ' + "9" * 10_000 + "}", "too long a number"),
        (JSON.replace("1.234", '"late"'), "recordings[0].turns[0]: 'end' is \"late\""),
        (JSON.replace("1.234", "true"), "'end' is true"),
        (JSON.replace("1.234", "NaN"), "recordings[0].turns[0]: a turn of"),
        (JSON.replace("1.234", "1" + "0" * 400), "recordings[0].turns[0]: a turn beyond"),
        (JSON.replace("1.234", "0.25"), "recordings[0].turns[0]: a turn of"),
        (JSON.replace("0.9877", "7"), "recordings[0].turns[0]: a confidence of 7"),
        (JSON.replace('"turns": [', '"turns": [3,'), "recordings[0].turns[0]: 'start' is null"),
        ('{"schema": "diarize/result", "version": 1}', "'recordings' is null"),
    ],
)
def test_json_faults(text, problem):
    """The line, or the place in the tree."""
    with pytest.raises(FormatError) as caught:
        json.read(text, "x.json")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@st.composite
def known(draw):
    """Annotations whose turns know how sure they are."""
    plain = draw(written.annotations())
    sure = st.one_of(st.none(), st.integers(0, 10_000).map(lambda n: n / 10_000))
    rival = st.one_of(st.none(), written.PLAIN)
    turns = [Turn(t.start, t.end, t.speaker, draw(sure), draw(rival)) for t in plain.turns]
    return Annotation("meeting", tuple(turns))


@pytest.mark.slow
@pytest.mark.parametrize("module", [csv, json])
@given(annotations=st.lists(known(), max_size=2))
def test_round_trip_is_lossless(module, annotations):
    """Recording, confidence and runner-up too; an annotation without turns has no row in a CSV."""
    each = [Annotation(f"r{i}", annotation.turns) for i, annotation in enumerate(annotations)]
    back = module.read(module.write(each), "x")
    assert [back.get(a.recording, Annotation(a.recording)) for a in each] == each


@given(written.annotations(names=written.ANY))
def test_any_name_can_be_read_back(annotation):
    """JSON keeps it as it is, CSV keeps speakers apart."""
    assert json.read(json.write([annotation])) == {"meeting": annotation}
    back = csv.read(csv.write([annotation]), "meeting.csv")["meeting"]
    assert (len(back.turns), len(back.speakers)) == (len(annotation.turns), len(annotation.speakers))


def test_kaldi_golden():
    """Sorted as the C locale sorts, speakers apart by recording, utterances starting with their speaker."""
    other = Annotation("b c", (Turn(0.5, 1, "É"), Turn(0, 1, "Z"), Turn(0, 1, "Z")))
    assert kaldi.segments([other, written.MEETING]) == (
        "b_c-Z-000000000-000001000 b_c 0.000 1.000\n"
        "b_c-É-000000500-000001000 b_c 0.500 1.000\n"
        "meeting-Ann-000000000-000001500 meeting 0.000 1.500\n"
        "meeting-Ann-000061250-003725001 meeting 61.250 3725.001\n"
        "meeting-Bob-000001500-000062000 meeting 1.500 62.000\n"
    )
    assert kaldi.utt2spk([other]) == "b_c-Z-000000000-000001000 b_c-Z\nb_c-É-000000500-000001000 b_c-É\n"
    assert kaldi.spk2utt([written.MEETING]) == (
        "meeting-Ann meeting-Ann-000000000-000001500 meeting-Ann-000061250-003725001\n"
        "meeting-Bob meeting-Bob-000001500-000062000\n"
    )


def test_kaldi_is_a_folder(tmp_path):
    """Made when it is absent; nothing in it is overwritten by accident."""
    path = formats.write_file(tmp_path / "x.kaldi", written.MEETING)
    assert sorted(each.name for each in path.iterdir()) == ["segments", "spk2utt", "utt2spk"]
    with pytest.raises(OutputError, match="segments: exists already"):
        formats.write_file(path, written.MEETING)
    formats.write_file(path, written.MEETING, overwrite=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made a folder"):
        formats.write_file(tmp_path / "file", written.MEETING, "kaldi")
    with pytest.raises(FormatError, match="kaldi is only written, not read"):
        formats.read_file(path)


GERMAN = "recording;start;end;speaker;confidence\ncall;0,500;2,700;Anna;0,9\ncall;3;4,25;Bert;\n"
FOUND = {"call": Annotation("call", (Turn(0.5, 2.7, "Anna", 0.9), Turn(3, 4.25, "Bert")))}


@pytest.mark.parametrize(
    "text",
    [
        GERMAN,
        GERMAN.replace(";", "\t"),
        "sep=;\n" + GERMAN,
        '"sep=;"\n' + GERMAN,
        "\ufeffSEP=;\n" + GERMAN,
        GERMAN + ";;;;\n ; ;;;\n\n",
        GERMAN.replace("\n", ";\n"),
        GERMAN + ";;;;;;;\n",
        "\n;;;;\n" + GERMAN,
        "\nsep=;\n\n" + GERMAN,
        GERMAN.replace("0,500", '"0,500"'),
        GERMAN.replace(",", ".").replace(";", ","),
        "sep=,\n" + GERMAN.replace(",", ".").replace(";", ","),
        GERMAN.replace(",", "."),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_tables_of_spreadsheets(tmp_path, text, encoding, end):
    """Of every country and system, as they save them."""
    if encoding != "utf-8":
        text = text.removeprefix("\ufeff")
    (tmp_path / "x.csv").write_bytes(text.replace("\n", end).encode(encoding))
    assert formats.read_file(tmp_path / "x.csv") == FOUND


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("start;end;speaker\n0,5;1;A\n1.5;2;A\n", "x.csv:3: '1.5' in a file with both"),
        ("start;end;speaker\n1.234,5;2000,5;A\n", "x.csv:2: '1.234,5' in a file with both"),
        ("sep=;\nstart;end;speaker\n0,5;1;A\n1.5;2;A\n", "x.csv:4: '1.5' in a file with both"),
        ('start,end,speaker\n"0,5","1,5",A\n', "x.csv:2: '0,5' in a table separated by commas"),
        ("start,end,speaker\n0,5,1,5,A\n", "x.csv:2: not the 3 cells"),
        ("sep=;\nstart,end,speaker\n", "x.csv:2: the header"),
        ("start;end;speaker\n;;A\n", "x.csv:2: the start is ''"),
        ("\n;;\nstart;end;speaker\n;;A\n", "x.csv:4: the start is ''"),
        ("start;end;speaker;Speaker\n0;1;A;B\n", "x.csv:1: two columns are called 'speaker'"),
    ],
)
def test_what_is_ambiguous_in_a_table_is_refused_with_its_line(text, problem):
    """Thousands and decimals, columns and commas."""
    with pytest.raises(FormatError) as caught:
        csv.read(text, "x.csv")
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(("form", "blank"), [("audacity", "\t"), ("lab", " ")])
def test_labels_with_decimal_commas(form, blank):
    """As Audacity writes them in some countries."""
    read = formats.FORMATS[form].read
    found = read(f"0,5{blank}1,25{blank}A, b\n2{blank}3,5{blank}B\n", "x.txt")["x"]
    assert found.turns == (Turn(0.5, 1.25, "A, b"), Turn(2, 3.5, "B"))
    with pytest.raises(FormatError, match=r"^x\.txt:2: '2\.5' in a file with both"):
        read(f"0,5{blank}1,25{blank}A\n2.5{blank}3{blank}B\n", "x.txt")
