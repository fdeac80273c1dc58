"""Documents of results: JSON and back, what earlier versions wrote, what is refused, and what edits keep."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from diarize.annotation import Annotation, Turn
from diarize.annotation.alternatives import Alternatives, DoubtfulSpeaker
from diarize.errors import DiarizeError, FormatError
from diarize.results import (
    SCHEMA,
    VERSION,
    Document,
    Failure,
    Provenance,
    Result,
    SpeakerCount,
    SpeakerStatistics,
    VoiceStatistics,
    is_document,
    merge_speakers,
    parse_document,
    read_document,
    recount_speakers,
    rename_speakers,
)
from diarize.types import Match

NAMES = st.text(min_size=1, max_size=5).filter(lambda name: not re.search("[\ud800-\udfff]", name))
FINITE = st.floats(-1e6, 1e6, allow_nan=False)
SECONDS = st.integers(0, 10**7).map(lambda ms: ms / 1000)


@st.composite
def turns(draw):
    """Turns on the millisecond, with confidences of four decimals."""
    rows = draw(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**5)), max_size=6))
    sure = st.one_of(st.none(), st.integers(0, 10_000).map(lambda n: n / 10_000))
    maybe = st.one_of(st.none(), NAMES)
    channel = st.one_of(st.none(), st.integers(1, 8))
    return tuple(
        Turn(
            start / 1000,
            (start + length) / 1000,
            draw(NAMES),
            draw(sure),
            draw(maybe),
            draw(maybe),
            draw(channel),
        )
        for start, length in rows
    )


def voices(names, draw):
    """Statistics of some of the speakers."""
    size = draw(st.integers(1, 4))
    row = st.lists(FINITE, min_size=size, max_size=size)
    rows = tuple(
        SpeakerStatistics(name, draw(row), draw(st.floats(0.01, 1e4)), draw(st.floats(0.01, 1e5)))
        for name in names
        if draw(st.booleans())
    )
    between = st.lists(st.floats(1e-3, 1e3), min_size=size, max_size=size)
    return VoiceStatistics(draw(st.text("0123456789abcdef", max_size=16)), draw(between), rows)


@st.composite
def results(draw):
    """Results of the pipeline, or turns of which nothing else is known."""
    annotation = Annotation(draw(NAMES), draw(turns()))
    if draw(st.booleans()):
        return Result(annotation)
    names = annotation.speakers
    numbers = st.floats(-1e5, 1e5).map(lambda value: round(value, 6))
    counts = draw(st.lists(st.integers(1, 20), min_size=1, max_size=4, unique=True))
    values = [tuple(draw(numbers) for _ in counts) for _ in range(2)]
    other = draw(st.booleans())
    count = SpeakerCount(
        draw(NAMES), tuple(counts), values[0], counts[0], (counts[0],), draw(NAMES),
        draw(st.text(max_size=3)), "other" if other else "", values[1] if other else (),
    )  # fmt: skip
    odds = st.one_of(st.none(), numbers)
    matches = [Match(name, draw(st.one_of(st.none(), NAMES)), None, draw(odds), 4.6) for name in names]
    edges = np.sort(np.array(draw(st.lists(st.integers(0, 10**6), min_size=3, max_size=3)))) / 1000
    kept = Alternatives(edges[:-1], edges[1:], {1: np.zeros(2, int), 2: np.arange(2)}, annotation.turns)
    return Result(
        annotation,
        audio=draw(st.one_of(st.none(), NAMES)),
        start=draw(SECONDS),
        duration=draw(SECONDS),
        speech_seconds=draw(SECONDS),
        band=draw(st.sampled_from(("wide", "narrow"))),
        count=count,
        matches=tuple(matches),
        doubts=tuple(DoubtfulSpeaker(name, draw(SECONDS), None, draw(NAMES)) for name in names),
        notes=tuple(draw(st.lists(NAMES, max_size=2))),
        files=draw(st.one_of(st.none(), st.dictionaries(NAMES, NAMES, max_size=2))),
        alternatives=draw(st.one_of(st.none(), st.just(kept))),
        voices=voices(names, draw) if draw(st.booleans()) else None,
    )


@st.composite
def documents(draw):
    """Documents of results and of recordings that failed."""
    failed = st.builds(Failure, NAMES, NAMES, NAMES)
    entries = draw(st.lists(st.one_of(results(), failed), max_size=3))
    run = Provenance({"seed": draw(st.integers(0, 9))}, "abc", {"python": "3"})
    return Document(tuple(entries), draw(st.one_of(st.none(), st.just(run))))


def plain(result):
    """A result without what NumPy compares element by element."""
    return replace(result, alternatives=None, voices=None)


@given(documents())
def test_a_document_is_restored_as_it_was(document):
    """Through a text of JSON; arrays to the last bit."""
    back = parse_document(document.to_json(), "x.json")
    assert back.provenance == document.provenance
    assert len(back.entries) == len(document.entries)
    for old, new in zip(document.entries, back.entries, strict=True):
        if isinstance(old, Failure):
            assert old == new
            continue
        assert plain(new) == plain(old)
        assert (new.voices is None, new.alternatives is None) == (
            old.voices is None,
            old.alternatives is None,
        )
        if old.alternatives:
            assert_array_equal(new.alternatives.starts, old.alternatives.starts)
            assert_array_equal(new.alternatives.labels[2], old.alternatives.labels[2])
            assert new.alternatives.turns == old.annotation.turns
        if old.voices:
            assert new.voices.model == old.voices.model
            assert_array_equal(new.voices.between, old.voices.between)
            for one, other in zip(new.voices.speakers, old.voices.speakers, strict=True):
                assert (one.speaker, one.windows, one.seconds) == (
                    other.speaker,
                    other.windows,
                    other.seconds,
                )
                assert_array_equal(one.mean, other.mean)
    assert back.to_dict() == document.to_dict()


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(1e-4, 1e3), NAMES, st.floats(0, 1)), max_size=5))
def test_what_is_finer_than_a_file_is_rounded_once(rows):
    """Read and written again, nothing changes any more."""
    annotation = Annotation("a", tuple(Turn(a, a + b, name, sure) for a, b, name, sure in rows))
    first = Document((Result(annotation),)).to_dict()
    assert read_document(first, "x").to_dict() == first


def test_keys_that_are_not_of_the_schema_are_kept():
    """At the top and of a recording."""
    value = Document((Result(Annotation("a")),)).to_dict()
    value |= {"project": "x", "recordings": [value["recordings"][0] | {"room": 3}]}
    assert read_document(value, "x").to_dict() == value


def test_the_documented_schema_is_the_written_one():
    """Every key in the tables of docs/formats.md is written, and every key that is written stands there."""
    page = (Path(__file__).parent.parent / "docs" / "formats.md").read_text(encoding="utf-8")
    section = page.split("\n## JSON\n")[1].split("\n## ")[0]
    rows = [row.split("|") for row in re.findall(r"^\|.*`.*\|$", section, re.MULTILINE)]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[1])}
    explained = {name for row in rows for cell in row for name in re.findall(r"`(\w+)`", cell)}

    def keys(value):
        if isinstance(value, dict):
            return set(value) | {key for each in value.values() for key in keys(each)}
        return {key for each in value for key in keys(each)} if isinstance(value, list) else set()

    spoken = replace(RESULT, words={(40_000, 70_000, "Yes."): [{"word": "Yes.", "estimated": True}]})
    found = spoken.to_dict() | {"files": {}, "alternatives": RESULT.alternatives.fields | {"labels": {}}}
    document = Document((), Provenance()).to_dict() | {"recordings": [found]}
    failed = Failure("a", "a.wav", "why").to_dict()
    written = keys(document) | keys(failed)
    assert named <= written <= explained


TURNS = (Turn(0, 40, "A", 0.9, "B"), Turn(40, 70, "B", 0.8, None, "Yes.", 1), Turn(70, 71, "C"))
RESULT = Result(
    Annotation("call", TURNS),
    audio="call.wav",
    start=1.0,
    duration=80.0,
    speech_seconds=71.0,
    band="wide",
    count=SpeakerCount("BIC", (2, 3), (9.0, 4.0), 3, (3,), "3 by BIC", "4 lost", "evidence", (3.0, 2.0)),
    matches=(Match("A", None, "Ann", 1.5, 4.6), Match("B", None, None, None, 4.6)),
    doubts=(DoubtfulSpeaker("C", 1.0, "B", "1.0 s of 71 s"),),
    notes=("clipped",),
    files={"rttm": "call.rttm"},
    alternatives=Alternatives(
        np.arange(71.0), np.arange(1.0, 72.0), {1: np.zeros(71, int), 2: np.repeat((0, 1), (40, 31))}, TURNS
    ),
    voices=VoiceStatistics(
        "0123",
        [2.0, 1.0],
        (
            SpeakerStatistics("A", [1, 0], 30, 40),
            SpeakerStatistics("B", [0, 4], 10, 30),
            SpeakerStatistics("C", [0, 0], 30, 1),
        ),
    ),
)


def test_renaming_takes_everything_along():
    """Voices and matches too; the names of what was found at first are kept for recounting."""
    after = rename_speakers(RESULT, {"A": "Ann"})
    assert after.annotation.speakers == ("Ann", "B", "C")
    assert [each.speaker for each in after.voices.speakers] == ["Ann", "B", "C"]
    assert after.alternatives.turns == TURNS
    with pytest.raises(FormatError, match="no speaker is called 'D'"):
        rename_speakers(RESULT, {"D": "x"})
    with pytest.raises(FormatError, match="two speakers would be called 'B'"):
        rename_speakers(RESULT, {"A": "B"})


def test_edits_keep_words_with_their_new_speaker():
    """Those of turns with a text, whose times no edit changes."""
    word = {"word": "Yes.", "start": 40.0, "end": 41.0, "speaker": "B", "confidence": 0.8, "mine": 3}
    value = Document((RESULT,)).to_dict()
    value["recordings"][0]["turns"][1]["words"] = [word]
    (found,) = read_document(value, "x.json").results
    assert Document((found,)).to_dict() == value
    edits = {
        "Ben": rename_speakers(found, {"B": "Ben"}),
        "A": merge_speakers(found, ["A", "B"]),
        "B": recount_speakers(found, 2, "x.json"),
    }
    for name, after in edits.items():
        words = [turn["words"] for turn in after.to_dict()["turns"] if "words" in turn]
        assert words == [[word | {"speaker": name}]]


def test_merged_voices_are_one_voice_of_all_their_windows():
    """The mean is weighted by windows: (10 · 4 + 30 · 0) / 40."""
    after = merge_speakers(RESULT, ["B", "C"])
    first, both = after.voices.speakers
    assert (first.speaker, both.speaker, both.windows, both.seconds) == ("A", "B", 40, 31)
    assert_allclose(both.mean, [0, 1], rtol=1e-15)
    assert after.doubts == ()
    assert [(turn.start, turn.end) for turn in after.annotation.turns] == [(0, 40), (40, 70), (70, 71)]


def test_recounting_keeps_the_voices_of_those_who_did_not_change():
    """B has C's second now, so what was known of the voice no longer fits it."""
    after = recount_speakers(RESULT, 2, "x.json")
    assert after.annotation.speakers == ("A", "B")
    assert [each.speaker for each in after.voices.speakers] == ["A"]
    with pytest.raises(DiarizeError, match="no turns for 7 speakers are stored; there are those for 1, 2"):
        recount_speakers(RESULT, 7, "x.json")
    with pytest.raises(FormatError, match="has no turns for other numbers of speakers"):
        recount_speakers(replace(RESULT, alternatives=None), 2, "x.json")


