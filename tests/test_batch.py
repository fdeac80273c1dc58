"""Many recordings: names, manifest, what is skipped and redone, workers that die, and kills at any moment."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarize.audio import write_wav
from diarize.batch import MANIFEST, plan_batch, run_batch
from diarize.batch.job import Job, checksum, input_checksum, perform_job
from diarize.batch.manifest import Manifest, lock_folder
from diarize.batch.plan import Task, find_recordings, recording_names
from diarize.batch.worker_pool import THREADS, _hold_interrupts, keep_in_flight, run_jobs
from diarize.config import Config, SpeechConfig
from diarize.errors import AudioError, DiarizeError, OutputError
from diarize.types import Waveform

CONFIG = Config()
OTHER = Config(speech=SpeechConfig(bias=0.5))
PROGRAM = [sys.executable, "-m", "diarize"]
N_VOICES = 12  # many more than a stopped batch gets through before the signal reaches it


def write_copy(job):
    """A worker's answer without any sound: the file's text is the result; what is called bad fails."""
    text = job.task.audio.read_text()
    if "bad" in text:
        return {"status": "failed", "error": text, "input_sha256": None, "timings": {}}
    for path in job.task.files.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text} {job.config.speech.bias}")
    return {
        "status": "ok",
        "error": None,
        "input_sha256": input_checksum(job.task.audio),
        "timings": {"diarize": 1.0},
        "duration": 1.0,
        "n_speakers": 1,
    }


def kill_worker(job):
    """Like ``stand_in``, but the process dies of what says so: always, or the first time."""
    text = job.task.audio.read_text()
    mark = job.task.audio.with_suffix(".died")
    if "deadly" in text or ("frail" in text and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return write_copy(job)


def move_output(job):
    """Like ``stand_in``, but before the second recording is done somebody moves the results away."""
    (path,) = job.task.files.values()
    if job.task.key == "b.flac":
        path.parent.rename(path.parent.with_name("taken"))
    return write_copy(job)


def environment(job):
    """What a worker is, in its answer."""
    import multiprocessing

    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return {
        "threads": {name: os.environ.get(name) for name in THREADS},
        "start": multiprocessing.get_start_method(allow_none=True),
        "interrupt": signal.getsignal(signal.SIGINT),
        "held": signal.SIGINT in blocked,
        "status": "ok",
    }


@pytest.fixture
def folder(tmp_path):
    """Three files that are called like recordings."""
    place = tmp_path / "in"
    (place / "deep").mkdir(parents=True)
    for name in ("a.wav", "b.flac", "deep/c.mp3"):
        (place / name).write_text(f"sound of {name}")
    return place


def ran(folder, *, config=CONFIG, jobs=1, perform=write_copy, formats=("rttm",), **more):
    """A batch into the folder ``out`` beside; statuses by recording."""
    plan = plan_batch(folder, folder.parent / "out", formats=formats, **more)
    report = run_batch(plan, config, jobs=jobs, perform=perform)
    return {entry["audio"]: entry["status"] for entry in report.entries}


def lines(folder):
    """The manifest beside a folder, as a list."""
    return [json.loads(line) for line in (folder.parent / "out" / MANIFEST).read_text().splitlines()]


def test_names_that_clash_get_their_path():
    """Stem, path without suffix, whole path, and no further than needed; case does not tell them apart."""
    assert recording_names(["x/a.wav", "b.wav"]) == {"x/a.wav": "a", "b.wav": "b"}
    assert recording_names(["a.wav", "x/A.wav", "x/b.mp3"]) == {
        "a.wav": "a",
        "x/A.wav": "x/A",
        "x/b.mp3": "b",
    }
    assert recording_names(["t.wav", "t.mp3"]) == {"t.wav": "t.wav", "t.mp3": "t.mp3"}
    assert recording_names(["t.wav", "t.mp3", "t.wav.ogg"]) == {
        "t.wav": "t.wav",
        "t.mp3": "t.mp3",
        "t.wav.ogg": "t.wav.ogg",
    }
    assert len({name.casefold() for name in recording_names(["a.wav", "A.wav"]).values()}) == 2
    assert len({name.replace(" ", "_") for name in recording_names(["a b.wav", "a_b.wav"]).values()}) == 2


def test_recordings_are_found_below_and_hidden_ones_are_not(tmp_path):
    """Sorted; whatever is called like a recording is reported later rather than ignored."""
    for name in ("b.WAV", "x/y/a.opus", ".h.wav", ".hidden/c.wav", "notes.txt", "z.m4a"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "broken.wav").symlink_to(tmp_path / "nothing")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path)
    assert find_recordings(tmp_path) == (["b.WAV", "broken.wav", "x/y/a.opus", "z.m4a"], [])


def test_folders_that_will_not_do_are_refused_in_one_line(tmp_path):
    """None, empty, a file; and an output that is one."""
    (tmp_path / "file").touch()
    (tmp_path / "a.wav").touch()
    for folder, said in (("no", "no such folder"), ("file", "not a folder")):
        with pytest.raises(AudioError, match=said):
            plan_batch(tmp_path / folder, tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AudioError, match="no recordings"):
        plan_batch(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(OutputError, match="cannot be made a folder"):
        plan_batch(tmp_path, tmp_path / "file")


def test_a_batch_writes_every_recording_and_a_line_for_each(folder):
    """In order, whatever the number of workers."""
    assert ran(folder, jobs=2, formats=("rttm", "csv")) == dict.fromkeys(
        ("a.wav", "b.flac", "deep/c.mp3"), "ok"
    )
    out = folder.parent / "out"
    assert sorted(p.name for p in out.iterdir() if not p.name.startswith(".")) == [
        "a.csv",
        "a.rttm",
        "b.csv",
        "b.rttm",
        "deep",
        MANIFEST,
    ]
    assert sorted(p.name for p in (out / "deep").iterdir()) == ["c.csv", "c.rttm"]
    assert [line["audio"] for line in lines(folder)] == ["a.wav", "b.flac", "deep/c.mp3"]
    first = lines(folder)[0]
    assert first["files"] == {"rttm": "a.rttm", "csv": "a.csv"}
    assert first["outputs"] == {name: checksum(out / name) for name in ("a.rttm", "a.csv")}
    assert first["config_digest"] == CONFIG.digest
    assert first["input_sha256"] == checksum(folder / "a.wav")
    assert first["versions"]["python"]


def test_one_bad_recording_does_not_stop_the_rest_and_is_tried_again(folder):
    """Its line says why."""
    (folder / "a.wav").write_text("bad thing")
    assert ran(folder) == {"a.wav": "failed", "b.flac": "ok", "deep/c.mp3": "ok"}
    assert lines(folder)[0]["error"] == "bad thing"
    assert not (folder.parent / "out" / "a.rttm").exists()
    (folder / "a.wav").write_text("mended")
    assert ran(folder, resume=True) == {"a.wav": "ok", "b.flac": "skipped", "deep/c.mp3": "skipped"}
    assert len(lines(folder)) == 3


@pytest.mark.slow
def test_resume_redoes_changed_recordings_settings_formats_and_lost_results(folder):
    """And nothing else."""
    skipped = dict.fromkeys(("a.wav", "b.flac", "deep/c.mp3"), "skipped")
    ran(folder)
    assert ran(folder, resume=True) == skipped
    (folder / "b.flac").write_text("another sound")
    assert ran(folder, resume=True) == skipped | {"b.flac": "ok"}
    assert (folder.parent / "out" / "b.rttm").read_text().startswith("another sound")
    assert set(ran(folder, resume=True, config=OTHER).values()) == {"ok"}
    assert set(ran(folder, resume=True, config=OTHER, formats=("rttm", "csv")).values()) == {"ok"}
    assert ran(folder, resume=True, config=OTHER) == skipped
    (folder.parent / "out" / "a.rttm").unlink()
    assert ran(folder, resume=True, config=OTHER) == skipped | {"a.wav": "ok"}


@pytest.mark.slow
def test_corrected_and_foreign_results_stay_unless_overwriting(folder):
    """A correction is safe from changed recordings too; a failed redo does not make own files foreign."""
    ran(folder)
    corrected = folder.parent / "out" / "a.rttm"
    corrected.write_text("corrected by hand")
    assert ran(folder, resume=True)["a.wav"] == "skipped"
    (folder / "a.wav").write_text("changed")
    for _ in range(2):
        assert ran(folder, resume=True)["a.wav"] == "failed"
        assert corrected.read_text() == "corrected by hand"
    assert "not this batch's own" in lines(folder)[0]["error"]
    assert ran(folder, resume=True, overwrite=True)["a.wav"] == "ok"
    (folder / "b.flac").write_text("bad for now")
    assert ran(folder, resume=True)["b.flac"] == "failed"
    (folder / "b.flac").write_text("good again")
    assert ran(folder, resume=True)["b.flac"] == "ok"


def test_an_earlier_batch_is_neither_continued_nor_replaced_without_overwrite(folder):
    """Nothing is done before somebody says which."""
    ran(folder)
    before = (folder.parent / "out" / MANIFEST).read_bytes()
    with pytest.raises(OutputError, match="--resume continues it"):
        ran(folder)
    assert (folder.parent / "out" / MANIFEST).read_bytes() == before
    assert set(ran(folder, overwrite=True).values()) == {"ok"}


TOLD = {"duration": 1.0, "n_speakers": 2, "timings": {"diarize": 0.5}}
ODD = (
    {"duration": "1"}, {"duration": float("nan")}, {"n_speakers": None}, {"timings": []},
    {"timings": {"x": "y"}},
)  # fmt: skip


def test_a_line_cut_short_or_strange_is_passed_over(tmp_path):
    """Only whole entries count, the last about a recording."""
    entry = {"audio": "a.wav", "status": "started", "files": {}, "outputs": {}}
    rows = [
        json.dumps(entry),
        "null",
        "[1]",
        '{"audio": 3}',
        '{"audio": "x", "status": "ok"}',
        json.dumps(entry | {"audio": "y", "status": "strange"}),
        "[" * 100_000,
        json.dumps(entry | {"audio": "z", "status": "ok"}),
        *(json.dumps(entry | {"audio": "z", "status": "ok"} | TOLD | odd) for odd in ODD),
        json.dumps(entry | {"status": "ok"} | TOLD),
        json.dumps(entry | {"audio": "b.wav"})[:-7],
    ]
    (tmp_path / MANIFEST).write_bytes("\n".join(rows).encode() + b"\xff")
    manifest = Manifest.open(tmp_path, resume=True, overwrite=False)
    assert manifest.entries == {"a.wav": entry | {"status": "ok"} | TOLD}
    assert (tmp_path / MANIFEST).read_text().count("\n") == 1
    manifest.add(entry | {"audio": "\udcff.wav"})  # a name that is not UTF-8
    assert "\udcff.wav" in Manifest.open(tmp_path, resume=True, overwrite=False).entries


def test_after_a_kill_what_was_started_is_ours_and_what_was_half_written_goes(folder):
    """The result was there and the line was not; beside it lay the next one, half done."""
    out = folder.parent / "out"
    ran(folder)
    entry = lines(folder)[0]
    started = entry | {"status": "started", "outputs": {"a.rttm": None}}
    (out / MANIFEST).write_text(json.dumps(started) + "\n")
    (out / "a.rttm").write_text("whole, of settings that nobody remembers")
    (out / ".a.rttm.0123abcd.part").write_text("half")
    (out / ".b.rttm.notours").write_text("other")
    (out / f".{MANIFEST}.0123abcd.part").write_text("half")
    assert ran(folder, resume=True, config=OTHER) == {
        "a.wav": "ok",
        "b.flac": "failed",
        "deep/c.mp3": "failed",
    }
    assert (out / "a.rttm").read_text() == "sound of a.wav 0.5"
    assert not list(out.rglob("*.part"))
    assert (out / ".b.rttm.notours").exists()


def test_hidden_files_of_a_folder_are_no_part_of_its_checksum(tmp_path):
    """A killed worker leaves them, and file managers do; every other file is."""
    seen = [checksum(tmp_path)]
    for name in (".half.part", "segments", "utt2spk"):
        (tmp_path / name).touch()
        seen.append(checksum(tmp_path))
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


def test_what_was_being_written_goes_when_a_batch_is_interrupted(folder):
    """The worker had no time to take it away."""
    left = folder.parent / "out" / ".a.rttm.0123abcd.part"

    def interrupted(event, task, entry):
        left.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_batch(plan_batch(folder, left.parent), CONFIG, perform=write_copy, listen=interrupted)
    assert not left.exists()
    assert set(ran(folder, resume=True).values()) == {"ok"}


def test_a_manifest_that_is_gone_is_not_begun_anew(tmp_path):
    """The results that it spoke of are gone with it."""
    manifest = Manifest.open(tmp_path, resume=True, overwrite=False)
    (tmp_path / MANIFEST).unlink()
    with pytest.raises(OutputError, match="moved or removed while the batch was writing"):
        manifest.add({"audio": "a.wav", "status": "started", "files": {}, "outputs": {}})
    assert not (tmp_path / MANIFEST).exists()


def test_results_that_were_moved_away_meanwhile_are_no_success(folder):
    """A worker makes the folder anew, but the first results are not in it; put back, it is gone on with."""
    out = folder.parent / "out"
    with pytest.raises(
        OutputError, match="moved or removed while the batch was writing; put the folder back"
    ):
        ran(folder, perform=move_output)
    assert [path.name for path in out.iterdir()] == ["b.rttm"]
    shutil.rmtree(out)
    (folder.parent / "taken").rename(out)
    assert ran(folder, resume=True) == {"a.wav": "skipped", "b.flac": "ok", "deep/c.mp3": "ok"}


def test_two_batches_do_not_write_into_one_folder(folder):
    """The second is refused before it touches anything."""
    out = folder.parent / "out"
    out.mkdir()
    with lock_folder(out), pytest.raises(OutputError, match="another batch"):
        ran(folder)
    assert not (out / MANIFEST).exists()
    assert set(ran(folder).values()) == {"ok"}


@pytest.mark.slow
def test_a_worker_that_dies_costs_its_own_file_one_more_try_alone(folder):
    """The frail one succeeds alone, the deadly one is given up, and the rest goes on."""
    for name, text in (("d.wav", "deadly"), ("e.wav", "frail"), ("f.wav", "fine"), ("g.wav", "fine")):
        (folder / name).write_text(text)
    statuses = ran(folder, jobs=2, perform=kill_worker)
    assert statuses.pop("d.wav") == "failed"
    assert set(statuses.values()) == {"ok"}
    (line,) = [line for line in lines(folder) if line["status"] == "failed"]
    assert "its process died twice" in line["error"]


def jobs_of(folder):
    """A job for every recording of a folder."""
    return [Job(Task(p.name, p, {}), CONFIG) for p in sorted(folder.glob("*.*"))]


def test_workers_are_spawned_with_one_thread_and_leave_interrupts_to_the_parent(folder):
    """And what surrounds this process is as it was."""
    before = dict(os.environ)
    ((_, first), *_) = run_jobs(jobs_of(folder), 1, lambda job: None, environment)
    assert first["threads"] == dict.fromkeys(THREADS, "1")
    assert first["start"] == "spawn"
    assert first["interrupt"] == signal.SIG_IGN
    assert first["held"]
    assert dict(os.environ) == before
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def sleep_long(job):
    """Longer than any test."""
    time.sleep(600)
    return {"status": "ok"}


def test_leaving_early_ends_the_workers(folder):
    """An interrupt comes while they work."""
    import multiprocessing

    def interrupted(job):
        threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()

    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(run_jobs(jobs_of(folder)[:1], 1, interrupted, sleep_long))
    assert time.monotonic() - begin < 60
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_workers_have_begun_and_then_does_what_it_did(number):
    """A pool that is half made cannot be ended in order."""
    came = []
    before = signal.signal(number, lambda *_: came.append("outer"))
    try:
        with _hold_interrupts():
            os.kill(os.getpid(), number)
            time.sleep(0.05)
            came.append("begun")
        assert came == ["begun", "outer"]
        assert signal.getsignal(number) is not before
    finally:
        signal.signal(number, before)


def test_work_catches_whatever_a_recording_may_do(tmp_path, monkeypatch):
    """One line each, never an exception."""
    path = tmp_path / "a.wav"
    path.write_text("x")
    task = Task("a.wav", path, {"rttm": tmp_path / "a.rttm"})
    for error, said in (
        (DiarizeError("two\nlines"), "two lines"),
        (MemoryError(), "not enough memory"),
        (ValueError("odd\nthing"), "ValueError: odd thing"),
    ):

        def broken(*_, error=error, **__):
            raise error

        monkeypatch.setattr("diarize.pipeline.diarize", broken)
        entry = perform_job(Job(task, CONFIG))
        assert entry["status"] == "failed"
        assert said in entry["error"]
        assert "\n" not in entry["error"]
        assert entry["input_sha256"] == checksum(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    """Nothing would ever come out of it."""
    os.mkfifo(tmp_path / "a.wav")
    task = Task("a.wav", tmp_path / "a.wav", {"rttm": tmp_path / "a.rttm"})
    entry = perform_job(Job(task, CONFIG))
    assert (entry["status"], entry["input_sha256"]) == ("failed", None)
    assert "pipe" in entry["error"]


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Short recordings of noise that comes and goes, and what one process makes of them."""
    place = tmp_path_factory.mktemp("batch")
    (place / "in").mkdir()
    for seed in range(N_VOICES):
        noise = np.random.default_rng(seed).normal(0, 0.1, 16_000 * 6)
        sound = noise * (np.sin(np.arange(noise.size) / 4000) > 0)
        write_wav(place / "in" / f"{seed}.wav", Waveform(sound.astype(np.float32), 16_000))
    done = program(place / "in", place / "one", "--jobs", "1", "--format", "rttm", "--format", "json")
    assert done.returncode == 0, done.stderr
    return place


