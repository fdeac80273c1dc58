"""Training: the list of simulated recordings, and the model fitted to all of them."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.background import DetectionData, fit_background
from diarize.config import AcousticConfig
from diarize.errors import ModelError
from diarize.training.examples import make_activity_example, make_example
from diarize.training.simulation import (
    simulate_meeting,
    simulate_music,
    simulate_noise,
    simulate_synthetic_voices,
    simulate_talk_between_music,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarize.background import BackgroundModel
    from diarize.training.examples import Example
    from diarize.training.plan import TrainingPlan

    Progress = Callable[[str, float], None]
    Task = Callable[[np.random.Generator, str, AcousticConfig], Example]

__all__ = ["train_background"]

MIN_VOICES: Final = 2  # voices in a conversation
MAX_VOICES: Final = 7
CONVERSATIONS_PER_NOISE: Final = 6  # conversations per recording of noise alone
CONVERSATIONS_PER_MUSIC: Final = 3  # conversations per recording of music alone, and of words between music
CONVERSATIONS_PER_SYNTHETIC: Final = 10  # conversations per recording of synthetic voices


def train_background(
    plan: TrainingPlan, band: str, *, progress: Progress = lambda stage, share: None
) -> BackgroundModel:
    """Train the background model of a band, from simulated recordings of real voices.

    The result does not depend on the number of processes.

    Parameters
    ----------
    plan : files of the voices, impulse responses, rounds, seed and processes
    band : "wide" or "narrow"
    progress : is called with the stage, and the share of it that is done, 0 to 1

    Returns
    -------
    The model, with the numbers of voices, rooms and rounds and the seed as its origin.

    Raises
    ------
    ModelError
        When there are fewer than 14 voices, and as ``fit_background`` does.

    References
    ----------
    Reynolds, Quatieri & Dunn 2000, "Speaker verification using adapted Gaussian mixture models".

    """
    from threadpoolctl import threadpool_limits

    if len(plan.voices) < 2 * MAX_VOICES:
        raise ModelError(
            f"{len(plan.voices)} voices; a background model needs {2 * MAX_VOICES}, hundreds are better"
        )
    tasks, acoustics = _tasks(plan), AcousticConfig()
    make = partial(_make_example, seed=plan.seed, band=band, acoustics=acoustics)
    examples = []
    with ProcessPoolExecutor(plan.jobs) as pool:
        for done, each in enumerate(pool.map(make, range(len(tasks)), tasks, chunksize=4)):
            examples.append(each)
            progress("simulated recordings", (done + 1) / len(tasks))
    activity = DetectionData(
        *(np.concatenate(x) for x in zip(*(each.activity for each in examples), strict=True))
    )
    with threadpool_limits(limits=1):  # another order of sums changes the last bits
        return fit_background(
            np.concatenate([each.frames for each in examples]),
            activity,
            band=band,
            acoustics=acoustics,
            seed=plan.seed,
            origin=_origin(plan),
            progress=progress,
        )


def _tasks(plan: TrainingPlan) -> list[Task]:
    """The simulations and what is taken from each; every task has its own random generator."""
    casts = list(_casts(plan))
    tasks: list[Task] = [partial(make_example, partial(simulate_meeting, cast, plan)) for cast in casts]
    tasks += [partial(make_example, simulate_noise)] * max(1, len(casts) // CONVERSATIONS_PER_NOISE)
    tasks += [partial(make_activity_example, simulate_music)] * max(1, len(casts) // CONVERSATIONS_PER_MUSIC)
    tasks += [
        partial(make_activity_example, partial(simulate_talk_between_music, cast, plan))
        for cast in casts[::CONVERSATIONS_PER_MUSIC]
    ]
    tasks += [partial(make_activity_example, simulate_synthetic_voices)] * max(
        1, len(casts) // CONVERSATIONS_PER_SYNTHETIC
    )
    return tasks


def _origin(plan: TrainingPlan) -> dict[str, Any]:
    return {"voices": len(plan.voices), "rooms": len(plan.rooms), "rounds": plan.rounds, "seed": plan.seed}


def _casts(plan: TrainingPlan) -> Iterator[tuple[str, ...]]:
    """Groups of two to seven voices for the conversations; every voice is used once per round."""
    rng = np.random.default_rng(plan.seed)
    for _ in range(plan.rounds):
        names = list(plan.voices)
        rng.shuffle(names)
        while names:
            size = int(rng.integers(MIN_VOICES, MAX_VOICES + 1))
            cast, names = names[:size], names[size:]
            yield tuple(cast)


def _make_example(number: int, task: Task, seed: int, band: str, acoustics: AcousticConfig) -> Example:
    """The example of a task, with a random generator seeded by its number."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return task(np.random.default_rng((seed, number)), band, acoustics)
