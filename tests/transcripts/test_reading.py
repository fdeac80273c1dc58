"""Transcripts of every kind, by hand, as the recognisers write them."""

from __future__ import annotations

import json

import pytest

from diarize import transcripts
from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError
from diarize.formats import Options, write_file
from diarize.transcripts.reading import parse_transcript

OPENAI = {
    "text": " Hello there. Yes.",
    "segments": [
        {
            "id": 0, "seek": 0, "start": 0.5, "end": 2.0, "text": " Hello there. Yes.",
            "tokens": [50364, 2425], "temperature": 0.0, "avg_logprob": -0.2, "no_speech_prob": 0.01,
            "words": [
                {"word": " Hello", "start": 0.5, "end": 0.9, "probability": 0.98},
                {"word": " there.", "start": 0.9, "end": 1.3, "probability": 0.9},
                {"word": " Yes.", "start": 1.5, "end": 2.0, "probability": 0.7},
            ],
        }
    ],
    "language": "en",
}  # fmt: skip
FASTER = [
    {
        "id": 1, "seek": 0, "start": 0.5, "end": 2.0, "text": " Hello there. Yes.", "tokens": [1],
        "words": [[0.5, 0.9, " Hello", 0.98], [0.9, 1.3, " there.", 0.9], [1.5, 2.0, " Yes.", 0.7]],
    }
]  # fmt: skip
WHISPERX = {
    "segments": [
        {
            "start": 0.5, "end": 2.0, "text": "Hello there. Yes.", "speaker": "SPEAKER_07",
            "words": [
                {"word": "Hello", "start": 0.5, "end": 0.9, "score": 0.9, "speaker": "SPEAKER_07"},
                {"word": "there.", "start": 0.9, "end": 1.3, "score": 0.9},
                {"word": "Yes.", "start": 1.5, "end": 2.0, "score": 0.9},
            ],
        }
    ],
    "word_segments": [{"word": "Hello", "start": 0.5, "end": 0.9}],
    "language": "en",
}  # fmt: skip
CPP = {
    "systeminfo": "AVX = 1",
    "result": {"language": "en"},
    "transcription": [
        {
            "timestamps": {"from": "00:00:00,500", "to": "00:00:02,000"},
            "offsets": {"from": 500, "to": 2000},
            "text": " Hello there. Yes.",
            "tokens": [
                {"text": "[_BEG_]", "offsets": {"from": 0, "to": 0}, "id": 50364, "p": 0.9},
                {"text": " Hel", "offsets": {"from": 500, "to": 700}, "id": 1, "p": 0.9},
                {"text": "lo", "offsets": {"from": 700, "to": 900}, "id": 2, "p": 0.9},
                {"text": " there", "offsets": {"from": 900, "to": 1200}, "id": 3, "p": 0.9},
                {"text": ".", "offsets": {"from": 1200, "to": 1300}, "id": 4, "p": 0.9},
                {"text": " Yes", "offsets": {"from": 1500, "to": 1900}, "id": 5, "p": 0.9},
                {"text": ".", "offsets": {"from": 1900, "to": 2000}, "id": 6, "p": 0.9},
                {"text": "[_TT_100]", "offsets": {"from": 2000, "to": 2000}, "id": 50464, "p": 0.9},
            ],
        }
    ],
}
VOSK = {
    "result": [
        {"conf": 1.0, "start": 0.5, "end": 0.9, "word": "Hello"},
        {"conf": 0.9, "start": 0.9, "end": 1.3, "word": "there."},
        {"conf": 0.8, "start": 1.5, "end": 2.0, "word": "Yes."},
    ],
    "text": "Hello there. Yes.",
}
MONOLOGUES = {
    "schemaVersion": "2.0",
    "monologues": [
        {
            "speaker": {"id": "unknown", "name": None}, "start": 0.5, "end": 2.0,
            "terms": [
                {"confidence": 1.0, "start": 0.5, "end": 0.9, "text": "Hello", "type": "WORD"},
                {"confidence": 1.0, "start": 0.9, "end": 1.3, "text": "there.", "type": "WORD"},
                {"confidence": 1.0, "start": 1.5, "end": 2.0, "text": "Yes.", "type": "WORD"},
            ],
        }
    ],
    "text": ["Hello there. Yes."],
}  # fmt: skip
VERBOSE = {"text": "Hello there. Yes.", "words": [
    {"word": "Hello", "start": 0.5, "end": 0.9},
    {"word": "there.", "start": 0.9, "end": 1.3},
    {"word": "Yes.", "start": 1.5, "end": 2.0},
]}  # fmt: skip
BY_NAME = {
    "openai-whisper": OPENAI,
    "faster-whisper": FASTER,
    "whisperX": WHISPERX,
    "whisper.cpp": CPP,
    "vosk": VOSK,
    "several of vosk": [VOSK, {"text": ""}],
    "vosk-transcriber": MONOLOGUES,
    "the API": VERBOSE,
}
EXPECTED = [("Hello", 0.5, 0.9), ("there.", 0.9, 1.3), ("Yes.", 1.5, 2.0)]
TURNS = Annotation("talk", (Turn(0, 1.4, "Ann"), Turn(1.4, 3, "Bob")))


