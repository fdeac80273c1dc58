"""Formats of annotation editors: Audacity, Praat and ELAN."""

from __future__ import annotations

from itertools import pairwise
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import pytest
import written
from hypothesis import given

from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError
from diarize.formats import audacity, eaf, textgrid

AUDACITY = "0.000000\t1.500000\tAnn\n1.500000\t62.000000\tBob\n61.250000\t3725.001000\tAnn\n"

SHORT = Annotation("talk", (Turn(0.5, 1.0, 'Zoë "Z"'), Turn(0.9, 2.0, "B"), Turn(1.0, 1.25, 'Zoë "Z"')))

TEXTGRID = """\
File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0.000 
xmax = 2.500 
tiers? <exists> 
size = 2 
item []: 
    item [1]:
        class = "IntervalTier" 
        name = "Zoë ""Z\""" 
        xmin = 0.000 
        xmax = 2.500 
        intervals: size = 4 
        intervals [1]:
            xmin = 0.000 
            xmax = 0.500 
            text = "" 
        intervals [2]:
            xmin = 0.500 
            xmax = 1.000 
            text = "Zoë ""Z\""" 
        intervals [3]:
            xmin = 1.000 
            xmax = 1.250 
            text = "Zoë ""Z\""" 
        intervals [4]:
            xmin = 1.250 
            xmax = 2.500 
            text = "" 
    item [2]:
        class = "IntervalTier" 
        name = "B" 
        xmin = 0.000 
        xmax = 2.500 
        intervals: size = 3 
        intervals [1]:
            xmin = 0.000 
            xmax = 0.900 
            text = "" 
        intervals [2]:
            xmin = 0.900 
            xmax = 2.000 
            text = "B" 
        intervals [3]:
            xmin = 2.000 
            xmax = 2.500 
            text = "" 
"""  # noqa: W291 - Praat leaves a blank at the end of its lines

EAF = """\
<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="1970-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
        <MEDIA_DESCRIPTOR MEDIA_URL="talk &amp; more.wav" MIME_TYPE="audio/x-wav" \
RELATIVE_MEDIA_URL="./talk &amp; more.wav" />
    </HEADER>
    <TIME_ORDER>
        <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="0" />
        <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="250" />
        <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="1500" />
        <TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="2000" />
    </TIME_ORDER>
    <TIER LINGUISTIC_TYPE_REF="speakers" PARTICIPANT="a&lt;b" TIER_ID="a&lt;b">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts3">
                <ANNOTATION_VALUE>a&lt;b</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="speakers" PARTICIPANT="B" TIER_ID="B">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts4">
                <ANNOTATION_VALUE>B</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="speakers" TIME_ALIGNABLE="true" />
</ANNOTATION_DOCUMENT>
"""


def test_audacity_golden():
    """Tabs and six decimals."""
    assert audacity.write([written.MEETING]) == AUDACITY


def test_audacity_files_of_other_programs():
    """Point labels and spectral lines are skipped; a label may hold blanks; a tab in a name does not."""
    text = "0.5\t0.5\tpoint\n1.0\t2.5\tMr Green\n\\\t100.0\t200.0\n"
    assert audacity.read(text, "talk.txt")["talk"].turns == (Turn(1, 2.5, "Mr Green"),)
    assert audacity.write([Annotation("r", (Turn(0, 1, "a\tb\nc"),))]) == "0.000000\t1.000000\ta b c\n"


@pytest.mark.parametrize("line", ["0.5\t1.0", "2.0\t1.0\tA", "a\tb\tc", "1 2 A", "1.0\t2.0\t"])
def test_audacity_faults(line):
    """With file and line."""
    with pytest.raises(FormatError, match=r"^x\.txt:2: "):
        audacity.read(f"0\t1\tA\n{line}", "x.txt")


def test_textgrid_golden():
    """Each tier covers the duration; touching intervals of one speaker stay two; quotes are doubled."""
    assert textgrid.write([SHORT], duration=2.5) == TEXTGRID
    assert textgrid.read(TEXTGRID, "talk.TextGrid") == {"talk": SHORT}


