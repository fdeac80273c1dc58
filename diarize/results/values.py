"""The values of a document of results, and their JSON; docs/formats.md describes the schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from diarize.annotation import Annotation, Turn
from diarize.annotation.rounding import milliseconds, round_annotation
from diarize.annotation.statistics import speaking_shares
from diarize.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation.alternatives import Alternatives, DoubtfulSpeaker
    from diarize.results.voices import VoiceStatistics
    from diarize.types import Match

    WordKey = tuple[int, int, str]

__all__ = [
    "SCHEMA",
    "VERSION",
    "Document",
    "Failure",
    "Provenance",
    "Result",
    "SpeakerCount",
    "word_key",
]

SCHEMA: Final = "diarize/result"
VERSION: Final = 1
# Fields that are null where unknown in results of the pipeline, and absent in results with turns only.
COMPUTED: Final = ("status", "duration", "speech_seconds", "band", "n_speakers", "selection", "alternatives")


@dataclass(frozen=True, slots=True)
class SpeakerCount:
    """How the number of speakers was chosen.

    ``values`` of the ``criterion`` in nats for the ``counts`` that were tried, smaller is better; ``chosen``:
    the chosen number; ``equivalent``: nearly equivalent numbers, including the chosen one; ``explanation`` of
    the choice and ``why_no_more``, why the next larger number was not chosen: a sentence each;
    ``other_values`` of ``other_criterion`` for comparison.
    """

    criterion: str
    counts: tuple[int, ...]
    values: tuple[float, ...]
    chosen: int
    equivalent: tuple[int, ...]
    explanation: str
    why_no_more: str = ""
    other_criterion: str = ""
    other_values: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON has them, under ``selection``."""
        return {
            "criterion": self.criterion,
            "chosen": self.chosen,
            "equivalent": list(self.equivalent),
            "counts": list(self.counts),
            "values": [round(float(value), 6) for value in self.values],
            "other_criterion": self.other_criterion or None,
            "other_values": [round(float(value), 6) for value in self.other_values],
            "explanation": self.explanation,
            "why_no_more": self.why_no_more,
        }


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one recording: the turns and other findings of the pipeline.

    ``annotation``: the turns, in seconds from the start of the file; ``audio``: path of the recording;
    ``start``: second of the file at which the processed part begins; ``duration`` of that part, None where
    only turns are known; ``speech_seconds``: seconds of speech in it; ``band``: "wide" or "narrow";
    ``count``: how the number of speakers was chosen; ``matches``: known voices that the speakers have;
    ``doubts``: speakers who may not be separate people; ``notes``: remarks; ``files``: written files by
    format; ``alternatives``: speakers of the windows for other numbers of speakers; ``voices``: voice
    statistics for naming and linking; ``words``: the words of turns with a text, as JSON has them, by
    ``word_key``; ``more``: JSON keys outside the schema, which are kept.
    """

    annotation: Annotation
    audio: str | None = None
    start: float = 0.0
    duration: float | None = None
    speech_seconds: float | None = None
    band: str | None = None
    count: SpeakerCount | None = None
    matches: tuple[Match, ...] | None = None
    doubts: tuple[DoubtfulSpeaker, ...] | None = None
    notes: tuple[str, ...] | None = None
    files: Mapping[str, str] | None = None
    alternatives: Alternatives | None = None
    voices: VoiceStatistics | None = None
    words: Mapping[WordKey, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    succeeded: ClassVar[bool] = True

    @property
    def recording(self) -> str:
        """The name of the recording."""
        return self.annotation.recording

    def to_dict(self) -> dict[str, Any]:
        """The JSON entry of the recording, with times in whole milliseconds."""
        annotation = round_annotation(self.annotation)
        is_computed = self.duration is not None
        fields = {
            "recording": annotation.recording,
            "audio": self.audio,
            "status": "ok" if is_computed else None,
            "start": _round_seconds(self.start) or None,
            "duration": _round_seconds(self.duration),
            "speech_seconds": _round_seconds(self.speech_seconds),
            "band": self.band,
            "n_speakers": len(annotation.speakers) if is_computed else None,
            "speakers": speaking_shares(annotation),
            "selection": self.count.to_dict() if self.count else None,
            "matches": _rows(self.matches),
            "turns": [_turn_fields(turn) | self._words_of(turn) for turn in annotation.turns],
            "doubtful": _rows(self.doubts),
            "notes": None if self.notes is None else list(self.notes),
            "files": None if self.files is None else dict(self.files),
            "alternatives": _alternative_fields(self.alternatives, annotation),
            "voices": self.voices.to_dict() if self.voices else None,
        }
        kept = {
            name: value
            for name, value in fields.items()
            if value is not None or (is_computed and name in COMPUTED)
        }
        return kept | {name: value for name, value in self.more.items() if name not in kept}

    def _words_of(self, turn: Turn) -> dict[str, Any]:
        """The words of a turn, if there are any, with its speaker."""
        words = self.words.get(word_key(turn))
        return {"words": [{**word, "speaker": turn.speaker} for word in words]} if words else {}

    def outline(self) -> dict[str, Any]:
        """The entry without fields that grow with the recording, for a line of a manifest."""
        kept = self.to_dict()
        n_turns = len(kept["turns"])
        large = ("turns", "alternatives", "voices", "selection", "doubtful", "files", "audio", "recording")
        return {name: value for name, value in kept.items() if name not in large} | {"n_turns": n_turns}


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that could not be diarized, and why, in one line."""

    recording: str
    audio: str
    error: str
    succeeded: ClassVar[bool] = False

    def to_dict(self) -> dict[str, Any]:
        """The JSON entry of the recording."""
        return {"recording": self.recording, "audio": self.audio, "status": "failed", "error": self.error}