SELECTION = {
    "criterion": "evidence",
    "chosen": 2,
    "equivalent": [2],
    "counts": [1, 2],
    "values": [9.0, 4.0],
    "explanation": "2 by evidence",
}


def printed(**changes):
    """What ``run --json`` printed before it had a schema, with changes to its one recording."""
    entry = {
        "recording": "call",
        "status": "ok",
        "duration": 10.0,
        "speech_seconds": 7.5,
        "band": "wide",
        "speakers": [{"speaker": "Ann", "seconds": 1.0, "share": 1.0, "turns": 1}],
        "selection": SELECTION,
        "turns": [{"start": 0, "end": 1, "speaker": "Ann", "confidence": 0.5, "runner_up": None}],
        "notes": ["clipped"],
        "alternatives": None,
    }
    top = {"versions": {"python": "3"}, "config": {"seed": 0}, "config_digest": "abc"}
    return json.dumps({**top, "recordings": [{**entry, **changes}]})


def test_what_run_printed_earlier_is_read():
    """All of it."""
    document = parse_document(printed(), "x.json")
    assert document.provenance == Provenance({"seed": 0}, "abc", {"python": "3"})
    (found,) = document.results
    assert found.annotation.turns == (Turn(0, 1, "Ann", 0.5),)
    assert (found.duration, found.count.values, found.notes) == (10.0, (9.0, 4.0), ("clipped",))
    (failed,) = parse_document(printed(status="failed", error="why"), "x.json").entries
    assert (failed.recording, failed.error) == ("call", "why")