def test_textgrid_short_form_points_and_remarks():
    """Praat reads texts, free-standing numbers and flags, and so do we."""
    text = (
        'File type = "ooTextFile"\n"TextGrid" ! a remark with "quotes" and 7\n0\n2.5\n<exists>\n2\n'
        '"TextTier"\n"clicks"\n0\n2.5\n1\n1.5\n"click"\n'
        '"IntervalTier"\n"Ann"\n0\n2.5\n2\n0\n1.5\n"well\nyes"\n1.5\n2.5\n"  "\n'
    )
    assert textgrid.read(text, "a.TextGrid") == {
        "a": Annotation("a", (Turn(0, 1.5, "Ann", text="well yes"),))
    }
    assert textgrid.read('"ooTextFile" "TextGrid" 0 1 <absent>', "a.TextGrid") == {"a": Annotation("a")}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"TextGrid"', '"Pitch"', "not a TextGrid"),
        ("size = 2 ", 'size = "2" ', ":7: '2' where the number of tiers should be"),
        ("size = 4 ", "size = 400 ", ": 'IntervalTier' where the start of an interval should be"),
        ("size = 2 ", "size = 3 ", "cut off"),
        ("size = 2 ", "size = 1.5 ", ":7: 1.5 is not the number of tiers"),
        ("xmax = 0.500 ", "xmax = 0.500 \nxmax = -1 ", ":18: '-1' where the text of an interval"),
        ("xmin = 0.500", "xmin = 1.500", ":20: a turn from 1.500 to 1.000 s"),
        ("<exists>", "no", "'2' where <exists> should be"),
        ('"ooTextFile"', "7", ":1: '7' where the file type should be"),
        ('"TextGrid"', "7", ":2: '7' where the object class should be"),
        ("xmin = 0.000", 'xmin = "a"', ":4: 'a' where the start should be"),
        ("xmax = 2.500", 'xmax = "a"', ":5: 'a' where the end should be"),
        ('"IntervalTier"', "7", ":10: '7' where the class of a tier should be"),
        ("name = ", "name = 7 ", ":11: '7' where the name of a tier should be"),
        ("        xmin = 0.000", '        xmin = "a"', ":12: 'a' where the start of a tier should be"),
        ("        xmax = 2.500", '        xmax = "a"', ":13: 'a' where the end of a tier should be"),
        ("size = 4 ", 'size = "a" ', ":14: 'a' where the number of intervals should be"),
        ("xmin = 0.500", 'xmin = "a"', ":20: 'a' where the start of an interval should be"),
        ("xmax = 0.500", 'xmax = "a"', ":17: 'a' where the end of an interval should be"),
    ],
)
def test_textgrid_faults(old, new, problem):
    """With file and, where there is one, line."""
    with pytest.raises(FormatError) as caught:
        textgrid.read(TEXTGRID.replace(old, new, 1), "x.TextGrid")
    assert str(caught.value).startswith("x.TextGrid:")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ('"a"', "x.TextGrid:3: 'a' where the time of a point should be"),
        ("1.5 2", "x.TextGrid:3: '2' where the text of a point should be"),
        ("", "x.TextGrid:3: ends where the time of a point should be; the file is cut off, export it again"),
    ],
)
def test_textgrid_points_are_looked_at_too(points, problem):
    """Though nothing is made of them."""
    text = f'"ooTextFile" "TextGrid" 0 2.5 <exists> 1\n"TextTier" "clicks" 0 2.5 1\n{points}'
    with pytest.raises(FormatError) as caught:
        textgrid.read(text, "x.TextGrid")
    assert str(caught.value).startswith(problem)


def test_overlap_of_one_speaker_becomes_one_interval():
    """Neither Praat nor ELAN can hold more."""
    annotation = Annotation("r", (Turn(0, 2, "A"), Turn(0.5, 1, "A"), Turn(1, 3, "A"), Turn(3, 4, "A")))
    expected = {"r": Annotation("r", (Turn(0, 3, "A"), Turn(3, 4, "A")))}
    assert textgrid.read(textgrid.write([annotation]), "r.TextGrid") == expected
    assert eaf.read(eaf.write([annotation]), "r.eaf") == expected


def test_eaf_golden():
    """Slots rise, names are escaped, the recording is linked."""
    annotation = Annotation("talk", (Turn(0, 1.5, "a<b"), Turn(0.25, 2, "B")))
    assert eaf.write([annotation], media="talk & more.wav") == EAF
    assert eaf.read(EAF, "talk.eaf") == {"talk": annotation}