@dataclass(frozen=True, slots=True)
class Provenance:
    """Data to reproduce a result: all settings, their digest of 16 digits, versions."""

    config: Mapping[str, Any] = field(default_factory=dict)
    config_digest: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON has them, at the top of a document."""
        return {
            "versions": dict(self.versions),
            "config": dict(self.config),
            "config_digest": self.config_digest,
        }


@dataclass(frozen=True, slots=True)
class Document:
    """Results of recordings, in order, with settings and versions, None where only turns are known; ``more``:
    JSON keys outside the schema, which are kept.
    """

    entries: tuple[Result | Failure, ...]
    provenance: Provenance | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def results(self) -> tuple[Result, ...]:
        """The recordings without failure."""
        return tuple(each for each in self.entries if isinstance(each, Result))

    @property
    def by_recording(self) -> dict[str, Result]:
        """The results by name; of two entries with one name, only the turns are kept, joined."""
        found: dict[str, Result] = {}
        for each in self.results:
            before = found.get(each.recording)
            turns = (*before.annotation.turns, *each.annotation.turns) if before else ()
            found[each.recording] = Result(Annotation(each.recording, turns)) if before else each
        return found

    @property
    def annotations(self) -> dict[str, Annotation]:
        """The turns by recording."""
        return {name: each.annotation for name, each in self.by_recording.items()}

    def with_annotations(self, annotations: Sequence[Annotation]) -> Document:
        """The same results, in order, with other turns."""
        pairs = zip(self.results, annotations, strict=True)
        results = tuple(replace(each, annotation=turns) for each, turns in pairs)
        failed = tuple(each for each in self.entries if isinstance(each, Failure))
        return replace(self, entries=(*results, *failed))

    def with_results(self, results: Mapping[str, Result]) -> Document:
        """The document with some results replaced; each name occurs once."""
        merged = {**self.by_recording, **results}
        failed = tuple(each for each in self.entries if isinstance(each, Failure))
        return replace(self, entries=(*merged.values(), *failed))

    def to_dict(self) -> dict[str, Any]:
        """The JSON of the whole document."""
        above = self.provenance.to_dict() if self.provenance else {}
        head = {"schema": SCHEMA, "version": VERSION, **above}
        more = {name: value for name, value in self.more.items() if name not in head}
        return {**head, **more, "recordings": [each.to_dict() for each in self.entries]}

    def to_json(self) -> str:
        """The text of a file: indented, keys in the order of the schema, Unicode not escaped.

        Returns
        -------
        JSON that ends with a new line.

        Raises
        ------
        FormatError
            For a number that JSON cannot hold.

        """
        try:
            text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        except ValueError:
            raise FormatError("a result with NaN or infinity, which JSON cannot hold; leave it out") from None
        return text + "\n"


def join_documents(documents: Sequence[Document]) -> Document:
    """One document with the entries of several, in order.

    Parameters
    ----------
    documents : one or more

    Returns
    -------
    The document; settings and versions, and keys outside the schema, are kept if all have the same.

    """
    first, *others = documents
    same = all(each.provenance == first.provenance for each in others)
    more = {
        key: value for key, value in first.more.items() if all(each.more.get(key) == value for each in others)
    }
    entries = tuple(entry for each in documents for entry in each.entries)
    return Document(entries, first.provenance if same else None, more)


def word_key(turn: Turn) -> WordKey:
    """Start and end in milliseconds, and the text: what edits of a turn with a text do not change."""
    return milliseconds(turn.start), milliseconds(turn.end), turn.text or ""


def _turn_fields(turn: Turn) -> dict[str, Any]:
    """The JSON of a turn, without text and channel where unknown."""
    fields = asdict(turn)
    return {name: value for name, value in fields.items() if value or name not in ("text", "channel")}


def _rows(values: tuple[Any, ...] | None) -> list[dict[str, Any]] | None:
    """Dataclasses as dictionaries with six decimals."""
    if values is None:
        return None
    return [
        {key: round(value, 6) if isinstance(value, float) else value for key, value in asdict(each).items()}
        for each in values
    ]


def _round_seconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(float(seconds), 3)


def _alternative_fields(found: Alternatives | None, now: Annotation) -> dict[str, Any] | None:
    """The alternatives, with the turns that were found first if the current turns differ."""
    if found is None:
        return None
    first = round_annotation(Annotation(now.recording, found.turns)).turns
    changed = {"turns": [_turn_fields(turn) for turn in first]} if first and first != now.turns else {}
    return changed | found.fields
