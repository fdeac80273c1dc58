"""The results of scoring: one value for a recording, one for many."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from diarize.errors import FormatError
from diarize.scoring.changes import ChangeScore
from diarize.scoring.detection import Detection
from diarize.scoring.jer import Jaccard
from diarize.scoring.protocol import Protocol
from diarize.scoring.purity import Purity, SpeakerScore
from diarize.types import Score

__all__ = ["FileScore", "PooledScore"]


@dataclass(frozen=True, slots=True)
class FileScore:
    """Scores of one recording under ``protocol``.

    ``score``: seconds of speaker time and its errors; ``detection``: seconds of speech and its errors;
    ``jaccard``: speakers' error rates; ``mapping``: hypothesis speaker → reference speaker;
    ``reference_speakers`` and ``hypothesis_speakers``: how many talk in the evaluated time; ``evaluated`` and
    ``scored``: seconds of the recording before and after collars and overlap are left out; ``purity`` of the
    speakers; ``changes``: score of the changes of speaker within ± half a second, over the whole recording;
    ``speakers``: scores of each reference speaker.
    """

    recording: str
    protocol: Protocol
    score: Score
    detection: Detection
    jaccard: Jaccard
    mapping: dict[str, str]
    reference_speakers: int
    hypothesis_speakers: int
    evaluated: float
    scored: float
    purity: Purity = field(default_factory=Purity)
    changes: ChangeScore = field(default_factory=ChangeScore)
    speakers: tuple[SpeakerScore, ...] = ()

    @property
    def der(self) -> float | None:
        """Diarization error rate as a fraction; None when no reference speech is scored."""
        return self.score.der

    @property
    def jer(self) -> float | None:
        """Jaccard error rate as a fraction; None when no reference speech is scored."""
        return self.jaccard.rate

    @property
    def speaker_count_error(self) -> int:
        """Number of found speakers minus number of reference speakers."""
        return self.hypothesis_speakers - self.reference_speakers


@dataclass(frozen=True)
class PooledScore:
    """Scores of several recordings under one protocol, pooled by summing seconds.

    ``files``: one score per recording; ``unanswered``: recordings without a hypothesis, scored as missed;
    ``ungraded``: recordings left out because they have no reference or are not in the given UEM.
    """

    files: tuple[FileScore, ...]
    unanswered: tuple[str, ...] = ()
    ungraded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len({each.protocol for each in self.files}) > 1:
            raise FormatError("scores under different protocols cannot be pooled; score all files one way")

    @property
    def protocol(self) -> Protocol:
        """The rules all files were scored under."""
        return self.files[0].protocol if self.files else Protocol()

    @cached_property
    def score(self) -> Score:
        """Speaker time and its errors over all files."""
        return Score.pooled(each.score for each in self.files)

    @cached_property
    def detection(self) -> Detection:
        """Speech and its errors over all files."""
        return Detection.pooled(each.detection for each in self.files)

    @cached_property
    def purity(self) -> Purity:
        """Purity and coverage over all files."""
        return Purity.pooled(each.purity for each in self.files)

    @cached_property
    def changes(self) -> ChangeScore:
        """Changes of speaker over all files."""
        return sum((each.changes for each in self.files), ChangeScore())

    @cached_property
    def jaccard(self) -> Jaccard:
        """The error rates of all speakers of all files."""
        return Jaccard.pooled(each.jaccard for each in self.files)

    @property
    def der(self) -> float | None:
        """Diarization error rate as a fraction, time-weighted; None when no reference speech is scored."""
        return self.score.der

    @property
    def jer(self) -> float | None:
        """Jaccard error rate as a fraction, the mean over speakers; None when there is none."""
        return self.jaccard.rate

    @property
    def speaker_count_error(self) -> float | None:
        """Mean absolute error of the number of speakers over files; None without files."""
        off = [abs(each.speaker_count_error) for each in self.files]
        return sum(off) / len(off) if off else None

    @property
    def speaker_count_right(self) -> int:
        """Number of files with the right number of speakers."""
        return sum(each.speaker_count_error == 0 for each in self.files)
