"""A batch on a Dask cluster of this machine: the same bytes, workers that die, Ctrl-C, what does not fit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from diarize import synth
from diarize.audio import write_wav
from diarize.batch import MANIFEST, check_address, dask_cluster, plan_batch, run_batch
from diarize.batch.job import Job
from diarize.batch.plan import Task
from diarize.config import Config
from diarize.errors import ClusterError

HERE = Path(__file__).parent.parent
ENVIRONMENT = os.environ | {"PYTHONPATH": str(HERE), "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "false"}
PROGRAM = [sys.executable, "-m", "diarize", "batch"]
FORMATS = ["--format", "rttm", "--format", "json", "--format", "kaldi", "--plot"]
TALK = synth.SynthConfig(duration=40.0, snr=40.0, overlap_probability=0.0)
DASK = [sys.executable, "-m", "dask"]


def begun(words, log, **more):
    """A process in a session of its own."""
    with log.open("wb") as file:
        return subprocess.Popen(
            list(map(str, words)),
            stdout=file,
            stderr=file,
            cwd=log.parent,
            env=ENVIRONMENT | more,
            start_new_session=True,
        )


def ended(process):
    """End a process and whatever it has begun, for certain."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


def waited(condition, seconds=60.0):
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Cluster:
    """A scheduler on the loopback interface, and workers that come and go."""

    def __init__(self, folder):
        self.folder, self.workers = folder, []
        file = folder / "scheduler.json"
        words = ["scheduler", "--host", "127.0.0.1", "--port", 0, "--no-dashboard", "--scheduler-file", file]
        self.scheduler = begun([*DASK, *words], folder / "scheduler.log")
        assert waited(file.exists), (folder / "scheduler.log").read_text()
        assert waited(lambda: file.read_text().strip().endswith("}"))
        self.address = json.loads(file.read_text())["address"]

    def add(self, threads=1, **more):
        """One more worker; waits until it is registered."""
        log = self.folder / f"worker{len(self.workers)}.log"
        words = ["worker", self.address, "--host", "127.0.0.1", "--no-nanny", "--no-dashboard"]
        worker = begun([*DASK, *words, "--nthreads", threads], log, **more)
        self.workers.append(worker)
        assert waited(lambda: "Registered to" in log.read_text()), log.read_text()
        return worker

    def close(self):
        """Nothing is left."""
        for process in (*self.workers, self.scheduler):
            ended(process)


