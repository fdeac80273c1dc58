"""What the script of a page reads."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.config import Config
from diarize.formats import times
from diarize.intervals import duration, union
from diarize.report import colours
from diarize.report.cells import encoded, ribbons
from diarize.talk import shares, successions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarize.outliers import Outliers
    from diarize.report.facts import Curve, Report
    from diarize.report.sound import Sound
    from diarize.types import Annotation

__all__ = ["contents"]


def contents(report: Report) -> dict[str, Any]:
    """What the script of the page reads: numbers, and texts as they are; null where something is unknown."""
    annotation = report.annotation
    return {
        "recording": annotation.recording,
        "start": round(report.start, 3),
        "end": round(report.end, 3),
        "spoken": round(duration(union(annotation.intervals())), 3),
        "speech": None if report.speech_seconds is None else round(report.speech_seconds, 3),
        "band": report.band,
        "speakers": _speakers(annotation),
        "turns": _turns(annotation),
        "successions": successions(annotation).tolist(),
        "ribbons": _ribbons(report),
        "curve": _curve(report.curve),
        "outliers": _outliers(report.outliers, report.start),
        "sound": _sound(report.sound),
        "notes": list(report.notes),
        "settings": _settings(report),
        "digest": report.digest,
        "versions": dict(report.versions),
    }


def _speakers(annotation: Annotation) -> list[dict[str, Any]]:
    names = annotation.speakers
    shades = zip(colours.on_light(names), colours.on_dark(names), strict=True)
    return [
        {**row, "name": row.pop("speaker"), "colours": pair}
        for row, pair in zip(shares(annotation), shades, strict=True)
    ]


def _turns(annotation: Annotation) -> dict[str, Any]:
    """Columns of turns: whole milliseconds, index of the speaker, confidence in ten-thousandths or null,
    runner-up as an index into ``names``, which go on after the speakers where a runner-up has no turn.
    """
    rows = times.rounded(annotation)
    rivals = [turn.runner_up for *_, turn in rows if turn.runner_up]
    names = {name: i for i, name in enumerate(dict.fromkeys((*annotation.speakers, *rivals)))}
    sure = [turn.confidence for *_, turn in rows]
    return {
        "names": list(names),
        "start": [start for start, _, _ in rows],
        "end": [end for _, end, _ in rows],
        "speaker": [names[turn.speaker] for *_, turn in rows],
        "confidence": [None if c is None else int(f"{c:.4f}".replace(".", "")) for c in sure],
        "runnerUp": [names[turn.runner_up] if turn.runner_up else None for *_, turn in rows],
    }


def _ribbons(report: Report) -> dict[str, Any] | None:
    """Ribbons in the order of the speakers of the annotation; None without posteriors."""
    known = report.posteriors
    if known is None or not known.speakers:
        return None
    found = ribbons(known, report.start)
    place = {name: i for i, name in enumerate(known.speakers)}
    nothing = np.zeros(len(found.doubt), np.uint8)
    rows = [found.shares[place[name]] if name in place else nothing for name in report.annotation.speakers]
    return {
        "start": round(found.start, 6),
        "step": round(found.step, 6),
        "shares": [encoded(row) for row in rows],
        "doubt": encoded(found.doubt),
    }


def _curve(curve: Curve | None) -> dict[str, Any] | None:
    if curve is None:
        return None
    return {
        "criterion": curve.criterion,
        "counts": list(curve.counts),
        "behind": [round(value - min(curve.values), 3) for value in curve.values],
        "chosen": curve.chosen,
        "equivalent": list(curve.equivalent),
        "explanation": curve.explanation,
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


def _sound(sound: Sound | None) -> dict[str, Any] | None:
    if sound is None:
        return None
    return {
        "start": round(sound.start, 6),
        "offset": 0.0 if sound.link else round(sound.start, 6),
        "step": round(sound.step, 6),
        "loudness": encoded(sound.loudness),
        "link": sound.link,
    }


def _settings(report: Report) -> list[list[Any]]:
    """Rows of a setting's name, its value as text, and whether it is another than the default."""
    if report.config is None:
        return []
    usual = _flat(asdict(Config()))
    return [[name, str(value), usual.get(name) != value] for name, value in _flat(report.config).items()]


def _flat(nested: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Values by ``section.key``."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return flat
