"""Run a batch: skip finished recordings, protect files of others, and keep the manifest."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diarize.batch import dask_cluster, worker_pool
from diarize.batch.job import Job, checksum, input_checksum, perform_job
from diarize.batch.manifest import Manifest, lock_folder
from diarize.errors import OutputError
from diarize.files import make_folder, remove_leftovers

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from diarize.batch.plan import Plan, Task
    from diarize.batch.worker_pool import Outcome
    from diarize.config import Config
    from diarize.identity import KnownVoices

    Entry = dict[str, Any]
    Listener = Callable[[str, Task, Entry], None]

__all__ = ["BatchReport", "run_batch"]


@dataclass(frozen=True, slots=True)
class BatchReport:
    """Outcome of a batch: an entry per recording, in order, with ``status`` "ok", "skipped" or "failed";
    ``seconds`` it took; ``stale``: results of earlier batches that were not rewritten, because a recording
    failed or is gone, or because other formats were requested.
    """

    entries: tuple[Entry, ...]
    seconds: float
    stale: tuple[Path, ...] = ()

    def count(self, status: str) -> int:
        """How many recordings have a status.

        Parameters
        ----------
        status : 'ok', 'failed' or another status of the manifest

        Returns
        -------
        Their number.

        """
        return Counter(entry["status"] for entry in self.entries)[status]


def run_batch(
    plan: Plan,
    config: Config,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    known: KnownVoices | None = None,
    listen: Listener = lambda event, task, entry: None,
    perform: Callable[[Job], Entry] = perform_job,
) -> BatchReport:
    """Diarize all recordings of a plan; one that fails does not stop the rest.

    Parameters
    ----------
    plan : what ``plan_batch`` found
    config : settings for all recordings
    jobs : number of processes
    scheduler : address of a Dask cluster that is used instead of processes
    known : voices to name speakers by
    listen : called with 'started' or 'done', the task, and its entry of the manifest
    perform : the work on one recording

    Returns
    -------
    The entries of the manifest, and the time taken.

    Raises
    ------
    OutputError
        When another batch uses the output folder, or the manifest cannot be written.
    ClusterError
        When the cluster does not work.

    """
    begin = time.perf_counter()
    with lock_folder(plan.output):
        manifest = Manifest.open(plan.output, resume=plan.resume, overwrite=plan.overwrite)
        batch = _Batch(plan, config, known, manifest, listen)

        def outcomes(planned: Sequence[Job]) -> Generator[Outcome, None, None]:
            if scheduler:
                return dask_cluster.run_jobs_on_cluster(
                    planned, scheduler, plan.output, batch.record_start, perform
                )
            return worker_pool.run_jobs(planned, jobs, batch.record_start, perform)

        found = {entry["audio"]: entry for entry in batch.entries(outcomes)}
        manifest.tidy()
    entries = tuple(found[task.key] for task in plan.tasks)
    return BatchReport(entries, round(time.perf_counter() - begin, 3), _find_stale(plan, manifest, found))


def _find_stale(plan: Plan, manifest: Manifest, found: Mapping[str, Entry]) -> tuple[Path, ...]:
    """Existing results of recordings that failed or are gone, and results in other formats."""
    failed = [task for task in plan.tasks if found[task.key]["status"] == "failed"]
    paths = [path for task in failed for path in task.files.values()]
    for key, names in manifest.earlier.items():
        now = found[key]["files"].values() if key in found else ()
        paths += [plan.output / name for name in names if name not in now]
    return tuple(path for path in dict.fromkeys(paths) if path.exists())


@dataclass(frozen=True, slots=True)
class _Batch:
    plan: Plan
    config: Config
    known: KnownVoices | None
    manifest: Manifest
    listen: Listener

    def entries(self, outcomes: Callable[[Sequence[Job]], Generator[Outcome, None, None]]) -> Iterator[Entry]:
        """The outcome of every recording, in the order of completion."""
        planned = []
        for task in self.plan.tasks:
            if self._is_finished(task):
                yield self._record_skipped(task)
            elif problem := task.problem or self._foreign_file_problem(task) or _missing_folder_error(task):
                yield self._record_done(task, _refusal(problem))
            else:
                planned.append(Job(task, self.config, self.known, self.plan.separate))
        tasks = {job.task.key: job.task for job in planned}
        with self._interruptible(tasks), closing(outcomes(planned)) as running:
            for job, entry in running:
                task = tasks[job.task.key]  # as planned here, wherever it was done
                _remove_leftovers(task)  # left by a killed worker, perhaps before another finished
                yield self._record_done(task, entry)

    @contextmanager
    def _interruptible(self, tasks: Mapping[str, Task]) -> Iterator[None]:
        """Remove partial files of started recordings, however the batch ends."""
        try:
            yield
        finally:
            for key, task in tasks.items():
                if self.manifest.entries.get(key, {}).get("status") == "started":
                    _remove_leftovers(task)

    def _relative(self, task: Task) -> dict[str, str]:
        return {name: path.relative_to(self.plan.output).as_posix() for name, path in task.files.items()}

    def _is_finished(self, task: Task) -> bool:
        """Whether existing results are of this recording, these settings and formats."""
        entry = self.manifest.entries.get(task.key)
        if not self.plan.resume or not entry or entry["status"] != "ok":
            return False
        same = all(entry.get(name) == value for name, value in self._given_digests(task).items())
        there = all(path.exists() for path in task.files.values())
        has = self._relative(task).items() <= entry["files"].items()
        known = entry.get("input_sha256")
        return same and there and has and known is not None and known == input_checksum(task.audio)

    def _foreign_file_problem(self, task: Task) -> str:
        """The error for an existing file that this batch did not write, or that was changed since."""
        if self.plan.overwrite:
            return ""
        ours = self.manifest.entries.get(task.key, {}).get("outputs", {})
        for name, path in zip(self._relative(task).values(), task.files.values(), strict=True):
            if path.exists() and (name not in ours or ours[name] not in (None, _checksum(path))):
                return (
                    f"{path}: exists already and is not this batch's own unchanged file; "
                    "--overwrite replaces it"
                )
        return ""

    def record_start(self, job: Job) -> None:
        """Record in the manifest that a recording's files belong to this batch, before they are written."""
        entry = self._entry(job.task, {"status": "started"})
        _remove_leftovers(job.task)
        self.manifest.add(entry)
        self.listen("started", job.task, entry)

    def _record_done(self, task: Task, found: Entry) -> Entry:
        entry = self._entry(task, found)
        self.manifest.add(entry)
        self.listen("done", task, entry)
        return entry

    def _record_skipped(self, task: Task) -> Entry:
        entry = self.manifest.entries[task.key] | {"status": "skipped"}
        self.listen("done", task, entry)
        return entry

    def _given_digests(self, task: Task) -> Entry:
        """Digests of the inputs of a result besides the recording; null for those that were not given."""
        return {
            "config_digest": self.config.digest,
            "speech": _digest(task),
            "known": self.known.digest if self.known else None,
            "channels": "separate" if self.plan.separate else None,
        }

    def _entry(self, task: Task, found: Entry) -> Entry:
        """A line of the manifest. ``outputs``: files that may be replaced while they have this checksum."""
        from diarize.pipeline import versions

        files = self._relative(task)
        sums = {files[name]: _checksum(path) for name, path in task.files.items() if path.exists()}
        started, refused = found["status"] == "started", found.pop("refused", False)
        before = self.manifest.entries.get(task.key, {}).get("outputs", {})
        return {
            "audio": task.key,
            **self._given_digests(task),
            "versions": versions(),
            "error": None,
            "files": files if found["status"] != "failed" else {},
            "outputs": before if refused else dict.fromkeys(files.values()) if started else sums,
            **found,
        }


def _missing_folder_error(task: Task) -> str:
    """The error for a missing output folder. Subfolders that names need are made once, at the start."""
    try:
        for path in task.files.values():
            make_folder(path.parent)
    except OutputError as error:
        return str(error)
    return ""


def _refusal(text: str) -> Entry:
    return {"status": "failed", "error": text, "input_sha256": None, "timings": {}, "refused": True}


def _digest(task: Task) -> str | None:
    """Digest of the given speech; None without it."""
    return None if task.speech is None else hashlib.sha256(repr(task.speech).encode()).hexdigest()[:16]


def _checksum(path: Path) -> str | None:
    try:
        return checksum(path)
    except OSError:
        return None


def _remove_leftovers(task: Task) -> None:
    """Remove temporary files of a killed worker."""
    for path in task.files.values():
        remove_leftovers(path)
