"""``diarize report`` and ``run --report`` around the page: sources, sound, files and refusals."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest

from diarize.annotation import Annotation, Turn
from diarize.formats import write_file

TURNS = Annotation("call", (Turn(0, 6, "Ann"), Turn(6, 10, "Bob")))
OTHER = Annotation("other", (Turn(0, 3, "Cid"),))


def data_in(path):
    """What the script of a page reads."""
    page = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page)[1])


def sound_in(path):
    """Base64 of the sound in a page."""
    return re.search(r'id="sound">(.*?)</script>', path.read_text(encoding="utf-8"))[1]


def test_a_recording_is_diarized_and_reported_with_its_sound(cli, talk, tmp_path):
    """The real pipeline: everything is in the page, and a second run gives the same bytes."""
    for name in ("one.html", "two.html"):
        result = cli("report", talk / "talk.wav", "--output", tmp_path / name)
        assert result.exit_code == 0, result.stderr
    size = round((tmp_path / "two.html").stat().st_size / 1000)
    assert result.stdout == f"wrote {tmp_path / 'two.html'} ({size} kB)\n"
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    data = data_in(tmp_path / "one.html")
    assert data["recording"] == "talk"
    assert data["end"] == pytest.approx(15, abs=0.02)
    assert len(data["ribbons"]["shares"]) == len(data["speakers"]) > 0
    assert data["curve"]["chosen"] >= 1
    assert data["outliers"]["start"]
    assert len(sound_in(tmp_path / "one.html")) > 40_000


def test_an_interval_is_played_from_where_it_begins(cli, talk, tmp_path):
    """Times stay those of the file; the sound begins with the interval."""
    page = tmp_path / "a.html"
    assert cli("report", talk / "talk.wav", "-o", page, "--start", 5, "--end", "0:12", "--quiet").output == ""
    data = data_in(page)
    assert (data["start"], data["sound"]["offset"], data["sound"]["start"]) == (5, 5, 5)
    assert data["end"] == pytest.approx(12, abs=0.02)
    assert data["ribbons"]["start"] == pytest.approx(5, abs=0.01)
    assert min(data["turns"]["start"]) >= 5000
    assert min(data["outliers"]["start"]) >= 5000


def test_the_page_lies_beside_the_source_and_is_not_replaced_without_overwrite(cli, calls, tmp_path):
    """Refused before the work."""
    words = ["report", tmp_path / "a.wav", "--no-audio"]
    assert cli(*words).exit_code == 0
    assert (tmp_path / "a.report.html").exists()
    calls.clear()
    assert "exists already" in cli(*words).stderr
    assert calls == []
    assert cli(*words, "--overwrite", "--seed", 3).exit_code == 0
    assert calls[0]["config"].seed == 3


def test_turns_are_reported_without_computing(cli, calls, talk, tmp_path):
    """With the recording they can be played, inside the page or from its file."""
    write_file(tmp_path / "call.rttm", TURNS)
    assert cli("report", tmp_path / "call.rttm").exit_code == 0
    page = tmp_path / "call.report.html"
    assert data_in(page)["sound"] is None
    assert data_in(page)["successions"] == [[0, 1], [0, 0]]
    words = ["report", tmp_path / "call.rttm", "--overwrite", "--audio", talk / "talk.wav"]
    assert cli(*words).exit_code == 0
    assert len(sound_in(page)) > 40_000
    assert data_in(page)["end"] == pytest.approx(15, abs=0.01)
    assert cli(*words, "--link").exit_code == 0
    assert sound_in(page) == ""
    assert data_in(page)["sound"]["link"].endswith("/talk.wav")
    assert calls == []


def test_the_json_of_a_run_has_the_curve_too(cli, calls, tmp_path):
    """Both kinds: what run prints, and what it writes."""
    (tmp_path / "printed.json").write_text(cli("run", tmp_path / "a.wav", "--json", "-f", "json").stdout)
    assert cli("report", tmp_path / "printed.json").exit_code == 0
    data = data_in(tmp_path / "printed.report.html")
    assert data["curve"]["behind"] == [30, 0, 2]
    assert data["notes"] == ["clipped: 3.1 % of samples"]
    assert (data["end"], data["band"]) == (10, "wide")
    assert cli("report", tmp_path / "a.json").exit_code == 0
    written = data_in(tmp_path / "a.report.html")
    for key in ("curve", "notes", "end", "band", "settings", "turns"):
        assert written[key] == data[key]


def test_one_of_several_recordings_is_named(cli, tmp_path):
    """As for plot."""
    write_file(tmp_path / "both.rttm", [TURNS, OTHER])
    assert "--recording" in cli("report", tmp_path / "both.rttm").stderr
    assert cli("report", tmp_path / "both.rttm", "--recording", "other").exit_code == 0
    assert data_in(tmp_path / "both.report.html")["recording"] == "other"


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["{}/nowhere.wav"], 1, "no such file"),
        (["{}/nowhere.rttm"], 1, "no such file"),
        (["{}/call.rttm", "--audio", "{}/nowhere.wav"], 1, "no such file"),
        (["{}/call.rttm", "--link"], 2, "--link needs --audio FILE"),
        (["{}/call.rttm", "--audio", "x.wav", "--no-audio"], 2, "--no-audio contradicts"),
        (["{}/call.rttm", "--max-speakers", "3"], 2, "--max-speakers is for AUDIO"),
        (["{}/call.rttm", "--start", "3"], 2, "--start is for AUDIO"),
        (["{}/call.rttm", "--known", "{}"], 2, "--known is for AUDIO"),
        (["{}/call.rttm", "--threshold", "3"], 2, "--threshold is for AUDIO"),
        (["{}/a.wav", "--threshold", "3"], 2, "--threshold is for --known DIR"),
        (["{}/a.wav", "--known", "{}/nowhere"], 1, "nowhere: no such file"),
        (["{}/call.npz"], 1, "call.npz: npz is only written, not read; rttm, "),
        (["{}/call.kaldi"], 1, "call.kaldi: kaldi is only written, not read; rttm, "),
        (["{}/a.wav", "--audio", "x.wav"], 2, "--audio is for a RESULT"),
        (["{}/a.wav", "--recording", "x"], 2, "--recording is for a RESULT"),
        (["{}/a.wav", "--start", "3", "--end", "2"], 2, "--end 2 s is not after"),
        (["{}/call.rttm", "-o", "{}/no/a.html"], 1, "does not exist"),
        (["{}/bad.json"], 1, "all of its recordings failed"),
    ],
)
def test_every_refusal_has_its_exit_code_and_a_hint(cli, tmp_path, words, code, hint):
    """And leaves nothing behind."""
    write_file(tmp_path / "call.rttm", TURNS)
    failed = {"recording": "a", "audio": "a.wav", "status": "failed", "error": "why"}
    document = {"schema": "diarize/result", "version": 1, "recordings": [failed]}
    (tmp_path / "bad.json").write_text(json.dumps(document))
    for written in ("call.npz", "call.kaldi"):
        (tmp_path / written).touch()
    before = sorted(tmp_path.iterdir())
    result = cli("report", *[word.format(tmp_path) for word in words])
    assert result.exit_code == code
    assert hint in " ".join(result.stderr.split())
    assert sorted(tmp_path.iterdir()) == before


def test_run_writes_the_page_with_its_other_results(cli, talk, tmp_path):
    """The same page as report makes, and --overwrite replaces it."""
    out = tmp_path / "out"
    for _ in range(2):
        result = cli("run", talk / "talk.wav", "-o", out, "--report", "--json", "--overwrite")
        assert result.exit_code == 0, result.stderr
    files = json.loads(result.stdout)["recordings"][0]["files"]
    assert files["page"] == str(out / "talk.report.html")
    assert cli("report", talk / "talk.wav", "-o", tmp_path / "same.html").exit_code == 0
    assert (tmp_path / "same.html").read_bytes() == (out / "talk.report.html").read_bytes()
    again = cli("run", talk / "talk.wav", "-o", out, "--report", "-f", "csv", "--no-plot")
    assert "talk.report.html: exists already" in again.stderr


def test_a_page_about_turns_plays_the_track_that_was_asked_for(cli, tmp_path):
    """Of --audio; the loudness in the page is that of the track. A link plays the first, so it is refused."""
    av = pytest.importorskip("av")
    film, turns = tmp_path / "film.mkv", tmp_path / "film.rttm"
    with av.open(str(film), "w") as file:
        tracks = [file.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in range(2)]
        for level, track in enumerate(tracks):
            noise = np.random.default_rng(0).normal(0, 0.1, (1, 16_000)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(level * noise, format="fltp", layout="mono")
            frame.sample_rate = 16_000
            for packet in (*track.encode(frame), *track.encode(None)):
                file.mux(packet)
    write_file(turns, Annotation("film", (Turn(0, 1, "Ann"),)), "rttm")
    loud = {}
    for track in (1, 2):
        words = ["report", turns, "--audio", film, "--track", track, "-o", tmp_path / f"{track}.html"]
        assert cli(*words).exit_code == 0
        loud[track] = data_in(tmp_path / f"{track}.html")["sound"]["loudness"]
    assert max(base64.b64decode(loud[1])) == 0 < max(base64.b64decode(loud[2]))
    refused = cli("report", turns, "--audio", film, "--track", 2, "--link", "--overwrite")
    assert (refused.exit_code, "--link plays the first track" in refused.stderr) == (2, True)
    refused = cli("report", turns, "--track", 2)
    assert "--track is for AUDIO" in refused.stderr


def test_words_of_a_transcript_are_in_the_page(cli, tmp_path):
    """About turns that exist already; each word has a speaker, and what was odd is told."""
    write_file(tmp_path / "call.rttm", TURNS, "rttm")
    (tmp_path / "call.ctm").write_text("call 1 1.0 0.5 Good\ncall 1 1.5 0.5 morning.\ncall 1 7.0 0.5 Yes.\n")
    words = ["report", tmp_path / "call.rttm", "--transcript", tmp_path / "call.ctm"]
    assert cli(*words).exit_code == 0
    data = data_in(tmp_path / "call.report.html")
    assert data["said"]["words"]["text"] == ["Good", "morning.", "Yes."]
    assert data["said"]["words"]["start"] == [1000, 1500, 7000]
    assert [data["turns"]["names"][k] for k in data["said"]["words"]["speaker"]] == ["Ann", "Ann", "Bob"]
    assert data["said"]["text"] == ["Good morning.", "Yes."]
    refused = cli(*words[:3], tmp_path / "no.ctm", "--overwrite")
    assert (refused.exit_code, "no such file" in refused.stderr) == (1, True)