@pytest.mark.parametrize(
    ("media", "kind", "relative"),
    [
        ("talk.WAV", "audio/x-wav", "./talk.WAV"),
        ("rooms/talk.flac", "unknown", "./rooms/talk.flac"),
        ("../rooms/talk.flac", "unknown", "../rooms/talk.flac"),
        ("/rooms/talk.flac", "unknown", "./talk.flac"),
        ("https://example.org/talk.mp3", "unknown", None),
    ],
)
def test_eaf_links_files_and_addresses(media, kind, relative):
    """A file also by its way from the annotation, where ELAN looks first."""
    document = ET.fromstring(eaf.write([SHORT], media=media))  # noqa: S314 - written by ourselves
    header = document.find("HEADER/MEDIA_DESCRIPTOR")
    assert header is not None
    found = (header.get("MEDIA_URL"), header.get("MIME_TYPE"), header.get("RELATIVE_MEDIA_URL"))
    assert found == (media, kind, relative)


def test_eaf_without_times_of_its_own_is_skipped():
    """Unaligned slots and dependent annotations."""
    text = (
        '<ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="5"/>'
        '<TIME_SLOT TIME_SLOT_ID="ts2"/></TIME_ORDER><TIER TIER_ID="A"><ANNOTATION><ALIGNABLE_ANNOTATION '
        'ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"/></ANNOTATION><ANNOTATION>'
        '<REF_ANNOTATION ANNOTATION_ID="a2" ANNOTATION_REF="a1"/></ANNOTATION></TIER></ANNOTATION_DOCUMENT>'
    )
    assert eaf.read(text, "r.eaf") == {"r": Annotation("r")}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0, None, None, 3000), [(0, 1), (1, 2), (2, 3)]),
        ((0, 500, None, 3000), [(0, 0.5), (0.5, 1.75), (1.75, 3)]),
        ((None, 500, None, 3000), [(0.5, 1.75), (1.75, 3)]),
        ((3000, None, None, 0), []),
    ],
)
def test_eaf_times_in_between_are_those_that_elan_shows(values, expected):
    """As of imported texts, in which only some lines have times."""
    slots = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="t{i}"' + ("/>" if value is None else f' TIME_VALUE="{value}"/>')
        for i, value in enumerate(values)
    )
    rows = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{i}" TIME_SLOT_REF1="t{i}" '
        f'TIME_SLOT_REF2="t{i + 1}"><ANNOTATION_VALUE>said {i}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>'
        "</ANNOTATION>"
        for i in range(3)
    )
    tier = f'<TIME_ORDER>{slots}</TIME_ORDER><TIER TIER_ID="A">{rows}</TIER>'
    found = eaf.read(f"<ANNOTATION_DOCUMENT>{tier}</ANNOTATION_DOCUMENT>", "r.eaf")["r"]
    assert [(turn.start, turn.end) for turn in found.turns] == expected


BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
OUTSIDE = (
    '<!doctype x [<!ENTITY a SYSTEM "file:///etc/passwd">]><ANNOTATION_DOCUMENT>&a;</ANNOTATION_DOCUMENT>'
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (BOMB, "document type declaration"),
        (OUTSIDE, "document type declaration"),
        ("<html></html>", "the XML of 'html'"),
        ("<ANNOTATION_DOCUMENT>\n<TIER>", "x.eaf:2: not well-formed"),
        ("", "x.eaf:1: not well-formed"),
        (EAF.replace('TIME_VALUE="1500"', 'TIME_VALUE="soon"'), "x.eaf:a1:"),
        (EAF.replace('TIME_VALUE="1500"', 'TIME_VALUE="soon"'), ": a time value is 'soon'"),
        (EAF.replace('TIME_VALUE="1500"', 'TIME_VALUE=""'), ": a time value is ''"),
        (EAF.replace('TIME_VALUE="1500"', 'TIME_VALUE="soon"').replace('ANNOTATION_ID="a1"', ""), "x.eaf:?:"),
        (f"<{'a' * 60}/>", f"the XML of '{'a' * 40}';"),
        (EAF.replace('TIME_VALUE="250"', 'TIME_VALUE="2500"'), "a turn from 2.5 to 2 s"),
        (EAF.replace('PARTICIPANT="B" TIER_ID="B"', ""), "without a speaker name"),
    ],
)
def test_eaf_faults(text, problem):
    """What is wrong, and where; entities are never expanded."""
    with pytest.raises(FormatError) as caught:
        eaf.read(text, "x.eaf")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("module", [audacity, textgrid, eaf])