def spoken(value):
    """The transcript in a JSON value, with speakers."""
    return transcripts.assign_speakers(parse_transcript(json.dumps(value), "talk.json"), TURNS)


def written(found, tmp_path):
    """What is written of it as JSON."""
    path = transcripts.write_transcript(tmp_path / "talk.json", found, "json", overwrite=True)
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", BY_NAME)
def test_words_of_every_recogniser_are_read(name):
    """With their times, put together where they come in pieces."""
    found = parse_transcript(json.dumps(BY_NAME[name]), "talk.json")
    assert [(word.text, word.start, word.end) for word in found.words] == EXPECTED


@pytest.mark.parametrize("name", BY_NAME)
def test_every_word_gets_its_speaker(name):
    """And the segment is cut where the speaker changes."""
    found = spoken(BY_NAME[name])
    assert [word.speaker for word in found.words] == ["Ann", "Ann", "Bob"]
    named = [(each.speaker, each.said) for each in found.segments if each.words]
    assert named == [("Ann", "Hello there."), ("Bob", "Yes.")]


def test_openai_whisper_keeps_its_shape(tmp_path):
    """Every field stays but the tokens of a segment that was cut; ids count on."""
    value = written(spoken(OPENAI), tmp_path)
    assert (value["text"], value["language"]) == (OPENAI["text"], "en")
    first, second = value["segments"]
    assert (first["id"], first["start"], first["end"], first["text"]) == (0, 0.5, 1.3, " Hello there.")
    assert (second["id"], second["start"], second["end"], second["text"]) == (1, 1.5, 2.0, " Yes.")
    assert (first["speaker"], second["speaker"], first["avg_logprob"]) == ("Ann", "Bob", -0.2)
    assert "tokens" not in first
    assert second["words"][0] == OPENAI["segments"][0]["words"][2] | {
        "speaker": "Bob",
        "speaker_confidence": 1.0,
    }


def test_what_is_not_cut_stays_as_it_was(tmp_path):
    """But for the speakers."""
    alone = Annotation("talk", (Turn(0, 3, "Ann"),))
    found = transcripts.assign_speakers(parse_transcript(json.dumps(OPENAI), "talk.json"), alone)
    (only,) = written(found, tmp_path)["segments"]
    told = {"speaker": "Ann", "speaker_confidence": 1.0}
    words = [word | told for word in OPENAI["segments"][0]["words"]]
    assert only == OPENAI["segments"][0] | {"words": words, "speaker": "Ann"}


def test_the_other_shapes_are_kept(tmp_path):
    """Lists stay lists, offsets offsets, and each dialect has its own place for the speaker."""
    assert [row["speaker"] for row in written(spoken(FASTER), tmp_path)] == ["Ann", "Bob"]
    x = written(spoken(WHISPERX), tmp_path)
    assert [word["speaker"] for word in x["word_segments"]] == ["Ann", "Ann", "Bob"]
    assert [word["score"] for word in x["segments"][0]["words"]] == [0.9, 0.9]
    cpp = written(spoken(CPP), tmp_path)["transcription"]
    assert [row["offsets"] for row in cpp] == [{"from": 500, "to": 1300}, {"from": 1500, "to": 2000}]
    assert cpp[1]["timestamps"] == {"from": "00:00:01,500", "to": "00:00:02,000"}
    assert [token["speaker"] for token in cpp[1]["tokens"]] == ["Bob", "Bob"]
    vosk = written(spoken(VOSK), tmp_path)
    assert [(row["text"], row["speaker"]) for row in vosk] == [("Hello there.", "Ann"), ("Yes.", "Bob")]
    terms = written(spoken(MONOLOGUES), tmp_path)["monologues"]
    assert [row["speaker"] for row in terms] == [{"id": who, "name": who} for who in ("Ann", "Bob")]


