"""The same work on an existing Dask cluster (extra ``cluster``).

Its workers must see the recordings and the output folder under the same paths, and must have the same
versions of everything that can change a result. Dask schedules the work and retries the work of a dead worker
a few times. A process works on one recording at a time, however many threads it has, because "one BLAS
thread" is a setting of the whole process.
"""

from __future__ import annotations

import os
import secrets
import threading
import warnings
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from diarize import pipeline
from diarize.batch.job import perform_job
from diarize.batch.worker_pool import keep_in_flight
from diarize.errors import ClusterError
from diarize.files import write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from diarize.batch.job import Job
    from diarize.batch.worker_pool import Outcome

    Entry = dict[str, Any]

__all__ = ["check_address", "run_jobs_on_cluster"]

ANSWER_TIMEOUT: Final = 10.0  # seconds in which a scheduler must answer
WORKER_TIMEOUT: Final = 60.0  # seconds in which there must be a worker
SCHEMES: Final = ("tcp", "tls")

_ALONE = threading.Lock()


def check_address(address: str) -> str:
    """Check the address of a Dask scheduler, without connecting to it.

    Parameters
    ----------
    address : such as ``tcp://host:8786``

    Returns
    -------
    The same address.

    Raises
    ------
    ClusterError
        When it cannot be an address.

    """
    try:
        parts = urlsplit(address)
        whole = parts.scheme in SCHEMES and parts.hostname and parts.port
    except ValueError:
        whole = None
    if not whole or address != f"{parts.scheme}://{parts.netloc}":
        raise ClusterError(
            f"{address!r} is not the address of a scheduler; write it as tcp://HOST:PORT, as dask prints it"
        )
    return address


def run_jobs_on_cluster(
    jobs: Sequence[Job],
    address: str,
    folder: Path,
    on_start: Callable[[Job], None],
    perform: Callable[..., Entry] = perform_job,
) -> Generator[Outcome, None, None]:
    """Every job with its outcome, in the order of completion; ``on_start`` is called before each.

    At most one job is in flight per worker. Closing the generator, or an exception such as Ctrl-C, cancels
    those jobs. Raises ClusterError without the package, without an answer or workers, for unequal versions,
    and when the workers do not see ``folder`` (of results) or a recording.
    """
    waiting = deque(map(_with_absolute_paths, jobs))
    if not waiting:
        return
    with _client(address) as client:
        _check_versions(client, address)
        _check_shared_folder(client, address, folder.absolute(), waiting[0])
        pool = client.get_executor(pure=False)
        try:
            yield from keep_in_flight(
                pool, waiting, lambda: _n_workers(client, address), on_start, partial(_perform, perform)
            )
        finally:
            pool.shutdown(wait=False)  # cancels what is in flight


def _with_absolute_paths(job: Job) -> Job:
    """The job with absolute paths."""
    task, space = job.task, job.config.space
    files = {name: path.absolute() for name, path in task.files.items()}
    model = str(Path(space.background).absolute()) if space.background else ""
    return replace(
        job,
        task=replace(task, audio=task.audio.absolute(), files=files),
        config=replace(job.config, space=replace(space, background=model)),
    )


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A connection that logs nothing; every failure of it becomes a ClusterError."""
    try:
        import logging

        from distributed import Client
    except ImportError:
        raise ClusterError(
            "--scheduler needs the package distributed; try: pip install 'diarize-gmm[cluster]'"
        ) from None
    log = logging.getLogger("distributed.client")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # versions are compared below, in one line
        try:
            client = Client(check_address(address), timeout=ANSWER_TIMEOUT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"{address}: no scheduler answers ({error}); start one with 'dask scheduler'"
            ) from None
    before, log.disabled = log.disabled, True
    try:
        yield client
    finally:
        with suppress(TimeoutError):  # the scheduler may be gone
            client.close(ANSWER_TIMEOUT)
        log.disabled = before


def _scheduler_gone(address: str) -> ClusterError:
    return ClusterError(f"{address}: the scheduler is gone; start it and its workers again and --resume")


def _n_workers(client: Any, address: str) -> int:
    """Number of workers, after waiting for the first. Raises ClusterError."""
    try:
        client.wait_for_workers(1, WORKER_TIMEOUT)
        return max(1, len(client.nthreads()))
    except TimeoutError:
        raise ClusterError(
            f"{address}: no worker for {WORKER_TIMEOUT:g} s; "
            f"start some with 'dask worker {address}' and --resume"
        ) from None
    except (OSError, ValueError):
        raise _scheduler_gone(address) from None


def _answers(client: Any, address: str, function: Callable[..., Any], *words: str) -> dict[str, Any]:
    """The value of a function on each worker, or the exception that it raised there."""
    try:
        answers: dict[str, Any] = client.run(function, *words, on_error="return")
    except (OSError, ValueError):
        raise _scheduler_gone(address) from None
    return answers


def _check_versions(client: Any, address: str) -> None:
    """Check that all versions that can change a result are equal."""
    _n_workers(client, address)
    ours = pipeline.versions()
    for worker, theirs in _answers(client, address, pipeline.versions).items():
        if not isinstance(theirs, dict):
            raise ClusterError(
                f"worker {worker}: diarize cannot be used there ({type(theirs).__name__}); install it there"
            )
        for name, number in ours.items():
            if theirs.get(name) != number:
                raise ClusterError(
                    f"worker {worker}: {name} {theirs.get(name)} there, {number} here; results could differ, "
                    "install the same"
                )


def _check_shared_folder(client: Any, address: str, folder: Path, job: Job) -> None:
    """Check that every worker sees a file just written by this process, and the first recording."""
    probe = folder / f".visible.{secrets.token_hex(4)}"
    model = job.config.space.background
    try:
        write_text(probe, "")
        for path in (probe, job.task.audio, *([Path(model)] if model else [])):
            for worker, seen in _answers(client, address, os.path.lexists, str(path)).items():
                if seen is not True and os.path.lexists(path):
                    raise ClusterError(
                        f"worker {worker}: does not see {path.parent}; share that folder with all workers "
                        "under the same path"
                    )
    finally:
        probe.unlink(missing_ok=True)


def _perform(perform: Callable[..., Entry], job: Job) -> Entry:
    """The work of a worker, which stops soon after the job is cancelled."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def check_wanted(_stage: str = "", _share: float = 0.0) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise ClusterError(f"{job.task.audio}: cancelled")

    with _ALONE:
        check_wanted()
        return perform(job, check_wanted)
