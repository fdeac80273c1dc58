"""A planned conversation that can be rendered, as a whole or in parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.annotation import Annotation
from diarize.errors import AudioError
from diarize.synth.acoustics import amplitude, compand, convolve, impulse_response, noise_loop, resample
from diarize.synth.phrases import split_phrases
from diarize.synth.script import plan_script, reference_annotation
from diarize.synth.settings import SynthConfig
from diarize.types import Waveform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from diarize.synth.phrases import Phrase
    from diarize.synth.script import ScriptLine

    Array = NDArray[Any]

__all__ = ["Scene", "build_scene", "plan_conversation", "simulate_conversation"]


@dataclass(frozen=True)
class Scene:
    """A planned conversation: its reference, and its sound on demand.

    ``annotation``: exact, in whole samples; ``cells``: float32 (m,) each, the phrases after room and channel;
    ``which``, ``starts`` and ``speakers`` (n,): cell, first sample and speaker's name of each line;
    ``noise``: float32 (k,), repeated seamlessly. Any part has exactly the samples of the whole.
    """

    config: SynthConfig
    annotation: Annotation
    cells: tuple[Array, ...]
    which: Array
    starts: Array
    speakers: Array
    noise: Array

    def extract_speaker(self, speaker: str) -> Scene:
        """What one speaker says at the same times, without the others and without noise."""
        turns = tuple(turn for turn in self.annotation.turns if turn.speaker == speaker)
        said = self.speakers == speaker
        return replace(
            self,
            annotation=replace(self.annotation, turns=turns),
            which=self.which[said],
            starts=self.starts[said],
            speakers=self.speakers[said],
            noise=np.zeros(1, np.float32),
        )

    def samples(self, first: int, last: int) -> Array:
        """Any part of the sound; parts have exactly the samples of the whole.

        Parameters
        ----------
        first, last : numbers of samples, from 0 to ``config.n_samples``; ``last`` is not included

        Returns
        -------
        Float32 (last - first,), from -1 to 1.

        """
        mixed: Array = self.noise[np.arange(first, last) % self.noise.size]
        ends = self.starts + np.array([cell.size for cell in self.cells], dtype=np.int64)[self.which]
        for n in np.flatnonzero((self.starts < last) & (ends > first)):
            start, cell = int(self.starts[n]), self.cells[self.which[n]]
            low, high = max(start, first), min(start + cell.size, last)
            mixed[low - first : high - first] += cell[low - start : high - start]
        np.clip(mixed, -1, 1, out=mixed)
        return compand(mixed) if self.config.mu_law else mixed

    def waveform(self) -> Waveform:
        """All of it in one piece."""
        samples = self.samples(0, self.config.n_samples)
        return Waveform(samples, self.config.rate, self.annotation.recording)

    def blocks(self, seconds: float = 60.0) -> Iterator[Waveform]:
        """The same samples in blocks of ``seconds``, the last one shorter."""
        step, n = max(1, round(seconds * self.config.rate)), self.config.n_samples
        for first in range(0, n, step):
            block = self.samples(first, min(first + step, n))
            yield Waveform(block, self.config.rate, self.annotation.recording)


def _reverberate(said: Sequence[Phrase], response: Array, level: float) -> list[Array]:
    """One speaker's phrases through a response (m,), float32 each, their speech at ``level`` dB RMS."""
    cells = [convolve(phrase.cell, response) for phrase in said]
    energy = sum(float(np.sum(np.square(cell, dtype=np.float64))) for cell in cells)
    loudness = np.sqrt(energy / sum(phrase.length for phrase in said))
    return [np.asarray(cell * (amplitude(level) / loudness), dtype=np.float32) for cell in cells]


def _place_phrases(
    cast: Mapping[str, Sequence[Phrase]],
    config: SynthConfig,
    rooms: Sequence[Waveform],
    rng: np.random.Generator,
) -> tuple[list[Array], list[int]]:
    """Every phrase of every speaker after room and channel, and the number of samples before its speech."""
    cells: list[Array] = []
    leads: list[int] = []
    for said in cast.values():
        response, direct = impulse_response(config, rooms, rng)
        cells += _reverberate(said, response, config.level + config.gain_spread * rng.standard_normal())
        leads += [phrase.lead + direct for phrase in said]
    return cells, leads