def test_files_of_earlier_versions_are_read():
    """With names for speakers, and windows for other numbers."""
    turn = {"start": 0.5, "end": 1.0, "speaker": "A", "confidence": None, "runner_up": None}
    kept = {"starts": "500 700", "ends": "700 1000", "labels": {"2": "0*1 1*1"}}
    entry = {"recording": "a", "speakers": ["A"], "turns": [turn], "alternatives": kept}
    value = {"schema": "diarize/annotation", "version": 1, "recordings": [entry]}
    (found,) = read_document(value, "x.json").results
    assert found.annotation == Annotation("a", (Turn(0.5, 1.0, "A"),))
    assert_array_equal(found.alternatives.labels[2], [0, 1])
    written = Document((found,)).to_dict()
    assert (written["schema"], written["version"]) == (SCHEMA, VERSION)


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"duration": "long"}, "'duration' is \"long\""),
        ({"duration": float("nan")}, "'duration' is NaN"),
        ({"turns": [{"start": 2, "end": 1, "speaker": "A"}]}, "0 ≤ start < end"),
        ({"turns": [{"start": 1, "end": 2}]}, "recordings[0].turns[0]: 'speaker' is null"),
        ({"turns": 3}, "'turns' is 3"),
        ({"turns": [{"start": 1, "end": 2, "speaker": "A", "words": 3}]}, "turns[0]: 'words' is 3"),
        ({"notes": "clipped"}, "'notes' is \"clipped\""),
        ({"matches": [{"speaker": "A"}]}, "matches[0]: 'threshold' is null"),
        ({"selection": {**SELECTION, "values": [9.0]}}, "2 counts and 1 values"),
        ({"selection": {**SELECTION, "counts": [1, "two"]}}, "'counts' holds more than numbers"),
        ({"alternatives": {"starts": "1"}}, "recordings[0]: its alternatives are not as diarize writes them"),
        ({"voices": {"model": "x"}}, "recordings[0]: its voices are not as diarize writes them"),
        (
            {"voices": {"model": "x", "between": [1, 2], "speakers": [{
                "speaker": "A", "windows": 1, "seconds": 2, "mean": [1]}]}},
            "a voice of A in 1 dimensions of 2",
        ),
        (
            {"voices": {"model": "x", "between": [1], "speakers": [{
                "speaker": "A", "windows": 0, "seconds": 2, "mean": [1]}]}},
            "a voice of A in 0 windows",
        ),
        ({"voices": {"model": "x", "between": [-1], "speakers": []}}, "variances are not positive"),
    ],
)  # fmt: skip
def test_a_broken_document_gets_one_line(changes, hint):
    """Which place, and what is wrong there."""
    with pytest.raises(FormatError, match=re.escape(hint)) as caught:
        parse_document(printed(**changes), "x.json")
    assert "\n" not in str(caught.value)
    assert str(caught.value).count("x.json") == 1


def test_documents_of_later_versions_are_refused():
    """And other JSON is no document at all."""
    later = {"schema": SCHEMA, "version": VERSION + 1, "recordings": []}
    with pytest.raises(FormatError, match=f"version {VERSION + 1} of {SCHEMA}; this diarize reads version"):
        read_document(later, "x.json")
    for value in ([], {}, {"recordings": []}, {"schema": "other", "version": 1, "recordings": []}):
        assert not is_document(value)
        with pytest.raises(FormatError, match='needs "schema"'):
            read_document(value, "x.json")


def test_what_json_cannot_hold_is_refused():
    """Infinity in a key that is not of the schema."""
    with pytest.raises(FormatError, match="NaN or infinity"):
        Document((), more={"x": float("inf")}).to_json()
