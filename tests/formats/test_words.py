"""What was said, through every format that can hold it."""

from __future__ import annotations

import io

import pytest
import written
from hypothesis import given
from hypothesis import strategies as st

from diarize import formats
from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError
from diarize.formats import eaf, kaldi, lines, plain, srt, textgrid, webvtt

SAID = Annotation(
    "talk",
    (
        Turn(0.5, 2.0, "Ann", text='Good "morning" & <welcome>: all.'),
        Turn(2.0, 3.0, "Ann", text="Again."),
        Turn(2.5, 4.25, "Bob", text="=1+1, he said"),
        Turn(65.0, 66.0, "Bob", text="Bob"),
    ),
)
"""Markup, quotation marks, a colon, a formula, and a word that is its speaker's name."""

WORDED = [name for name, each in formats.FORMATS.items() if each.words and each.read]
TEXTS = st.sampled_from(["Yes.", "no: never", "a  b", "“Zoë”?", "x\ny", "1:30", "-- well", "李雷 说"])


def test_the_table_says_which_formats_hold_words():
    """Subtitles, editors, tables and a transcript; RTTM, lab and label tracks have no place."""
    assert {n for n, each in formats.FORMATS.items() if each.words} == {
        "textgrid", "eaf", "webvtt", "srt", "csv", "json", "kaldi", "text", "ctm",
    }  # fmt: skip


@pytest.mark.parametrize("name", WORDED)
def test_words_are_restored(tmp_path, name):
    """From a file, with times and speakers."""
    path = formats.write_file(tmp_path / "talk.x", SAID, name)
    back = formats.read_file(path, name)["talk"]
    shown = {"<": "\u2039", ">": "\u203a"} if name == "srt" else {}
    expected = [(t.start, t.end, t.speaker, t.text.translate(str.maketrans(shown))) for t in SAID.turns]
    assert [(t.start, t.end, t.speaker, t.text) for t in back.turns] == expected


@pytest.mark.parametrize("name", WORDED)
@given(annotation=written.annotations(disjoint=True), data=st.data())
def test_any_words_are_restored_on_one_line(name, annotation, data):
    """Whatever is said, as long as somebody says something that is not their name."""
    names = st.sampled_from(["Ann", "Bob Smith", "SPEAKER_00", "Zo\u00eb"])
    turns = tuple(
        Turn(t.start, t.end, f"{data.draw(names)} {t.speaker[:0]}".strip(), text=data.draw(TEXTS))
        for t in annotation.turns
    )
    said = Annotation("talk", turns)
    if name in ("textgrid", "eaf"):  # one turn at a time in a tier
        said = Annotation("talk", tuple(t for t in said.turns if t.speaker == "Ann")[:1])
    text = formats.FORMATS[name].write([said], formats.Options())[""]
    found = formats.FORMATS[name].read(text, "talk.x").get("talk", Annotation("talk"))
    assert sorted((t.start, t.end, t.speaker, lines.one_line(t.text)) for t in found.turns) == sorted(
        (t.start, t.end, t.speaker, lines.one_line(t.text)) for t in said.turns
    )


def test_a_turn_without_words_among_others_stays():
    """Nothing said is neither a pause nor the speaker's name."""
    some = Annotation("talk", (Turn(0, 1, "Ann", text="Yes."), Turn(1, 2, "Bob")))
    for each in (webvtt, srt, textgrid, eaf):
        assert each.read(each.write([some]), "talk.x")["talk"] == some


def test_independent_readers_find_the_words(tmp_path):
    """webvtt-py, praatio and pympi."""
    package = pytest.importorskip("webvtt")
    for kind, text in (("vtt", webvtt.write([SAID])), ("srt", srt.write([SAID]))):
        captions = package.from_buffer(io.StringIO(text), format=kind)
        assert captions[1].text.removeprefix("Ann: ") == "Again."
    praat = pytest.importorskip("praatio.textgrid")
    formats.write_file(tmp_path / "talk.TextGrid", SAID, options=formats.Options(words=SAID))
    tiers = praat.openTextgrid(str(tmp_path / "talk.TextGrid"), includeEmptyIntervals=False)
    assert tiers.tierNames == ("Ann", "Ann - words", "Bob", "Bob - words")
    assert [each.label for each in tiers.getTier("Bob").entries] == ["=1+1, he said", "Bob"]
    elan = pytest.importorskip("pympi.Elan")
    formats.write_file(tmp_path / "talk.eaf", SAID, options=formats.Options(words=SAID))
    document = elan.Eaf(str(tmp_path / "talk.eaf"))
    assert sorted(document.get_tier_names()) == ["Ann", "Ann - words", "Bob", "Bob - words"]
    assert [row[2] for row in document.get_annotation_data_for_tier("Ann")][1] == "Again."


