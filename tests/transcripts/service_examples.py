"""A small example of JSON of every service, each with the words Hello there. Yes."""

from __future__ import annotations

WORD_CHUNKS = {
    "text": " Hello there. Yes.",
    "chunks": [
        {"text": " Hello", "timestamp": [0.5, 0.9]},
        {"text": " there.", "timestamp": [0.9, 1.3]},
        {"text": " Yes.", "timestamp": [1.5, 2.0]},
    ],
}
SEGMENT_CHUNKS = {
    "text": " Hello there. Yes it is.",
    "chunks": [
        {"text": " Hello there.", "timestamp": [0.5, 1.3]},
        {"text": " Yes it is.", "timestamp": [1.5, None]},
    ],
}


def aws_item(i, content, *ends, speaker=None):
    """One item of AWS; without ends, punctuation."""
    times = dict(zip(("start_time", "end_time"), ends, strict=False))
    return {
        "id": i, "type": "pronunciation" if ends else "punctuation",
        "alternatives": [{"confidence": "0.99", "content": content}], **times,
    } | ({"speaker_label": speaker} if speaker else {})  # fmt: skip


AWS = {
    "jobName": "talk",
    "accountId": "0",
    "status": "COMPLETED",
    "results": {
        "transcripts": [{"transcript": "Hello there. Yes."}],
        "speaker_labels": {
            "channel_label": "ch_0", "speakers": 1,
            "segments": [{
                "start_time": "0.5", "end_time": "2.0", "speaker_label": "spk_0",
                "items": [
                    {"start_time": start, "end_time": end, "speaker_label": "spk_0"}
                    for start, end in (("0.5", "0.9"), ("0.9", "1.3"), ("1.5", "2.0"))
                ],
            }],
        },
        "items": [
            aws_item(0, "Hello", "0.5", "0.9", speaker="spk_0"),
            aws_item(1, "there", "0.9", "1.3", speaker="spk_0"),
            aws_item(2, ".", speaker="spk_0"),
            aws_item(3, "Yes", "1.5", "2.0", speaker="spk_0"),
            aws_item(4, ".", speaker="spk_0"),
        ],
        "audio_segments": [{
            "id": 0, "transcript": "Hello there. Yes.", "start_time": "0.5", "end_time": "2.0",
            "speaker_label": "spk_0", "items": [0, 1, 2, 3, 4],
        }],
    },
}  # fmt: skip
DEEPGRAM_WORDS = [
    {"word": "hello", "start": 0.5, "end": 0.9, "confidence": 0.9, "punctuated_word": "Hello"},
    {"word": "there", "start": 0.9, "end": 1.3, "confidence": 0.7, "punctuated_word": "there."},
    {"word": "yes", "start": 1.5, "end": 2.0, "confidence": 0.5, "punctuated_word": "Yes."},
]
DEEPGRAM = {
    "metadata": {"request_id": "1", "duration": 3.0, "channels": 1},
    "results": {
        "channels": [{
            "alternatives": [{
                "transcript": "Hello there. Yes.", "confidence": 0.9, "words": DEEPGRAM_WORDS,
            }],
        }],
        "utterances": [{
            "start": 0.5, "end": 2.0, "confidence": 0.7, "channel": 0, "id": "u",
            "transcript": "Hello there. Yes.", "words": DEEPGRAM_WORDS,
        }],
    },
}  # fmt: skip
ASSEMBLYAI_WORDS = [
    {"text": "Hello", "start": 500, "end": 900, "confidence": 0.9, "speaker": "A"},
    {"text": "there.", "start": 900, "end": 1300, "confidence": 0.7, "speaker": "A"},
    {"text": "Yes.", "start": 1500, "end": 2000, "confidence": 0.5, "speaker": "A"},
]
ASSEMBLYAI = {
    "id": "1", "status": "completed", "audio_url": "talk.wav", "text": "Hello there. Yes.",
    "words": ASSEMBLYAI_WORDS,
    "utterances": [{
        "speaker": "A", "text": "Hello there. Yes.", "start": 500, "end": 2000, "confidence": 0.7,
        "words": ASSEMBLYAI_WORDS,
    }],
}  # fmt: skip
GOOGLE_1 = {
    "results": [
        {
            "alternatives": [{
                "transcript": "Hello there.", "confidence": 0.9,
                "words": [
                    {"startTime": "0.500s", "endTime": "0.900s", "word": "Hello"},
                    {"startTime": "0.900s", "endTime": "1.300s", "word": "there."},
                ],
            }],
            "resultEndTime": "1.300s", "languageCode": "en-us",
        },
        {
            "alternatives": [{
                "transcript": " Yes.",
                "words": [{"startTime": "1.500s", "endTime": "2s", "word": "Yes."}],
            }],
            "resultEndTime": "2s", "languageCode": "en-us",
        },
    ],
}  # fmt: skip
GOOGLE_2 = {
    "results": [{
        "alternatives": [{
            "transcript": "Hello there. Yes.",
            "words": [
                {"startOffset": "0.500s", "endOffset": "0.900s", "word": "Hello"},
                {"startOffset": "0.900s", "endOffset": "1.300s", "word": "there."},
                {"startOffset": "1.500s", "endOffset": "2s", "word": "Yes.", "speakerLabel": "1"},
            ],
        }],
        "resultEndOffset": "2s", "languageCode": "en-US",
    }],
    "metadata": {"totalBilledDuration": "3s"},
}  # fmt: skip
AZURE = {
    "source": "https://example.org/talk.wav", "durationInTicks": 30000000, "duration": "PT3S",
    "combinedRecognizedPhrases": [{"channel": 0, "display": "Hello there. Yes."}],
    "recognizedPhrases": [
        {
            "recognitionStatus": "Success", "channel": 0, "speaker": 1,
            "offset": "PT0.5S", "duration": "PT1.5S", "offsetInTicks": 5e6, "durationInTicks": 1.5e7,
            "nBest": [{
                "confidence": 0.9, "lexical": "hello there yes", "itn": "hello there yes",
                "maskedITN": "hello there yes", "display": "Hello there. Yes.",
                "words": [
                    {"word": "hello", "offsetInTicks": 5000000.0, "durationInTicks": 4000000.0},
                    {"word": "there", "offsetInTicks": 9000000.0, "durationInTicks": 4000000.0},
                    {"word": "yes", "offsetInTicks": 15000000.0, "durationInTicks": 5000000.0},
                ],
            }],
        },
        {"recognitionStatus": "NoMatch", "channel": 0, "offsetInTicks": 2.5e7, "durationInTicks": 1e6},
    ],
}  # fmt: skip
REV = {
    "monologues": [{
        "speaker": 0,
        "elements": [
            {"type": "text", "value": "Hello", "ts": 0.5, "end_ts": 0.9, "confidence": 0.9},
            {"type": "punct", "value": " "},
            {"type": "text", "value": "there", "ts": 0.9, "end_ts": 1.3, "confidence": 0.9},
            {"type": "punct", "value": "."},
            {"type": "punct", "value": " "},
            {"type": "text", "value": "Yes", "ts": 1.5, "end_ts": 2.0, "confidence": 0.9},
            {"type": "punct", "value": "."},
        ],
    }],
}  # fmt: skip


