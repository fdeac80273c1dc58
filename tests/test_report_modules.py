"""The script of the page as what it is written as: ES modules that import what they use."""

from __future__ import annotations

import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Thread

import pytest
from test_report_browser import CHROMIUM, DRIVER, browser, downloads, typed, waited
from test_report_edits import choose, press, report_of_three, speakers

from diarize.report import render_page
from diarize.report.page import SCRIPTS

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver: apt-get install them"
)
__all__ = ["browser", "downloads"]


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing of it."""

    def log_message(self, *words):
        """Nowhere."""


@pytest.fixture
def modules(browser, tmp_path):
    """The same page with its script as the modules that it is made of, which the browser loads one by one."""
    for name in SCRIPTS:
        (tmp_path / name).write_text(
            (files("diarize.report") / "page" / name).read_text(encoding="utf-8"), encoding="utf-8"
        )
    whole = render_page(report_of_three())
    start = whole.rindex("<script>")
    end = whole.index("</script>", start)
    loose = f'{whole[:start]}<script type="module" src="page.js">{whole[end:]}'
    (tmp_path / "page.html").write_text(
        re.sub(r"script-src [^;]*", "script-src 'self'", loose), encoding="utf-8"
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        browser.get_log("browser")
        browser.get(f"http://127.0.0.1:{server.server_port}/page.html")
        yield browser
        browser.execute_script("localStorage.clear()")
        server.shutdown()


def test_the_script_is_made_of_modules_that_import_what_they_use(modules, downloads):
    """They run as ES modules, too: a name that is not imported would be an error in the console."""
    assert waited(lambda: modules.find_element("id", "timeline").get_attribute("data-to")), modules.get_log(
        "browser"
    )
    choose(modules, "#speaker-table tbody tr:nth-child(3) select.merge", "0")
    press(modules, "z", "y", "z", "+", "n", "s", "2", ",", ">", "a", "w", "0")
    choose(modules, "#turn-order", "doubt")
    choose(modules, "#number", "1")
    typed(modules, 0, "Anna")
    modules.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    for button in modules.find_elements("css selector", "[data-kind], #page-download, #edits-out"):
        button.click()
    modules.find_element("id", "discard").click()
    assert speakers(modules) == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]
    assert [line for line in modules.get_log("browser") if line["level"] == "SEVERE"] == []
