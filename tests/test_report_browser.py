"""The page in a real browser: it plays, zooms, renames and downloads, and asks no network for anything."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from contextlib import contextmanager

import numpy as np
import pytest

from diarize.annotation import Annotation, Turn
from diarize.audio import open_recording, write
from diarize.clustering import Clustering
from diarize.clustering.outliers import Outliers
from diarize.config import Config
from diarize.formats import write_file
from diarize.pipeline import Diarization
from diarize.report import RATE, Report, embed_sound, link_sound, media_url, render_page
from diarize.report.colours import DARK_PAGE
from diarize.results import Result
from diarize.types import FrameGrid, Posteriors, SpeechMask, Waveform

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver: apt-get install them"
)

SECONDS = 40
NAMES = ("<script>alert(1)</script>", '=1+1, "quoted"', "Ann & Bob \u202e \u00fc")
RECORDING = '</script><script>alert(2)</script> & "it\'s"'


def result(recording=RECORDING, names=NAMES, seconds=SECONDS, n_turns=20):
    """A recording in which people take turns of equal length, each less sure than the one before."""
    grid = FrameGrid(16_000, 160, 400, -120, seconds * 100)
    length = seconds / n_turns
    turns = tuple(
        Turn(
            i * length + 0.0004, (i + 0.9) * length, names[i % len(names)], 1 - i / 2 / n_turns, names[i % 2]
        )
        for i in range(n_turns)
    )
    values = np.zeros((grid.n_frames, len(names)), np.float32)
    owner = (np.arange(grid.n_frames) * n_turns // grid.n_frames) % len(names)
    values[np.arange(grid.n_frames), owner] = 0.8
    values[np.arange(grid.n_frames), (owner + 1) % len(names)] += 0.2
    bounds = np.column_stack((np.arange(0, grid.n_frames, 100), np.arange(100, grid.n_frames + 1, 100)))
    density = -50.0 - np.arange(len(bounds)) % 7
    density[10] = -90.0
    return Diarization(
        Annotation(recording, turns),
        Posteriors(values, grid, names),
        Clustering("evidence", (1, 2, 3, 4), (90.0, 40.0, 10.0, 11.0), 3, (3, 4), (np.zeros((0, 1)),) * 4),
        SpeechMask(np.ones(grid.n_frames, bool), grid),
        "wide",
        float(seconds),
        ("clipped: <b>3 %</b> of samples",),
        Config(),
        {"python": "3"},
        Outliers(density, bounds, grid, -80.0),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with tone.wav, in which every second has a loudness of its own."""
    path = tmp_path_factory.mktemp("pages")
    seconds = np.arange(SECONDS * RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 300 * seconds) * (0.2 + 0.8 * (seconds % 10 < 5))
    write(path / "tone #1 %.wav", Waveform(tone.astype(np.float32), RATE))
    return path


@contextmanager
def browsing(downloads):
    """A headless Chromium that saves into a folder and keeps a record of what it asks for."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    words = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,900"]
    words += ["--no-sandbox"] if os.geteuid() == 0 else []
    for word in [*words, f"--user-data-dir={downloads / 'profile'}"]:
        options.add_argument(word)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    """Where the browser saves."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads):
    """One browser for all tests."""
    with browsing(downloads) as driver:
        yield driver


@pytest.fixture(scope="module")
def page(folder):
    """The address of a page with hostile names and the sound inside."""
    found = Report.from_result(result(), sound=embed_sound(open_recording(folder / "tone #1 %.wav")))
    (folder / "page.html").write_text(render_page(found), encoding="utf-8")
    return (folder / "page.html").as_uri()


@pytest.fixture
def opened(browser, page):
    """The browser with that page just loaded; whatever the page complains of fails the test."""
    yield from visited(browser, page)


def visited(browser, address):
    """Load a page, and look afterwards at its console and at what it asked for."""
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    browser.get(address)
    waited(lambda: browser.find_element("id", "timeline").get_attribute("data-to"))
    yield browser
    browser.execute_script("localStorage.clear()")  # names and edits, which the next page would find
    complaints = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert complaints == []
    own = {"chrome", "chrome-untrusted"}  # pages of the browser itself, as it starts
    assert {url.partition(":")[0] for url in requested(browser)} <= {"file", "blob", "data"} | own


