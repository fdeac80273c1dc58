"""The page as text: what its data says, what is escaped, that it is the same again, and how large it is."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

from diarize import plots, synth
from diarize.annotation import Annotation, Turn
from diarize.annotation.statistics import count_successions
from diarize.audio import encode_mp3, open_recording, write
from diarize.clustering import Clustering
from diarize.clustering.outliers import Outliers
from diarize.config import ClusteringConfig, Config
from diarize.errors import AudioError
from diarize.pipeline import Diarization
from diarize.report import PageSound, Report, embed_sound, link_sound, media_url, render_page
from diarize.report.colours import DARK_PAGE, colours_on_dark, colours_on_light, contrast
from diarize.report.data import build_page_data
from diarize.report.downsampling import MAX_CELLS, make_ribbons, pool_posteriors
from diarize.report.page import SCRIPTS
from diarize.results import Provenance, Result, SpeakerCount
from diarize.types import FrameGrid, Posteriors, SpeechMask, Waveform

GRID = FrameGrid(16_000, 160, 400, -120, 1000)  # ten seconds
TURNS = (
    Turn(0.5, 4.0, "Ann", 0.97, "Bob"),
    Turn(4.0, 8.0, "Bob", 0.90004),
    Turn(8.0, 8.0004, "Bob"),  # vanishes in the rounding
    Turn(8.5, 9.0, "Ann", None, "Cid"),
)
HOSTILE = "</script><script>alert(1)</script><!--\u2028\ud800&\"'{{data}}"


def result(config=None, names=("Ann", "Bob")):
    """Ten seconds: Ann surely, then Bob with 0.75."""
    values = np.zeros((1000, 2), np.float32)
    values[50:400, 0] = 1
    values[400:800] = (0.25, 0.75)
    density = np.array([-50.0, -51.0, -70.0, -49.5])
    bounds = np.array([[50, 200], [200, 400], [400, 600], [600, 800]])
    return Diarization(
        Annotation("call", TURNS).rename(dict(zip(("Ann", "Bob"), names, strict=True))),
        Posteriors(values, GRID, names),
        Clustering("evidence", (1, 2, 3), (40.0, 10.0, 12.0), 2, (2, 3), (np.zeros((0, 1)),) * 3),
        SpeechMask(values.any(axis=1), GRID),
        "wide",
        10.0,
        ("clipped",),
        config or Config(),
        {"python": "3"},
        Outliers(density, bounds, GRID, -60.0),
    )


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """talk.wav, fifteen seconds of two voices of pure signal at 16 kHz."""
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    config = synth.SynthConfig(duration=15.0, snr=40.0)
    waveform, _ = synth.simulate_conversation(
        synth.synthesize_voices(2, seed=3), config, seed=3, recording="talk"
    )
    write(path, waveform)
    return path


class Seen(HTMLParser):
    """Tags with their attributes, and the text of those that hold raw text, as an HTML parser sees them."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.raw, self._open = [], [], None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = tag if tag in ("script", "style", "title") else None
        if self._open:
            self.raw.append((tag, dict(attrs).get("id"), ""))

    def handle_data(self, data):
        if self._open:
            tag, name, text = self.raw[-1]
            self.raw[-1] = (tag, name, text + data)

    def handle_endtag(self, tag):
        self._open = None

    def text(self, tag, name=None):
        return next(text for t, n, text in self.raw if (t, n) == (tag, name))


def data_in(page):
    """The data block as the browser reads it."""
    return json.loads(Seen(page).text("script", "data"))


def decoded(text):
    """Bytes of a row of cells."""
    return np.frombuffer(base64.b64decode(text), np.uint8)


def test_turns_are_whole_milliseconds_and_names_stand_once():
    """A turn that vanishes is left out; a runner-up without a turn has a name all the same."""
    found = build_page_data(Report.from_result(result()))
    assert found["turns"] == {
        "names": ["Ann", "Bob", "Cid"],
        "start": [500, 4000, 8500],
        "end": [4000, 8000, 9000],
        "speaker": [0, 1, 0],
        "confidence": [9700, 9000, None],
        "runnerUp": [1, None, 2],
    }
    assert [(each["name"], each["seconds"], each["turns"]) for each in found["speakers"]] == [
        ("Ann", 4.0, 2),
        ("Bob", 4.0, 2),
    ]
    assert found["spoken"] == pytest.approx(8.0)
    assert (found["start"], found["end"], found["speech"], found["band"]) == (0, 10, 7.5, "wide")


