"""Worker processes on this machine, and how work is repeated when a process ends unexpectedly.

Workers are *spawned*, not forked: a fork of a process with threads (the executor has some, BLAS may) can
hang, and spawning works on every system. The libraries are loaded once per worker. Each worker computes with
one BLAS thread. When a worker dies (killed, out of memory), the file that caused it is not known. So all jobs
in flight are repeated one at a time, each in its own process. A job whose process dies again fails, and the
others continue.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, CancelledError, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait as wait_for
from typing import TYPE_CHECKING, Any, Final

from diarize.batch.job import perform_job

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Executor, Future

    from diarize.batch.job import Job

    Entry = dict[str, Any]
    Outcome = tuple[Job, Entry]
    Task = Callable[[Job], Entry]

__all__ = ["available_cores", "keep_in_flight", "run_jobs"]

POLL_SECONDS: Final = 5.0  # seconds between checks of the workers
THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def available_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_jobs(
    jobs: Iterable[Job],
    n_workers: int,
    on_start: Callable[[Job], None],
    perform: Task = perform_job,
) -> Generator[Outcome, None, None]:
    """Every job with its outcome, in the order of completion; ``on_start`` is called before each.

    At most ``n_workers`` jobs run at a time. Closing the generator, or an exception such as Ctrl-C,
    ends the workers.
    """
    waiting = deque(jobs)
    while waiting:
        suspects = yield from _run_until_lost(waiting, n_workers, on_start, perform)
        for job in suspects:
            alone = deque([job])
            while alone:
                if (yield from _run_until_lost(alone, 1, on_start, perform)):
                    yield job, _lost_entry(job, "its process died twice (killed, or out of memory?)")


def _lost_entry(job: Job, reason: str) -> Entry:
    text = f"{job.task.audio}: {reason}; free memory or cut it"
    return {"status": "failed", "error": " ".join(text.split()), "input_sha256": None, "timings": {}}


def _run_until_lost(
    waiting: deque[Job],
    n_workers: int,
    on_start: Callable[[Job], None],
    perform: Task,
) -> Generator[Outcome, None, list[Job]]:
    with _workers(min(n_workers, len(waiting))) as pool:
        return (yield from keep_in_flight(pool, waiting, lambda: n_workers, on_start, perform))


def keep_in_flight(
    pool: Executor,
    waiting: deque[Job],
    n_allowed: Callable[[], int],
    on_start: Callable[[Job], None],
    perform: Task,
) -> Generator[Outcome, None, list[Job]]:
    """Run jobs until none waits or the pool breaks; returns the jobs that were running then.

    ``n_allowed()``, called every few seconds, gives the allowed number of running jobs, or raises when no
    worker is left.
    """
    running: dict[Future[Entry], Job] = {}
    while waiting or running:
        while len(running) < n_allowed() and waiting:
            on_start(waiting[0])
            future = _submit(pool, perform, waiting[0])
            if future is None:
                break  # a worker died: between two recordings when nothing is in flight
            running[future] = waiting.popleft()
        if not running:
            return []
        done = wait(running, POLL_SECONDS, return_when=FIRST_COMPLETED).done
        if any(isinstance(_problem(each), BrokenProcessPool) for each in done):
            return (yield from _collect_finished(running))
        n_allowed()
        for each in done:
            job, problem = running.pop(each), _problem(each)
            known = f"its workers died or could not start ({type(problem).__name__})"
            yield job, _lost_entry(job, known) if problem else each.result()
    return []


def _collect_finished(running: dict[Future[Entry], Job]) -> Generator[Outcome, None, list[Job]]:
    """The outcomes of a broken pool; returns the jobs that were lost."""
    done = wait(running).done
    for each in done:
        if _problem(each) is None:
            yield running[each], each.result()
    return [running[each] for each in done if _problem(each)]


def _problem(future: Future[Entry]) -> BaseException | None:
    return CancelledError("cancelled") if future.cancelled() else future.exception()


def _submit(pool: Executor, perform: Task, job: Job) -> Future[Entry] | None:
    """Submit a job; None when the pool is broken."""
    try:
        with _hold_interrupts():
            return pool.submit(perform, job)
    except BrokenProcessPool:
        return None


@contextmanager
def _hold_interrupts() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM while a pool starts its workers; they are delivered afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda number, _: came.append(number)) for number in numbers]
    try:
        with _mask_interrupts():
            yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    for each in came:
        signal.raise_signal(each)


@contextmanager
def _mask_interrupts() -> Iterator[None]:
    """Let processes started in this context ignore Ctrl-C from the beginning; only the parent handles it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _workers(number: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes are terminated on exit."""
    others = set(multiprocessing.active_children())
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read when a worker loads its BLAS
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max(1, number), mp_context=context, initializer=_begin)
    finished = False
    try:
        yield pool
        finished = True
    finally:
        if not finished:
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _begin() -> None:
    """Initialise a worker: ignore Ctrl-C, and end when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
