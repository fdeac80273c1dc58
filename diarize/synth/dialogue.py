"""A conversation with given turns: speakers, recordings, and pauses between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from diarize.errors import AudioError
from diarize.synth.acoustics import resample
from diarize.synth.phrases import Phrase, split_phrases
from diarize.synth.scene import Scene, build_scene
from diarize.synth.script import ScriptLine
from diarize.synth.settings import SynthConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.types import Waveform

__all__ = ["plan_dialogue"]


def _lines(spoken: Sequence[Phrase], speaker: int, first: int, start: int) -> list[ScriptLine]:
    """One turn from sample ``start`` on, with its phrases at their original distances, counted from
    ``first``.
    """
    shift = start - spoken[0].onset
    return [ScriptLine(speaker, first + i, p.onset + shift, p.length) for i, p in enumerate(spoken)]


def plan_dialogue(
    turns: Sequence[tuple[str, Waveform, float]],
    config: SynthConfig | None = None,
    seed: int = 0,
    *,
    rooms: Sequence[Waveform] = (),
    recording: str = "plan_dialogue",
) -> Scene:
    """Plan a conversation with turns in a given order.

    Parameters
    ----------
    turns : for each, the speaker, a clean recording of the turn, and the start of its speech in seconds
        after the end of everything before, negative for an overlap
    config : settings; those of shares, turns, pauses and overlap are not used
    seed : the same seed gives the same bits
    rooms : measured impulse responses; one is drawn for each speaker
    recording : name of the recording

    Returns
    -------
    The planned conversation; its annotation is as for ``conversation``.

    Raises
    ------
    AudioError
        When a turn has no speech, begins before a turn of the same speaker has ended, or does not end
        within the duration in ``config``.

    """
    config = config or SynthConfig()
    cast: dict[str, list[Phrase]] = {name: [] for name in sorted({name for name, _, _ in turns})}
    lines: list[ScriptLine] = []
    until, floor = dict.fromkeys(cast, 0), 0
    for name, waveform, after in turns:
        spoken = split_phrases(resample(waveform, config.rate), config.rate)
        start = floor + round(after * config.rate)
        if not spoken or start < until[name]:
            reason = "starts before the same speaker has ended" if spoken else "has no speech in it"
            raise AudioError(f"the turn of {name} at {start / config.rate:.1f} s {reason}; change the turns")
        lines += _lines(spoken, list(cast).index(name), len(cast[name]), start)
        cast[name] += spoken
        until[name] = lines[-1].onset + lines[-1].length
        floor = max(floor, until[name])
    if not 0 < floor <= config.n_samples:
        seconds = floor / config.rate
        raise AudioError(
            f"{seconds:.1f} s of dialogue in {config.duration:g} s; change the turns or the duration"
        )
    rng = np.random.default_rng(seed)
    return build_scene(cast, lines, config, rng, rooms=rooms, recording=recording)
