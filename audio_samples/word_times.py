"""When each word of a text is said, asked of the synthesiser that says it: flite, Festival or espeak-ng."""

from __future__ import annotations

import ctypes
import re
import subprocess
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

Span = tuple[float, float]

_LISTED = r"""
({voice})
(define (list_words utt)
  (mapcar
   (lambda (token)
     (if (item.relation.daughters token 'Token)
         (format stderr "word %f %f %f\n"
           (item.feat token "daughter1.R:SylStructure.daughter1.daughter1.R:Segment.segment_start")
           (item.feat token "daughter1.R:SylStructure.daughtern.daughtern.R:Segment.end")
           (item.feat token "daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end"))))
   (utt.relation.items utt 'Token))
  (format stderr "end %l\n" (cadr (assoc 'num_samples (wave.info (utt.wave utt)))))
  utt)
(set! after_synth_hooks (list list_words))
"""
_FESTIVAL_RATE = 16_000
_ESPEAK_RATE_AND_EVENTS = 2  # AUDIO_OUTPUT_SYNCHRONOUS
_WORD, _END = 1, 5  # kinds of events


def word_times(voice: dict[str, str], text: str) -> list[Span]:
    """Start and end, in seconds of the recording of ``text``, of each of its words between blanks."""
    spans = {"flite": _flite, "festival": _festival, "espeak-ng": _espeak}[voice["engine"]](
        voice["voice"], text
    )
    if len(spans) != len(text.split()) or any(end <= start for start, end in spans):
        message = f"{len(spans)} times for {len(text.split())} words: {text}"
        raise ValueError(message)
    return spans


class _Relation(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("name", "features", "utterance", "head", "tail")]


class _Wave(ctypes.Structure):
    _fields_ = [("type", ctypes.c_void_p), ("rate", ctypes.c_int), ("samples", ctypes.c_int)]


def _flite(voice: str, text: str) -> list[Span]:
    """Tokens, by the ends of the segments in their words; flite speaks a file sentence by sentence."""
    library = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
    for name in ("libflite_cmulex.so.1", "libflite_usenglish.so.1", "libflite_cmu_time_awb.so.1"):
        ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
    library.flite_init()
    pointer, string = ctypes.c_void_p, ctypes.c_char_p
    register = getattr(ctypes.CDLL(f"libflite_cmu_us_{voice}.so.1"), f"register_cmu_us_{voice}")
    register.restype, register.argtypes = pointer, [string]
    library.flite_synth_text.restype, library.flite_synth_text.argtypes = pointer, [string, pointer]
    library.utt_relation.restype, library.utt_relation.argtypes = pointer, [pointer, string]
    library.item_next.restype, library.item_next.argtypes = pointer, [pointer]
    library.ffeature_float.restype, library.ffeature_float.argtypes = ctypes.c_float, [pointer, string]
    library.utt_wave.restype, library.utt_wave.argtypes = pointer, [pointer]
    before, spans, loaded = 0.0, [], register(None)
    for sentence in re.split(r"(?<=[.?!])\s+", text):
        utterance = library.flite_synth_text(sentence.encode(), loaded)
        spans += [(before + start, before + end) for start, end in _tokens(library, utterance)]
        wave = _Wave.from_address(library.utt_wave(utterance))
        before += wave.samples / wave.rate
    return spans


def _tokens(library: ctypes.CDLL, utterance: int) -> list[Span]:
    item, spans = _Relation.from_address(library.utt_relation(utterance, b"Token")).head, []
    below = b"R:SylStructure.daughter%s.daughter%s.R:Segment.%s"
    while item:
        start = library.ffeature_float(item, b"daughter." + below % (b"", b"", b"p.end"))
        end = library.ffeature_float(item, b"daughtern." + below % (b"n", b"n", b"end"))
        spans.append((float(start), float(end)))
        item = library.item_next(item)
    later = [
        *(start for start, _ in spans[1:]),
        0.0,
    ]  # a letter beyond ASCII makes a second word without sound
    return [(start, end if end > start else after) for (start, end), after in zip(spans, later, strict=True)]


def _festival(voice: str, text: str) -> list[Span]:
    """Tokens with words in them; Festival speaks sentence by sentence, so times count on."""
    with tempfile.TemporaryDirectory() as folder:
        said, scheme = Path(folder, "said.txt"), Path(folder, "list.scm")
        said.write_text(f"{text}\n", encoding="utf-8")
        scheme.write_text(_LISTED.replace("{voice}", voice), encoding="utf-8")
        words = ["text2wave", "-eval", str(scheme), str(said), "-o", str(Path(folder, "said.wav"))]
        told = subprocess.run(words, check=True, capture_output=True, text=True).stderr
    before, spans = 0.0, []
    for kind, *numbers in re.findall(r"^(word|end) (\S+)(?: (\S+) (\S+))?$", told, re.MULTILINE):
        if kind == "word":  # the last word of a token may be its punctuation, which has no sound
            spans.append((before + float(numbers[0]), before + max(map(float, numbers[1:]))))
        else:
            before += int(numbers[0]) / _FESTIVAL_RATE
    return spans


class _Event(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int) for name in ("type", "unique", "position", "length", "audio", "sample")),
        ("data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


def _espeak(voice: str, text: str) -> list[Span]:
    """Events of the words; a word ends where the next begins, or its clause.

    Words that are said as one, such as "in the", share the time of it by their characters.
    """
    library = ctypes.CDLL("libespeak-ng.so.1")
    heard: list[tuple[int, int, int]] = []

    def listen(_samples: Any, _count: int, events: Any) -> int:
        i = 0
        while events[i].type:
            heard.append((events[i].type, events[i].position, events[i].audio))
            i += 1
        return 0

    kind = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
    )
    callback = kind(listen)  # must live as long as it is called
    library.espeak_Initialize(_ESPEAK_RATE_AND_EVENTS, 0, None, 0)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetVoiceByName(voice.encode())
    data = f"{text}\n".encode()
    library.espeak_Synth(data, len(data) + 1, 0, 1, 0, 1, None, None)
    library.espeak_Synchronize()
    marks = [event for event in heard if event[0] in (_WORD, _END)]
    begins = {position - 1: i for i, (what, position, _) in enumerate(marks) if what == _WORD}
    groups: list[list[re.Match[str]]] = []
    for match in re.finditer(r"\S+", text):
        if match.start() in begins:
            groups.append([])
        groups[-1].append(match)
    firsts = [begins[group[0].start()] for group in groups]
    return [
        span
        for group, first in zip(groups, firsts, strict=True)
        for span in _shared(group, marks[first][2], marks[_next_mark(first, firsts, marks)][2])
    ]


def _next_mark(first: int, firsts: list[int], marks: list[tuple[int, int, int]]) -> int:
    """The first word of the next group, or the end of the clause; marks inside a word are passed over."""
    return next(j for j in range(first + 1, len(marks)) if j in firsts or marks[j][0] == _END)


def _shared(group: list[re.Match[str]], start: int, end: int) -> list[Span]:
    lengths = [len(match[0]) for match in group]
    edges = [start + (end - start) * sum(lengths[:i]) / sum(lengths) for i in range(len(group) + 1)]
    return [(a / 1000, b / 1000) for a, b in pairwise(edges)]
