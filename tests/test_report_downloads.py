"""What a page lets download, in a browser: all formats of text, to the byte what diarize itself writes."""

from __future__ import annotations

import time
import zipfile
from dataclasses import replace

import pytest
from test_report_browser import CHROMIUM, DRIVER, browser, downloads, visited, waited

from diarize.annotation import Annotation, Turn
from diarize.formats import FORMATS, Options, write_file
from diarize.report import Report, render_page
from diarize.results import Provenance, Result
from diarize.results.editing import merge_speakers
from diarize.transcripts import Segment, Transcript, Word, write_transcript

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver: apt-get install them"
)
__all__ = ["browser", "downloads"]

NAMES = ('=Ann "A" & <b>', "Bob  Ü\u2028", "Cid - words")
ORDER = (0, 1, 1, 2, 0, 2, 1, 1, 0, 2, 2)
TURNS = tuple(
    Turn(1.5 * i + 0.0004, 1.5 * i + 1.6, NAMES[k], 1 - i / 17, NAMES[i % 2] if i % 4 else None)
    for i, k in enumerate(ORDER)
)
PLAIN = Annotation("a call", TURNS)
TEXTS = ("Good morning.", "", None, 'He said: "no" & <left>,\nthen', "-5 °C", "…")
WORDED = Annotation(
    "a call", tuple(Turn(t.start, t.end, t.speaker, text=TEXTS[i % len(TEXTS)]) for i, t in enumerate(TURNS))
)
CHANNELS = Annotation(
    "a call", tuple(Turn(t.start, t.end, t.speaker, channel=1 + i % 2) for i, t in enumerate(TURNS))
)
SPOKEN = Transcript(
    "a call",
    tuple(
        Segment(
            (
                Word("Good", t.start, t.start + 0.3, speaker=t.speaker, confidence=0.75),
                Word('"mor', t.start + 0.3, t.start + 0.5, True, t.speaker, 1.0),
                Word('ning",', t.start + 0.4, t.start + 0.9, True, t.speaker, None, ""),
            ),
            t.start,
            t.end,
            speaker=t.speaker,
            text=f'Good "morning", {i}',
        )
        for i, t in enumerate(TURNS)
    ),
    "diarize",
)
KINDS = {
    "rttm": "rttm", "csv": "csv", "webvtt": "vtt", "srt": "srt", "text": "txt", "json": "json",
    "textgrid": "textgrid", "eaf": "eaf", "ctm": "ctm", "lab": "lab", "audacity": "audacity", "uem": "uem",
    "kaldi": "kaldi",
}  # fmt: skip
REPORTS = {
    "turns": Report(Result(PLAIN, duration=20.0), media="a call.wav"),
    "channels": Report(Result(CHANNELS), Provenance({"audio": {"channel": 0}})),
    "second channel": Report(Result(PLAIN), Provenance({"audio": {"channel": 2}})),
    "texts": Report(Result(WORDED), media="film.mkv"),
    "transcript": Report(Result(PLAIN, duration=20.0), media="a call.wav", transcript=SPOKEN),
}


@pytest.fixture(params=list(REPORTS))
def shown(browser, tmp_path, request):
    """A page in the browser, and the report behind it."""
    report = REPORTS[request.param]
    (tmp_path / "page.html").write_text(render_page(report), encoding="utf-8")
    for opened in visited(browser, (tmp_path / "page.html").as_uri()):
        yield opened, report


def written(report, name, folder):
    """The same by the program."""
    path = folder / f"wanted{FORMATS[name].suffix}"
    options = Options(
        duration=report.result.duration,
        media=report.media,
        channel=report.provenance.config["audio"]["channel"] or 1 if report.provenance else 1,
    )
    if report.transcript and FORMATS[name].words and name != "kaldi":
        return write_transcript(path, report.transcript, name, options=options)
    return write_file(path, report.annotation, name, options=options)


def fetched(page, folder, kind):
    """What a button downloads."""
    for path in folder.glob("a_call.*"):
        path.unlink()
    for path in folder.glob("a call.*"):
        path.unlink()
    page.find_element("css selector", f"[data-kind={kind}]").click()
    (path,) = waited(lambda: [p for p in folder.glob("a call.*") if p.suffix != ".crdownload"]) or [None]
    size = -1
    while path.stat().st_size != size:
        size = path.stat().st_size
        time.sleep(0.05)
    return path


def test_every_format_of_text_is_there():
    """All but posteriors, which a page has in 256 shades only."""
    assert set(KINDS) == set(FORMATS) - {"npz"}


def test_downloads_are_what_diarize_writes(shown, downloads, tmp_path):
    """To the byte, whatever is known; words only where there is a transcript."""
    page, report = shown
    for name, kind in KINDS.items():
        if name == "ctm" and not report.transcript:
            assert not page.find_element("css selector", "[data-kind=ctm]").is_displayed()
            continue
        found, wanted = fetched(page, downloads, kind), written(report, name, tmp_path)
        if name == "kaldi":
            with zipfile.ZipFile(found) as archive:
                assert archive.testzip() is None
                files = {each.partition("/")[2]: archive.read(each) for each in archive.namelist()}
            assert files == {each.name: each.read_bytes() for each in wanted.iterdir()}
        else:
            assert found.read_bytes() == wanted.read_bytes(), name


@pytest.mark.parametrize("shown", ["turns", "channels", "texts"], indirect=True)
@pytest.mark.parametrize(("into", "other"), [(0, 2), (1, 0)])
def test_a_merge_in_the_page_is_that_of_the_program(shown, downloads, tmp_path, into, other):
    """Turns that touch, runners-up, confidences and channels, as what is written after `merge`."""
    page, report = shown
    names = report.annotation.speakers
    page.execute_script(
        "const menu = document.querySelector(`tr[data-speaker='${arguments[1]}'] select.merge`);"
        "menu.value = arguments[0]; menu.dispatchEvent(new Event('change', { bubbles: true }))", into, other,
    )  # fmt: skip
    merged = replace(report, result=merge_speakers(report.result, [names[into], names[other]]))
    for name in ("csv", "json", "rttm", "textgrid"):
        found, wanted = fetched(page, downloads, KINDS[name]), written(merged, name, tmp_path)
        assert found.read_text(encoding="utf-8") == wanted.read_text(encoding="utf-8"), name
