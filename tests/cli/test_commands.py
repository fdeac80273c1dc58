"""score, plot, select, convert and synth: what they print and write, and how they refuse."""

from __future__ import annotations

import json

import pytest

from diarize.annotation import Annotation, Turn
from diarize.audio import open_recording
from diarize.cli.printing import format_clock
from diarize.formats import FORMATS, read_file, read_uem, write_file

TRUTH = Annotation("call", (Turn(0, 6, "Ann"), Turn(6, 10, "Bob")))
GUESS = Annotation("call", (Turn(0, 7, "SPEAKER_00"), Turn(7, 10, "SPEAKER_01")))
OTHER = Annotation("other", (Turn(0, 10, "Cid"),))


@pytest.fixture
def files(tmp_path):
    """A folder with ref.rttm and hyp.rttm of one call, ten seconds long."""
    write_file(tmp_path / "ref.rttm", TRUTH)
    write_file(tmp_path / "hyp.rttm", GUESS)
    return tmp_path


def test_score_gives_the_pooled_der_as_a_fraction(cli, files):
    """Score gives the pooled DER as a fraction."""
    result = cli("score", files / "ref.rttm", files / "hyp.rttm", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["der"] == pytest.approx(0.1)
    assert document["jer"] == pytest.approx((1 / 7 + 1 / 4) / 2)
    assert (document["missed"], document["false_alarm"], document["confusion"]) == (0, 0, 1)
    assert document["total"] == 10
    assert document["protocol"] == "no collar, overlap scored"
    assert document["files"][0]["mapping"] == {"SPEAKER_00": "Ann", "SPEAKER_01": "Bob"}


def test_score_obeys_collar_overlap_and_uem_and_names_its_protocol(cli, files):
    """Score obeys collar overlap and uem and names its protocol."""
    (files / "map.uem").write_text("call 1 0 8\n")
    words = ["--collar", 0.25, "--skip-overlap", "--uem", files / "map.uem"]
    result = cli("score", files / "ref.rttm", files / "hyp.rttm", *words, "--json")
    document = json.loads(result.stdout)
    assert document["protocol"] == "collar ±0.25 s, overlap skipped"
    assert document["confusion"] == pytest.approx(0.75)
    assert document["total"] == pytest.approx(8 - 0.25 - 0.5)
    assert "collar ±0.25 s" in cli("score", files / "ref.rttm", files / "hyp.rttm", *words).stdout


def test_score_pools_folders_and_counts_what_is_unanswered_as_missed(cli, files):
    """Score pools folders and counts what is unanswered as missed."""
    (files / "truth").mkdir()
    write_file(files / "truth" / "call.rttm", TRUTH)
    write_file(files / "truth" / "other.rttm", OTHER)
    result = cli("score", files / "truth", files / "hyp.rttm", "--json")
    document = json.loads(result.stdout)
    assert document["der"] == pytest.approx(11 / 20)
    assert document["unanswered"] == ["other"]
    table = cli("score", files / "truth", files / "hyp.rttm").stdout
    assert "55.0 %" in table
    assert "note: other has no hypothesis" in table


def test_score_names_recordings_on_one_line(cli, files):
    """Whatever is in their names."""
    write_file(files / "two.json", [TRUTH, Annotation("line\nbreak", (Turn(0, 1, "A"),))])
    lines = cli("score", files / "two.json", files / "hyp.rttm").stdout.splitlines()
    assert "note: line\\nbreak has no hypothesis and counts as missed" in lines


def test_score_of_silence_has_no_rate(cli, files):
    """Score of silence has no rate."""
    (files / "quiet.rttm").write_text("")
    document = json.loads(cli("score", files / "quiet.rttm", files / "hyp.rttm", "--json").stdout)
    assert document["der"] is None
    assert document["false_alarm"] == 10
    assert "no reference speech" in cli("score", files / "quiet.rttm", files / "hyp.rttm").stdout


def test_score_grades_silent_recordings_of_a_folder(cli, files):
    """An empty file is a recording in which nobody speaks: false alarms there count."""
    for name in ("truth", "guess"):
        (files / name).mkdir()
        write_file(files / name / "call.rttm", TRUTH)
    (files / "truth" / "other.rttm").write_text("")
    write_file(files / "guess" / "other.rttm", OTHER)
    document = json.loads(cli("score", files / "truth", files / "guess", "--json").stdout)
    assert document["der"] == 1
    assert [each["recording"] for each in document["files"]] == ["call", "other"]


def test_score_of_an_empty_hypothesis_is_all_missed(cli, files):
    """Score of an empty hypothesis is all missed."""
    (files / "none.rttm").write_text("")
    document = json.loads(cli("score", files / "ref.rttm", files / "none.rttm", "--json").stdout)
    assert document["der"] == 1


def test_what_is_called_otherwise_is_taken_with_a_note(cli, files):
    """Of one recording; an empty answer about silence is no answer that is missing."""
    write_file(files / "other.rttm", OTHER)
    (files / "other.uem").write_text("other 1 0 8\n")
    words = ["score", files / "ref.rttm", files / "other.rttm", "--uem", files / "other.uem"]
    refused = cli(*words)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "about 'other', and the reference is about 'call'; --anyway" in refused.stderr
    words.append("--anyway")
    notes = [line.partition(" is about ")[2] for line in cli(*words).stderr.splitlines()]
    assert notes == ["'other'; used for 'call'"] * 2
    assert cli("score", files / "ref.rttm", files / "hyp.rttm").stderr == ""
    (files / "none.rttm").write_text("")
    silence = cli("score", files / "none.rttm", files / "none.rttm")
    assert (silence.exit_code, silence.stderr) == (0, "")
    assert "counts as missed" not in silence.stdout


def test_two_files_about_one_recording_are_refused(cli, files):
    """Two files about one recording are refused."""
    result = cli("score", files, files / "hyp.rttm")
    assert result.exit_code == 1
    assert "keep one of them" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["score", "{}/rfe.rttm", "{}/hyp.rttm"], 1, "did you mean ref.rttm?"),
        (["score", "{}/ref.rttm", "{}/hyp.rttm", "--collar", "-1"], 2, "--collar"),
        (["score", "{}/ref.rttm"], 2, "HYP"),
        (["score", "{}/ref.rttm", "{}/noise.rttm"], 1, "noise.rttm:1: starts with 'hello'"),
        (["plot", "{}/nowhere.rttm"], 1, "no such file"),
        (["plot", "{}/ref.rttm", "--reference", "{}/hyp.rttm", "-o", "{}/x.gif"], 1, ".gif"),
        (["plot", "{}/ref.rttm", "--recording", "cal"], 1, "did you mean 'call'?"),
        (["convert", "{}/ref.rttm", "{}/ref.xyz"], 1, "suffix"),
        (["convert", "{}/ref.rttm", "{}/ref.x", "--to", "cvs"], 2, "did you mean 'csv'?"),
        (["convert", "{}/ref.rttm", "{}/hyp.rttm"], 1, "exists already"),
        (["synth", "{}/a.mp3"], 1, ".wav or .flac"),
        (["synth", "{}/no/a.wav"], 1, "does not exist"),
        (["synth", "{}/a.wav", "--noise", "pnk"], 2, "did you mean 'pink'?"),
        (["synth", "{}/a.wav", "--voices", "{}/nobody"], 1, "no folder of voices"),
        (["select", "{}/nowhere.wav"], 1, "no such file"),
        (["scroe", "a", "b"], 2, "score"),
    ],
)
def test_every_refusal_has_its_exit_code_and_a_hint(cli, files, words, code, hint):
    """Every refusal has its exit code and a hint."""
    (files / "noise.rttm").write_text("hello world\n")
    before = sorted(files.iterdir())
    result = cli(*[word.format(files) for word in words])
    assert result.exit_code == code
    assert hint in " ".join(result.stderr.split())
    assert code == 2 or len(result.stderr.splitlines()) == 1
    assert code == 2 or result.stderr.startswith("error: ")
    assert "Error(" not in result.stderr
    assert sorted(files.iterdir()) == before