def test_successions_count_who_speaks_next():
    """Row before, column after; the diagonal goes on."""
    turns = [Turn(i, i + 0.5, name) for i, name in enumerate("AABACB")]
    assert count_successions(Annotation("x", tuple(turns))).tolist() == [[1, 1, 1], [1, 0, 0], [0, 1, 0]]
    assert count_successions(Annotation("x")).shape == (0, 0)


def test_ribbons_are_mean_posteriors_and_doubt():
    """Cells of 50 ms in a short recording, 255 for certainty."""
    found = build_page_data(Report.from_result(replace(result(), start=60.0)))["ribbons"]
    assert found["step"] == 0.05
    assert found["start"] == pytest.approx(60.0, abs=0.01)
    ann, bob, doubt = (decoded(row) for row in (*found["shares"], found["doubt"]))
    assert len(ann) == len(bob) == len(doubt) == 200
    assert ann[[20, 100, 190]].tolist() == [255, 64, 0]
    assert bob[[20, 100, 190]].tolist() == [0, 191, 0]
    assert doubt[[20, 100, 190]].tolist() == [0, 64, 0]


def test_ribbons_keep_the_speakers_of_the_turns():
    """Posteriors of a speaker without a turn are left out, turns without posteriors have an empty ribbon."""
    alone = Report(
        Result(Annotation("x", (Turn(0, 1, "Bob"), Turn(1, 2, "Cid")))), posteriors=result().posteriors
    )
    bob, cid = map(decoded, build_page_data(alone)["ribbons"]["shares"])
    assert bob.max() == 191
    assert cid.max() == 0


def test_long_ribbons_are_decimated_without_loss_of_mean():
    """Two hours have no more cells than a display can use, and their mean is that of the frames."""
    grid = FrameGrid(16_000, 160, 400, -120, 720_000)
    rng = np.random.default_rng(0)
    ann = rng.random(grid.n_frames).astype(np.float32)
    found = make_ribbons(Posteriors(np.column_stack((ann, 1 - ann)), grid, ("a", "b")))
    assert MAX_CELLS / 2 < found.shares.shape[1] <= MAX_CELLS
    assert found.step * found.shares.shape[1] == pytest.approx(7200, abs=found.step)
    assert found.shares[0].mean() / 255 == pytest.approx(ann.mean(), abs=0.002)
    assert found.doubt.mean() / 255 == pytest.approx(np.minimum(ann, 1 - ann).mean(), abs=0.002)


def test_curve_outliers_and_settings_are_reported():
    """Nats behind the best, tenths of nats below the usual, and which settings are not the defaults."""
    config = Config(seed=7, clustering=ClusteringConfig(max_speakers=5))
    found = build_page_data(Report.from_result(replace(result(config), start=60.0)))
    assert found["curve"]["behind"] == [30, 0, 2]
    assert (found["curve"]["chosen"], found["curve"]["equivalent"]) == (2, [2, 3])
    assert found["outliers"] == {
        "start": [60500, 62000, 64000, 66000],
        "end": [62000, 64000, 66000, 68000],
        "below": [-5, 5, 195, -10],
        "flagged": [2],
    }
    changed = [row[:2] for row in found["settings"] if row[2]]
    assert sorted(changed) == [["clustering.max_speakers", "5"], ["seed", "7"]]
    assert found["digest"] == config.digest
    assert found["versions"] == {"python": "3"}


def test_colours_are_those_of_the_pictures_and_stand_out_in_the_dark():
    """Thirty speakers; on a dark page three to one, as accessibility asks of graphics."""
    names = [f"s{i}" for i in range(30)]
    assert colours_on_light(names) == list(plots.speaker_colours(names).values())
    assert min(contrast(colour, DARK_PAGE) for colour in colours_on_dark(names)) >= 3
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert f"--page: {DARK_PAGE};" in (files("diarize.report") / "page" / "style.css").read_text()


def test_texts_of_the_page_can_be_read_in_both_themes():
    """Ink and faint text on the page and on a panel: 4.5 to 1 (WCAG 2.2, AA)."""
    style = (files("diarize.report") / "page" / "style.css").read_text()
    blocks = re.findall(r":root \{[^}]*\}", style)
    assert len(blocks) == 3
    for block in blocks:
        colour = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
        for text in ("ink", "faint", "accent", "warn"):
            assert contrast(colour[text], colour["page"]) >= 4.5
            assert contrast(colour[text], colour["panel"]) >= 4.5


