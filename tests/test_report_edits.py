"""The page as an editor, in a real browser: who, from when to when, undone, kept, told and downloaded."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from test_report_browser import (
    CHROMIUM,
    DRIVER,
    actions,
    browser,
    downloads,
    opened,
    typed,
    waited,
)

from diarize.annotation import Annotation, Turn
from diarize.annotation.alternatives import Alternatives
from diarize.formats import read_file
from diarize.report import Report, render_page
from diarize.results import Result
from diarize.scoring import score
from diarize.transcripts import Segment, Transcript, Word

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver: apt-get install them"
)
__all__ = ["browser", "downloads", "opened"]

TURNS = Annotation(
    "call",
    tuple(Turn(2.0 * i, 2.0 * i + 1.5, f"SPEAKER_0{i % 3}", 0.9 - i / 20, "SPEAKER_00") for i in range(9)),
)
ONE = Annotation("call", tuple(Turn(t.start, t.end, "SPEAKER_00") for t in TURNS))
SAID = Transcript(
    "call",
    tuple(
        Segment(
            tuple(
                Word(text, t.start + 0.5 * k, t.start + 0.5 * k + 0.4, speaker=t.speaker, confidence=0.9)
                for k, text in enumerate(("Sentence", f"{i}", "ends."))
            ),
            t.start,
            t.end,
            speaker=t.speaker,
        )
        for i, t in enumerate(TURNS)
    ),
    "diarize",
)


def report_of_three():
    """Nine turns of three, with another number and sentences."""
    starts, ends = (np.array([getattr(turn, name) for turn in TURNS.turns]) for name in ("start", "end"))
    labels = {1: np.zeros(9, int), 3: np.arange(9) % 3}
    kept = Alternatives(starts, ends, labels, TURNS.turns)
    return Report(Result(TURNS, duration=20.0, alternatives=kept), transcript=SAID)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The address of a page about nine turns of three, with another number and sentences."""
    report = report_of_three()
    path = tmp_path_factory.mktemp("edits") / "call.html"
    path.write_text(render_page(report), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(autouse=True)
def fresh(opened):
    """Nothing kept from the test before."""
    opened.execute_script("localStorage.clear()")
    opened.refresh()
    waited(lambda: opened.find_element("id", "timeline").get_attribute("data-to"))
    yield
    opened.execute_script("localStorage.clear()")


def turns(page):
    """Start and end in ms and the speaker's name of every turn, out of the table."""
    return page.execute_script(
        "return [...document.querySelectorAll('#turn-table tbody tr')].map((row) => "
        "[row.cells[0].textContent, row.cells[1].textContent, "
        "row.querySelector('select').selectedOptions[0].text])"
    )


def speakers(page):
    """Names in the table of speakers."""
    return page.execute_script(
        "return [...document.querySelectorAll('#speaker-table input')].map((each) => each.value)"
    )


def choose(page, css, value):
    """Pick from a menu as a person does."""
    page.execute_script(
        "const menu = document.querySelector(arguments[0]); menu.value = arguments[1];"
        "menu.dispatchEvent(new Event('change', { bubbles: true }))", css, value,
    )  # fmt: skip


def press(page, *keys):
    """Keys on the timeline."""
    page.find_element("id", "timeline").send_keys(*keys)


def seek(page, right):
    """To the start and so many times five seconds on."""
    from selenium.webdriver.common.keys import Keys

    press(page, Keys.HOME, *[Keys.ARROW_RIGHT] * right)


def test_two_who_are_one_are_merged_and_it_can_be_undone(opened):
    """Table, matrix, counts and timeline follow; undo brings all of it back, redo merges again."""
    before = turns(opened)
    choose(opened, "#speaker-table tbody tr:nth-child(3) select.merge", "0")
    assert speakers(opened) == ["SPEAKER_00", "SPEAKER_01"]
    assert len(opened.find_elements("css selector", "#succession-table tbody tr")) == 2
    assert "2 speakers" in opened.find_element("id", "summary").text
    opened.find_element("id", "undo").click()
    assert speakers(opened) == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]
    assert turns(opened) == before
    opened.find_element("id", "redo").click()
    assert len(speakers(opened)) == 2


