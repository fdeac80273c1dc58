"""Every command and every program that the pages show runs, in a folder of its own with the samples in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shared import FOLDER

from .warm import client

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# Blocks that show: what is printed, files, and commands that need what a test has not (corpora, packages).
SHOWN = {"text", "json", "toml", ""}
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]+)?\)")


def blocks(page):
    """Language and text of each fenced block of a page."""
    return FENCE.findall(page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """The socket of a program that has already started."""
    folder = tmp_path_factory.mktemp("warm")
    path = folder / "s"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "tests.pages.warm", str(path), str(FOLDER[0] / "memo")]
    with subprocess.Popen(words, cwd=ROOT, env=environment) as server:
        while not path.exists() and server.poll() is None:
            time.sleep(0.05)
        yield str(path)
        server.kill()


@pytest.fixture
def place(tmp_path, warm):
    """A folder as a reader has it: samples, and programs by name."""
    samples = tmp_path / "audio_samples"
    shutil.copytree(ROOT / "audio_samples", samples, ignore=shutil.ignore_patterns("*.py", "*.toml"))
    (tmp_path / "bin").mkdir()
    for name, script in (
        ("diarize", client(warm)),
        ("python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'),
    ):
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def ran(language, text, place, warm):
    """Exit code of a block and what it printed."""
    with (place / "printed").open("w+", encoding="utf-8") as printed:
        if language == "bash":
            path = os.pathsep.join((str(place / "bin"), os.environ["PATH"]))
            environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
            words = ["bash", "-euo", "pipefail", "-c", text]
            code = subprocess.run(
                words, cwd=place, env=environment, stdout=printed, stderr=printed, check=False
            ).returncode
        else:
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(warm)
                request = json.dumps({"code": text, "folder": str(place)}).encode()
                socket.send_fds(server, [request], [0, printed.fileno(), printed.fileno()])
                code = int(server.recv(16))
        printed.seek(0)
        return code, printed.read()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_a_page_runs(page, place, warm):
    """In the order of the page, each with what those above it left behind."""
    for language, text in blocks(page):
        if language in ("bash", "python"):
            code, printed = ran(language, text, place, warm)
            assert code == 0, f"{text}\n{printed}"


@pytest.mark.parametrize(("language", "text"), [("bash", "diarize rum x.wav"), ("python", "assert 1 == 2")])
def test_a_block_that_fails_would_be_seen(place, warm, language, text):
    """In either language."""
    code, printed = ran(language, text, place, warm)
    assert code != 0
    assert "run" in printed or "AssertionError" in printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_say_what_they_are(page):
    """An unknown language would be ignored in silence."""
    assert {language for language, _ in blocks(page)} <= SHOWN | {"bash", "python"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """To files that are there, and to headings that they have."""
    for target, heading in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        there = page.parent / target
        assert there.exists(), f"{page.name}: {target}"
        if heading:
            titles = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading[1:] in {anchor(title) for title in titles}, f"{page.name}: {target}{heading}"


def anchor(title):
    """What a heading is called in a link."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_the_lists_of_options_are_those_of_the_commands():
    """``python -m docs.reference`` writes them anew after a change."""
    sys.path.insert(0, str(ROOT))
    try:
        from docs.reference import PAGE, page
    finally:
        sys.path.remove(str(ROOT))
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text


def test_every_page_is_in_the_readme():
    """Nobody finds a page that no page leads to."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {page.name for page in PAGES[1:]} <= {Path(target).name for target, _ in LINK.findall(readme)}