def test_hostile_texts_break_out_of_nothing():
    """The page has the same elements whatever names, notes and recordings are called."""
    calm = render_page(Report.from_result(result()))
    annotation = Annotation(HOSTILE, (Turn(0, 1, HOSTILE, 1.0, f"{HOSTILE}2"),))
    wild = render_page(
        Report(Result(annotation, notes=(HOSTILE,)), Provenance({HOSTILE: HOSTILE}, "", {HOSTILE: HOSTILE}))
    )
    assert [tag for tag, _ in Seen(wild).tags] == [tag for tag, _ in Seen(calm).tags]
    assert "alert(1)</script" not in wild
    data = data_in(wild)
    assert data["recording"] == HOSTILE
    assert data["turns"]["names"] == [HOSTILE, f"{HOSTILE}2"]
    assert data["notes"] == [HOSTILE]
    assert data["settings"] == [[HOSTILE, HOSTILE, True]]


def test_the_policy_names_the_style_and_the_script_that_are_there():
    """Their hashes are right, and nothing else may run or load."""
    page = Seen(render_page(Report.from_result(result())))
    policy = next(a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a)
    for tag in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.text(tag).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_nothing_in_the_page_points_elsewhere():
    """No address in an attribute, no import and no request in style and script."""
    text = render_page(Report.from_result(result()))
    addresses = [a[key] for _, a in Seen(text).tags for key in ("src", "href", "action", "data") if key in a]
    assert addresses == ["data:,", "#speakers"]
    assert set(re.findall(r"https?://[^\"'\s]*", text)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/2001/XMLSchema-instance",
        "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
    }  # names, no addresses
    for word in (
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "@import",
        "url(",
        "innerHTML",
        "eval(",
        "sendBeacon",
    ):
        assert word not in text


def test_every_part_of_the_page_is_used():
    """Package data and the list of scripts agree."""
    names = {each.name for each in (files("diarize.report") / "page").iterdir()}
    assert names == {"page.html", "style.css", *SCRIPTS}


def test_the_same_report_is_the_same_page(talk):
    """To the byte, the compressed sound included, whatever the blocks."""
    one = embed_sound(open_recording(talk))
    other = embed_sound(open_recording(talk))
    pages = [render_page(Report.from_result(result(), sound=sound)) for sound in (one, other)]
    assert pages[0] == pages[1]
    samples = open_recording(talk).waveform().samples
    pieces = (Waveform(samples[i : i + 48_000], 16_000) for i in range(0, len(samples), 48_000))
    assert encode_mp3(pieces, 16_000) == one.data


@pytest.mark.slow
def test_compressed_sound_is_small_and_is_the_sound(talk):
    """3 kB a second, the same length but for the frames of the format, and the same waveform nearly."""
    import soundfile

    waveform = open_recording(talk).waveform()
    data = embed_sound(open_recording(talk)).data
    assert len(data) / waveform.duration == pytest.approx(3000, rel=0.05)
    back, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    assert rate == 16_000
    assert waveform.duration <= len(back) / rate <= waveform.duration + 0.15
    lags = range(2000)
    n = len(waveform.samples) - 4000
    agreement = max(float(np.corrcoef(waveform.samples[:n], back[lag : lag + n])[0, 1]) for lag in lags)
    assert agreement > 0.9


def test_sound_over_full_scale_is_cut_and_none_is_none():
    """Neither wraps round nor fails."""
    import soundfile

    loud = Waveform(np.full(16_000, 3.0, np.float32), 16_000)
    back, _ = soundfile.read(io.BytesIO(encode_mp3([loud], 16_000)))
    assert back.min() > -0.5
    assert encode_mp3([], 16_000) is not None


def test_loudness_is_of_the_interval(tmp_path):
    """Peaks in cells of 50 ms, and the time at which they begin."""
    samples = np.zeros(16_000 * 4, np.float32)
    samples[16_000 * 3 :] = 0.5
    write(tmp_path / "a.wav", Waveform(samples, 16_000))
    sound = embed_sound(open_recording(tmp_path / "a.wav", start=1.0))
    assert (sound.start, sound.duration, sound.step) == (1.0, 3.0, 0.05)
    assert sound.loudness.tolist() == [0] * 40 + [255] * 20
    found = build_page_data(Report(Result(Annotation("a")), sound=sound))
    assert found["end"] == 4.0
    assert found["sound"]["offset"] == 1.0
    assert decoded(found["sound"]["loudness"]).tolist() == sound.loudness.tolist()