def test_a_turn_is_given_split_added_and_deleted_with_the_keyboard(opened):
    """At the cursor; what is told of it is what diarize score says."""
    seek(opened, 1)  # five seconds: in the third turn, 4.0 to 5.5
    press(opened, "1")
    assert turns(opened)[2] == ["0:04.0", "1.50 s", "SPEAKER_00"]
    press(opened, "s")
    assert [row[:2] for row in turns(opened)[2:4]] == [["0:04.0", "1.00 s"], ["0:05.0", "0.50 s"]]
    from selenium.webdriver.common.keys import Keys

    press(opened, Keys.DELETE)
    assert len(turns(opened)) == 9
    seek(opened, 3)  # 15 s: in the eighth turn
    press(opened, "a")
    assert len(turns(opened)) == 10
    press(opened, "z", "z")
    assert len(turns(opened)) == 10
    assert turns(opened)[3] == ["0:05.0", "0.50 s", "SPEAKER_00"]


def test_boundaries_move_with_keys_and_mouse(opened):
    """By a twentieth of a second, or to where they are dragged."""
    seek(opened, 1)
    press(opened, ",", ",")
    assert turns(opened)[2][:2] == ["0:03.9", "1.60 s"]
    press(opened, ">")
    assert turns(opened)[2][1] == "1.65 s"
    box = opened.find_element("id", "timeline")
    place = opened.execute_script(
        "const w = document.getElementById('timeline').clientWidth; const s = scaleOf(w, 0, 20);"
        "return [s.x(0) - w / 2, s.x(1.5) - w / 2, s.x(1.0) - w / 2, "
        "22 + 10 - document.getElementById('timeline').clientHeight / 2]"
    )
    actions(opened).move_to_element_with_offset(box, place[1], place[3]).click_and_hold().move_by_offset(
        place[2] - place[1], 0
    ).release().perform()
    length = float(turns(opened)[0][1].split()[0])
    assert length == pytest.approx(1.0, abs=0.05)


def test_dragging_from_afar_moves_the_view_and_no_turn(opened):
    """Where a turn is a few dots wide, nobody aims at its end."""
    before = turns(opened)
    opened.execute_script("document.getElementById('timeline').style.width = '250px'")
    box = opened.find_element("id", "timeline")
    for share in (0.31, 0.5, 0.72):  # close to ends of turns and between them
        x = round(76 + share * (250 - 76) - 125)
        up = 22 + 10 - box.size["height"] / 2
        actions(opened).move_to_element_with_offset(box, x, up).click_and_hold().move_by_offset(
            40, 0
        ).release().perform()
    assert turns(opened) == before
    opened.execute_script("document.getElementById('timeline').style.width = ''")


def test_the_corrected_share_is_that_of_score(opened):
    """Speakers matched so that most agrees, whatever they are called; overlaps and silence included."""
    random = np.random.default_rng(8)
    for case in range(40):
        before, after = (random_turns(random, 1 + case % 7, case % 9) for _ in range(2))
        found = opened.execute_script("return differenceOf(arguments[0], arguments[1])", before, after)
        wanted = score(annotation_of(before), annotation_of(after)).score
        assert found["total"] == pytest.approx(wanted.total, abs=1e-6)
        assert found["wrong"] == pytest.approx(
            wanted.missed + wanted.false_alarm + wanted.confusion, abs=1e-6
        )


def random_turns(random, n_speakers, n_turns):
    """Turns as the page has them, in ms."""
    starts = random.integers(0, 20_000, n_turns)
    lengths, speakers = random.integers(20, 6000, n_turns), random.integers(0, n_speakers, n_turns)
    return [
        {"start": int(start), "end": int(start + length), "speaker": int(speaker)}
        for start, length, speaker in zip(starts, lengths, speakers, strict=True)
    ]


def annotation_of(rows):
    """The same as diarize has them."""
    return Annotation(
        "call", tuple(Turn(row["start"] / 1000, row["end"] / 1000, str(row["speaker"])) for row in rows)
    )


def test_the_best_mapping_is_that_of_scipy(opened):
    """Matrices with ties and zeros, too."""
    from scipy.optimize import linear_sum_assignment

    random = np.random.default_rng(3)
    for case in range(60):
        n = case % 8
        gains = random.integers(0, 4 if case % 2 else 10_000, (n, n))
        chosen = opened.execute_script("return assignment(arguments[0])", gains.tolist())
        assert sorted(chosen) == list(range(n))
        assert gains[range(n), chosen].sum() == gains[linear_sum_assignment(gains, maximize=True)].sum()


def test_names_that_are_swapped_are_no_correction(opened):
    """Two who changed places have the same turns; a number that is chosen has what follows from it."""
    corrected = opened.find_element("id", "corrected")
    for index in range(3):
        choose(opened, f"#turn-table tbody tr:nth-child({3 * index + 1}) select.whose", "1")
        choose(opened, f"#turn-table tbody tr:nth-child({3 * index + 2}) select.whose", "0")
    assert corrected.text == ""
    choose(opened, "#number", "1")
    assert corrected.text == "corrected: 9.0 s of 0:14 (DER 66.7 %)"
    assert f"{100 * score(TURNS, ONE).der:.1f} %" == "66.7 %"