@pytest.fixture
def cluster_here(tmp_path):
    """A scheduler and no worker yet."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    running = Cluster(folder)
    try:
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Five recordings of two voices, two called alike, and what one process makes of them."""
    place = tmp_path_factory.mktemp("cluster")
    for seed, name in enumerate(("0.wav", "1.wav", "2.wav", "deep/0.wav", "bad.wav")):
        waveform, _ = synth.simulate_conversation(synth.synthesize_voices(2, seed=3), TALK, seed=seed)
        (place / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        write_wav(place / "in" / name, waveform)
    (place / "in" / "bad.wav").write_bytes(b"")
    done = subprocess.run(
        [*PROGRAM, "in", "-o", "one", *FORMATS, "-j", "2"], cwd=place, env=ENVIRONMENT, check=False
    )
    assert done.returncode == 1
    return place


def contents(output):
    """Every file of results, hidden ones and the manifest left out."""
    names = sorted(p for p in output.rglob("*") if p.is_file() and not p.name.startswith("."))
    return {p.relative_to(output).as_posix(): p.read_bytes() for p in names if p.name != MANIFEST}


def ran(folder, output, address, *words, cwd=None):
    """A batch on a cluster, in a process of its own."""
    command = [*PROGRAM, folder, "-o", output, "--scheduler", address, *words]
    return subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        cwd=cwd,
        env=ENVIRONMENT,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
def test_the_bytes_are_those_of_one_machine(cluster_here, voices, tmp_path):
    """From relative paths, by workers with one thread and with two; the one bad recording is told."""
    cluster_here.add()
    cluster_here.add(threads=2)
    done = ran("in", tmp_path / "out", cluster_here.address, *FORMATS, cwd=voices)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert "the file is empty" in done.stderr
    assert contents(tmp_path / "out") == contents(voices / "one")
    assert (tmp_path / "out" / "0.png").exists()
    assert (tmp_path / "out" / "deep" / "0.rttm").read_text().startswith("SPEAKER deep/0 1 ")
    entries = [json.loads(line) for line in (tmp_path / "out" / MANIFEST).read_text().splitlines()]
    assert [entry["status"] for entry in entries] == ["ok", "ok", "ok", "failed", "ok"]
    again = ran("in", tmp_path / "out", cluster_here.address, *FORMATS, "--resume", "--json", cwd=voices)
    assert json.loads(again.stdout)["counts"] == {"ok": 0, "skipped": 4, "failed": 1}


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_does_not_stop_the_batch(cluster_here, voices, tmp_path):
    """The other does what it was at."""
    first, _ = cluster_here.add(), cluster_here.add()
    command = [*PROGRAM, voices / "in", "-o", tmp_path / "out", "--scheduler", cluster_here.address, *FORMATS]
    running = begun(command, tmp_path / "log")
    try:
        manifest = tmp_path / "out" / MANIFEST
        assert waited(lambda: manifest.exists() and manifest.read_text().count("started") >= 2)
        time.sleep(0.3)
        os.kill(first.pid, signal.SIGKILL)
        assert running.wait(timeout=120) == 1
    finally:
        ended(running)
    assert "4 ok, 0 skipped, 1 failed" in (tmp_path / "log").read_text()
    assert contents(tmp_path / "out") == contents(voices / "one")
    assert not list((tmp_path / "out").rglob("*.part"))


@pytest.mark.slow
def test_ctrl_c_cancels_what_is_in_flight(cluster_here, voices, tmp_path):
    """One line and 130; the worker stops too, and the rest is done later."""
    worker = cluster_here.add()
    command = [*PROGRAM, voices / "in", "-o", tmp_path / "out", "--scheduler", cluster_here.address, *FORMATS]
    running = begun(command, tmp_path / "log")
    try:
        manifest = tmp_path / "out" / MANIFEST
        assert waited(lambda: manifest.exists() and "started" in manifest.read_text())
        time.sleep(0.5)
        os.kill(running.pid, signal.SIGINT)
        assert running.wait(timeout=60) == 130
    finally:
        ended(running)
    assert len((tmp_path / "log").read_text().splitlines()) == 1
    before = contents(tmp_path / "out")
    assert before.items() <= contents(voices / "one").items()
    time.sleep(3.0)  # longer than a recording takes
    assert contents(tmp_path / "out") == before
    assert worker.poll() is None
    done = ran(voices / "in", tmp_path / "out", cluster_here.address, *FORMATS, "--resume")
    assert done.returncode == 1, done.stderr
    assert contents(tmp_path / "out") == contents(voices / "one")


@pytest.mark.slow
def test_workers_that_see_other_files_are_refused(cluster_here, voices, tmp_path):
    """A path that means something else in every process."""
    cluster_here.add()
    here = Path("/proc/self/cwd")
    if not here.exists():
        pytest.skip("no /proc")
    done = ran(voices / "in", here / "out", cluster_here.address, cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "does not see /proc/self/cwd/out; share that folder" in done.stderr
    assert contents(tmp_path / "out") == {}
    assert not list((tmp_path / "out").glob(".visible*"))


@pytest.mark.slow
def test_workers_of_another_version_and_without_the_package_are_refused(cluster_here, voices, tmp_path):
    """Their results could differ."""
    info = tmp_path / "other" / "diarize_gmm-9.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: diarize-gmm\nVersion: 9.9\n")
    worker = cluster_here.add(PYTHONPATH=f"{info.parent}:{HERE}")
    done = ran(voices / "in", tmp_path / "out", cluster_here.address)
    assert done.returncode == 1
    assert "diarize-gmm 9.9 there" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    ended(worker)
    (tmp_path / "none" / "diarize").mkdir(parents=True)
    (tmp_path / "none" / "diarize" / "__init__.py").touch()
    cluster_here.add(PYTHONPATH=str(tmp_path / "none"))
    done = ran(voices / "in", tmp_path / "out", cluster_here.address, "--resume")
    assert done.returncode == 1
    assert "diarize cannot be used there" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_answer_without_workers_and_without_the_package(cluster_here, voices, tmp_path, monkeypatch):
    """One line each, after a bounded time."""
    monkeypatch.setattr(dask_cluster, "ANSWER_TIMEOUT", 0.5)
    monkeypatch.setattr(dask_cluster, "WORKER_TIMEOUT", 0.5)
    plan = plan_batch(voices / "in", tmp_path / "out", resume=True)
    with pytest.raises(ClusterError, match="no worker for"):
        run_batch(plan, Config(), scheduler=cluster_here.address)
    ended(cluster_here.scheduler)
    with pytest.raises(ClusterError, match="no scheduler answers"):
        run_batch(plan, Config(), scheduler=cluster_here.address)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"diarize-gmm\[cluster\]"):
        run_batch(plan, Config(), scheduler=cluster_here.address)