def test_plot_draws_beside_the_file_and_prints_the_der(cli, files):
    """Plot draws beside the file and tells how well it agrees."""
    assert cli("plot", files / "hyp.rttm").exit_code == 0
    assert (files / "hyp.png").read_bytes().startswith(b"\x89PNG")
    result = cli("plot", files / "hyp.rttm", "--reference", files / "ref.rttm", "-o", files / "x.svg")
    assert "DER 10.0 %" in result.stdout
    alone = cli("plot", files / "hyp.rttm", "-o", files / "y.svg")
    assert alone.exit_code == 0
    both, one = (files / "x.svg").read_bytes(), (files / "y.svg").read_bytes()
    assert b"<svg" in one
    assert both.count(b"#0072b2") > one.count(b"#0072b2") > 0  # the same colour, above and below


def test_plot_never_replaces_a_file_without_overwrite(cli, files):
    """Plot never replaces a file unasked."""
    (files / "hyp.png").write_text("mine")
    result = cli("plot", files / "hyp.rttm")
    assert result.exit_code == 1
    assert (files / "hyp.png").read_text() == "mine"
    assert cli("plot", files / "hyp.rttm", "--overwrite", "--quiet").output == ""
    assert (files / "hyp.png").read_bytes().startswith(b"\x89PNG")