AZURE_FAST = {
    "durationMilliseconds": 3000,
    "combinedPhrases": [{"text": "Hello there. Yes."}],
    "phrases": [
        {
            "speaker": 1, "offsetMilliseconds": 500, "durationMilliseconds": 1500,
            "text": "Hello there. Yes.",
            "words": [
                {"text": "Hello", "offsetMilliseconds": 500, "durationMilliseconds": 400},
                {"text": "there.", "offsetMilliseconds": 900, "durationMilliseconds": 400},
                {"text": "Yes.", "offsetMilliseconds": 1500, "durationMilliseconds": 500},
            ],
            "locale": "en-US", "confidence": 0.9,
        },
        {"offsetMilliseconds": 2500, "durationMilliseconds": 100, "text": "", "locale": "en-US"},
    ],
}  # fmt: skip


def earlier_fast(value):
    """Fast transcription of Azure as its first version named times."""
    names = {"offsetMilliseconds": "offset", "durationMilliseconds": "duration"}
    if isinstance(value, list):
        return [earlier_fast(each) for each in value]
    if isinstance(value, dict):
        return {names.get(key, key): earlier_fast(each) for key, each in value.items()}
    return value


def speechmatics_row(kind, content, start, end, **more):
    """One result of Speechmatics."""
    best = {"confidence": 0.9, "content": content, "language": "en", "speaker": "S1"}
    return {"type": kind, "start_time": start, "end_time": end, "alternatives": [best], **more}