def test_json_that_follows_json_is_read():
    """As vosk's examples print it, one utterance after the other."""
    text = json.dumps(VOSK, indent=2) + "\n" + json.dumps({"text": ""}) + "\n" + json.dumps(VOSK)
    assert len(parse_transcript(text, "talk.json").words) == 6
    assert len(parse_transcript(text, "talk.jsonl").words) == 6


def test_names_in_a_transcript_give_way_with_a_note():
    """Those of whisperX as those of subtitles."""
    assert "SPEAKER_07" in spoken(WHISPERX).notes[-1]
    text = "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Zoe>Hello\n"
    found = transcripts.assign_speakers(parse_transcript(text, "talk.vtt"), TURNS)
    assert (found.words[0].speaker, found.words[0].text) == ("Ann", "Hello")
    assert "replaced: Zoe" in found.notes[-1]


@pytest.mark.parametrize("suffix", [".srt", ".vtt"])
def test_cues_have_words_without_times(suffix):
    """They are worked out by characters, and a cue of two speakers is cut there."""
    head = "WEBVTT\n\n" if suffix == ".vtt" else "1\n"
    comma = "." if suffix == ".vtt" else ","
    text = f"{head}00:00:00{comma}000 --> 00:00:02{comma}800\nThis is mine\nand that is\n"
    found = transcripts.assign_speakers(parse_transcript(text, f"talk{suffix}"), TURNS)
    assert [(each.speaker, each.said, each.estimated) for each in found.segments] == [
        ("Ann", "This is mine", True),
        ("Bob", "and that is", True),
    ]
    assert found.segments[0].end == found.segments[1].start == pytest.approx(2.8 * 10 / 19)
    assert any("in proportion to characters" in note for note in found.notes)


def test_ctm_is_read():
    """By recording; comments, noises and speakers are ignored."""
    text = (
        ";; words\ntalk 1 0.50 0.40 Hello 0.98\ntalk 1 0.90 0.40 there. 0.9 lex Zoe\n"
        "talk 1 1.3 0.1 <noise> 1 non-lex\ntalk 1 1.50 0.50 Yes.\nother 1 0 1 No\n"
    )
    with pytest.raises(FormatError, match="several recordings"):
        parse_transcript(text, "x.ctm")
    found = parse_transcript(text, "x.ctm", recording="talk")
    assert [(word.text, word.start, pytest.approx(word.end)) for word in found.words] == EXPECTED
    with pytest.raises(FormatError, match="CTM has five"):
        parse_transcript("talk 1 0.5\n", "x.ctm")


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("my call", ["1 0.5 0.4 Hello", "1 0.9 0.4 there.", "1 1.5 0.5 Yes."]),
        ("my call", ["1 0.5 0.4 Hello 0.98", "1 0.9 0.4 there. NA lex Zoe", "1 1.5 0.5 Yes. 1"]),
        ("call 1", ["A 0.5 0.4 Hello 0.98", "A 0.9 0.4 there. 1", "A 1.5 0.5 Yes. 1 lex"]),
        ("call", ["ch1 0.5 0.4 Hello 0.98", "ch1 0.9 0.4 there. 1", "ch1 1.5 0.5 Yes. 1 lex"]),
        (";call", ["1 0.5 0.4 Hello", "1 0.9 0.4 there.", "1 1.5 0.5 Yes."]),
    ],
)
def test_ctm_names_with_blanks_shift_no_field(name, rest):
    """Nor do names that begin like a comment vanish."""
    lines = "".join(f"{name} {each}\n;; a comment\n; another\n" for each in rest)
    found = parse_transcript(lines, "x.ctm")
    assert [(word.text, word.start, pytest.approx(word.end)) for word in found.words] == EXPECTED
    assert found.recording == name


@pytest.mark.parametrize("line", ["my call 1 0.5 0.4 Hello Zoe", "my old call 1 0.5 0.4 Hello 1 lex Zoe 7"])
def test_ctm_that_cannot_be_told_apart_is_refused(line):
    """With its number."""
    with pytest.raises(FormatError, match=r"^x\.ctm:1: \d+ fields; CTM has five to eight"):
        parse_transcript(line, "x.ctm")


def test_segments_are_whispers_whatever_else_there_is():
    """Wrappers of Whisper add keys of their own."""
    assert [word.text for word in spoken(OPENAI | {"utterances": []}).words] == ["Hello", "there.", "Yes."]


def test_blanks_among_words_are_no_words():
    """As some services list them."""
    words = [each for word in VERBOSE["words"] for each in (word, {"word": " ", "start": 0.9, "end": 0.9})]
    assert [word.text for word in spoken({"words": words}).words] == ["Hello", "there.", "Yes."]


