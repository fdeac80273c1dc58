"""What each ingredient is worth: one of them off or changed at a time, everything else as it ships.

    python -m benchmarks.ablation --corpus DIR [--corpus DIR …]

Prints, per corpus, the share of reference speaker time given to the wrong speaker (confusion; collar 0,
overlap scored, reference speech activity, seconds pooled), DER with own speech activity, and the counts of
speakers.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

import diarize
from benchmarks.accuracy import outcome
from benchmarks.corpora import Recording, corpora
from diarize import background, clustering, features, space
from diarize.config import Config, merged
from diarize.features import level
from diarize.speech import mixtures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarize.background import BackgroundModel
    from diarize.models.factors import Statistics

SETTINGS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "textbook: Gaussians on frames, BIC": {"space": {"kind": "mfcc"}, "clustering": {"max_speakers": 10}},
    "count by BIC instead of evidence": {"clustering": {"criterion": "bic", "covariance": "tied"}},
    "one random start": {"clustering": {"n_starts": 1}},
    "four random starts": {"clustering": {"n_starts": 4}},
    "no frame models after the windows": {"smoothing": {"rounds": 0}},
    "three rounds of frame models": {"smoothing": {"rounds": 3}},
    "windows of 1.5 s": {"space": {"window": 1.5}},
    "windows of 2.5 s": {"space": {"window": 2.5}},
    "a second speaker from a quarter on": {"smoothing": {"overlap": 0.25}},
    "windows bridge pauses up to 1 s": {"space": {"max_pause": 1.0}},
}


def no_window_factors(model: BackgroundModel) -> BackgroundModel:
    """Everything particular to a window counts as speaker evidence."""
    return replace(model, window=np.zeros_like(model.window))


def every_frame_counts(model: BackgroundModel) -> BackgroundModel:
    """Three times the evidence from the same frames."""
    return replace(model, scale=3 * model.scale)


def half_the_dimensions(model: BackgroundModel) -> BackgroundModel:
    """The 25 strongest directions of speaker space."""
    strength = np.linalg.norm(model.speaker, axis=(0, 1))
    kept = np.argsort(-strength)[: model.speaker.shape[2] // 2]
    return replace(model, speaker=model.speaker[..., kept], shared=model.shared[np.ix_(kept, kept)])


def nothing_in_common(model: BackgroundModel) -> BackgroundModel:
    """Each speaker pays for the channel that all of them are in."""
    return replace(model, shared=np.zeros_like(model.shared))


def usual_dispersions(statistics: Statistics, frame: float) -> Any:
    """As if no window lay farther off than others."""
    return np.full(len(statistics.counts), space.USUAL_DISPERSION)


MODELS: dict[str, Callable[[BackgroundModel], BackgroundModel]] = {
    "no window factors": no_window_factors,
    "evidence of frames times three": every_frame_counts,
    "half the dimensions of speaker space": half_the_dimensions,
    "speakers have nothing in common": nothing_in_common,
}

# What no setting turns off: the module, the name in it, and what stands there instead.
STAND_INS: dict[str, tuple[Any, str, Any]] = {
    "the quietest fifth of speech counts, too": (level, "BLURRED", 0.0),
    "every window is taken at its word": (
        clustering,
        "fitted_power",
        lambda *heard: clustering.USUAL_POWER,
    ),
    "windows keep their lengths": (space, "dispersions", usual_dispersions),
    "voices cost nothing beyond their points": (clustering, "price", lambda n_speakers: 0.0),
    "drift counts once before a second voice": (clustering, "HALVES", 1.0),
    "voices do not drift": (space, "drift_covariance", lambda *given: None),
    "voices drift in every direction alike": (space, "LASTING", 0.0),
    "noise does not draw voices together": (space, "COVERED", 1.0),
    "a frame in noise is worth no more": (space, "FRESH", 0.0),
    "music is not told from talk": (
        mixtures,
        "music_evidence",
        lambda heard, *given: np.zeros(len(heard.values)),
    ),
    "noise stays": (features, "denoised", lambda heard, *given: heard),
}


def variants(folder: Path) -> Iterator[tuple[str, Config]]:
    """Names and configurations, first as shipped; changed models are written to ``folder``."""
    for name, changes in SETTINGS.items():
        yield name, merged(Config(), changes)
    for name, change in MODELS.items():
        path = folder / f"{len(name)}.npz"
        background.save(change(background.shipped("wide")), path)
        yield name, merged(Config(), {"space": {"background": str(path)}, "features": {"band": "wide"}})
    yield "wide-band model for everything", merged(Config(), {"features": {"band": "wide"}})
    yield "narrow-band model for everything", merged(Config(), {"features": {"band": "narrow"}})


def row(name: str, corpus: list[Recording], config: Config) -> str:
    """One line of the table."""
    given = [outcome(r, config, own=False) for r in corpus]
    own = [outcome(r, config, own=True) for r in corpus]
    strict = diarize.Score.pooled(o.strict.score for o in given)
    der = diarize.Score.pooled(o.strict.score for o in own).der or 0.0
    errors = np.array([o.strict.hypothesis_speakers - o.strict.reference_speakers for o in given])
    counts = f"{100 * np.mean(errors == 0):5.0f} {100 * np.mean(abs(errors) <= 1):6.0f} {errors.mean():+6.2f}"
    return f"{name:<40} {100 * strict.confusion / strict.total:6.1f} {100 * der:6.1f} {counts}"


def main() -> None:
    """Print a table per corpus."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=corpora, action="extend", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for corpus in options.corpus:
            found = list(corpus.recordings)
            print(f"{corpus.name:<40} {'wrong':>6} {'DER':>6} {'exact':>5} {'±1':>6} {'error':>6}")
            for name, config in variants(Path(folder)):
                print(row(name, found, config), flush=True)
            for name, stand_in in STAND_INS.items():
                with mock.patch.object(*stand_in):
                    print(row(name, found, Config()), flush=True)
            print()


if __name__ == "__main__":
    main()