def requested(browser):
    """Every address that was asked for since the log was last read."""
    messages = [json.loads(line["message"])["message"] for line in browser.get_log("performance")]
    sent = [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    return [each["request"]["url"] for each in sent]


def waited(condition, seconds=10.0):
    """The first true value of a condition; the last false one when none comes in time."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return value


def view(browser):
    """Seconds that the timeline shows, when drawn."""
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    data = browser.find_element("id", "timeline")
    return float(data.get_attribute("data-from")), float(data.get_attribute("data-to"))


def position(browser):
    """Seconds of the playhead."""
    return float(browser.find_element("id", "timeline").get_attribute("aria-valuenow"))


def actions(browser):
    """A chain of pointer, wheel and keyboard."""
    from selenium.webdriver import ActionChains

    return ActionChains(browser, duration=20)


def across(browser, share):
    """Px from the middle of the timeline to a share of its time, which begins right of the names."""
    box = browser.find_element("id", "timeline").size["width"]
    left = round(min(170, max(76, box * 0.16)))
    return left + share * (box - left) - box / 2


def press(browser, *keys):
    """Press keys one by one wherever the focus is."""
    actions(browser).send_keys(*keys).perform()


def typed(browser, index, name):
    """Type a name over that of a speaker."""
    from selenium.webdriver import Keys

    field = browser.find_elements("css selector", "input.rename")[index]
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(name, Keys.TAB)


def visited_with(browser, address, script):
    """Load a page after a script of ours."""
    made = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
    browser.get(address)
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", made)
    waited(lambda: browser.find_element("id", "timeline").get_attribute("data-to"))


def as_the_sound_begins(script):
    """A script that runs ``script`` once when the parser comes to the sound, the last of the page."""
    return (
        "new MutationObserver((_, self) => { if (!document.getElementById('sound')) return;"
        f"self.disconnect(); {script} }}).observe(document, {{ childList: true, subtree: true }});"
    )


def test_the_page_is_there_before_its_sound(browser, page):
    """Two hours of sound are thirty megabytes: nobody waits for them to see who spoke."""
    look = "window.before = document.querySelectorAll('input.rename').length;"
    visited_with(browser, page, as_the_sound_begins(look))
    assert browser.execute_script("return window.before") == len(NAMES)


def test_play_before_the_sound_is_there_plays_when_it_comes(browser, page):
    """Pressed while the page still loads; what the audio element is asked for, since browsers refuse to play
    where nobody has touched the page.
    """
    asked = (
        "window.asked = []; HTMLMediaElement.prototype.play = function () {"
        "window.asked.push(this.src.split(':')[0]); return Promise.resolve(); };"
    )
    press_play = "document.getElementById('play').click(); window.atOnce = window.asked.length;"
    visited_with(browser, page, asked + as_the_sound_begins(press_play))
    assert browser.execute_script("return window.atOnce") == 0
    assert waited(lambda: browser.execute_script("return window.asked")) == ["blob"]


def test_an_older_browser_reads_the_same_bytes(browser, page):
    """Without the decoder of base64 that newer browsers have, the loudness and the sound are the same."""
    found = []
    for before in ("", "delete Uint8Array.fromBase64;"):
        visited_with(browser, page, before)
        found.append(
            browser.execute_script("return [typeof Uint8Array.fromBase64, bytesOf('AQD/gH8=').join()]")
        )
        assert waited(lambda: browser.find_element("id", "audio").get_property("duration"))
    assert [kind for kind, _ in found] == ["function", "undefined"]
    assert [values for _, values in found] == ["1,0,255,128,127"] * 2


@pytest.mark.slow
def test_a_click_plays_the_sound_there(opened):
    """The audio element moves on from the time that was clicked."""
    timeline = opened.find_element("id", "timeline")
    actions(opened).move_to_element_with_offset(timeline, across(opened, 0.5), 0).click().perform()
    audio = opened.find_element("id", "audio")
    assert waited(lambda: audio.get_property("currentTime") > 0.5 * SECONDS + 0.3)
    assert audio.get_property("currentTime") < 0.5 * SECONDS + 9
    # an MP3 has whole frames and a lead-in of its encoder
    assert audio.get_property("duration") == pytest.approx(SECONDS, abs=0.15)
    assert not audio.get_property("paused")
    assert opened.find_element("id", "play").text == "Pause"
    opened.find_element("id", "play").click()
    assert waited(lambda: audio.get_property("paused"))
    assert waited(lambda: opened.find_element("id", "play").text == "Play")
    assert position(opened) == pytest.approx(audio.get_property("currentTime"), abs=0.2)


def test_what_plays_is_the_recording_at_that_time(opened):
    """Loud and quiet intervals of five seconds are where the recording has them, after any jump."""
    opened.find_element("id", "play").click()
    levels = opened.execute_async_script(
        """const done = arguments[0], audio = document.getElementById("audio"), levels = [];
        const meter = new AudioContext(), analyser = meter.createAnalyser();
        meter.createMediaElementSource(audio).connect(analyser);
        analyser.connect(meter.destination);
        const data = new Float32Array(analyser.fftSize), times = [12, 37, 7, 21, 31];
        const next = () => {
          if (!times.length) return done(levels);
          audio.currentTime = times.shift();
          setTimeout(() => {
            analyser.getFloatTimeDomainData(data);
            levels.push(Math.max(...data));
            next();
          }, 700);
        };
        meter.resume().then(next, (error) => done(String(error)));"""
    )
    assert [level > 0.3 for level in levels] == [True, False, False, True, True]


def test_buttons_keys_and_wheel_zoom_and_drags_move(opened):
    """What is shown shrinks about the right place, moves, and comes back whole."""
    assert view(opened) == (0, SECONDS)
    opened.find_element("id", "zoom-in").click()
    assert view(opened) == (0, SECONDS / 2)
    press(opened, "0")
    timeline = opened.find_element("id", "timeline")
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    origin = ScrollOrigin.from_element(timeline, round(across(opened, 0.75)), 0)
    actions(opened).scroll_from_origin(origin, 0, -400).perform()
    start, end = view(opened)
    assert end - start < 0.7 * SECONDS
    assert start + 0.75 * (end - start) == pytest.approx(0.75 * SECONDS, abs=0.2)
    chain = actions(opened).move_to_element_with_offset(timeline, 100, 0).click_and_hold()
    chain.move_by_offset(120, 0).release().perform()
    moved = view(opened)
    assert moved[0] < start - 1
    assert moved[1] - moved[0] == pytest.approx(end - start, abs=0.01)
    assert opened.find_element("id", "audio").get_property("paused")
    press(opened, "-", "-", "-")
    assert view(opened) == (0, SECONDS)


def test_keys_move_and_play_but_not_while_typing(opened):
    """Shortcuts work from anywhere but in a field of text, and can be switched off."""
    from selenium.webdriver import Keys

    press(opened, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert position(opened) == 5
    press(opened, "n")
    assert position(opened) == 6
    press(opened, "u")
    assert position(opened) == pytest.approx(10, abs=0.01)
    timeline = opened.find_element("id", "timeline")
    timeline.send_keys(Keys.END)
    assert position(opened) == SECONDS
    timeline.send_keys(Keys.HOME)
    opened.find_elements("css selector", "input.rename")[0].send_keys(" n+")
    assert position(opened) == 0
    assert view(opened) == (0, SECONDS)
    opened.find_element("id", "keys-on").click()
    press(opened, "n")
    assert position(opened) == 0
    assert opened.find_element("id", "audio").get_property("paused")
    timeline.send_keys(" ")
    assert waited(lambda: not opened.find_element("id", "audio").get_property("paused"))


def test_hostile_names_stay_text(opened):
    """No script, image or attribute grows out of a name, a title or a note (an alert fails every command)."""
    assert opened.title == f"{RECORDING} – who spoke when"
    assert opened.find_element("tag name", "h1").text == RECORDING
    assert len(opened.find_elements("tag name", "script")) == 3  # data, the page's own, sound
    typed(opened, 1, '"><img src=x onerror=alert(3)>')
    shown = opened.find_element("id", "turn-table").text
    assert NAMES[0] in shown
    assert '"><img src=x onerror=alert(3)>' in shown
    assert opened.find_elements("tag name", "img") == []
    assert opened.find_elements("css selector", "[onerror]") == []
    assert opened.find_element("id", "notes").text == "clipped: <b>3 %</b> of samples"


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        {},
        {0: "Ann", 1: "Ann"},
        {0: "+cmd|' /C calc'!A0", 1: 'a, "b"', 2: "-->\n<v X>&amp;"},
        {0: "a b", 1: "a_b", 2: "＝SUM(A1)"},
        {0: "\U0001f600 z", 1: "\uffee z", 2: "   "},
    ],
)
def test_downloads_are_what_diarize_writes(opened, downloads, tmp_path, names):
    """RTTM, CSV and WebVTT of the renamed turns, to the byte."""
    for index, name in names.items():
        opened.execute_script(
            "const f = document.querySelectorAll('input.rename')[arguments[0]]; f.value = arguments[1];"
            "f.dispatchEvent(new Event('input')); f.dispatchEvent(new Event('change'))",
            index,
            name,
        )
    new = {NAMES[i]: name.replace("\n", "").strip() or NAMES[i] for i, name in names.items()}
    expected = result().annotation.rename(new)
    for suffix in ("rttm", "csv", "vtt"):
        for old in downloads.glob(f"*.{suffix}"):
            old.unlink()
        opened.find_element("css selector", f"[data-kind={suffix}]").click()
        (found,) = waited(lambda suffix=suffix: list(downloads.glob(f"*.{suffix}"))) or [None]
        wanted = write_file(tmp_path / f"wanted.{suffix}", expected)
        waited(lambda found=found: found.stat().st_size)
        assert found.read_bytes() == wanted.read_bytes()


def test_the_page_that_is_downloaded_has_its_sound(opened, folder, downloads):
    """Once, the same to the byte, though it comes after the script that keeps the page as it was."""
    for old in downloads.glob("*.html"):
        old.unlink()
    opened.find_element("id", "page-download").click()
    (found,) = waited(lambda: list(downloads.glob("*.html")))
    sounds = [
        re.findall(r'<script type="text/plain" id="sound">([^<]*)</script>', path.read_text(encoding="utf-8"))
        for path in (found, folder / "page.html")
    ]
    assert sounds[0] == sounds[1]
    assert len(sounds[0]) == 1
    assert len(sounds[0][0]) > 10_000


def test_half_a_pair_of_code_units_is_downloaded_like_it_is_written(browser, folder, downloads, tmp_path):
    """File names that are no text come in as lone surrogates, which no encoding has."""
    annotation = Annotation("halves", (Turn(0, 1, "a\ud800"), Turn(1, 2, "a?")))
    path = folder / "halves.html"
    path.write_text(render_page(Report(Result(annotation))), encoding="utf-8")
    for driver in visited(browser, path.as_uri()):
        driver.find_element("css selector", "[data-kind=rttm]").click()
        assert waited((downloads / "halves.rttm").exists)
    wanted = write_file(tmp_path / "halves.rttm", annotation)
    assert (downloads / "halves.rttm").read_bytes() == wanted.read_bytes()


def test_a_new_name_is_everywhere_and_an_empty_one_brings_the_old_back(opened):
    """Table of turns, matrix and timeline follow; a shared name is warned of."""
    typed(opened, 0, "Ann")
    typed(opened, 1, "Ann")
    assert NAMES[0] not in opened.find_element("id", "turn-table").text
    assert opened.find_element("id", "succession-table").text.count("Ann") == 6  # NAMES[2] has one
    assert "called Ann" in opened.find_element("id", "same-names").text
    typed(opened, 0, "\b")
    field = opened.find_elements("css selector", "input.rename")[0]
    assert field.get_property("value") == NAMES[0]
    assert opened.find_element("id", "same-names").text == ""


def test_the_policy_forbids_the_network(browser, page):
    """Even a script inside the page cannot ask for anything."""
    browser.get(page)
    blocked = browser.execute_async_script(
        """const done = arguments[0], seen = [];
        document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
        fetch("http://127.0.0.1:9/a").catch(() => {});
        new Image().src = "http://127.0.0.1:9/b";
        const script = document.createElement("script");
        script.textContent = "window.intruded = true";
        document.body.append(script);
        setTimeout(() => done([...seen, Boolean(window.intruded)]), 300);"""
    )
    assert {"connect-src", "img-src"} <= set(blocked)
    assert blocked[-1] is False
    browser.get_log("browser")


def test_a_linked_recording_plays_from_its_file(browser, folder):
    """The name may hold what means something in a URL."""
    audio, path = folder / "tone #1 %.wav", folder / "linked.html"
    sound = link_sound(open_recording(audio), media_url(audio, path))
    path.write_text(render_page(Report.from_result(result(), sound=sound)), encoding="utf-8")
    for driver in visited(browser, path.as_uri()):
        driver.find_element("id", "play").click()
        assert waited(
            lambda driver=driver: driver.find_element("id", "audio").get_property("currentTime") > 0.2
        )
    path.write_text(
        render_page(Report.from_result(result(), sound=link_sound(open_recording(audio), "./gone.wav")))
    )
    browser.get(path.as_uri())
    assert waited(lambda: "was not found" in browser.find_element("id", "here").text)


def test_turns_alone_make_a_page(browser, folder):
    """Nothing to play, no ribbons, no curve; the rest is there."""
    path = folder / "turns.html"
    path.write_text(render_page(Report(Result(result().annotation))), encoding="utf-8")
    for driver in visited(browser, path.as_uri()):
        for name in ("listening", "curve", "outliers", "settings"):
            assert not driver.find_element("id", name).is_displayed()
        assert len(driver.find_elements("css selector", "#turn-table tbody tr")) == 20
        assert driver.find_element("css selector", "#succession-table").is_displayed()


def test_silence_makes_a_page(browser, folder):
    """A recording in which nobody speaks."""
    path = folder / "silence.html"
    path.write_text(render_page(Report(Result(Annotation("silence"), duration=10.0))), encoding="utf-8")
    for driver in visited(browser, path.as_uri()):
        assert "0 speakers" in driver.find_element("id", "summary").text


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_sticks_out(opened, width):
    """The page is never wider than the window; wide tables scroll by themselves."""
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 2, "mobile": False}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert opened.execute_script("return document.documentElement.scrollWidth") <= width
        assert opened.find_element("id", "lanes").size["width"] <= width
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_themes_follow_the_system(opened):
    """Page, canvas and the marks of speakers change colours together."""
    backgrounds, canvases, marks = [], [], []
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        view(opened)
        backgrounds.append(opened.execute_script("return getComputedStyle(document.body).backgroundColor"))
        marks.append(
            opened.execute_script(
                "return [...document.querySelectorAll('.swatch, .share i')].map((each) => "
                "[getComputedStyle(each).backgroundColor, each.style.getPropertyValue(arguments[0])])",
                f"--{scheme}",
            )
        )
        canvases.append(opened.execute_script("return document.getElementById('lanes').toDataURL()"))
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    red, green, blue = (int(DARK_PAGE[i : i + 2], 16) for i in (1, 3, 5))
    assert backgrounds == ["rgb(255, 255, 255)", f"rgb({red}, {green}, {blue})"]
    assert canvases[0] != canvases[1]
    assert len(marks[0]) > 2 * len(NAMES)
    for seen, wanted in (*marks[0], *marks[1]):
        assert seen == f"rgb({', '.join(str(int(wanted[i : i + 2], 16)) for i in (1, 3, 5))})"


def test_paper_shows_the_whole_recording(opened):
    """Lines of time are drawn for print, and the PDF is not empty."""
    printed = opened.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(printed["data"]) > 20_000
    assert len(opened.find_elements("css selector", "#print-lines canvas")) == 1


def test_five_thousand_turns_in_two_hours_stay_quick(browser, folder):
    """One drawing takes a fraction of what a person notices."""
    path = folder / "long.html"
    names = tuple(f"SPEAKER_{k:02d}" for k in range(8))
    long = result("long", names, seconds=7200, n_turns=5000)
    path.write_text(render_page(Report.from_result(long)), encoding="utf-8")
    assert path.stat().st_size < 1_500_000
    for driver in visited(browser, path.as_uri()):
        durations = driver.execute_async_script(
            """const done = arguments[0], took = [];
            const button = document.getElementById("zoom-in");
            const again = () => {
              button.click();
              const before = performance.now();
              requestAnimationFrame(() => setTimeout(() => {
                took.push(performance.now() - before);
                if (took.length < 12) again(); else done(took);
              }));
            };
            document.getElementById("whole").click();
            again();"""
        )
        assert np.median(durations) < 150
        assert len(driver.find_elements("css selector", "#turn-table tbody tr")) == 100
