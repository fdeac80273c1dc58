"""JSON of transformers and of cloud services: made by hand, as each of them has it."""

from __future__ import annotations

import copy
import json

import pytest

from diarize import transcripts
from diarize.annotation import Annotation, Turn
from diarize.errors import FormatError
from diarize.transcripts.dialects import dialect_of
from diarize.transcripts.reading import parse_transcript

from .service_examples import (
    ASSEMBLYAI,
    ASSEMBLYAI_WORDS,
    AWS,
    AZURE,
    AZURE_FAST,
    DEEPGRAM,
    DEEPGRAM_WORDS,
    ELEVENLABS,
    GOOGLE_1,
    GOOGLE_2,
    REV,
    SEGMENT_CHUNKS,
    SERVICES,
    SPEECHMATICS,
    WATSON,
    WORD_CHUNKS,
    aws_item,
    google_words,
    speechmatics_row,
)
from .test_reading import BY_NAME, EXPECTED, spoken, written

OWN = {
    **dict.fromkeys(("openai-whisper", "faster-whisper", "whisperX", "the API"), "whisper"),
    **{"whisper.cpp": "whisper.cpp", "vosk": "vosk", "several of vosk": "vosk"},
    "vosk-transcriber": "monologues",
}


def labelled(found):
    """Word, start, end and speaker, that of the segment where words have none."""
    return [
        (word.text, word.start, word.end, word.speaker or segment.speaker)
        for segment in found.segments
        for word in segment.words
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_each_is_written_as_it_is_read(name, tmp_path):
    """Speakers where the service has them; read again, the words are the same."""
    _, value, speakers = SERVICES[name]
    given = parse_transcript(json.dumps(value), "talk.json")
    assert [(word.text, word.start, word.end) for word in given.words] == EXPECTED
    back = written(spoken(value), tmp_path)
    assert speakers(back) == ["Ann", "Ann", "Bob"]
    again = parse_transcript(json.dumps(back), "talk.json")
    assert labelled(again) == [
        (*word, who) for word, who in zip(EXPECTED, ("Ann", "Ann", "Bob"), strict=True)
    ]


@pytest.mark.parametrize("name", SERVICES)
def test_where_nobody_speaks_words_have_no_speaker(name, tmp_path):
    """Also where the service named some; what is written is null and can be read again."""
    _, value, speakers = SERVICES[name]
    found = transcripts.assign_speakers(
        parse_transcript(json.dumps(value), "talk.json"), Annotation("talk", ())
    )
    back = written(found, tmp_path)
    assert set(speakers(back)) == {None}
    assert len(parse_transcript(json.dumps(back), "talk.json").words) == 3


def without_speakers(value):
    """JSON without what says who speaks."""
    if isinstance(value, list):
        return [without_speakers(each) for each in value]
    if not isinstance(value, dict):
        return value
    told = {
        *("speaker", "speaker_label", "speakerLabel", "speakerTag", "speaker_id"),
        *("speaker_confidence", "speaker_labels"),
    }
    return {key: without_speakers(each) for key, each in value.items() if key not in told}


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_else_changes_where_one_speaks(name, tmp_path):
    """Every other field is written as it was."""
    value = SERVICES[name][1]
    alone = Annotation("talk", (Turn(0, 3, "Ann"),))
    found = transcripts.assign_speakers(parse_transcript(json.dumps(value), "talk.json"), alone)
    assert without_speakers(written(found, tmp_path)) == without_speakers(value)


@pytest.mark.parametrize("name", SERVICES)
def test_none_is_taken_for_another(name):
    """Also by those that ask for fewer keys."""
    assert dialect_of(SERVICES[name][1]) == SERVICES[name][0]


@pytest.mark.parametrize("name", BY_NAME)
def test_the_others_stay_what_they_were(name):
    """Whisper and vosk are none of the services."""
    assert dialect_of(BY_NAME[name]) == OWN[name]


@pytest.mark.parametrize(
    "value",
    [
        {"results": [{"start_time": 0.5, "alternatives": [{"content": "Hi"}]}]},
        {"results": [{"final": True, "alternatives": [{"transcript": "Hi"}]}]},
        {"phrases": [{"start": 0.5, "text": "Hi"}]},
        {"results": [{"languageCode": "en", "alternatives": [{"content": "Hi"}]}]},
        {"results": {"utterances": []}},
        {"chunks": [{"text": "Hi", "start": 0.5}]},
        {"recognizedPhrases": None},
    ],
)
def test_similar_services_are_not_misread(value):
    """They are refused, with those that are read."""
    with pytest.raises(FormatError, match=r"unknown speech recogniser; .*Deepgram.* subtitles"):
        parse_transcript(json.dumps(value), "x.json")


def test_speakers_that_a_service_named_are_replaced():
    """With a note, numbers as well as names."""
    value = copy.deepcopy(DEEPGRAM)
    for word in value["results"]["channels"][0]["alternatives"][0]["words"]:
        word["speaker"] = 0
    assert spoken(value).notes == ("speakers that it named are replaced: 0",)
    assert spoken(AWS).notes == ("speakers that it named are replaced: spk_0",)
    assert spoken(AZURE).notes == ("speakers that it named are replaced: 1",)


def test_segments_of_transformers_are_cut(tmp_path):
    """An end that is null is worked out, and stays null where nothing was cut."""
    back = written(spoken(SEGMENT_CHUNKS), tmp_path)
    assert back["chunks"] == [
        SEGMENT_CHUNKS["chunks"][0] | {"speaker": "Ann"},
        SEGMENT_CHUNKS["chunks"][1] | {"speaker": "Bob"},
    ]
    one = {"chunks": [{"text": " Yes it is. No not me.", "timestamp": [0.0, 2.8]}], "speakers": []}
    back = written(spoken(one), tmp_path)
    first, second = back["chunks"]
    assert (first["text"], first["speaker"], second["text"]) == (" Yes it is.", "Ann", " No not me.")
    assert (first["timestamp"][0], second["timestamp"][1], second["estimated"]) == (0.0, 2.8, True)
    assert [(row["speaker"], row["text"]) for row in back["speakers"]] == [
        ("Ann", "Yes it is."), ("Bob", "No not me."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("last", "following", "end"), [("Yes it is.", None, 1.5 + 0.7), ("Yes it is.", 1.9, 1.9)]
)
def test_an_end_that_is_null(last, following, end):
    """It is the next start, or comes from the number of characters."""
    chunks = [{"text": last, "timestamp": [1.5, None]}]
    chunks += [{"text": "No no.", "timestamp": [following, 3.0]}] * (following is not None)
    found = parse_transcript(json.dumps({"chunks": chunks}), "x.json")
    assert found.segments[0].end == pytest.approx(end)


def test_chunks_that_continue_a_word():
    """They have no blank where others have one; without any blanks, each is a word."""
    chunks = [{"text": text, "timestamp": [i, i + 1]} for i, text in enumerate((" well", "-known", " fact."))]
    assert parse_transcript(json.dumps({"chunks": chunks}), "x.json").segments[0].said == "well-known fact."
    for chunk in chunks:
        chunk["text"] = chunk["text"].strip()
    assert parse_transcript(json.dumps({"chunks": chunks}), "x.json").segments[0].said == "well -known fact."


def test_groups_of_aws_are_made_anew(tmp_path):
    """Cut where the speaker changes, with the times of the items as they were written."""
    results = written(spoken(AWS), tmp_path)["results"]
    assert results["speaker_labels"]["speakers"] == 2
    assert results["speaker_labels"]["channel_label"] == "ch_0"
    segments = results["speaker_labels"]["segments"]
    assert [(s["start_time"], s["end_time"], s["speaker_label"]) for s in segments] == [
        ("0.5", "1.3", "Ann"), ("1.5", "2.0", "Bob"),
    ]  # fmt: skip
    assert segments[1]["items"] == [{"start_time": "1.5", "end_time": "2.0", "speaker_label": "Bob"}]
    spans = results["audio_segments"]
    assert [(s["id"], s["transcript"], s["items"]) for s in spans] == [
        (0, "Hello there.", [0, 1, 2]), (1, "Yes.", [3, 4]),
    ]  # fmt: skip
    assert [item["speaker_label"] for item in results["items"]] == ["Ann", "Ann", "Ann", "Bob", "Bob"]


def test_aws_without_speakers_gets_its_groups(tmp_path):
    """One for each change of speaker."""
    items = [aws_item(0, "Hello", "0.5", "1.3"), aws_item(1, "."), aws_item(2, "Yes", "1.5", "2.0")]
    results = written(spoken({"results": {"items": items}}), tmp_path)["results"]
    assert [s["speaker_label"] for s in results["speaker_labels"]["segments"]] == ["Ann", "Bob"]
    assert "audio_segments" not in results


@pytest.mark.parametrize(
    "value",
    [
        {"results": {"items": [
            aws_item(0, "Sí", "0.5", "0.9"), aws_item(1, "."), aws_item(2, "¿"),
            aws_item(3, "Cómo", "1.5", "2.0"), aws_item(4, "?"),
        ]}},
        {"monologues": [{"speaker": 0, "elements": [
            {"type": "text", "value": "Sí", "ts": 0.5, "end_ts": 0.9},
            {"type": "punct", "value": "."}, {"type": "punct", "value": " "}, {"type": "punct", "value": "¿"},
            {"type": "text", "value": "Cómo", "ts": 1.5, "end_ts": 2.0},
            {"type": "punct", "value": "?"}, {"type": "punct", "value": " "}, {"type": "punct", "value": "-"},
        ]}]},
    ],
)  # fmt: skip
def test_opening_punctuation_belongs_to_the_next_word(value, tmp_path):
    """It goes to that word's speaker, too; nothing is lost."""
    found = spoken(value)
    assert [word.text for word in found.words] == ["Sí.", "¿Cómo?"]
    back = written(found, tmp_path)
    if "results" in value:
        assert [i["speaker_label"] for i in back["results"]["items"]] == ["Ann", "Ann", "Bob", "Bob", "Bob"]
        assert back["results"]["speaker_labels"]["segments"][1]["start_time"] == "1.5"
    else:
        assert [len(row["elements"]) for row in back["monologues"]] == [3, 5]


def test_groups_of_deepgram_are_made_anew(tmp_path):
    """Utterances and paragraphs, if the file has them."""
    value = copy.deepcopy(DEEPGRAM)
    best = value["results"]["channels"][0]["alternatives"][0]
    sentences = [
        {"text": "Hello there.", "start": 0.5, "end": 1.3},
        {"text": "Yes.", "start": 1.5, "end": 2.0},
    ]
    row = {"sentences": sentences, "num_words": 3, "start": 0.5, "end": 2.0}
    best["paragraphs"] = {"transcript": "\nHello there. Yes.", "paragraphs": [row]}
    results = written(spoken(value), tmp_path)["results"]
    best = results["channels"][0]["alternatives"][0]
    assert best["words"][2] == DEEPGRAM_WORDS[2] | {"speaker": "Bob", "speaker_confidence": 1.0}
    first, second = results["utterances"]
    assert (first["id"], first["transcript"], first["start"], first["end"]) == ("u", "Hello there.", 0.5, 1.3)
    assert (second["id"], second["speaker"], second["confidence"]) == ("u-2", "Bob", 0.5)
    assert [len(first["words"]), first["confidence"], second["channel"]] == [2, 0.8, 0]
    assert best["paragraphs"]["transcript"] == "\nAnn: Hello there.\n\nBob: Yes.\n"
    assert best["paragraphs"]["paragraphs"] == [
        {"sentences": sentences[:1], "num_words": 2, "start": 0.5, "end": 1.3, "speaker": "Ann"},
        {"sentences": sentences[1:], "num_words": 1, "start": 1.5, "end": 2.0, "speaker": "Bob"},
    ]


def test_a_silent_channel_of_deepgram_is_no_second_one():
    """The other one is read."""
    value = copy.deepcopy(DEEPGRAM)
    value["results"]["channels"].insert(0, {"alternatives": [{"transcript": "", "words": []}]})
    assert [word.speaker for word in spoken(value).words] == ["Ann", "Ann", "Bob"]


def test_utterances_of_assemblyai_are_made_anew(tmp_path):
    """In milliseconds; where there were none, there is one for each change of speaker."""
    for given in (ASSEMBLYAI, ASSEMBLYAI | {"utterances": None}):
        first, second = written(spoken(given), tmp_path)["utterances"]
        assert (first["speaker"], first["text"], first["start"], first["end"]) == (
            "Ann",
            "Hello there.",
            500,
            1300,
        )
        assert (second["speaker"], second["confidence"]) == ("Bob", 0.5)
        assert second["words"] == [ASSEMBLYAI_WORDS[2] | {"speaker": "Bob"}]
    only = {name: each for name, each in ASSEMBLYAI.items() if name != "words"}
    assert [word.start for word in spoken(only).words] == [0.5, 0.9, 1.5]


def test_tags_of_google_count_speakers(tmp_path):
    """In version 1, where they are numbers; names are labels. Underscores stay underscores."""
    words = google_words(written(spoken(GOOGLE_1), tmp_path))
    assert [word["speakerTag"] for word in words] == [1, 1, 2]
    assert all("speakerTag" not in word for word in google_words(written(spoken(GOOGLE_2), tmp_path)))
    snake = {"start_time": "0.5s", "end_time": "0.9s", "word": "Hello"}
    value = written(spoken({"results": [{"alternatives": [{"words": [snake]}]}]}), tmp_path)
    assert google_words(value) == [snake | {"speaker_label": "Ann", "speaker_tag": 1}]


def test_a_last_result_of_google_that_repeats_all_words_is_read_alone(tmp_path):
    """As version 1 writes speakers: the tags are in it, not in the others."""
    value = copy.deepcopy(GOOGLE_1)
    value["results"].append(
        {"alternatives": [{"words": [w | {"speakerTag": 1} for w in google_words(value)]}]}
    )
    found = spoken(value)
    assert [word.speaker for word in found.words] == ["Ann", "Ann", "Bob"]
    back = written(found, tmp_path)
    assert back["results"][:2] == GOOGLE_1["results"]
    assert [w["speakerTag"] for w in back["results"][2]["alternatives"][0]["words"]] == [1, 1, 2]


@pytest.mark.parametrize(
    ("row", "times"),
    [
        ({"endOffset": "0.9s"}, (0.0, 0.9)),
        ({"startTime": {"seconds": "1", "nanos": 500000000}, "endTime": {"seconds": 2}}, (1.5, 2.0)),
        ({"startTime": {"nanos": 5000000}, "endTime": "1s"}, (0.005, 1.0)),
    ],
)
def test_times_of_google(row, times):
    """Zeros may be left out, and its libraries write seconds and nanoseconds."""
    value = {"results": [{"alternatives": [{"words": [row | {"word": "Hi"}]}]}]}
    (word,) = parse_transcript(json.dumps(value), "x.json").words
    assert (word.start, word.end) == pytest.approx(times)


def test_phrases_of_azure_are_cut(tmp_path):
    """With times in both forms; those without words stay."""
    first, second, silent = written(spoken(AZURE), tmp_path)["recognizedPhrases"]
    assert silent == AZURE["recognizedPhrases"][1]
    assert (first["offset"], first["duration"], first["durationInTicks"]) == ("PT0.5S", "PT0.8S", 8e6)
    assert (second["offset"], second["offsetInTicks"]) == ("PT1.5S", 1.5e7)
    best = first["nBest"][0]
    assert (best["display"], best["lexical"], best["itn"]) == ("Hello there.", "hello there", "hello there")
    assert best["words"] == AZURE["recognizedPhrases"][0]["nBest"][0]["words"][:2]


def test_azure_without_words_is_cut_at_estimated_times(tmp_path):
    """And says so."""
    value = copy.deepcopy(AZURE)
    del value["recognizedPhrases"][0]["nBest"][0]["words"]
    value["recognizedPhrases"][0] |= {"offsetInTicks": 0, "durationInTicks": 28000000}
    first, second, _ = written(spoken(value), tmp_path)["recognizedPhrases"]
    assert (first["speaker"], second["speaker"], second["estimated"]) == ("Ann", "Bob", True)
    assert first["nBest"][0]["display"] + " " + second["nBest"][0]["display"] == "Hello there. Yes."
    assert "words" not in first["nBest"][0]


def test_phrases_of_fast_transcription_are_cut(tmp_path):
    """With times in milliseconds; those without words stay."""
    first, second, silent = written(spoken(AZURE_FAST), tmp_path)["phrases"]
    assert silent == AZURE_FAST["phrases"][1]
    assert (first["text"], first["offsetMilliseconds"], first["durationMilliseconds"]) == (
        "Hello there.",
        500,
        800,
    )
    assert (second["text"], second["offsetMilliseconds"]) == ("Yes.", 1500)
    assert first["words"] + second["words"] == AZURE_FAST["phrases"][0]["words"]
    assert not {"estimated"} & (set(first) | set(second))


def test_punctuation_of_speechmatics_belongs_to_words(tmp_path):
    """To the one before or, where it says so, after; other entries stay; an unknown speaker is none."""
    value = copy.deepcopy(SPEECHMATICS)
    change = {"type": "speaker_change", "start_time": 1.4, "end_time": 1.4, "score": 0.8}
    opening = speechmatics_row("punctuation", "¿", 1.5, 1.5, attaches_to="next")
    value["results"][3:3] = [change, opening]
    for row in value["results"][:3]:
        row["alternatives"][0]["speaker"] = "UU"
    found = spoken(value)
    assert [word.text for word in found.words] == ["Hello", "there.", "¿Yes."]
    assert found.notes == ("speakers that it named are replaced: S1",)
    rows = written(found, tmp_path)["results"]
    assert rows[3] == change
    told = [row["alternatives"][0]["speaker"] for i, row in enumerate(rows) if i != 3]
    assert told == ["Ann", "Ann", "Ann", "Bob", "Bob", "Bob"]


def test_both_forms_of_an_entity_get_its_speaker(tmp_path):
    """In all of their entries."""
    value = copy.deepcopy(SPEECHMATICS)
    inner = speechmatics_row("word", "hi", 0.5, 0.9)
    value["results"][0] |= {"type": "entity", "spoken_form": [inner, inner], "written_form": [inner]}
    row = written(spoken(value), tmp_path)["results"][0]
    told = [*row["spoken_form"], *row["written_form"]]
    assert [each["alternatives"][0]["speaker"] for each in told] == ["Ann"] * 3


def test_blanks_of_elevenlabs_part_words(tmp_path):
    """Words without one are one text, sounds are no words; each has the speaker of the word before it."""
    value = copy.deepcopy(ELEVENLABS)
    del value["words"][1]
    found = spoken(value)
    assert [segment.said for segment in found.segments] == ["Hellothere.", "Yes."]
    told = [row["speaker_id"] for row in written(spoken(ELEVENLABS), tmp_path)["words"]]
    assert told == ["Ann"] * 4 + ["Bob"] * 2
    alone = {"words": [row for row in ELEVENLABS["words"] if row["type"] == "word"]}
    assert [segment.said for segment in spoken(alone).segments] == ["Hello there.", "Yes."]


def test_labels_of_watson_are_found_by_the_start_of_a_word(tmp_path):
    """And made anew, one a word, also where there were none."""
    value = copy.deepcopy(WATSON)
    value["speaker_labels"][2]["speaker"] = 1
    read = parse_transcript(json.dumps(value), "x.json")
    assert [word.speaker for word in read.words] == ["0", "0", "1"]
    assert spoken(value).notes == ("speakers that it named are replaced: 0, 1",)
    del value["speaker_labels"]
    labels = written(spoken(value), tmp_path)["speaker_labels"]
    assert [(row["from"], row["to"], row["speaker"], row["final"]) for row in labels] == [
        (0.5, 0.9, "Ann", True),
        (0.9, 1.3, "Ann", True),
        (1.5, 2.0, "Bob", True),
    ]


def test_elements_of_rev_stay_in_their_order(tmp_path):
    """All of them; monologues without words stay."""
    noise = {"speaker": 1, "elements": [{"type": "unknown", "value": "<laugh>"}]}
    value = {"monologues": [noise, *REV["monologues"]]}
    rows = written(spoken(value), tmp_path)["monologues"]
    assert rows[0] == noise
    assert [row["speaker"] for row in rows[1:]] == ["Ann", "Bob"]
    assert rows[1]["elements"] + rows[2]["elements"] == REV["monologues"][0]["elements"]


def broken(value, *path, to):
    """A copy with another value at a place."""
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return value


WORDS_1 = ("results", 0, "alternatives", 0, "words")
DEEP = ("results", "channels", 0, "alternatives", 0, "words")
BEST = ("recognizedPhrases", 0, "nBest", 0)
TIMES = ("results", 0, "alternatives", 0, "timestamps")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (broken(WORD_CHUNKS, "chunks", 1, "timestamp", to=[1]), r"chunks\[1\]: 'timestamp' is \[1\], not"),
        (
            broken(WORD_CHUNKS, "chunks", 1, "timestamp", to=["a", 1]),
            "'timestamp' is 'a', not a number of sec",
        ),
        (broken(WORD_CHUNKS, "chunks", 1, "text", to=None), r"chunks\[1\]: 'text' is None, not a text"),
        (broken(WORD_CHUNKS, "chunks", 1, to=3), "chunks is not a list of objects"),
        ([WORD_CHUNKS, WORD_CHUNKS], "chunks of 2 recordings"),
        ({"chunks": [{"text": c, "timestamp": [0, 1]} for c in "a b"]}, "return_timestamps='word'"),
        (
            broken(AWS, "results", "items", 1, "start_time", to="x\ny"),
            r"items\[1\]: 'start_time' is 'x\\ny', not",
        ),
        (
            broken(AWS, "results", "items", 1, "end_time", to=True),
            "'end_time' is True, not a number of seconds",
        ),
        (broken(AWS, "results", "items", 1, "end_time", to=10**400), "not a number of seconds"),
        (broken(AWS, "results", "items", 1, "type", to="x"), "type 'x' is neither pronunciation nor"),
        (broken(AWS, "results", "items", 1, "alternatives", to=[]), r"items\[1\]: no alternatives"),
        (broken(AWS, "results", "items", 1, "alternatives", to=3), "alternatives is not a list of objects"),
        (
            {"results": {"items": [aws_item(0, "a", "0", "1") | {"channel_label": c} for c in "ab"]}},
            "of 2 chan",
        ),
        (broken(DEEPGRAM, *DEEP, 0, "start", to=[]), r"words\[0\]: 'start' is \[\], not a number of seconds"),
        (broken(DEEPGRAM, *DEEP, to=3), "words is not a list of objects"),
        (broken(DEEPGRAM, *DEEP[:2], to=2 * DEEPGRAM["results"]["channels"]), "words of 2 channels"),
        (
            broken(ASSEMBLYAI, "words", 0, "start", to=0.5),
            "'start' is 0.5, not a whole number of milliseconds",
        ),
        (broken(ASSEMBLYAI, "words", 0, "text", to=5), r"words\[0\]: 'text' is 5, not a text"),
        (ASSEMBLYAI | {"multichannel": True, "audio_channels": 2}, "words of 2 channels"),
        (
            broken(GOOGLE_1, *WORDS_1, 0, "startTime", to=0.5),
            "'startTime' is 0.5, not seconds as in '1.200s'",
        ),
        (broken(GOOGLE_1, *WORDS_1, 0, "startTime", to="0.5"), "'startTime' is '0.5', not seconds as in"),
        (broken(GOOGLE_1, *WORDS_1, 0, "startTime", to={"seconds": []}), "'seconds' is"),
        (
            {"results": [{"alternatives": [{"transcript": "Hi"}], "languageCode": "en"}]},
            "enableWordTimeOffsets",
        ),
        (
            {"results": [r | {"channelTag": i + 1} for i, r in enumerate(GOOGLE_1["results"])]},
            "of 2 channels",
        ),
        (broken(AZURE, *BEST[:2], "offsetInTicks", to=0.5), "not a whole number of ticks of 100 ns"),
        (broken(AZURE, *BEST, "words", 1, "word", to=None), r"words\[1\]: 'word' is None, not a text"),
        (
            broken(AZURE, "recognizedPhrases", 1, to=AZURE["recognizedPhrases"][0] | {"channel": 1}),
            "2 channels",
        ),
        (
            broken(AZURE_FAST, "phrases", 0, "offsetMilliseconds", to=0.5),
            "not a whole number of milliseconds",
        ),
        (broken(AZURE_FAST, "phrases", 0, "words", 1, "text", to=1), r"words\[1\]: 'text' is 1, not a text"),
        (
            broken(AZURE_FAST, "phrases", 1, to=AZURE_FAST["phrases"][0] | {"channel": 1}),
            "2 channels",
        ),
        (broken(SPEECHMATICS, "results", 1, "alternatives", to=[]), r"results\[1\]: no alternatives"),
        (broken(SPEECHMATICS, "results", 1, "start_time", to="x"), r"results\[1\]: 'start_time' is 'x', not"),
        (
            {
                "results": [
                    row | {"channel": row["alternatives"][0]["content"]} for row in SPEECHMATICS["results"]
                ]
            },
            "words of 4 channels",
        ),
        (broken(ELEVENLABS, "words", 2, "text", to=None), r"words\[2\]: 'text' is None, not a text"),
        (broken(ELEVENLABS, "words", 2, "end", to=True), r"words\[2\]: 'end' is True, not a number of sec"),
        (
            broken(WATSON, *TIMES, 0, to=["Hi", 1]),
            r"timestamps\[0\] is \['Hi', 1\], not a word with its start",
        ),
        (
            broken(WATSON, *TIMES, 0, to=["Hi", "x", 1]),
            r"timestamps\[0\]: 'start' is 'x', not a number of sec",
        ),
        (broken(WATSON, "speaker_labels", 0, "from", to=[]), r"speaker_labels\[0\]: 'from' is \[\], not"),
        (
            broken(REV, "monologues", 0, "elements", 0, "ts", to="x"),
            r"elements\[0\]: 'ts' is 'x', not a number",
        ),
        (
            broken(REV, "monologues", 0, "elements", 1, "value", to=1),
            r"elements\[1\]: 'value' is 1, not a text",
        ),
    ],
)
def test_malformed_values_are_refused(value, problem):
    """In one line, with the place and the file."""
    with pytest.raises(FormatError, match=problem) as caught:
        parse_transcript(json.dumps(value), "x.json")
    assert str(caught.value).startswith("x.json: ")
    assert "\n" not in str(caught.value)


ODD = (None, True, 1e300, "x", [None], [{}], {})


def variants(value):
    """Copies with an odd value in place of each inner one, and without each."""
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        for each in (*ODD, *variants(inner)):
            yield {**value, key: each} if isinstance(value, dict) else [*value[:key], each, *value[key + 1 :]]
        left = (item for item in rows if item[0] != key)
        yield dict(left) if isinstance(value, dict) else [each for _, each in left]


@pytest.mark.parametrize("name", SERVICES)
def test_odd_values_anywhere_are_refused_or_written(name, tmp_path):
    """Refused in one line, or read, labelled and written."""
    for value in variants(SERVICES[name][1]):
        try:
            found = spoken(value)
        except FormatError as error:
            assert "\n" not in str(error)
        else:
            written(found, tmp_path)