def test_another_number_of_speakers_is_one_choice_away(opened):
    """Sentences follow."""
    choose(opened, "#number", "1")
    assert speakers(opened) == ["SPEAKER_00"]
    assert len(opened.find_elements("css selector", "#sentence-list p")) == 1
    choose(opened, "#number", "3")
    assert speakers(opened) == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]
    assert len(opened.find_elements("css selector", "#sentence-list p")) == 9


def test_edits_and_names_are_kept_after_a_reload(opened):
    """Under the recording's own key; discarding them clears it."""
    choose(opened, "#speaker-table tbody tr:nth-child(3) select.merge", "0")
    typed(opened, 0, "Anna")
    opened.refresh()
    waited(lambda: opened.find_element("id", "timeline").get_attribute("data-to"))
    assert speakers(opened) == ["Anna", "SPEAKER_01"]
    opened.find_element("id", "discard").click()
    assert speakers(opened) == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]
    assert opened.execute_script("return localStorage.length") == 0


def fetched(page, downloads, kind, name):
    """A file that a button downloads."""
    for path in downloads.glob("call.*"):
        path.unlink()
    button = kind if kind.startswith("#") else f"[data-kind={kind}]"
    page.find_element("css selector", button).click()
    waited((downloads / name).exists)
    time.sleep(0.2)
    return downloads / name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name", "format"),
    [
        ("rttm", "call.rttm", "rttm"),
        ("json", "call.json", "json"),
        ("srt", "call.srt", "srt"),
        ("lab", "call.lab", "lab"),
        ("audacity", "call.txt", "audacity"),
        ("textgrid", "call.TextGrid", "textgrid"),
    ],
)
def test_corrected_turns_are_downloaded_and_scored(opened, downloads, kind, name, format):
    """In every format, and how much was corrected is the DER of before against after."""
    seek(opened, 1)
    press(opened, "2")
    told = opened.find_element("id", "corrected").text
    found = read_file(fetched(opened, downloads, kind, name), format)["call"]
    assert [(t.start, t.end, t.speaker) for t in found][2] == (4.0, 5.5, "SPEAKER_01")
    assert len(found) == 9
    graded = score(TURNS, found)
    assert f"corrected: {graded.score.confusion:.1f} s" in told
    assert f"{100 * graded.der:.1f} %" in told


def test_the_corrected_page_is_a_page_with_the_corrections(opened, downloads, tmp_path):
    """In another browser, too."""
    choose(opened, "#speaker-table tbody tr:nth-child(3) select.merge", "0")
    page = fetched(opened, downloads, "#page-download", "call.report.html")
    kept = tmp_path / "kept.html"
    kept.write_bytes(page.read_bytes())
    opened.execute_script("localStorage.clear()")
    opened.get(kept.as_uri())
    waited(lambda: opened.find_element("id", "timeline").get_attribute("data-to"))
    assert speakers(opened) == ["SPEAKER_00", "SPEAKER_01"]


def test_the_least_sure_turns_come_first(opened):
    """One after the other, each once."""
    seen = []
    for _ in range(3):
        opened.find_element("id", "review").click()
        seen.append(opened.find_element("id", "clock").text.split(" /")[0])
    assert seen == ["0:16.0", "0:14.0", "0:12.0"]


def paragraphs(page):
    """What is said, with the names before it."""
    return [each.text for each in page.find_elements("css selector", "#sentence-list p")]


def test_a_word_can_be_clicked(opened):
    """And is marked while it is heard."""
    opened.find_element("id", "sentences").location_once_scrolled_into_view  # noqa: B018 - scrolls
    words = waited(lambda: opened.find_elements("css selector", ".said")[3 * 4 + 2 :])
    words[0].click()
    assert opened.find_element("id", "clock").text.startswith("0:09.0")
    assert opened.find_element("css selector", ".said.now").text == "ends."


def test_words_are_reached_with_the_keyboard(opened):
    """One stop for the Tab key; arrow keys go from word to word and do not move the cursor, Enter plays."""
    from selenium.webdriver.common.keys import Keys

    first = opened.find_element("css selector", ".said[tabindex='0']")
    assert (first.text, len(opened.find_elements("css selector", ".said[tabindex='0']"))) == ("Sentence", 1)
    opened.execute_script("arguments[0].focus()", first)
    actions(opened).send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ARROW_RIGHT).perform()
    assert opened.execute_script("return document.activeElement.textContent") == "ends."
    assert opened.find_element("id", "clock").text.startswith("0:00.0")
    actions(opened).send_keys(Keys.ENTER).perform()
    assert opened.find_element("id", "clock").text.startswith("0:01.0")


