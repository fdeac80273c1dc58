"""The data of a page for its script."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.annotation.statistics import count_successions, speaking_shares
from diarize.config import Config
from diarize.formats import times
from diarize.intervals import duration, union
from diarize.report import colours
from diarize.report.downsampling import encode_bytes, make_ribbons
from diarize.results import Provenance
from diarize.transcripts import SHORTEST
from diarize.types import speaker_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarize.annotation import Annotation, Turn
    from diarize.clustering.outliers import Outliers
    from diarize.report.model import Report
    from diarize.report.sound import PageSound
    from diarize.results import SpeakerCount
    from diarize.transcripts import Word

__all__ = ["build_page_data"]

MAX_COLOURS = 20


def build_page_data(report: Report) -> dict[str, Any]:
    """The JSON of a page: numbers and unescaped texts, null where something is unknown."""
    annotation, result = report.annotation, report.result
    run = report.provenance or Provenance()
    return {
        "key": _key(report),
        "alternatives": {str(k): _turns(each) for k, each in report.alternatives.items()},
        "said": _word_columns(report),
        "media": report.media,
        "channel": _channel(report),
        "length": round(result.duration or 0.0, 3),
        "palette": [list(pair) for pair in _palette()],
        "recording": annotation.recording,
        "start": round(result.start, 3),
        "end": round(report.end, 3),
        "spoken": round(duration(union(annotation.intervals())), 3),
        "speech": None if result.speech_seconds is None else round(result.speech_seconds, 3),
        "band": result.band,
        "speakers": _speakers(annotation),
        "turns": _turns(annotation),
        "successions": count_successions(annotation).tolist(),
        "ribbons": _ribbons(report),
        "curve": _curve(result.count),
        "outliers": _outliers(report.outliers, result.start),
        "sound": _sound(report.sound),
        "doubtful": _doubtful(report),
        "notes": list(result.notes or ()),
        "settings": _settings(report),
        "digest": run.config_digest or None,
        "versions": dict(run.versions),
    }


def _speakers(annotation: Annotation) -> list[dict[str, Any]]:
    names = annotation.speakers
    shades = zip(colours.colours_on_light(names), colours.colours_on_dark(names), strict=True)
    return [
        {**row, "name": row.pop("speaker"), "colours": pair}
        for row, pair in zip(speaking_shares(annotation), shades, strict=True)
    ]


def _turns(annotation: Annotation) -> dict[str, Any]:
    """Columns of turns: whole milliseconds, index of the speaker, confidence in ten-thousandths or null,
    runner-up as an index into ``names``, in which runner-ups without a turn follow the speakers.
    """
    rows = times.round_turns(annotation)
    rivals = [turn.runner_up for *_, turn in rows if turn.runner_up]
    names = {name: i for i, name in enumerate(dict.fromkeys((*annotation.speakers, *rivals)))}
    return {
        "names": list(names),
        "start": [start for start, _, _ in rows],
        "end": [end for _, end, _ in rows],
        "speaker": [names[turn.speaker] for *_, turn in rows],
        "confidence": [_ten_thousandths(turn.confidence) for *_, turn in rows],
        "runnerUp": [names[turn.runner_up] if turn.runner_up else None for *_, turn in rows],
        **{
            name: column
            for name in ("text", "channel")
            if any(column := [getattr(turn, name) for *_, turn in rows])
        },
    }


def _key(report: Report) -> str:
    """Key for stored edits of a page; it depends on the recording and on its turns."""
    total = hashlib.sha256(report.annotation.recording.encode("utf-8", "replace"))
    if report.sound:
        total.update(report.sound.data or report.sound.loudness.tobytes())
    total.update(json.dumps(_turns(report.annotation)).encode())
    return total.hexdigest()[:32]


def _palette() -> list[tuple[str, str]]:
    """Colours for speakers who are added later, on a light and on a dark page."""
    names = [speaker_name(i) for i in range(MAX_COLOURS)]
    return list(zip(colours.colours_on_light(names), colours.colours_on_dark(names), strict=True))


def _doubtful(report: Report) -> list[dict[str, Any]]:
    """Doubtful speakers as indices, the reason, and the speaker to merge with."""
    annotation = report.annotation
    place = {name: i for i, name in enumerate(annotation.speakers)}
    return [
        {"speaker": place[each.speaker], "reason": each.reason, "nearest": place.get(each.nearest or "")}
        for each in report.doubts
    ]


def _channel(report: Report) -> int:
    """The channel of turns without a channel, for RTTM."""
    audio = report.provenance.config.get("audio", {}) if report.provenance else {}
    return audio.get("channel") or 1 if isinstance(audio, dict) else 1


def _word_columns(report: Report) -> dict[str, Any] | None:
    """Columns of sentences and of their words, as those of turns; ``n``: words of each sentence; ``glued``:
    words without a blank before them; ``estimated``: words with estimated times.
    """
    if report.transcript is None:
        return None
    names = {name: i for i, name in enumerate(_turns(report.annotation)["names"])}
    rows = [
        (times.milliseconds(turn.start), times.milliseconds(turn.end), turn, segment)
        for turn, segment in report.transcript.turns
    ]
    rows = [row for row in rows if row[1] > row[0] and row[3].words]
    words = [(word, *_span(word, turn)) for *_, turn, segment in rows for word in segment.words]
    return {
        "start": [start for start, *_ in rows],
        "end": [end for _, end, *_ in rows],
        "speaker": [names.get(turn.speaker) for *_, turn, _ in rows],
        "confidence": [_ten_thousandths(turn.confidence) for *_, turn, _ in rows],
        "text": [turn.text for *_, turn, _ in rows],
        "words": {
            "n": [len(segment.words) for *_, segment in rows],
            "start": [start for _, start, _ in words],
            "end": [end for *_, end in words],
            "text": [word.text for word, *_ in words],
            "speaker": [names.get(word.speaker) for word, *_ in words],
            "confidence": [_ten_thousandths(word.confidence) for word, *_ in words],
            "glued": [k for k, (word, *_) in enumerate(words) if not word.before],
            "estimated": [k for k, (word, *_) in enumerate(words) if word.estimated],
        },
    }


def _span(word: Word, turn: Turn) -> tuple[int, int]:
    """Milliseconds of a word, or of its sentence where the word has no times."""
    start = turn.start if word.start is None else max(0.0, word.start)
    end = turn.end if word.end is None else max(word.end, start + SHORTEST)
    return times.milliseconds(start), times.milliseconds(end)


def _ten_thousandths(confidence: float | None) -> int | None:
    return None if confidence is None else int(f"{confidence:.4f}".replace(".", ""))


def _ribbons(report: Report) -> dict[str, Any] | None:
    """Ribbons in the order of the speakers of the annotation; None without posteriors."""
    known = report.posteriors
    if known is None or not known.speakers:
        return None
    found = make_ribbons(known, report.result.start)
    place = {name: i for i, name in enumerate(known.speakers)}
    nothing = np.zeros(len(found.doubt), np.uint8)
    rows = [found.shares[place[name]] if name in place else nothing for name in report.annotation.speakers]
    return {
        "start": round(found.start, 6),
        "step": round(found.step, 6),
        "shares": [encode_bytes(row) for row in rows],
        "doubt": encode_bytes(found.doubt),
    }


def _curve(curve: SpeakerCount | None) -> dict[str, Any] | None:
    if curve is None:
        return None
    return {
        "criterion": curve.criterion,
        "counts": list(curve.counts),
        "behind": [round(value - min(curve.values), 3) for value in curve.values],
        "chosen": curve.chosen,
        "equivalent": list(curve.equivalent),
        "explanation": curve.explanation,
        "whyNoMore": curve.why_no_more,
    }


def _outliers(found: Outliers | None, start: float) -> dict[str, Any] | None:
    """Windows in milliseconds, and how many tenths of a nat each lies below the usual (the median)."""
    if found is None:
        return None
    seconds = found.grid.edges()[found.bounds] + start
    below = np.round(10 * (np.median(found.log_density) - found.log_density)).astype(int)
    return {
        "start": [times.milliseconds(max(0.0, each)) for each in seconds[:, 0]],
        "end": [times.milliseconds(each) for each in seconds[:, 1]],
        "below": below.tolist(),
        "flagged": np.flatnonzero(found.flagged).tolist(),
    }


def _sound(sound: PageSound | None) -> dict[str, Any] | None:
    if sound is None:
        return None
    return {
        "start": round(sound.start, 6),
        "offset": 0.0 if sound.link else round(sound.start, 6),
        "step": round(sound.step, 6),
        "loudness": encode_bytes(sound.loudness),
        "link": sound.link,
    }


def _settings(report: Report) -> list[list[Any]]:
    """Rows of a setting's name, its value as text, and whether it differs from the default."""
    if report.provenance is None:
        return []
    usual, used = _flatten(asdict(Config())), _flatten(report.provenance.config)
    return [[name, str(value), usual.get(name) != value] for name, value in used.items()]


def _flatten(nested: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Values by ``section.key``."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= _flatten(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return flat
