"""What is known of a voice, and how two are compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from diarize.models.sessions import log_ratio

from diarize import background
from diarize.errors import ModelError
from diarize.identity import Evidence, Voice, log_odds
from diarize.identity.voice import CALIBRATION, fingerprint, joined

from .made import corner, evidence, voice


def test_log_odds_are_the_calibrated_log_ratio():
    """And the same both ways."""
    one, other = evidence(corner("+0+0")), evidence(corner("+00+"))
    for band, (slope, offset) in CALIBRATION.items():
        expected = slope * log_ratio(one.observations, other.observations) + offset
        a, b = Voice("a", {band: one}), Voice("b", {band: other})
        assert log_odds(a, b) == pytest.approx(expected, abs=1e-12)
        assert log_odds(b, a) == pytest.approx(log_odds(a, b), abs=1e-9)


def test_near_voices_are_likelier_one_than_far_ones():
    """The sign says which."""
    ann = voice("Ann", corner("++++"))
    assert log_odds(ann, voice("x", 0.9 * corner("++++"))) > 3
    assert log_odds(ann, voice("x", corner("----"))) < -3


def test_evidence_keeps_no_order_and_hears_nothing_twice():
    """Parts in any order, some of them again: the same value to the bit."""
    points = [corner("+000"), corner("0+00"), corner("00+0")]
    whole = joined("a", [voice("a", *points)])
    parts = joined("a", [voice("a", points[2]), voice("a", *points[:2]), voice("a", points[2])])
    for name in ("linear", "precision", "seconds"):
        np.testing.assert_array_equal(
            getattr(parts.evidence["wide"], name), getattr(whole.evidence["wide"], name)
        )
    assert parts.n_recordings == 3
    assert parts.seconds == pytest.approx(90.0)


def test_more_recordings_say_more():
    """Of the same voice."""
    target = voice("x", corner("++--"))
    once = voice("a", corner("++--"))
    thrice = joined("a", [voice("a", corner("++--") * s) for s in (0.99, 1.0, 1.01)])
    assert log_odds(thrice, target) > log_odds(once, target) + 0.3


def test_the_wide_band_is_asked_first_and_the_narrow_one_where_that_is_all():
    """A voice known in both is compared with either."""
    both = Voice("a", {"wide": evidence(corner("++++")), "narrow": evidence(corner("----"), model="n")})
    call = voice("b", corner("++++"), band="narrow", model="n")
    meeting = Voice("b", {"wide": evidence(corner("++++")), "narrow": evidence(corner("++++"), model="n")})
    assert log_odds(both, meeting) > 0 > log_odds(both, call)


def test_other_models_are_not_compared():
    """Neither others, nor one of another size under the same name, nor no band in common."""
    ann = voice("Ann", corner("++++"))
    strangers = (
        voice("b", corner("++++"), model="other"),
        voice("b", np.ones(3)),
        voice("b", corner("++++"), band="narrow"),
    )
    for stranger in strangers:
        with pytest.raises(ModelError, match="different background models; enrol them anew"):
            log_odds(ann, stranger)
    with pytest.raises(ModelError, match="'Ann' was enrolled with another background model"):
        joined("Ann", [ann, strangers[0]])


@pytest.mark.parametrize(
    ("linear", "precision", "seconds"),
    [
        (np.zeros((0, 2)), np.zeros((0, 3)), np.zeros(0)),
        (np.zeros(2), np.zeros(3), np.zeros(1)),
        (np.zeros((1, 2)), np.zeros((1, 4)), np.zeros(1)),
        (np.zeros((1, 2)), np.zeros((1, 3)), np.zeros(2)),
        (np.zeros((1, 2)), np.zeros((2, 3)), np.zeros(1)),
        (np.full((1, 2), np.nan), np.zeros((1, 3)), np.zeros(1)),
        (np.zeros((1, 2)), np.full((1, 3), np.inf), np.zeros(1)),
    ],
)
def test_arrays_that_do_not_fit_are_no_evidence(linear, precision, seconds):
    """Shapes and finiteness."""
    with pytest.raises(ModelError, match="evidence"):
        Evidence(linear, precision, seconds, "m")


def test_the_fingerprint_changes_with_the_model():
    """And not otherwise; the bands differ."""
    wide = background.shipped("wide")
    assert fingerprint(wide) == fingerprint(background.shipped("wide"))
    others = (replace(wide, scale=wide.scale * 2), replace(wide, speaker=wide.speaker * 1.01))
    assert len({fingerprint(each) for each in (wide, background.shipped("narrow"), *others)}) == 4
