"""Score annotations of any program against a reference: one function for a recording, one for many.

Input: two Annotations. Output: DER, JER, purity, coverage and changes, which can be pooled over recordings.
The commands and the benchmarks import it; it imports only the foundation.

>>> from diarize.annotation import Annotation, Turn
>>> truth = Annotation("call", (Turn(0, 6, "Ann"), Turn(6, 10, "Bob")))
>>> guess = Annotation("call", (Turn(0, 7, "SPEAKER_00"), Turn(7, 10, "SPEAKER_01")))
>>> result = score(truth, guess)
>>> result.der, result.mapping
(0.1, {'SPEAKER_00': 'Ann', 'SPEAKER_01': 'Bob'})
>>> print(score(truth, guess, collar=0.25).protocol)
collar ±0.25 s, overlap scored
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar

from diarize.annotation import Annotation
from diarize.annotation.names import match_names
from diarize.errors import FormatError
from diarize.intervals import duration
from diarize.scoring import der, detection, jer, mapping, purity, regions
from diarize.scoring.cells import Cells
from diarize.scoring.changes import ChangeScore, change_points, score_changes
from diarize.scoring.detection import Detection
from diarize.scoring.jer import Jaccard
from diarize.scoring.protocol import Protocol
from diarize.scoring.results import FileScore, PooledScore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

_T = TypeVar("_T")
CHANGE_TOLERANCE = 0.5  # seconds to either side of a true change

__all__ = [
    "CHANGE_TOLERANCE",
    "ChangeScore",
    "Detection",
    "FileScore",
    "Jaccard",
    "PooledScore",
    "Protocol",
    "change_points",
    "score",
    "score_changes",
    "score_files",
]


def score(
    reference: Annotation,
    hypothesis: Annotation,
    *,
    uem: ArrayLike | None = None,
    collar: float = 0.0,
    skip_overlap: bool = False,
    mapped_on: Literal["scored", "evaluated"] = "scored",
) -> FileScore:
    """Score one recording.

    Parameters
    ----------
    reference, hypothesis : the true turns and those to score; names of recordings are not compared
    uem : (n, 2), the seconds to evaluate; the extent of both annotations unless given
    collar : seconds left out on each side of every boundary of the reference
    skip_overlap : leave out where two or more speakers of the reference talk
    mapped_on : where speakers are matched: over the 'scored' time, or over all the 'evaluated' time, before
        collars and overlap are left out

    Returns
    -------
    DER with its components in seconds, JER, purity, coverage, changes, and the names that were matched.

    Raises
    ------
    ConfigError
        For a negative collar.

    References
    ----------
    NIST 2009, "The 2009 (RT-09) rich transcription meeting recognition evaluation plan", for DER; Ryant et
    al. 2019, "The second DIHARD diarization challenge", for JER.

    """
    protocol = Protocol(collar, skip_overlap, mapped_on)
    region = regions.evaluated_regions(reference, hypothesis, uem)
    core = regions.scored_regions(region, reference, protocol)
    everything, cells = (
        Cells.from_annotations(reference, hypothesis, region),
        Cells.from_annotations(reference, hypothesis, core),
    )
    pairs = mapping.map_speakers(cells if mapped_on == "scored" else everything)
    return FileScore(
        recording=reference.recording,
        protocol=protocol,
        score=der.compute_der(cells, pairs),
        detection=detection.compute_detection(cells),
        jaccard=jer.compute_jer(cells),
        mapping=pairs,
        reference_speakers=int(everything.reference.any(axis=0).sum()),
        hypothesis_speakers=int(everything.hypothesis.any(axis=0).sum()),
        evaluated=duration(region),
        scored=duration(core),
        purity=purity.compute_purity(cells),
        changes=score_changes(reference, change_points(hypothesis), tolerance=CHANGE_TOLERANCE),
        speakers=purity.score_speakers(cells),
    )


def score_files(
    references: Mapping[str, Annotation],
    hypotheses: Mapping[str, Annotation],
    *,
    uems: Mapping[str, ArrayLike] | None = None,
    collar: float = 0.0,
    skip_overlap: bool = False,
    mapped_on: Literal["scored", "evaluated"] = "scored",
) -> PooledScore:
    """Score many recordings and pool them.

    Recordings are matched by name in any spelling (``my call``, ``my_call``). A single reference and a
    single hypothesis are matched for any names, and so is a single UEM.

    Parameters
    ----------
    references, hypotheses : annotations by recording
    uems : (n, 2), the seconds to evaluate, by recording; recordings that are missing in it are not scored
    collar, skip_overlap, mapped_on : as for ``score``

    Returns
    -------
    The score of each recording, and of all together. A recording without hypothesis counts as missed; one
    without reference is not scored; both are listed.

    Raises
    ------
    FormatError
        When no recordings match.
    ConfigError
        For a negative collar.

    """
    hypotheses, uems = _align(references, hypotheses), uems and _align(references, uems)
    graded = [name for name in references if uems is None or name in uems]
    _refuse_unknown(graded, hypotheses, uems)
    answers = {name: hypotheses.get(name, Annotation(name)) for name in graded}
    files = [
        score(
            references[name],
            answers[name],
            uem=None if uems is None else uems[name],
            collar=collar,
            skip_overlap=skip_overlap,
            mapped_on=mapped_on,
        )
        for name in graded
    ]
    return PooledScore(
        tuple(replace(each, recording=name) for name, each in zip(graded, files, strict=True)),
        unanswered=tuple(name for name in graded if name not in hypotheses),
        ungraded=tuple(name for name in {**references, **hypotheses} if name not in graded),
    )


def _align(references: Mapping[str, Annotation], others: Mapping[str, _T]) -> Mapping[str, _T]:
    """The other annotations under the names of the references."""
    if len(references) == len(others) == 1:
        return dict(zip(references, others.values(), strict=True))
    names = {theirs: mine for mine, theirs in match_names(references, others).items()}
    return {names.get(name, name): each for name, each in others.items()}


def _refuse_unknown(
    graded: list[str], hypotheses: Mapping[str, Annotation], uems: Mapping[str, ArrayLike] | None
) -> None:
    if not graded:
        what = "the reference names" if uems is None else "the UEM and the reference share"
        raise FormatError(f"{what} no recording; give files that name the same recordings")
    if hypotheses and not any(name in hypotheses for name in graded):
        raise FormatError(
            f"the hypothesis is about {next(iter(hypotheses))!r} and the reference about {graded[0]!r}; "
            "give files that name the same recordings"
        )