@pytest.mark.parametrize(
    ("recording", "page", "expected"),
    [
        ("a b#c?.wav", "page.html", "./a%20b%23c%3F.wav"),
        ("x:y.wav", "page.html", "./x%3Ay.wav"),
        ("deep/100%.wav", "pages/page.html", "./../deep/100%25.wav"),
        ("caf\u00e9\udcff.wav", "page.html", "./caf%C3%A9%FF.wav"),
    ],
)
def test_links_are_relative_and_quoted(tmp_path, recording, page, expected):
    """Names keep their meaning in a URL."""
    assert media_url(tmp_path / recording, tmp_path / page) == expected


def test_a_linked_sound_is_not_in_the_page(talk):
    """Only its address, and the policy lets that through."""
    page = render_page(
        Report(Result(Annotation("talk")), sound=link_sound(open_recording(talk), "./talk.wav"))
    )
    assert data_in(page)["sound"]["link"] == "./talk.wav"
    assert data_in(page)["sound"]["offset"] == 0.0
    assert Seen(page).text("script", "sound") == ""
    assert "media-src blob: file: 'self';" in page
    assert "media-src blob:;" in render_page(Report(Result(Annotation("talk"))))


def test_turns_alone_leave_out_what_they_do_not_tell():
    """The rest is null, not invented."""
    found = build_page_data(Report(Result(Annotation("call", TURNS))))
    for name in ("speech", "band", "ribbons", "curve", "outliers", "sound", "digest"):
        assert found[name] is None
    assert found["end"] == 9.0
    assert build_page_data(Report(Result(Annotation("silence"))))["end"] == 1.0


def test_a_stored_result_has_more_than_turns():
    """Curve, notes, settings and versions are in it."""
    count = SpeakerCount("evidence", (1, 2), (9.0, 4.0), 2, (2,), "2 by evidence")
    kept = Result(Annotation("call", (Turn(0, 1, "Ann", 0.5),)), None, 0.0, 10.0, 7.5, "wide", count)
    found = build_page_data(Report(replace(kept, notes=("clipped",)), Provenance({"seed": 0}, "abc")))
    assert found["curve"]["behind"] == [5, 0]
    assert (found["end"], found["speech"], found["notes"]) == (10, 7.5, ["clipped"])
    assert (found["settings"], found["digest"]) == ([["seed", "0", False]], "abc")


def test_a_recording_without_end_is_refused_like_everywhere(tmp_path):
    """Errors of the audio room come through."""
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioError):
        embed_sound(open_recording(tmp_path / "a.wav"))


def test_a_page_of_two_hours_stays_small_beside_its_sound():
    """Everything but the sound of eight speakers and five thousand turns: about a megabyte."""
    grid = FrameGrid(16_000, 160, 400, -120, 720_000)
    values = np.full((grid.n_frames, 8), 0.125, np.float32)
    names = tuple(f"SPEAKER_{k:02d}" for k in range(8))
    turns = tuple(Turn(1.44 * i, 1.44 * i + 1.3, names[i % 8], 0.9, names[0]) for i in range(5000))
    sound = PageSound(np.zeros(MAX_CELLS, np.uint8), 0.3, 0.0, 7200.0, b"")
    page = render_page(
        Report(Result(Annotation("x", turns)), posteriors=Posteriors(values, grid, names), sound=sound)
    )
    assert len(page) < 1_000_000


def test_no_frames_have_no_ribbons():
    """A column for each speaker all the same."""
    assert pool_posteriors(np.zeros((0, 3)), 5).shape == (0, 3)


def test_a_recording_on_another_drive_is_named_by_its_whole_path(tmp_path, monkeypatch):
    """As on Windows, where no way leads from one to the other."""

    def relpath(*_):
        raise ValueError("path is on mount 'C:', start on mount 'D:'")

    assert media_url(tmp_path / "a b.wav", tmp_path / "page.html") == "./a%20b.wav"
    monkeypatch.setattr("os.path.relpath", relpath)
    assert media_url(tmp_path / "a b.wav", tmp_path / "page.html") == f"file://{tmp_path}/a%20b.wav"