def _split_voices(voices: Mapping[str, Sequence[Waveform]], rate: int) -> dict[str, list[Phrase]]:
    """Each speaker's phrases at ``rate`` Hz, speakers by name."""
    if not voices:
        raise AudioError("a conversation needs at least one voice; give recordings of one speaker each")
    cast: dict[str, list[Phrase]] = {}
    for name in sorted(voices):
        cast[name] = [p for voice in voices[name] for p in split_phrases(resample(voice, rate), rate)]
        if not cast[name]:
            raise AudioError(f"no speech found in the recordings of voice {name}; leave it out")
    return cast


def plan_conversation(
    voices: Mapping[str, Sequence[Waveform]],
    config: SynthConfig | None = None,
    seed: int = 0,
    *,
    rooms: Sequence[Waveform] = (),
    recording: str = "conversation",
) -> Scene:
    """Plan a conversation, of which any part can be rendered.

    Phrases are cut at pauses, and each is used once before any is repeated (``config.repeat``) in another
    order, so that a few seconds of a voice are enough for any length of talk.

    Parameters
    ----------
    voices : by name, clean recordings of one speaker each, at any rates; their order does not matter
    config : settings of the conversation
    seed : the same seed gives the same bits
    rooms : measured impulse responses; one is drawn for each speaker, in place of the synthetic room
    recording : name of the recording

    Returns
    -------
    The planned conversation.

    Raises
    ------
    AudioError
        When there is no voice, when a voice has no speech, or when every phrase is longer than the
        conversation.

    """
    config = config or SynthConfig()
    rng = np.random.default_rng(seed)
    cast = _split_voices(voices, config.rate)
    lines = plan_script(list(cast.values()), config, rng)
    if not lines:
        raise AudioError(f"no phrase of the voices fits into {config.duration:g} s; make it longer")
    return build_scene(cast, lines, config, rng, rooms=rooms, recording=recording)


def build_scene(
    cast: Mapping[str, Sequence[Phrase]],
    lines: Sequence[ScriptLine],
    config: SynthConfig,
    rng: np.random.Generator,
    *,
    rooms: Sequence[Waveform],
    recording: str,
) -> Scene:
    """The scene of ``lines``, whose speakers are numbered in the order of ``cast``."""
    cells, leads = _place_phrases(cast, config, rooms, rng)
    keys = [(speaker, phrase) for speaker, said in enumerate(cast.values()) for phrase in range(len(said))]
    number = {key: index for index, key in enumerate(keys)}
    which = np.array([number[line.speaker, line.phrase] for line in lines], dtype=np.int64)
    starts = np.array([line.onset for line in lines], dtype=np.int64) - np.array(leads)[which]
    clean = [np.concatenate([phrase.cell for phrase in said]) for said in cast.values()]
    names = list(cast)
    speakers = np.array([names[line.speaker] for line in lines])
    known = reference_annotation(lines, names, config.rate, recording)
    return Scene(config, known, tuple(cells), which, starts, speakers, noise_loop(config, clean, rng))


def simulate_conversation(
    voices: Mapping[str, Sequence[Waveform]],
    config: SynthConfig | None = None,
    seed: int = 0,
    *,
    rooms: Sequence[Waveform] = (),
    recording: str = "conversation",
) -> tuple[Waveform, Annotation]:
    """Simulate a conversation in one piece.

    Parameters
    ----------
    voices, config, seed, rooms, recording : as for ``plan_conversation``

    Returns
    -------
    The sound, and who speaks when in it. Speech is detected by the energy of the clean voices. Pauses over
    0.3 s are pauses in the annotation, and reverberation is not part of a turn.

    Raises
    ------
    AudioError
        As ``plan_conversation`` does.

    """
    planned = plan_conversation(voices, config, seed, rooms=rooms, recording=recording)
    return planned.waveform(), planned.annotation