def test_plot_shows_loudness_and_length_of_a_recording_of_silence(cli, talk, files, monkeypatch):
    """An empty file of turns is a recording in which nobody speaks."""
    from diarize import plots

    asked = {}
    draw = plots.plot_timeline

    def timeline(annotation, **more):
        asked.update(more, turns=annotation.turns)
        return draw(annotation, **more)

    monkeypatch.setattr("diarize.plots.plot_timeline", timeline)
    (files / "talk.rttm").write_text("")
    result = cli("plot", files / "talk.rttm", "--audio", talk / "talk.wav")
    assert result.exit_code == 0, result.stderr
    assert (files / "talk.png").exists()
    assert asked["turns"] == ()
    assert asked["duration"] == 15
    assert asked["loudness"].max() > 0.01


def test_the_speakers_that_a_service_named_are_turns(cli, files):
    """Of ElevenLabs, as of a recogniser that names them in segments: to convert, and to score."""
    rows = [("Good", 0.5, 1.0, "a"), ("morning.", 1.0, 2.0, "a"), ("Hello.", 2.0, 4.0, "b")]
    words = [
        {"text": text, "start": start, "end": end, "type": "word", "speaker_id": who}
        for text, start, end, who in rows
    ]
    (files / "said.json").write_text(json.dumps({"text": "", "words": words}))
    segments = [
        {"start": 0.5, "end": 2.0, "text": " Good morning.", "speaker": "a"},
        {"start": 2.0, "end": 4.0, "text": " Hello.", "speaker": "b"},
    ]
    (files / "other.json").write_text(json.dumps({"segments": segments}))
    for name in ("said", "other"):
        assert cli("convert", files / f"{name}.json", files / f"{name}.rttm").exit_code == 0
        (found,) = read_file(files / f"{name}.rttm").values()
        assert [(t.start, t.end, t.speaker) for t in found] == [(0.5, 2.0, "a"), (2.0, 4.0, "b")]
    (files / "folder").mkdir()
    for name in ("said", "other"):
        (files / "folder" / f"{name}.json").write_text((files / f"{name}.json").read_text())
    assert cli("convert", files / "folder", files / "all.rttm").exit_code == 0
    assert set(read_file(files / "all.rttm")) == {"said", "other"}
    assert cli("convert", files / "said.json", files / "said.srt").exit_code == 0
    assert "a: Good morning." in (files / "said.srt").read_text()
    assert cli("label", files / "said.json", files / "said.rttm", "-o", files / "said.ctm").exit_code == 0
    assert cli("convert", files / "said.ctm", files / "again.rttm").exit_code == 0
    assert (files / "again.rttm").read_text() == (files / "said.rttm").read_text()
    scored = cli("score", files / "said.rttm", files / "said.json", "--json")
    assert json.loads(scored.stdout)["der"] == 0


