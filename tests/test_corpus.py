"""Accuracy on the corpus of simulated conversations beside the checkout.

Protocol: four conversations of two to five readers (14 minutes), every second one of the corpus, who are in
no training data; the default configuration, the number of speakers unknown; speech activity from the
reference; collar 0, overlap scored, within the evaluation map; confusion and error pooled in seconds over the
recordings, as shares of the reference's speaker time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import diarize
from diarize import formats, scoring
from diarize.intervals import union

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpora" / "simulated"
RECORDINGS = sorted(CORPUS.glob("*.flac"))[::2]  # all eight take minutes

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not RECORDINGS, reason="the corpus of simulated conversations is not beside the checkout"
    ),
]


@pytest.mark.slow
def test_readers_of_the_corpus_are_distinguished():
    """One test, so that no other worker grades the recordings again.

    Under four hundredths go to the wrong speaker (2.4 % of all eight recordings when this was written), the
    number of speakers is within one everywhere and right in three of four, and with the speech given only
    second speakers are missed, or heard where there is one.
    """
    references, found, maps = {}, {}, {}
    for path in RECORDINGS:
        name = path.stem
        references |= formats.read_file(path.with_suffix(".rttm"))
        maps |= formats.read_uem(path.with_suffix(".uem"))
        speech = union(references[name].intervals())
        found[name] = diarize.diarize(path, speech=speech).annotation
    pooled = scoring.score_files(references, found, uems=maps)
    assert len(pooled.files) == len(RECORDINGS) == 4
    assert pooled.score.total > 600
    assert pooled.score.confusion / pooled.score.total < 0.04
    assert (pooled.score.false_alarm + pooled.score.missed) / pooled.score.total < 0.025
    errors = np.array([each.hypothesis_speakers - each.reference_speakers for each in pooled.files])
    assert np.abs(errors).max() <= 1
    assert (errors == 0).sum() >= 3