def test_a_scheduler_that_goes_away_ends_it_in_one_line(cluster_here, voices, tmp_path):
    """What is finished stays, and --resume goes on."""
    cluster_here.add()
    command = [*PROGRAM, voices / "in", "-o", tmp_path / "out", "--scheduler", cluster_here.address, *FORMATS]
    running = begun(command, tmp_path / "log")
    try:
        manifest = tmp_path / "out" / MANIFEST
        assert waited(lambda: manifest.exists() and "started" in manifest.read_text())
        ended(cluster_here.scheduler)
        assert running.wait(timeout=90) == 1
    finally:
        ended(running)
    assert "the scheduler is gone" in (tmp_path / "log").read_text()
    assert len((tmp_path / "log").read_text().splitlines()) == 1
    assert contents(tmp_path / "out").items() <= contents(voices / "one").items()


@pytest.mark.parametrize("address", ["h:8786", "tcp://h", "http://h:1", "tcp://h:1/x", "tcp://h:99999", ""])
def test_an_address_must_be_one(address):
    """As dask prints it."""
    with pytest.raises(ClusterError, match="tcp://HOST:PORT"):
        check_address(address)
    assert check_address("tcp://127.0.0.1:8786") == "tcp://127.0.0.1:8786"


def test_a_batch_of_nothing_asks_no_scheduler(tmp_path):
    """All of it is done already; there is none at that address."""
    assert list(dask_cluster.run_jobs_on_cluster([], "tcp://127.0.0.1:1", tmp_path, lambda job: None)) == []


def test_a_connection_that_breaks_while_workers_are_asked_is_one_line():
    """Not an error of the library."""

    class Broken:
        def run(self, *_, **__):
            raise OSError("Timed out trying to connect")

    with pytest.raises(ClusterError, match="tcp://h:1: the scheduler is gone; start it"):
        dask_cluster._answers(Broken(), "tcp://h:1", os.getpid)


@pytest.mark.parametrize("state", ["executing", "cancelled", None])
def test_a_worker_stops_what_nobody_waits_for(monkeypatch, state):
    """It looks before it begins and at every step; None: the task is forgotten."""

    class Worker:
        state = SimpleNamespace(tasks={"other": None})

        def get_current_task(self):
            return "mine"

    begun = []

    def perform(job, progress):
        begun.append(job)
        progress("speech", 0.5)
        Worker.state.tasks.pop("mine")
        with pytest.raises(ClusterError, match=r"a\.wav: cancelled"):
            progress("speech", 0.6)
        return {"status": "ok"}

    if state:
        Worker.state.tasks["mine"] = SimpleNamespace(state=state)
    monkeypatch.setattr("distributed.get_worker", Worker)
    job = Job(Task("a.wav", Path("a.wav"), {}), Config())
    if state == "executing":
        assert dask_cluster._perform(perform, job) == {"status": "ok"}
        return
    with pytest.raises(ClusterError, match="cancelled"):
        dask_cluster._perform(perform, job)
    assert begun == []