@given(annotation=written.annotations(disjoint=True))
def test_round_trip_is_lossless_to_the_millisecond(module, annotation):
    """Names with quotes, angle brackets and Chinese letters included."""
    assert module.read(module.write([annotation]), "meeting.x") == {"meeting": annotation}


@pytest.mark.parametrize("module", [audacity, textgrid, eaf])
@given(annotation=written.annotations(names=written.ANY, disjoint=True))
def test_any_name_can_be_read_back(module, annotation):
    """As many speakers and turns as there were, under whatever they are called now."""
    back = module.read(module.write([annotation]), "meeting.x")["meeting"]
    assert (len(back.turns), len(back.speakers)) == (len(annotation.turns), len(annotation.speakers))


@given(written.annotations(disjoint=True))
def test_praatio_reads_our_textgrid(annotation):
    """An independent reader finds the same intervals."""
    praatio = pytest.importorskip("praatio.textgrid")
    with TemporaryDirectory() as folder:
        path = f"{folder}/x.TextGrid"
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - a path as strangers give it
            file.write(textgrid.write([annotation]))
        grid = praatio.openTextgrid(path, includeEmptyIntervals=False)
    theirs = [
        (round(entry.start * 1000), round(entry.end * 1000), name)
        for name in grid.tierNames
        for entry in grid.getTier(name).entries
    ]
    assert sorted(theirs) == sorted(written.rows(annotation))


@given(written.annotations(names=written.UNQUOTED, disjoint=True))
def test_textgrid_package_reads_our_textgrid(annotation):
    """So does another, which checks that tiers are contiguous."""
    package = pytest.importorskip("textgrid")
    with TemporaryDirectory() as folder:
        path = f"{folder}/x.TextGrid"
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - a path as strangers give it
            file.write(textgrid.write([annotation], duration=5000))
        grid = package.TextGrid.fromFile(path)
    for tier in grid.tiers:
        assert tier[0].minTime == 0
        assert tier[-1].maxTime == 5000
        assert all(a.maxTime == b.minTime for a, b in pairwise(tier))
    theirs = [
        (round(each.minTime * 1000), round(each.maxTime * 1000), tier.name)
        for tier in grid.tiers
        for each in tier
        if each.mark
    ]
    assert sorted(theirs) == sorted(written.rows(annotation))


@given(written.annotations(disjoint=True))
def test_pympi_reads_our_eaf(annotation):
    """An independent reader finds the same annotations."""
    pympi = pytest.importorskip("pympi")
    with TemporaryDirectory() as folder:
        path = f"{folder}/x.eaf"
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - a path as strangers give it
            file.write(eaf.write([annotation], media="meeting.wav"))
        document = pympi.Elan.Eaf(path)
    theirs = [
        (start, end, name)
        for name in document.get_tier_names()
        for start, end, *_ in document.get_annotation_data_for_tier(name)
    ]
    assert sorted(theirs) == sorted(written.rows(annotation))
    assert [each["MEDIA_URL"] for each in document.media_descriptors] == ["meeting.wav"]


def eaf_of(tiers, media="", units="milliseconds", types=""):
    """A document with tiers of attributes and (start, end, text) in milliseconds."""
    slots, parts = [], []
    for attributes, rows in tiers:
        inner = ""
        for start, end, text in rows:
            n = len(slots)
            slots += [start, end]
            inner += (
                f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{n}" TIME_SLOT_REF1="ts{n}" '
                f'TIME_SLOT_REF2="ts{n + 1}" CVE_REF="cveid0"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>'
                "</ALIGNABLE_ANNOTATION></ANNOTATION>"
            )
        parts.append(f"<TIER {attributes}>{inner}</TIER>")
    order = "".join(f'<TIME_SLOT TIME_SLOT_ID="ts{i}" TIME_VALUE="{at}"/>' for i, at in enumerate(slots))
    return (
        f'<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="{units}">{media}</HEADER><TIME_ORDER>{order}</TIME_ORDER>'
        f"{''.join(parts)}{types}</ANNOTATION_DOCUMENT>"
    )


