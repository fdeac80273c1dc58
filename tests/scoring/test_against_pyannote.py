"""Figures agree with pyannote.metrics, whose collar is twice as wide as NIST's, on random annotations."""

from __future__ import annotations

import drawn
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarize import scoring
from diarize.scoring.cells import Cells

core = pytest.importorskip("pyannote.core")
pytest.importorskip("pyannote.metrics")

from pyannote.metrics import detection, diarization, segmentation  # noqa: E402

SETTINGS = st.tuples(st.sampled_from([0.0, 0.1, 0.25, 1.0]), st.booleans())


def theirs(annotation):
    """The same turns as pyannote keeps them."""
    converted = core.Annotation(uri=annotation.recording)
    for number, turn in enumerate(annotation.turns):
        converted[core.Segment(turn.start, turn.end), number] = turn.speaker
    return converted


def timeline(rows):
    """The same intervals as pyannote keeps them."""
    return core.Timeline([core.Segment(float(start), float(end)) for start, end in rows])


@given(drawn.annotations(), drawn.annotations("uvwx"), drawn.maps(), SETTINGS)
def test_der_agrees(reference, hypothesis, uem, settings):
    """Every second of error, for any evaluation map, collar and treatment of overlap."""
    collar, skip = settings
    metric = diarization.DiarizationErrorRate(collar=2 * collar, skip_overlap=skip)
    parts = metric(theirs(reference), theirs(hypothesis), uem=timeline(uem), detailed=True)
    ours = scoring.score(reference, hypothesis, uem=uem, collar=collar, skip_overlap=skip).score
    expected = [parts[name] for name in ("total", "missed detection", "false alarm", "confusion")]
    assert [ours.total, ours.missed, ours.false_alarm, ours.confusion] == pytest.approx(
        expected, rel=0, abs=1e-6
    )


def tied(reference, hypothesis, uem, protocol):
    """Whether two pairs of speakers share the same time, as when one speaks inside the turns of two."""
    region = scoring.regions.scored_regions(np.array(uem), reference, protocol)
    together = Cells.from_annotations(reference, hypothesis, region).together()
    shared = np.sort(together[together > 0])
    return bool((np.diff(shared) < 1e-6).any())


@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(0, 6), SETTINGS)
def test_jer_agrees(seed, reference_speakers, hypothesis_speakers, settings):
    """The sum over reference speakers; where mappings tie, ours is the kindest of them."""
    collar, skip = settings
    reference = drawn.irregular(seed, "ABCDEF"[:reference_speakers])
    hypothesis = drawn.irregular(seed + 1, "uvwxyz"[:hypothesis_speakers])
    uem = [[1.0, 30.0]]
    metric = diarization.JaccardErrorRate(collar=2 * collar, skip_overlap=skip)
    parts = metric(theirs(reference), theirs(hypothesis), uem=timeline(uem), detailed=True)
    result = scoring.score(reference, hypothesis, uem=uem, collar=collar, skip_overlap=skip)
    ours = result.jaccard
    assert ours.speakers == parts["speaker count"]
    assert ours.errors <= parts["speaker error"] + 1e-6
    if not tied(reference, hypothesis, uem, result.protocol):
        assert ours.errors == pytest.approx(parts["speaker error"], rel=0, abs=1e-6)


@given(drawn.annotations(), drawn.annotations("uvwx"), drawn.maps(), SETTINGS)
def test_speech_detection_agrees(reference, hypothesis, uem, settings):
    """Seconds of speech, missed speech and false alarm."""
    collar, skip = settings
    metric = detection.DetectionErrorRate(collar=2 * collar, skip_overlap=skip)
    parts = metric(theirs(reference), theirs(hypothesis), uem=timeline(uem), detailed=True)
    ours = scoring.score(reference, hypothesis, uem=uem, collar=collar, skip_overlap=skip).detection
    expected = [parts[name] for name in ("total", "miss", "false alarm")]
    assert [ours.speech, ours.missed, ours.false_alarm] == pytest.approx(expected, rel=0, abs=1e-6)


def pieces(times, end):
    """A timeline from 0 to ``end`` cut at ``times``."""
    edges = np.unique(np.concatenate(([0.0], times, [end])))
    return timeline(np.column_stack((edges[:-1], edges[1:])))


TIMES = st.lists(st.integers(1, 64 * 20 - 1), max_size=20).map(lambda ticks: np.unique(ticks) / 64)


@given(TIMES, TIMES, st.sampled_from([0.0, 0.25, 0.5, 2.0]))
def test_matched_changes_agree(truth, found, tolerance):
    """As many changes matched as by pyannote's precision (on a grid on which distances are exact)."""
    metric = segmentation.SegmentationPrecision(tolerance=tolerance)
    parts = metric(pieces(truth, 20.0), pieces(found, 20.0), detailed=True)
    assert scoring.changes.count_matches(truth, found, tolerance) == parts["number of matches"]


@given(drawn.annotations(unit=1024), TIMES, st.sampled_from([0.0, 0.5, 3.0]))
def test_purity_and_coverage_agree(reference, found, fill):
    """Seconds of speech, and how many of them are pure and covered."""
    metric = segmentation.SegmentationPurityCoverageFMeasure(tolerance=fill)
    parts = metric(theirs(reference), pieces(found, 100.0), detailed=True)
    ours = scoring.score_changes(reference, found, fill=fill)
    expected = [
        parts["pty total duration"],
        parts["pty intersection duration"],
        parts["cvg intersection duration"],
    ]
    assert [ours.seconds, ours.pure, ours.covered] == pytest.approx(expected, rel=0, abs=1e-6)