def test_converting_a_transcript_without_speakers_names_the_command_that_gives_it_some(cli, files):
    """Other JSON is refused as ever."""
    (files / "said.json").write_text(
        json.dumps(
            {"segments": [{"start": 0.0, "end": 1.0, "text": "Good morning."}], "text": "Good morning."}
        )
    )
    (files / "other.json").write_text('{"a": 1}')
    refused = cli("convert", files / "said.json", files / "said.srt")
    assert refused.exit_code == 1
    assert f"'diarize label {files / 'said.json'} AUDIO' gives it speakers" in refused.stderr
    other = cli("convert", files / "other.json", files / "other.srt")
    assert other.exit_code == 1
    assert "label" not in other.stderr
    assert not list(files.glob("*.srt"))


def test_plot_shows_the_channel_and_track_that_are_asked_for(cli, files, monkeypatch):
    """As run has them; without a recording they say nothing and are refused."""
    import numpy as np
    import soundfile

    from diarize import plots

    asked = {}
    draw = plots.plot_timeline
    monkeypatch.setattr(
        "diarize.plots.plot_timeline",
        lambda annotation, **more: asked.update(more) or draw(annotation, **more),
    )
    loud = np.sin(np.arange(16_000.0))
    soundfile.write(files / "two.wav", np.column_stack((0.8 * loud, 0.2 * loud)), 8_000)
    for channel, peak in ((1, 0.8), (2, 0.2)):
        words = ["--audio", files / "two.wav", "--channel", channel, "--overwrite"]
        assert cli("plot", files / "hyp.rttm", *words).exit_code == 0
        assert asked["loudness"].max() == pytest.approx(peak, abs=0.01)
    missing = cli("plot", files / "hyp.rttm", "--audio", files / "two.wav", "--track", 2, "--overwrite")
    assert missing.exit_code == 1
    assert missing.stderr.endswith("no track 2; it has one audio track\n")
    for option in ("--channel", "--track"):
        alone = cli("plot", files / "hyp.rttm", option, 1)
        assert alone.exit_code == 2
        assert f"{option} needs a recording; give it with --audio FILE" in alone.stderr


def test_select_prints_the_curve_and_draws_it(cli, calls, tmp_path):
    """Select prints the curve and draws it."""
    result = cli("select", tmp_path / "a.wav")
    rows = [line.split() for line in result.stdout.splitlines()[2:5]]
    assert rows == [["1", "30.0"], ["2", "0.0", "chosen"], ["3", "2.0", "nearly", "as", "good"]]
    assert (tmp_path / "a.selection.png").exists()
    calls.clear()
    assert cli("select", tmp_path / "a.wav").exit_code == 1
    assert calls == []
    document = json.loads(cli("select", tmp_path / "a.wav", "--json", "--no-plot").stdout)
    assert document["selection"]["why_no_more"] == "3 is worse by only 2 nats: listen before you trust 2"
    cli("select", tmp_path / "a.wav", "--no-plot", "--max-speakers", 6)
    text = cli("select", tmp_path / "a.wav", "--no-plot", "--max-speakers", 2).stdout.splitlines()
    assert [line.split()[0] for line in text[2:4]] == ["1", "2"]
    assert text[4].startswith("  number of speakers: 2 by evidence; nearly as good: 3")
    assert [call["config"].clustering.whole_curve for call in calls] == [False, True, True]
    assert document["selection"]["chosen"] == 2
    assert document["selection"]["counts"] == [1, 2, 3]


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if each.read and name != "uem"])
def test_convert_to_every_format_and_back(cli, files, name):
    """Convert to every format and back."""
    there, back = files / f"call{FORMATS[name].suffix}", files / "back.rttm"
    assert cli("convert", files / "hyp.rttm", there).exit_code == 0
    assert cli("convert", there, back).exit_code == 0
    assert back.read_text() == (files / "hyp.rttm").read_text()


def test_convert_keeps_words_and_reports_lost_ones(cli, files):
    """From subtitles into an editor and back; RTTM has no place, which is said."""
    said = Annotation("call", (Turn(0, 6, "Ann", text="Good morning."), Turn(6, 10, "Bob", text="Hello.")))
    write_file(files / "call.srt", said)
    kept = cli("convert", files / "call.srt", files / "call.TextGrid")
    assert (kept.exit_code, kept.stderr) == (0, "")
    assert read_file(files / "call.TextGrid")["call"] == said
    lost = cli("convert", files / "call.TextGrid", files / "call.rttm")
    assert (lost.exit_code, "cannot store words; those of 2 turns" in lost.stderr) == (0, True)


