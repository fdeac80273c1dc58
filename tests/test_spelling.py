"""One name is one name, however the file it went through had to write it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from diarize import formats
from diarize.annotation import Annotation, Turn
from diarize.annotation.names import as_field, find_name, make_distinct, match_names, name_key
from diarize.batch import plan
from diarize.cli.app import app
from diarize.cli.files import choose_annotation, match_annotation, read_annotations
from diarize.cli.settings import _speech_intervals_of
from diarize.errors import FormatError
from diarize.identity import results
from diarize.scoring import score_files

# what a file may be called, how Unix and Windows and a Mac write it
NAMES = [
    "my call",
    "  two  blanks ",
    "no\u00a0break",
    "tab\there",
    "Cafe\u0301 noir",
    "caf\udce9",
    "smile 😀",
    "a_b",
    "会议 1",
    "plain",
]
TURNS = (Turn(0.0, 4.0, "Ann Lee"), Turn(5.0, 9.0, "Bob"))
WITH_NAMES_INSIDE = ["rttm", "uem", "csv", "json"]


@given(st.text(st.characters(exclude_categories=[]), max_size=8))
def test_a_key_is_what_writing_leaves_of_a_name(name):
    """Written as a field, trimmed or decomposed, it stays the same; and it is one field itself."""
    assert name_key(as_field(name)) == name_key(name) == name_key(name_key(name))
    assert name_key(f" {name}\t") == name_key(name)
    assert len(name_key(name).split()) == 1
    assert find_name(name, [as_field(name), "something else"]) in (as_field(name), None)


@given(st.lists(st.text("ab _\t", min_size=1, max_size=4), unique=True, max_size=6), st.randoms())
def test_names_that_were_written_together_are_matched_again(names, random):
    """Each with what it became, also where blanks alone told them apart."""
    fields = make_distinct(names, {name: as_field(name) for name in names})
    others = list(fields.values())
    random.shuffle(others)
    found = match_names(names, others)
    assert len(set(found.values())) == len(found)
    if len({name_key(name) for name in names}) == len(names):
        assert found == fields


def test_ambiguous_names_are_not_found():
    """Two candidates are no answer; the letter comes first."""
    assert find_name("a b", ["a\tb", "a_b"]) is None
    assert find_name("a b", ["a b", "a_b"]) == "a b"
    assert match_names(["my call", "my_call"], ["my_call", "my_call_2"]) == {
        "my call": "my_call_2",
        "my_call": "my_call",
    }
    assert match_names(["a b"], ["a_b", "a\tb"]) == {"a b": "a_b"}
    assert match_names(["x"], ["y"]) == {}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", [name for name, each in formats.FORMATS.items() if each.read])
def test_every_look_up_finds_a_recording_through_every_format(tmp_path, name, form):
    """score, convert and plot --recording, --speech, enroll --turns, batch --speech and link."""
    annotation, other = Annotation(name, TURNS), Annotation("other", TURNS[:1])
    whole = form in WITH_NAMES_INSIDE
    path = tmp_path / (("all" if whole else name) + formats.FORMATS[form].suffix)
    formats.write_file(path, [annotation, other] if whole else [annotation], form)
    if not whole:
        formats.write_file(tmp_path / f"other{path.suffix}", other, form)
    found = read_annotations(path if whole else tmp_path, form, marks=True)
    assert len(found) == 2
    assert choose_annotation(found, name, path).intervals().tolist() == annotation.intervals().tolist()
    assert (
        match_annotation(found, name, path, quiet=True).intervals().tolist()
        == annotation.intervals().tolist()
    )
    graded = score_files(
        {name: annotation, "other": other}, found, uems={as_field(name): [(0, 9)], "other": [(0, 9)]}
    )
    assert (graded.unanswered, graded.ungraded, graded.score.missed) == ((), (), 0)
    marks = _speech_intervals_of(path if whole else tmp_path, name, alone=False, quiet=True)
    assert marks.tolist() == [[0, 4], [5, 9]]
    spans = {each: value.intervals() for each, value in found.items()}
    assert plan._given_speech(tmp_path / "x.wav", name, spans) == (((0.0, 4.0), (5.0, 9.0)), "")
    (tmp_path / "sound").mkdir()
    (tmp_path / "sound" / f"{name}.wav").touch()
    (tmp_path / "sound" / "other.wav").touch()
    if form != "uem":
        linked = results.find_results([path if whole else tmp_path], tmp_path / "sound")
        assert {each.audio.stem for each in linked} == {name, "other"}


@pytest.mark.parametrize("name", ["my call", "Cafe\u0301 noir"])
def test_score_after_convert_at_the_command_line(tmp_path, name):
    """A folder of lab files against the RTTM made from it: nothing is wrong, nothing is told of."""
    (tmp_path / "ref").mkdir()
    for each in (name, "other"):
        formats.write_file(tmp_path / "ref" / f"{each}.lab", Annotation(each, TURNS))
    run = CliRunner().invoke
    assert run(app, ["convert", str(tmp_path / "ref"), str(tmp_path / "hyp.rttm")]).exit_code == 0
    done = run(app, ["score", str(tmp_path / "ref"), str(tmp_path / "hyp.rttm"), "--json"])
    found = json.loads(done.stdout)
    assert (found["der"], found["unanswered"], found["ungraded"], done.stderr) == (0, [], [], "")
    plotted = run(
        app, ["plot", str(tmp_path / "hyp.rttm"), "--recording", name, "-o", str(tmp_path / "a.png")]
    )
    assert plotted.exit_code == 0


def test_an_unknown_name_is_refused():
    """One rule more does not make everything alike."""
    with pytest.raises(FormatError, match="did you mean 'my_call'"):
        choose_annotation({"my_call": Annotation("my_call"), "b": Annotation("b")}, "my calls", "x.rttm")
    with pytest.raises(FormatError, match="the hypothesis is about 'a-b'"):
        score_files(
            {"a b": Annotation("a b"), "c": Annotation("c")}, {"a-b": Annotation("a-b"), "d": Annotation("d")}
        )