SPEECHMATICS = {
    "format": "2.9",
    "job": {"data_name": "talk.wav", "duration": 3, "id": "1"},
    "results": [
        speechmatics_row("word", "Hello", 0.5, 0.9),
        speechmatics_row("word", "there", 0.9, 1.3),
        speechmatics_row("punctuation", ".", 1.3, 1.3, attaches_to="previous", is_eos=True),
        speechmatics_row("word", "Yes", 1.5, 2.0),
        speechmatics_row("punctuation", ".", 2.0, 2.0, attaches_to="previous", is_eos=True),
    ],
}
ELEVENLABS = {
    "language_code": "eng", "language_probability": 0.98, "text": "Hello there. Yes.",
    "words": [
        {"text": "Hello", "start": 0.5, "end": 0.9, "type": "word", "speaker_id": "speaker_0"},
        {"text": " ", "start": 0.9, "end": 0.9, "type": "spacing", "speaker_id": "speaker_0"},
        {"text": "there.", "start": 0.9, "end": 1.3, "type": "word", "speaker_id": "speaker_0"},
        {"text": " ", "start": 1.3, "end": 1.5, "type": "spacing", "speaker_id": "speaker_0"},
        {"text": "Yes.", "start": 1.5, "end": 2.0, "type": "word", "speaker_id": "speaker_0"},
        {"text": "(laughs)", "start": 2.0, "end": 2.5, "type": "audio_event", "speaker_id": "speaker_0"},
    ],
}  # fmt: skip
WATSON = {
    "result_index": 0,
    "results": [
        {
            "final": True,
            "alternatives": [{
                "transcript": "Hello there. ", "confidence": 0.9,
                "timestamps": [["Hello", 0.5, 0.9], ["there.", 0.9, 1.3]],
            }],
        },
        {
            "final": True,
            "alternatives": [{"transcript": "Yes. ", "timestamps": [["Yes.", 1.5, 2.0]]}],
        },
    ],
    "speaker_labels": [
        {"from": start, "to": end, "speaker": 0, "confidence": 0.5, "final": False}
        for start, end in ((0.5, 0.9), (0.9, 1.3), (1.5, 2.0))
    ],
}  # fmt: skip


def google_words(value):
    """All words in results of Google."""
    return [word for row in value["results"] for word in row["alternatives"][0]["words"]]


# By service: the dialect, an example, and from what is written the speakers of the three words.
SERVICES = {
    "transformers": ("transformers", WORD_CHUNKS, lambda v: [row["speaker"] for row in v["chunks"]]),
    "transformers, in a list": (
        "transformers", [WORD_CHUNKS], lambda v: [row["speaker"] for row in v[0]["chunks"]],
    ),
    "AWS": (
        "aws", AWS,
        lambda v: [i["speaker_label"] for i in v["results"]["items"] if i["type"] == "pronunciation"],
    ),
    "Deepgram": (
        "deepgram", DEEPGRAM,
        lambda v: [w["speaker"] for w in v["results"]["channels"][0]["alternatives"][0]["words"]],
    ),
    "AssemblyAI": ("assemblyai", ASSEMBLYAI, lambda v: [w["speaker"] for w in v["words"]]),
    "Google 1": ("google", GOOGLE_1, lambda v: [w["speakerLabel"] for w in google_words(v)]),
    "Google 2": ("google", GOOGLE_2, lambda v: [w["speakerLabel"] for w in google_words(v)]),
    "Google, an operation": (
        "google", {"name": "7", "done": True, "response": GOOGLE_1},
        lambda v: [w["speakerLabel"] for w in google_words(v["response"])],
    ),
    "Azure": (
        "azure", AZURE,
        lambda v: [p["speaker"] for p in v["recognizedPhrases"][:-1] for _ in p["nBest"][0]["words"]],
    ),
    "Azure, fast": (
        "azure fast", AZURE_FAST, lambda v: [p["speaker"] for p in v["phrases"][:-1] for _ in p["words"]],
    ),
    "Azure, fast, earlier": (
        "azure fast", earlier_fast(AZURE_FAST),
        lambda v: [p["speaker"] for p in v["phrases"][:-1] for _ in p["words"]],
    ),
    "Speechmatics": (
        "speechmatics", SPEECHMATICS,
        lambda v: [r["alternatives"][0]["speaker"] for r in v["results"] if r["type"] == "word"],
    ),
    "ElevenLabs": (
        "elevenlabs", ELEVENLABS,
        lambda v: [w["speaker_id"] for w in v["words"] if w["type"] == "word"],
    ),
    "Watson": ("watson", WATSON, lambda v: [row["speaker"] for row in v["speaker_labels"]]),
    "Rev.ai": (
        "rev", REV,
        lambda v: [m["speaker"] for m in v["monologues"] for e in m["elements"] if e["type"] == "text"],
    ),
}  # fmt: skip