def test_convert_takes_one_recording_out_of_several(cli, files):
    """Convert takes one recording out of several."""
    write_file(files / "both.csv", [TRUTH, OTHER])
    assert "one recording" in cli("convert", files / "both.csv", files / "x.TextGrid").stderr
    words = ["--recording", "other", "--to", "textgrid"]
    assert cli("convert", files / "both.csv", files / "x.tg", *words).exit_code == 0
    assert read_file(files / "x.tg", "textgrid")["x"].speakers == ("Cid",)


def test_synth_writes_sound_truth_and_map_and_the_same_again(cli, tmp_path):
    """Synth writes sound truth and map and the same again."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        words = ["--speakers", 2, "--duration", "0:05", "--n-channels", 2, "--telephone", "--seed", 4]
        result = cli("synth", tmp_path / name / "call.wav", *words)
        assert result.exit_code == 0, result.stderr
    one, two = tmp_path / "one", tmp_path / "two"
    for suffix in ("wav", "rttm", "uem"):
        assert (one / f"call.{suffix}").read_bytes() == (two / f"call.{suffix}").read_bytes()
    header = open_recording(one / "call.wav").header
    assert (header.rate, header.channels, header.frames) == (8000, 2, 40000)
    assert read_uem(one / "call.uem")["call"].tolist() == [[0.0, 5.0]]
    assert set(read_file(one / "call.rttm")["call"].speakers) <= {"voice_00", "voice_01"}
    assert cli("synth", one / "call.wav").exit_code == 1


def test_synth_takes_voices_and_rooms_from_folders(cli, tmp_path):
    """Synth takes voices and rooms from folders."""
    cli("synth", tmp_path / "ann.wav", "--speakers", 1, "--duration", 8)
    (tmp_path / "voices").mkdir()
    (tmp_path / "ann.wav").rename(tmp_path / "voices" / "ann.wav")
    words = ["--voices", tmp_path / "voices", "--rooms", tmp_path / "voices", "--duration", 5]
    assert cli("synth", tmp_path / "x.flac", *words).exit_code == 0
    assert read_file(tmp_path / "x.rttm")["x"].speakers == ("ann",)
    assert cli("synth", tmp_path / "dry.flac", *words[:2], *words[4:]).exit_code == 0
    assert (tmp_path / "dry.flac").read_bytes() != (tmp_path / "x.flac").read_bytes()
    assert "has 1" in cli("synth", tmp_path / "y.flac", *words, "--speakers", 2).stderr


def test_help_names_every_format(cli):
    """Help names every format."""
    for command in ("run", "convert"):
        words = " ".join(cli(command, "--help").stdout.replace(",", " ").split())
        less = {"npz"} if command == "convert" else set()  # turns have no posteriors
        known = set(FORMATS) - less
        assert all(f" {name}" in words for name in known)


def test_every_command_has_help_and_no_command_is_unknown_to_it(cli):
    """Every command has help and no command is unknown to it."""
    for command in ("run", "score", "plot", "select", "convert", "synth", "config"):
        assert command in cli("--help").stdout
        assert cli(command, "--help").exit_code == 0


def test_quiet_commands_print_nothing(cli, files):
    """And write what they write."""
    assert cli("convert", files / "hyp.rttm", files / "x.csv", "--quiet").output == ""
    assert cli("synth", files / "x.wav", "--duration", 5, "--speakers", 1, "--quiet").output == ""
    assert (files / "x.csv").read_text().startswith("recording,")
    assert open_recording(files / "x.wav").duration == 5


def test_a_folder_that_is_not_there_has_no_near_names(cli, files):
    """One line for the file and the folder."""
    result = cli("plot", files / "no" / "such" / "x.rttm")
    assert result.exit_code == 1
    assert result.stderr.endswith("no such file, and no such folder; check the path\n")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0:00"), (59.6, "1:00"), (3599.4, "59:59"), (3599.6, "1:00:00"), (36_125.0, "10:02:05")],
)
def test_lengths_read_like_a_clock(seconds, text):
    """Hours only where there are some."""
    assert format_clock(seconds) == text