def test_words_follow_the_turns(opened):
    """A split inside a sentence cuts it between words, a merge takes words along, undo brings them back."""
    before = paragraphs(opened)
    assert before[2] == "0:04.0 SPEAKER_02: Sentence 2 ends."
    seek(opened, 1)  # five seconds: just before the last word of the third turn
    press(opened, "s", "1")
    cut = paragraphs(opened)
    assert cut[2:4] == ["0:04.0 SPEAKER_02: Sentence 2", "0:05.0 SPEAKER_00: ends. Sentence 3 ends."]
    press(opened, "z", "z")
    assert paragraphs(opened) == before
    choose(opened, "#speaker-table tbody tr:nth-child(3) select.merge", "1")
    assert {text.split()[1] for text in paragraphs(opened)} == {"SPEAKER_00:", "SPEAKER_01:"}
    typed(opened, 1, "Anna")
    assert {text.split()[1] for text in paragraphs(opened)} == {"SPEAKER_00:", "Anna:"}


def dragged(page, source, target):
    """One speaker's square onto another's row."""
    handles = page.find_elements("css selector", "#speaker-table .handle")
    actions(page).move_to_element(handles[source]).click_and_hold().move_to_element(
        page.find_elements("css selector", "#speaker-table tbody tr")[target]
    ).release().perform()


def test_two_who_are_one_are_merged_by_dragging(opened):
    """Onto another row; dropped anywhere else, nothing happens."""
    dragged(opened, 2, 0)
    assert speakers(opened) == ["SPEAKER_00", "SPEAKER_01"]
    assert opened.find_elements("css selector", "tr.held, tr.onto") == []
    handle = opened.find_element("css selector", "#speaker-table .handle")
    actions(opened).move_to_element(handle).click_and_hold().move_to_element(
        opened.find_element("css selector", "h1")
    ).release().perform()
    dragged(opened, 1, 1)
    assert speakers(opened) == ["SPEAKER_00", "SPEAKER_01"]


def test_corrections_are_saved_and_loaded_as_a_file(opened, downloads, tmp_path):
    """In another browser, which knows nothing of them; other files are refused in words."""
    choose(opened, "#speaker-table tbody tr:nth-child(3) select.merge", "0")
    typed(opened, 0, "Anna")
    saved = tmp_path / "saved.json"
    saved.write_bytes(fetched(opened, downloads, "#edits-out", "call.corrections.json").read_bytes())
    opened.execute_script("localStorage.clear()")
    opened.refresh()
    waited(lambda: opened.find_element("id", "timeline").get_attribute("data-to"))
    assert len(speakers(opened)) == 3
    field, told = opened.find_element("id", "edits-file"), opened.find_element("id", "edits-told")
    value = json.loads(saved.read_text())
    for wrong, said in (
        ({**value, "key": "0"}, "corrections of other turns (call)"),
        ({**value, "turns": [{"start": 2, "end": 1, "speaker": 0}]}, "holds no corrections"),
        ({**value, "schema": "diarize/annotation"}, "holds no corrections"),
        ([], "holds no corrections"),
    ):
        (tmp_path / "wrong.json").write_text(json.dumps(wrong))
        field.send_keys(str(tmp_path / "wrong.json"))
        assert waited(lambda said=said: said in told.text), wrong
        assert len(speakers(opened)) == 3
    field.send_keys(str(saved))
    assert waited(lambda: speakers(opened) == ["Anna", "SPEAKER_01"])
    assert told.text == ""
    opened.find_element("id", "undo").click()
    assert len(speakers(opened)) == 3


def test_a_doubtful_speaker_is_merged_by_one_click(opened, tmp_path):
    """Named with the reason; gone when merged, back when undone."""
    turns = (Turn(0, 60, "Ann"), Turn(60, 120, "Bob"), Turn(120, 121.5, "SPEAKER_02", 0.6, "Bob"))
    (tmp_path / "doubt.html").write_text(
        render_page(Report(Result(Annotation("doubt", turns)))), encoding="utf-8"
    )
    opened.get((tmp_path / "doubt.html").as_uri())
    waited(lambda: opened.find_element("id", "timeline").get_attribute("data-to"))
    told = opened.find_element("id", "doubtful")
    assert told.text.startswith("SPEAKER_02 is doubtful: 1.5 s of 122 s of speech, too little")
    told.find_element("tag name", "button").click()
    assert speakers(opened) == ["Ann", "Bob"]
    assert not told.is_displayed()
    opened.find_element("id", "undo").click()
    assert told.is_displayed()
