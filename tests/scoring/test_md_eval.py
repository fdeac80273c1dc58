"""Seconds agree with those that NIST's md-eval prints (golden/README.md says where they come from)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diarize import formats, scoring

GOLDEN = Path(__file__).parent / "golden"
LINES = {
    "evaluated": "EVAL TIME",
    "scored": "SCORED TIME",
    "speech": "SCORED SPEECH",
    "speech_missed": "MISSED SPEECH",
    "speech_false_alarm": "FALARM SPEECH",
    "total": "SCORED SPEAKER TIME",
    "missed": "MISSED SPEAKER TIME",
    "false_alarm": "FALARM SPEAKER TIME",
    "confusion": "SPEAKER ERROR TIME",
    "percent": "OVERALL SPEAKER DIARIZATION ERROR",
}


def printed(path):
    """The figures of each recording, and of ALL, in what md-eval printed."""
    blocks = re.split(
        r"\*\*\* Performance analysis for Speaker Diarization for (?:f=)?(\w+) \*\*\*", path.read_text()
    )
    return {
        name: {
            key: float(re.search(rf"^ *{words} = *([\d.]+)", block, re.M)[1]) for key, words in LINES.items()
        }
        for name, block in zip(blocks[1::2], blocks[2::2], strict=True)
    }


def figures(result):
    """The same figures as this project finds them."""
    return {
        "speech": result.detection.speech,
        "speech_missed": result.detection.missed,
        "speech_false_alarm": result.detection.false_alarm,
        "total": result.score.total,
        "missed": result.score.missed,
        "false_alarm": result.score.false_alarm,
        "confusion": result.score.confusion,
        "percent": 100 * result.der,
    }


def graded(name, collar, single, mapped_on="evaluated"):
    """What this project says to the same files."""
    return scoring.score_files(
        formats.read_file(GOLDEN / f"{name}.ref.rttm"),
        formats.read_file(GOLDEN / f"{name}.hyp.rttm"),
        uems=formats.read_uem(GOLDEN / f"{name}.uem"),
        collar=collar,
        skip_overlap=single,
        mapped_on=mapped_on,
    )


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("collar", [0, 0.25])
@pytest.mark.parametrize("name", ["hand", "mapping", "meeting"])
def test_every_figure_agrees_with_md_eval(name, collar, single):
    """Time evaluated and scored, speech and speaker time and each error, per recording and pooled."""
    truth = printed(GOLDEN / f"{name}.c{collar}{'.single' if single else ''}.txt")
    ours = graded(name, collar, single)
    assert {each.recording for each in ours.files} == set(truth) - {"ALL"}
    for each in ours.files:
        expected = truth[each.recording]
        mine = {**figures(each), "evaluated": each.evaluated, "scored": each.scored}
        assert mine == pytest.approx(expected, rel=0, abs=0.0051)
    pooled = {key: value for key, value in truth["ALL"].items() if key not in {"evaluated", "scored"}}
    assert figures(ours) == pytest.approx(pooled, rel=0, abs=0.0051)


def test_mapping_over_the_scored_time_can_only_be_kinder():
    """Where shared time lies under collars, the default maps Ann to ``y`` and confuses nobody."""
    md_eval, default = graded("mapping", 0.25, False), graded("mapping", 0.25, False, mapped_on="scored")
    assert md_eval.files[0].mapping["x"] == "Ann"
    assert default.files[0].mapping == {"y": "Ann", "z": "Bob"}
    assert md_eval.score.confusion == pytest.approx(1.2)
    assert default.score.confusion == 0