VOCABULARY = (
    '<CONTROLLED_VOCABULARY CV_ID="who"><DESCRIPTION LANG_REF="und"/><CV_ENTRY_ML CVE_ID="cveid0">'
    '<CVE_VALUE LANG_REF="und" DESCRIPTION="">yes</CVE_VALUE></CV_ENTRY_ML></CONTROLLED_VOCABULARY>'
)


@pytest.mark.parametrize(
    ("child", "constraint"),
    [
        ('PARENT_REF="utt" LINGUISTIC_TYPE_REF="w"', "Time_Subdivision"),
        ('PARENT_REF="utt" LINGUISTIC_TYPE_REF="w"', "Included_In"),
        ('PARENT_REF="utt" LINGUISTIC_TYPE_REF="w"', "Symbolic_Subdivision"),
        ('PARENT_REF="utt" LINGUISTIC_TYPE_REF="w"', None),
        ('LINGUISTIC_TYPE_REF="w"', "Included_In"),
    ],
)
def test_eaf_tiers_that_depend_on_others_are_nobody(child, constraint):
    """Whether the tier says so or its type; empty tiers and vocabularies are no trouble."""
    bound = f' CONSTRAINTS="{constraint}"' if constraint else ""
    types = f'<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="w"{bound}/><LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="u"/>'
    text = eaf_of(
        [
            ('TIER_ID="utt" PARTICIPANT="Anna" LINGUISTIC_TYPE_REF="u"', [(1000, 5000, "good morning")]),
            (f'TIER_ID="words" PARTICIPANT="Anna" {child}', [(1000, 2000, "good"), (2000, 5000, "morning")]),
            ('TIER_ID="Bert" PARTICIPANT=" " LINGUISTIC_TYPE_REF="u"', [(6000, 9000, "hello")]),
            ('TIER_ID="empty" LINGUISTIC_TYPE_REF="u"', []),
        ],
        types=types + VOCABULARY,
    )
    assert eaf.read(text, "a.eaf")["a"].turns == (
        Turn(1, 5, "Anna", text="good morning"),
        Turn(6, 9, "Bert", text="hello"),
    )


@pytest.mark.parametrize(
    ("media", "origin"),
    [
        ('<MEDIA_DESCRIPTOR MEDIA_URL="a.wav" MIME_TYPE="audio/x-wav" TIME_ORIGIN="1500"/>', 1.5),
        (
            '<MEDIA_DESCRIPTOR MEDIA_URL="b.mpg" MIME_TYPE="video/mpeg" TIME_ORIGIN="700"/>'
            '<MEDIA_DESCRIPTOR MEDIA_URL="c.wav" MIME_TYPE="audio/x-wav" TIME_ORIGIN="1500"/>',
            1.5,
        ),
        (
            '<MEDIA_DESCRIPTOR MEDIA_URL="c.wav" MIME_TYPE="audio/x-wav" TIME_ORIGIN="700"/>'
            '<MEDIA_DESCRIPTOR MEDIA_URL="file:///x/a.mp4" MIME_TYPE="video/mp4"/>',
            0,
        ),
        ("", 0),
    ],
)
def test_eaf_media_that_begin_elsewhere(media, origin):
    """ELAN leaves out so much of the recording; times here are those of the recording."""
    text = eaf_of([('TIER_ID="A"', [(250, 1000, "x")])], media)
    assert eaf.read(text, "a.eaf")["a"].turns == (Turn(0.25 + origin, 1 + origin, "A", text="x"),)


def test_eaf_in_units_that_nobody_writes():
    """Frames of pictures are refused."""
    with pytest.raises(FormatError, match=r"a\.eaf: times in PAL-frames"):
        eaf.read(eaf_of([], units="PAL-frames"), "a.eaf")


def one_tier(name, texts, *more):
    """A TextGrid of one tier of intervals of a second, and of further ones."""
    parts = ""
    for title, labels in ((name, texts), *more):
        rows = "".join(f'{i} {i + 1} "{text}"\n' for i, text in enumerate(labels))
        parts += f'"IntervalTier"\n"{title}"\n0 {len(labels)}\n{len(labels)}\n{rows}'
    return f'"ooTextFile"\n"TextGrid"\n0 {len(texts)}\n<exists>\n{1 + len(more)}\n{parts}'