def test_tiers_of_words_are_no_speakers():
    """They are read as tiers, and not as somebody."""
    for each, text in (
        (textgrid, textgrid.write([SAID], words=SAID)),
        (eaf, eaf.write([SAID], words=SAID)),
    ):
        assert each.read(text, "talk.x")["talk"].speakers == ("Ann", "Bob")
        assert [name for name, _ in each.read_tiers(text)] == ["Ann", "Ann - words", "Bob", "Bob - words"]
    alone = textgrid.write([Annotation("r", (Turn(0, 1, "Ann - words", text="yes"),))])
    assert textgrid.read(alone, "r.TextGrid")["r"].speakers == ("Ann - words",)


def test_overlapping_turns_of_one_speaker_keep_all_their_words():
    """A tier holds one at a time."""
    both = Annotation("r", (Turn(0, 2, "Ann", text="one"), Turn(1, 3, "Ann", text="two")))
    for each in (textgrid, eaf):
        assert each.read(each.write([both]), "r.x")["r"].turns == (Turn(0, 3, "Ann", text="one two"),)


def test_kaldi_has_a_text_where_words_are_known():
    """Sorted like the segments; without words there is no such file."""
    assert kaldi.text([SAID]).split("\n")[0] == (
        'talk-Ann-000000500-000002000 Good "morning" & <welcome>: all.'
    )
    assert "text" in formats.FORMATS["kaldi"].write([SAID], formats.Options())
    assert "text" not in formats.FORMATS["kaldi"].write([written.MEETING], formats.Options())


def test_a_transcript_to_read():
    """Paragraphs by speaker, with the time at which they begin."""
    assert plain.write([SAID]) == (
        '[0:00] Ann: Good "morning" & <welcome>: all. Again.\n\n[0:02] Bob: =1+1, he said Bob\n'
    )
    assert plain.write([Annotation("r", (Turn(3725.9, 3727, "Ann"),))]) == "[1:02:05] Ann\n"


SUBTITLES = """\
1
00:00:01,000 --> 00:00:02,000
ANN: Hello,
how are you?

2
00:00:02,000 --> 00:00:03,000
<i>And you?</i>

3
00:00:03,000 --> 00:00:04,000
[music]

4
00:00:04,000 --> 00:00:05,000
- Bob: Fine.
- ANN: At 10:30?

5
00:00:05,000 --> 00:00:06,000
[SPEAKER_02]: Late

and slow.
"""


def test_names_before_a_colon_are_read():
    """Speakers go on until another is named; sounds are nobody's; a clock is no name."""
    turns = srt.read(SUBTITLES, "r.srt")["r"].turns
    assert [(t.start, t.speaker, t.text) for t in turns] == [
        (1, "ANN", "Hello, how are you?"),
        (2, "ANN", "And you?"),
        (4, "ANN", "At 10:30?"),
        (4, "Bob", "Fine."),
        (5, "SPEAKER_02", "Late and slow."),
    ]
    vtt = "WEBVTT\n\n" + SUBTITLES.replace(",000", ".000").replace("Late\n\n", "Late\n")
    assert [(t.start, t.speaker, t.text) for t in webvtt.read(vtt, "r.vtt")["r"].turns] == [
        (t.start, t.speaker, t.text) for t in turns
    ]


def test_ordinary_colons_are_no_names():
    """Where few cues begin with one, nobody is named, and that is told."""
    text = srt.write([Annotation("r", tuple(Turn(i, i + 1, "A", text="x") for i in range(7)))])
    text = text.replace("A: x", "It is late.").replace("It is late.", "Note: it is late.", 1)
    assert [who for _, who, _ in srt.read_cues(text)] == [None] * 7
    with pytest.raises(FormatError, match="diarize label"):
        srt.read(text, "r.srt")


def test_a_cue_without_a_name_among_voices_is_unknown():
    """Words are not given to whoever spoke before, and not lost."""
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Hi\n\n00:03.000 --> 00:04.000\nWho is there?\n"
    assert webvtt.read(text)["text"].turns[1] == Turn(3, 4, "UNKNOWN", text="Who is there?")


def test_texts_are_kept_when_converted_between_editors():
    """From Praat to ELAN and back."""
    there = eaf.write([textgrid.read(textgrid.write([SAID]), "talk.TextGrid")["talk"]])
    assert eaf.read(there, "talk.eaf")["talk"] == SAID