def program(folder, output, *words):
    """A batch in a process of its own."""
    command = [*PROGRAM, "batch", folder, "-o", output, *words]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def contents(output):
    """Every file of results, hidden ones and the manifest left out."""
    names = sorted(p for p in output.rglob("*") if p.is_file() and not p.name.startswith("."))
    return {p.relative_to(output).as_posix(): p.read_bytes() for p in names if p.name != MANIFEST}


def group_gone(pid):
    """Whether no process of a group is left, within some seconds."""
    for _ in range(100):
        try:
            os.killpg(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def n_lines(output):
    """How long the manifest in a folder is."""
    return (output / MANIFEST).read_text().count("\n")


def stopped(folder, output, words, number, later):
    """Begin a batch and stop it ``later`` s after its first file has begun; exit code and complaints."""
    output.mkdir(exist_ok=True)
    before = len(Manifest.open(output, resume=True, overwrite=False).entries)
    command = [*PROGRAM, "batch", str(folder), "-o", str(output), *words]
    running = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while running.poll() is None and n_lines(output) <= before:
        time.sleep(0.02)
    time.sleep(later)
    if number == signal.SIGINT:
        os.killpg(running.pid, number)  # as a terminal does it
    else:
        running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert group_gone(running.pid)
    return running.returncode, said


@pytest.mark.slow
def test_stopped_at_any_moment_it_goes_on_and_two_workers_end_as_one_does(voices, tmp_path):
    """Whatever is there is whole to the byte, no worker survives, and Ctrl-C is one line and 130."""
    output, words = tmp_path / "out", ["-j", "2", "-f", "rttm", "-f", "json", "--resume"]
    whole = contents(voices / "one")
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        code, said = stopped(voices / "in", output, words, number, later=0.1)
        assert code == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[number], said
        if number != signal.SIGKILL:  # after which Python itself may speak of semaphores
            assert len(said.splitlines()) == (number == signal.SIGINT), said
        assert contents(output).items() <= whole.items()
    stopped(voices / "in", output, words, signal.SIGKILL, 2.0)  # in the middle of it, or after
    assert contents(output).items() <= whole.items()
    assert program(voices / "in", output, *words).returncode == 0
    assert contents(output) == whole
    assert not list(output.rglob("*.part"))
    told = [json.loads(line)["status"] for line in (output / MANIFEST).read_text().splitlines()]
    assert told == ["ok"] * N_VOICES


@pytest.mark.slow
def test_a_worker_killed_from_outside_does_not_stop_the_batch(voices, tmp_path):
    """As the system does it when memory runs out."""
    (tmp_path / "in").mkdir()
    for name in ("0.wav", "1.wav"):
        shutil.copy(voices / "in" / name, tmp_path / "in")
    command = [*PROGRAM, "batch", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "-j", "1"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    victim = _first_worker(running)
    if victim:
        os.kill(victim, signal.SIGKILL)
    _, said = running.communicate(timeout=120)
    assert victim
    assert (running.returncode, said) == (0, "")
    assert len(list((tmp_path / "out").glob("*.rttm"))) == 2


def _first_worker(running):
    """The process id of a worker of a batch, once there is one."""
    for _ in range(200):
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rsplit(") ", 1)[1].split()
                words = (status.parent / "cmdline").read_bytes()
            except OSError:
                continue
            if int(fields[1]) == running.pid and b"spawn_main" in words:
                return int(status.parent.name)
        time.sleep(0.05)
    return None


def test_a_full_folder_of_copies_is_no_trouble(folder):
    """Twenty clashing names, three workers."""
    for number in range(20):
        (folder / f"s{number}").mkdir()
        shutil.copy(folder / "a.wav", folder / f"s{number}" / "a.wav")
    assert set(ran(folder, jobs=3).values()) == {"ok"}
    assert (folder.parent / "out" / "s7" / "a.rttm").exists()


def test_a_file_where_a_folder_belongs_stops_one_recording_and_not_the_rest(folder):
    """Results lie as recordings do; a file in the way is left alone."""
    shutil.copy(folder / "a.wav", folder / "deep" / "a.wav")
    output = folder.parent / "out"
    output.mkdir()
    (output / "deep").write_text("mine")
    assert ran(folder) == {"a.wav": "ok", "b.flac": "ok", "deep/a.wav": "failed", "deep/c.mp3": "failed"}
    told = {entry["audio"]: entry["error"] for entry in lines(folder)}
    assert "cannot be made a folder" in told["deep/a.wav"]
    assert (output / "deep").read_text() == "mine"


def test_speech_that_was_given_is_used_and_other_speech_is_another_result(folder):
    """A recording without any is told; resuming with other speech does it again."""
    given = {"a": np.array([[0.0, 1.0]]), "b": np.zeros((0, 2))}
    plan = plan_batch(folder, folder.parent / "out", speech=given)
    assert [task.speech for task in plan.tasks] == [((0.0, 1.0),), (), None]
    statuses = ran(folder, speech=given)
    assert statuses == {"a.wav": "ok", "b.flac": "ok", "deep/c.mp3": "failed"}
    assert "--speech does not name 'c'" in lines(folder)[2]["error"]
    assert ran(folder, speech=given, resume=True) == statuses | {"a.wav": "skipped", "b.flac": "skipped"}
    other = given | {"a": np.array([[0.0, 2.0]])}
    assert ran(folder, speech=other, resume=True) == statuses | {"b.flac": "skipped"}
    assert set(ran(folder, resume=True).values()) == {"ok"}


def test_each_channel_by_itself_is_another_result(folder):
    """The worker is told, and resuming the other way does everything again."""
    jobs_of = []

    def seen(job):
        jobs_of.append(job.separate)
        return write_copy(job)

    def outcomes_of(**more):
        plan = plan_batch(folder, folder.parent / "out", **more)
        jobs_of.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "diarize.batch.worker_pool.run_jobs",
                lambda given, *_: ((job, seen(job)) for job in given),
            )
            return [entry["status"] for entry in run_batch(plan, CONFIG).entries], list(jobs_of)

    assert outcomes_of(separate=True) == (["ok"] * 3, [True] * 3)
    assert [line["channels"] for line in lines(folder)] == ["separate"] * 3
    assert outcomes_of(separate=True, resume=True) == (["skipped"] * 3, [])
    assert outcomes_of(resume=True) == (["ok"] * 3, [False] * 3)
    assert outcomes_of(resume=True) == (["skipped"] * 3, [])


def test_channels_of_a_call_are_diarized_by_the_worker(tmp_path):
    """Each side is a speaker of its own channel; a recording of one channel fails by itself."""
    rng = np.random.default_rng(0)
    first = (np.arange(16_000 * 8) // 16_000) % 4 < 2
    sides = np.column_stack((first, ~first)) * rng.normal(0, 0.1, (first.size, 2))
    soundfile.write(tmp_path / "call.wav", sides, 16_000)
    files = {"rttm": tmp_path / "call.rttm"}
    task = Task("call.wav", tmp_path / "call.wav", files, "call", ((0.0, 8.0),))
    entry = perform_job(Job(task, CONFIG, separate=True))
    assert entry["status"] == "ok", entry["error"]
    assert {tuple(row.split()[2:8:5]) for row in files["rttm"].read_text().splitlines()} == {
        ("1", "CH1"), ("2", "CH2"),
    }  # fmt: skip
    write_wav(tmp_path / "mono.wav", Waveform(sides[:, 0].astype(np.float32), 16_000))
    failed = perform_job(Job(replace(task, audio=tmp_path / "mono.wav"), CONFIG, separate=True))
    assert "one channel" in failed["error"]


def test_results_of_recordings_that_fail_or_are_gone_are_reported(folder):
    """They lie there from before; what never was is not told of."""
    out = folder.parent / "out"
    ran(folder)
    (folder / "a.wav").write_text("bad now")
    (folder / "b.flac").unlink()
    report = run_batch(plan_batch(folder, out, resume=True), CONFIG, perform=write_copy)
    assert report.stale == (out / "a.rttm", out / "b.rttm")
    (out / "b.rttm").unlink()
    report = run_batch(plan_batch(folder, out, resume=True), CONFIG, perform=write_copy)
    assert report.stale == (out / "a.rttm",)


@pytest.mark.parametrize("way", ["resume", "overwrite"])
def test_results_in_formats_that_are_not_asked_for_any_more_are_reported(folder, way):
    """They are of other settings, perhaps, than what lies beside them now."""
    out = folder.parent / "out"
    ran(folder)
    plan = plan_batch(folder, out, formats=("json",), **{way: True})
    report = run_batch(plan, CONFIG, perform=write_copy)
    assert report.count("ok") == 3
    assert report.stale == tuple(out / f"{name}.rttm" for name in ("a", "b", "deep/c"))
    again = run_batch(plan_batch(folder, out, formats=("json",), resume=True), CONFIG, perform=write_copy)
    assert (again.count("skipped"), again.stale) == (3, ())


@pytest.mark.slow
def test_recordings_called_alike_have_other_names_in_what_is_written(voices, tmp_path):
    """So the files of one batch can be put into one; and a picture is there for who wants one."""
    for name in ("0.wav", "deep/0.wav"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(voices / "in" / "0.wav", tmp_path / "in" / name)
    (tmp_path / "marks.rttm").write_text(
        "SPEAKER 0 1 0 2 <NA> <NA> Ann <NA>\nSPEAKER deep/0 1 1 3 <NA> <NA> Ann <NA>\n"
    )
    words = ["-j", "2", "--speech", tmp_path / "marks.rttm", "--plot"]
    done = program(tmp_path / "in", tmp_path / "out", *words)
    assert done.returncode == 0, done.stderr
    texts = [(tmp_path / "out" / name).read_text().split() for name in ("0.rttm", "deep/0.rttm")]
    assert [(text[1], float(text[3])) for text in texts] == [("0", 0.0), ("deep/0", 1.0)]
    assert (tmp_path / "out" / "deep" / "0.png").read_bytes().startswith(b"\x89PNG")


class Pool:
    """An executor whose futures are settled already; None stands for a pool that broke before."""

    def __init__(self, *results):
        self.results = list(results)

    def submit(self, perform, job):
        result = self.results.pop(0)
        if result is None:
            raise BrokenProcessPool
        future = Future()
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
        return future


def taken(pool, waiting, room):
    """The outcomes by file name, and the names of those that are lost with the pool."""
    generator, came = keep_in_flight(pool, waiting, lambda: room, lambda job: None, write_copy), []
    while True:
        try:
            job, entry = next(generator)
            came.append((job.task.key, entry["status"]))
        except StopIteration as end:
            return came, [job.task.key for job in end.value]


def test_a_pool_that_broke_between_two_recordings_loses_none(folder):
    """The one that could not be handed over waits for the next pool."""
    waiting = deque(jobs_of(folder))
    assert taken(Pool({"status": "ok"}, None), waiting, 1) == ([("a.wav", "ok")], [])
    assert [job.task.key for job in waiting] == ["b.flac"]


def test_what_was_done_when_a_pool_broke_is_not_done_again(folder):
    """Only what was in flight is."""
    waiting = deque([*jobs_of(folder), *jobs_of(folder / "deep")])
    came, lost = taken(Pool({"status": "ok"}, BrokenProcessPool(), {"status": "ok"}), waiting, 3)
    assert (sorted(came), lost) == ([("a.wav", "ok"), ("c.mp3", "ok")], ["b.flac"])
    assert not waiting


def test_a_recording_whose_work_was_cancelled_is_reported_and_the_rest_goes_on(folder):
    """As when the workers of a cluster are gone."""
    waiting = deque(jobs_of(folder))
    came, lost = taken(Pool(CancelledError("x"), {"status": "ok"}), waiting, 1)
    assert (came, lost) == ([("a.wav", "failed"), ("b.flac", "ok")], [])


def test_work_may_begin_in_a_thread_and_where_signals_cannot_be_held(monkeypatch):
    """Only the main thread hears of signals, and Windows holds none."""
    before, seen = signal.getsignal(signal.SIGINT), []

    def inside():
        with _hold_interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    monkeypatch.delattr(signal, "pthread_sigmask")
    inside()
    assert seen[0] is before
    assert seen[1] is not before
    assert signal.getsignal(signal.SIGINT) is before


def failing(number):
    """A function of the system that fails so."""

    def function(*_):
        raise OSError(number, os.strerror(number))

    return function


def test_a_manifest_that_cannot_be_written_or_read_is_one_line(tmp_path, monkeypatch):
    """The reason in the system's words, and what to do."""
    manifest = Manifest.open(tmp_path, resume=True, overwrite=False)
    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    with pytest.raises(OutputError, match=r"cannot be written \(No space left on device\); free some space"):
        manifest.add({"audio": "a.wav", "status": "started", "files": {}, "outputs": {}})
    (tmp_path / "other" / MANIFEST).mkdir(parents=True)
    with pytest.raises(OutputError, match=r"cannot be read \(Is a directory\); check its permissions"):
        Manifest.open(tmp_path / "other", resume=True, overwrite=False)


def test_where_the_system_knows_no_locks_work_goes_on_without(tmp_path, monkeypatch):
    """On Windows, and on some disks of a network; elsewhere the second is refused."""
    import fcntl

    with lock_folder(tmp_path), pytest.raises(OutputError, match="another batch"), lock_folder(tmp_path):
        pass
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", failing(errno.ENOLCK))
        with lock_folder(tmp_path), lock_folder(tmp_path):
            pass
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with lock_folder(tmp_path), lock_folder(tmp_path):
        pass


def test_a_subfolder_that_may_not_be_looked_into_is_named(folder, monkeypatch):
    """The rest is found."""
    scan = os.scandir

    def scandir(path):
        return failing(errno.EACCES)() if Path(path).name == "deep" else scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    keys, complaints = find_recordings(folder)
    assert keys == ["a.wav", "b.flac"]
    (complaint,) = complaints
    assert complaint.endswith("cannot be read (Permission denied); check permissions")


def test_a_result_that_cannot_be_read_is_not_ours(folder, monkeypatch):
    """Nobody can tell whether it was changed, so it stays."""
    ran(folder)
    monkeypatch.setattr("diarize.batch.run.checksum", failing(errno.EIO))
    statuses = ran(folder, resume=True, config=OTHER)
    assert statuses["a.wav"] == "failed"
    assert "not this batch's own unchanged file" in lines(folder)[0]["error"]
    assert (folder.parent / "out" / "a.rttm").read_text() == f"sound of a.wav {CONFIG.speech.bias}"


def test_what_is_called_otherwise_and_looks_like_sound_is_named(tmp_path):
    """By how it begins or by its name; other files, hidden ones and recordings themselves are not."""
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    write_wav(folder / "a.wav", Waveform(np.zeros(1600, np.float32), 16_000, "a"))
    shutil.copy(folder / "a.wav", folder / "deep" / "call.dat")
    shutil.copy(folder / "a.wav", folder / ".hidden")
    (folder / "memo.ds2").write_bytes(b"\x03ds2")
    (folder / "G.txt").write_text("Good " * 100)
    plan = plan_batch(folder, tmp_path / "out")
    assert [task.key for task in plan.tasks] == ["a.wav"]
    assert [note.split(": ") for note in plan.passed_over] == [
        ["memo.ds2", "DS2 by its content, but with another suffix"],
        ["deep/call.dat", "WAV by its content, but with another suffix"],
    ]
    (folder / "a.wav").unlink()
    with pytest.raises(AudioError, match=r"no recordings in it, by suffix \(memo.ds2: DS2 by its content"):
        plan_batch(folder, tmp_path / "out")