@pytest.mark.parametrize(
    ("name", "texts", "speakers"),
    [
        ("speaker", ["", "Anna", "Bert"], ["Anna", "Bert"]),
        ("Speakers", ["Anna", "", "Bert"], ["Anna", "Bert"]),
        ("diarization", ["a", "b"], ["a", "b"]),
        ("call 3", ["Anna", "Bert", "Anna", "Bert", "Anna", "Bert"], ["Anna", "Bert"]),
        ("x", ["SPEAKER_00", "", "SPEAKER_01"], ["SPEAKER_00", "SPEAKER_01"]),
        ("tier 1", ["Anna", "Bert", "", "Anna"], ["Anna", "Bert"]),
        ("Labels", ["A", "B", "A"], ["A", "B"]),
        ("tier 1", ["well", "yes"], ["tier 1"]),
        ("segments", [f"sentence number {i % 2} of very many words" for i in range(9)], ["segments"]),
        ("silences", ["silent", "sounding", "silent", "sounding"], ["sounding"]),
        ("Mary", ["silent", "silent"], []),
        ("Mary", ["well", "", "I do not know"], ["Mary"]),
        ("Mary", ["well", "well", "yes"], ["Mary"]),
        ("Mary", [f"sentence number {i % 2} of very many words" for i in range(9)], ["Mary"]),
        ("Mary", ["", ""], []),
        ("Mary", ["Mary"], ["Mary"]),
        ("sil", ["sil"], ["sil"]),
    ],
)
def test_textgrid_of_one_tier(name, texts, speakers):
    """Its texts are who speaks, or what one person says, or Praat's marks of silence."""
    found = textgrid.read(one_tier(name, texts), "a.TextGrid")["a"]
    assert list(found.speakers) == speakers
    assert len(found.turns) == len([text for text in texts if text not in ("", "silent")])


def test_textgrid_of_two_tiers_names_speakers_by_tiers():
    """Whatever is in them."""
    text = one_tier("speaker", ["Anna", "Bert"], ("Mary", ["x", ""]))
    assert textgrid.read(text, "a.TextGrid")["a"].speakers == ("Mary", "speaker")
    with pytest.raises(FormatError, match="a tier without a name"):
        textgrid.read(one_tier("", ["Anna", ""], ("Mary", ["x", ""])), "a.TextGrid")


def test_pauses_of_aligners_are_no_turns():
    """Nor words of a transcript."""
    text = one_tier("Ann", ["sil", "well", "sp", "yes"], ("Bob", ["<p:>", "<sil>", "so", "pau"]))
    found = textgrid.read(text, "a.TextGrid")["a"]
    assert [(turn.start, turn.speaker, turn.text) for turn in found.turns] == [
        (1, "Ann", "well"),
        (2, "Bob", "so"),
        (3, "Ann", "yes"),
    ]


def test_silences_beside_other_tiers_are_nobody():
    """Praat's marks say when anybody speaks; in another language nobody knows which of them is silence."""
    text = one_tier("silences", ["silent", "sounding"], ("Ann", ["", "well"]))
    assert textgrid.read(text, "a.TextGrid")["a"].turns == (Turn(1, 2, "Ann", text="well"),)
    with pytest.raises(FormatError, match="'Stille', 'Ton'; write 'silent'"):
        textgrid.read(one_tier("silences", ["Stille", "Ton", "Stille"]), "a.TextGrid")


@pytest.mark.parametrize(
    ("tier", "texts", "speakers"),
    [
        ('TIER_ID="speaker"', ["Anna", "Bert"], ("Anna", "Bert")),
        ('TIER_ID="default"', ["SPEAKER_00", "SPEAKER_01"], ("SPEAKER_00", "SPEAKER_01")),
        ('TIER_ID="default"', ["Anna", "Bert", "Anna"], ("Anna", "Bert")),
        ('TIER_ID="default"', ["Well.", "I do not know."], ("default",)),
        ('TIER_ID="Anna"', ["yes", "no", "yes", "no", "yes", "no"], ("Anna",)),
        ('TIER_ID="speaker" PARTICIPANT="Anna"', ["yes", "no"], ("Anna",)),
    ],
)
def test_eaf_of_one_tier(tier, texts, speakers):
    """Its values are the speakers, or what one person says."""
    rows = [(1000 * i, 1000 * i + 900, text) for i, text in enumerate(texts)]
    found = eaf.read(eaf_of([(tier, rows), ('TIER_ID="empty"', [])]), "a.eaf")["a"]
    assert found.speakers == speakers
    assert len(found.turns) == len(texts)
