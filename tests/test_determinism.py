"""The same sound, settings and seed give the same bytes, whatever else is different."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

FORMATS = ("--format", "rttm", "--format", "json")
NAMES = ("one", "alone")


def ran(folder, *words, threads=1, hashes=0):
    """What the program prints in a process of its own, in a folder with copies of the recordings."""
    environment = {
        name: str(threads) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    }
    environment |= {"PYTHONHASHSEED": str(hashes)}
    command = [sys.executable, "-m", "diarize", *map(str, words)]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def places(talks, tmp_path_factory):
    """Two folders with the same recordings."""
    found = [tmp_path_factory.mktemp(name) / "here" for name in ("first", "second")]
    for place in found:
        (place / "in").mkdir(parents=True)
        for name in NAMES:
            shutil.copy(talks / f"{name}.wav", place / "in")
    return found


def written(place, output):
    """The bytes of every result by name."""
    files = {
        path.name: path.read_bytes()
        for path in (place / output).iterdir()
        if path.suffix in (".rttm", ".json")
    }
    assert len(files) == 2 * len(NAMES)
    assert all(files.values())
    return files


@pytest.fixture(scope="module")
def documents(places):
    """What ``run`` printed with other settings than the defaults, and what it printed from those alone.

    The second time with another number of threads, other hashes and the files in another order.
    """
    order = [f"in/{name}.wav" for name in NAMES]
    words = ("run", "-o", "out", "--no-plot", "--json", *FORMATS)
    first = ran(places[0], *words, *order, "--max-speakers", 3, "--seed", 7)
    for place in places:
        (place / "first.json").write_text(first, encoding="utf-8")
    again = ran(places[1], *words, *reversed(order), "--config", "first.json", threads=2, hashes=4711)
    return json.loads(first), json.loads(again)


@pytest.mark.slow
def test_a_result_repeats_itself_in_any_process_and_order(places, documents):
    """Files and the printed document; its recordings come in the order in which they were given."""
    first, again = ({**document, "recordings": None} for document in documents)
    assert first == again
    assert first["config"]["seed"] == 7
    assert documents[0]["recordings"] == documents[1]["recordings"][::-1]
    assert written(places[0], "out") == written(places[1], "out")


@pytest.mark.slow
def test_one_worker_or_two_and_run_or_batch(places, documents):
    """Every result of a batch, and all that its manifest says of it but the time that it took."""
    lines = []
    for place, jobs in zip(places, (1, 2), strict=True):
        words = ("batch", "in", "-o", "batch", "--quiet", "--jobs", jobs, "--config", "first.json", *FORMATS)
        ran(place, *words, threads=jobs, hashes=jobs)
        entries = map(json.loads, (place / "batch" / "manifest.jsonl").read_text().splitlines())
        lines.append([{**entry, "timings": None} for entry in entries])
    assert lines[0] == lines[1]
    assert written(places[0], "batch") == written(places[1], "batch") == written(places[0], "out")
    assert {line["config_digest"] for line in lines[0]} == {documents[0]["config_digest"]}