def test_tiers_of_elan_that_repeat_others_are_no_further_words(tmp_path):
    """An aligned tier of glosses or the like below its parent."""
    said = Annotation("talk", (Turn(0.5, 2.0, "Zoe", text="Hello there. Yes."),))
    path = write_file(tmp_path / "talk.eaf", said)
    text = path.read_text(encoding="utf-8")
    tier = text[text.index("    <TIER") : text.index("</TIER>") + 7]
    child = tier.replace('TIER_ID="Zoe"', 'TIER_ID="gloss" PARENT_REF="Zoe"').replace('"a1"', '"a2"')
    path.write_text(text.replace(tier, tier + "\n" + child), encoding="utf-8")
    assert [word.text for word in transcripts.read_transcript(path).words] == ["Hello", "there.", "Yes."]


@pytest.mark.parametrize("suffix", [".TextGrid", ".eaf"])
def test_tiers_of_words_are_read(tmp_path, suffix):
    """By their names; tiers of phones are ignored, tiers of sentences serve where there are no words."""
    words = tuple(Turn(start, end, "Zoe", text=text) for text, start, end in EXPECTED)
    said = Annotation("talk", (Turn(0.5, 2.0, "Zoe", text="Hello there. Yes."),))
    path = write_file(tmp_path / f"talk{suffix}", said, options=Options(words=Annotation("talk", words)))
    found = transcripts.read_transcript(path)
    assert [(word.text, word.start, word.end) for word in found.words] == EXPECTED
    path = write_file(tmp_path / f"plain{suffix}", said)
    found = transcripts.read_transcript(path)
    assert [(word.text, word.start) for word in found.words] == [(text, None) for text, *_ in EXPECTED]
    aligned = Annotation(
        "a", tuple(Turn(s, e, tier, text=w) for tier in ("words", "phones") for w, s, e in EXPECTED)
    )
    found = transcripts.read_transcript(write_file(tmp_path / f"mfa{suffix}", aligned))
    assert [(word.text, word.start, word.end) for word in found.words] == EXPECTED


def test_json_of_diarize_is_read_again(tmp_path):
    """With words, their times and whether they were worked out; and it is a file of turns, too."""
    from diarize.formats import read_file

    found = transcripts.assign_speakers(
        parse_transcript("1\n00:00:00,000 --> 00:00:02,800\nThis is mine and\n", "talk.srt"), TURNS
    )
    path = transcripts.write_transcript(tmp_path / "talk.json", found, "json")
    again = transcripts.read_transcript(path)
    assert [(word.text, word.start) for word in again.words] == [(word.text, None) for word in found.words]
    assert read_file(path)["talk"].turns == tuple(
        Turn(round(t.start, 3), round(t.end, 3), t.speaker, t.confidence, text=t.text)
        for t in found.annotation.turns
    )
    timed = spoken(VERBOSE)
    own = transcripts.Transcript(timed.recording, timed.segments, "ctm")
    again = transcripts.read_transcript(transcripts.write_transcript(tmp_path / "timed.json", own, "json"))
    assert [(word.text, word.start, word.end) for word in again.words] == EXPECTED


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.json", "{", "not JSON"),
        ("a.json", '{"x": 1}', "of an unknown speech recogniser"),
        ("a.json", "[1, 2]", "of an unknown speech recogniser"),
        ("a.json", '{"segments": []}', "no words in it"),
        ("a.json", '{"segments": [1, {"words": 3}]}', "no words in it"),
        ("a.srt", "", "the file is empty"),
        ("a.json", " \n", "the file is empty"),
        ("a.vtt", "WEBVTT\n", "no words in it"),
        ("a.json", '{"segments": [{"text": "Hi there.", "words": [{"word": "Hi"}]}]}', "no times in it"),
        ("a.vtt", "nonsense", "does not start with WEBVTT"),
        ("a.eaf", "<x/>", "ANNOTATION_DOCUMENT"),
        ("a.docx", "", "'.docx' is not that of a transcript"),
    ],
)
def test_faults(tmp_path, name, text, problem):
    """In one line."""
    (tmp_path / name).write_text(text)
    with pytest.raises(FormatError) as caught:
        transcripts.read_transcript(tmp_path / name)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_languages_without_blanks_are_cut_between_characters():
    """And put together again without any."""
    whisper = {"segments": [{"start": 0, "end": 2.8, "text": "你好，世界。"}]}
    found = spoken(whisper)
    assert [word.text for word in found.words] == ["你", "好，", "世", "界。"]
    assert [each.said for each in found.segments] == ["你好，", "世界。"]
