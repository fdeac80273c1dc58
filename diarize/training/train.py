"""Training: which recordings are simulated, and the model that is fitted to all of them."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.background import Activity, fitted
from diarize.config import AcousticConfig
from diarize.errors import ModelError
from diarize.training.examples import lesson, motion_lesson
from diarize.training.simulation import interludes, meeting, noise, piece, robots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarize.background import BackgroundModel
    from diarize.training.examples import Lesson
    from diarize.training.plan import TrainingPlan

    Progress = Callable[[str, float], None]
    Task = Callable[[np.random.Generator, str, AcousticConfig], Lesson]

__all__ = ["trained"]

SMALLEST: Final = 2  # voices in a conversation
LARGEST: Final = 7
SPEECHLESS: Final = 6  # for so many conversations there is one recording of noise alone
MUSICAL: Final = 3  # for so many conversations there is one of music alone, and one of words between music
MECHANICAL: Final = 10  # for so many conversations there is one of voices of pure signal


def trained(
    plan: TrainingPlan,
    band: str,
    acoustics: AcousticConfig = AcousticConfig(),  # noqa: B008 - a frozen value
    *,
    progress: Progress = lambda stage, share: None,
) -> BackgroundModel:
    """Learn the model of a band, "wide" or "narrow", of cepstra made with ``acoustics``.

    Raises ModelError when there are too few voices.
    """
    from threadpoolctl import threadpool_limits

    if len(plan.voices) < 2 * LARGEST:
        raise ModelError(
            f"{len(plan.voices)} voices; a background model needs {2 * LARGEST}, hundreds are better"
        )
    tasks = _tasks(plan)
    taught = partial(_taught, seed=plan.seed, band=band, acoustics=acoustics)
    lessons = []
    with ProcessPoolExecutor(plan.jobs) as pool:
        for done, each in enumerate(pool.map(taught, range(len(tasks)), tasks, chunksize=4)):
            lessons.append(each)
            progress("simulated recordings", (done + 1) / len(tasks))
    activity = Activity(*(np.concatenate(x) for x in zip(*(each.activity for each in lessons), strict=True)))
    with threadpool_limits(limits=1):  # sums in another order would differ in the last bits
        return fitted(
            np.concatenate([each.frames for each in lessons]),
            activity,
            band=band,
            acoustics=acoustics,
            seed=plan.seed,
            origin=_origin(plan),
            progress=progress,
        )


def _tasks(plan: TrainingPlan) -> list[Task]:
    """What is simulated, and what is taken from it; each number has its own random numbers."""
    casts = list(_casts(plan))
    tasks: list[Task] = [partial(lesson, partial(meeting, cast, plan)) for cast in casts]
    tasks += [partial(lesson, noise)] * max(1, len(casts) // SPEECHLESS)
    tasks += [partial(motion_lesson, piece)] * max(1, len(casts) // MUSICAL)
    tasks += [partial(motion_lesson, partial(interludes, cast, plan)) for cast in casts[::MUSICAL]]
    tasks += [partial(motion_lesson, robots)] * max(1, len(casts) // MECHANICAL)
    return tasks


def _origin(plan: TrainingPlan) -> dict[str, Any]:
    return {"voices": len(plan.voices), "rooms": len(plan.rooms), "rounds": plan.rounds, "seed": plan.seed}


def _casts(plan: TrainingPlan) -> Iterator[tuple[str, ...]]:
    """Who meets whom: every voice once a round, in groups of two to seven."""
    rng = np.random.default_rng(plan.seed)
    for _ in range(plan.rounds):
        names = list(plan.voices)
        rng.shuffle(names)
        while names:
            size = int(rng.integers(SMALLEST, LARGEST + 1))
            cast, names = names[:size], names[size:]
            yield tuple(cast)


def _taught(number: int, task: Task, seed: int, band: str, acoustics: AcousticConfig) -> Lesson:
    """What a task gives, drawn from a generator of its own number."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return task(np.random.default_rng((seed, number)), band, acoustics)
