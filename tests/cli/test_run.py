"""``diarize run`` around the pipeline: files, tables, JSON, errors and exit codes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from diarize.annotation import Annotation
from diarize.config import Config
from diarize.errors import AudioError
from diarize.formats import read_file


def test_run_writes_rttm_and_picture_beside_the_recording_and_prints_a_table(cli, calls, tmp_path):
    """Run writes RTTM and picture beside the recording and prints a table."""
    result = cli("run", tmp_path / "a b.wav")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert (tmp_path / "a b.rttm").read_text().splitlines()[0] == (
        "SPEAKER a_b 1 0.500 3.500 <NA> <NA> SPEAKER_00 <NA> <NA>"
    )
    assert (tmp_path / "a b.png").read_bytes().startswith(b"\x89PNG")
    assert result.stdout.splitlines()[:5] == [
        "a b.wav: 0:10 long, 0:10 of speech, wide band",
        "  speaker     time   share  turns",
        "  SPEAKER_00  0:04  50.0 %      2",
        "  SPEAKER_01  0:04  50.0 %      1",
        "  number of speakers: 2 by evidence; nearly as good: 3",
    ]
    assert "note: clipped" in result.stdout


def test_output_folder_is_made_and_formats_replace_rttm(cli, calls, tmp_path):
    """Output folder is made and formats replace RTTM."""
    folder = tmp_path / "deep" / "er"
    words = ["--format", "textgrid", "-f", "CSV", "-f", "csv", "--no-plot"]
    assert cli("run", tmp_path / "a.wav", "-o", folder, *words).exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["a.TextGrid", "a.csv"]


def test_json_is_one_document_with_the_documented_keys(cli, calls, tmp_path):
    """JSON is one document with the documented keys."""
    result = cli("run", tmp_path / "a.wav", "--json", "--seed", 7)
    document = json.loads(result.stdout)
    assert set(document) == {"schema", "version", "versions", "config", "config_digest", "recordings"}
    assert document["config"]["seed"] == 7
    (entry,) = document["recordings"]
    assert entry["status"] == "ok"
    assert entry["n_speakers"] == 2
    assert entry["speakers"][0] == {"speaker": "SPEAKER_00", "seconds": 4.0, "share": 0.5, "turns": 2}
    assert entry["selection"]["equivalent"] == [2, 3]
    assert entry["selection"]["values"] == [40.0, 10.0, 12.0]
    assert entry["turns"][0] == {
        "start": 0.5,
        "end": 4.0,
        "speaker": "SPEAKER_00",
        "confidence": 0.97,
        "runner_up": "SPEAKER_01",
    }
    assert entry["files"] == {"rttm": str(tmp_path / "a.rttm"), "picture": str(tmp_path / "a.png")}


def test_a_result_is_repeated_from_its_own_settings(cli, calls, tmp_path):
    """All of them, over the preset and under the options; other places of the document are not looked at."""
    first = cli("run", tmp_path / "a.wav", "--json", "--preset", "telephone", "--seed", 7, "--speakers", 3)
    result = tmp_path / "result.json"
    result.write_text(first.stdout)
    again = cli("run", tmp_path / "a.wav", "--json", "--config", result, "--overwrite")
    assert again.stdout == first.stdout
    cli(
        "run",
        tmp_path / "a.wav",
        "--quiet",
        "--config",
        result,
        "--preset",
        "meeting",
        "--seed",
        8,
        "--overwrite",
    )
    asked = [call["config"] for call in calls]
    assert asked[1] == asked[0] != Config()
    assert asked[2] == replace(asked[0], seed=8)


def test_quiet_prints_nothing_but_errors(cli, calls, tmp_path):
    """Quiet prints nothing but errors."""
    result = cli("run", tmp_path / "a.wav", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert cli("run", tmp_path / "a.wav", "--quiet", "--json").exit_code == 2


def test_one_failure_does_not_stop_the_rest_and_sets_the_exit_code(cli, calls, tmp_path, monkeypatch):
    """One failure does not stop the rest and the exit code tells."""
    from diarize import pipeline

    good = pipeline.diarize

    def sometimes(path, config, **more):
        if path.stem == "bad":
            raise AudioError("bad.wav: the file is empty\n(0 bytes)")
        return good(path, config, **more)

    monkeypatch.setattr("diarize.pipeline.diarize", sometimes)
    result = cli("run", tmp_path / "bad.wav", tmp_path / "good.wav", "--json")
    assert result.exit_code == 1
    assert result.stderr == "error: bad.wav: the file is empty (0 bytes)\n"
    entries = json.loads(result.stdout)["recordings"]
    assert [entry["status"] for entry in entries] == ["failed", "ok"]
    assert "0 bytes" in entries[0]["error"]
    assert not (tmp_path / "bad.rttm").exists()
    assert (tmp_path / "good.rttm").exists()


def test_another_programs_file_is_never_replaced_and_nothing_is_computed(cli, calls, tmp_path):
    """Another program's file is never replaced and nothing is computed."""
    theirs = tmp_path / "out" / "a.rttm"
    theirs.parent.mkdir()
    theirs.write_text("mine\n")
    result = cli("run", tmp_path / "a.wav", "-o", theirs.parent)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {theirs}: exists already")
    assert len(result.stderr.splitlines()) == 1
    assert calls == []
    assert theirs.read_text() == "mine\n"
    assert cli("run", tmp_path / "a.wav", "-o", theirs.parent, "--overwrite").exit_code == 0
    assert theirs.read_text().startswith("SPEAKER a 1")


def test_files_that_are_there_are_refused_before_any_work(cli, calls, tmp_path):
    """A reference of the same name as much as results of an earlier run; --overwrite replaces both."""
    reference = tmp_path / "a.rttm"
    reference.write_text("SPEAKER a 1 0.000 1.000 <NA> <NA> ann <NA> <NA>\n")
    result = cli("run", tmp_path / "a.wav")
    assert (result.exit_code, calls) == (1, [])
    assert "a.rttm: exists already; --overwrite replaces it" in result.stderr
    assert "ann" in reference.read_text()
    assert not (tmp_path / "a.png").exists()
    assert cli("run", tmp_path / "a.wav", "--overwrite").exit_code == 0
    assert read_file(reference)["a"].speakers == ("SPEAKER_00", "SPEAKER_01")
    assert cli("run", tmp_path / "a.wav").exit_code == 1


def test_two_recordings_for_one_result_are_refused_before_any_work(cli, calls, tmp_path):
    """Two recordings for one result are refused before any work."""
    result = cli("run", tmp_path / "x" / "a.wav", tmp_path / "y" / "a.flac", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "two recordings would be written there" in result.stderr
    assert calls == []


def test_options_reach_the_pipeline(cli, calls, tmp_path):
    """Options reach the pipeline."""
    marks = tmp_path / "marks.uem"
    marks.write_text("a 1 1.0 2.0\na 1 1.5 4.0\n")
    words = ["--start", "0:01", "--end", "9.5", "--speech", marks, "--channel", 2, "--speakers", 3]
    assert cli("run", tmp_path / "a.wav", *words).exit_code == 0
    (call,) = calls
    assert (call["start"], call["end"]) == (1.0, 9.5)
    assert call["speech"].tolist() == [[1.0, 4.0]]
    assert call["config"].audio.channel == 2
    assert (call["config"].clustering.min_speakers, call["config"].clustering.max_speakers) == (3, 3)


def test_the_textbook_space_counts_by_bic(cli, calls, tmp_path):
    """Frames are exact points, which have no evidence to weigh."""
    assert cli("run", tmp_path / "a.wav", "--space", "mfcc").exit_code == 0
    assert calls[0]["config"].space.kind == "mfcc"
    assert calls[0]["config"].clustering.criterion == "bic"


def test_a_file_of_speech_for_several_recordings_is_looked_up_by_name(cli, calls, tmp_path):
    """Each gets its own intervals."""
    marks = tmp_path / "marks.uem"
    marks.write_text("b 1 1.0 2.0\na 1 3.0 4.0\n")
    assert cli("run", tmp_path / "a.wav", tmp_path / "b.wav", "--speech", marks).exit_code == 0
    assert [call["speech"].tolist() for call in calls] == [[[3.0, 4.0]], [[1.0, 2.0]]]


def test_a_method_of_speech_activity_is_no_file(cli, calls, tmp_path):
    """A method of speech activity is no file."""
    assert cli("run", tmp_path / "a.wav", "--speech", "energy").exit_code == 0
    assert calls[0]["speech"] is None
    assert calls[0]["config"].speech.method == "energy"


def test_speech_of_other_recordings_is_refused(cli, calls, tmp_path):
    """Speech of other recordings is refused."""
    marks = tmp_path / "marks.uem"
    marks.write_text("b 1 1.0 2.0\nc 1 1.5 4.0\n")
    result = cli("run", tmp_path / "a.wav", "--speech", marks)
    assert result.exit_code == 1
    assert "does not name 'a'" in result.stderr


def test_speech_of_one_recording_serves_another_one_with_a_note_and_no_several(cli, calls, tmp_path):
    """Whether it is a file, which may be called anyhow, or in a folder, which is looked up."""
    (tmp_path / "marks").mkdir()
    marks = tmp_path / "marks" / "b.uem"
    marks.write_text("b 1 1.0 2.0\n")
    alone = cli("run", tmp_path / "a.wav", "--speech", marks)
    assert (alone.exit_code, calls[0]["speech"].tolist()) == (0, [[1.0, 2.0]])
    assert "is about 'b'; used for 'a'" in alone.stderr
    assert cli("run", tmp_path / "a.wav", "--speech", marks, "--quiet", "--overwrite").stderr == ""
    for words in (["a.wav", "b.wav", "--speech", "marks/b.uem"], ["a.wav", "b.wav", "--speech", "marks"]):
        paths = (tmp_path / w if "/" in w or "." in w or w == "marks" else w for w in words)
        result = cli("run", *paths, "--overwrite")
        assert result.exit_code == 1
        assert result.stderr.count("does not name 'a'") == result.stderr.count("error:") == 1
        assert "b.wav" in result.stdout


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--speaker", 3], "--speakers"),
        (["--speakers", 3, "--max-speakers", 4], "leave it out"),
        (["--speakers", 0], "--speakers"),
        (["--min-speakers", 5, "--max-speakers", 4], "at least 5 and at most 4"),
        (["--preset", "telefone"], "did you mean 'telephone'?"),
        (["--format", "rtm"], "did you mean 'rttm'?"),
        (["--space", "mfc"], "did you mean 'mfcc'?"),
        (["--speech", "hnm"], "did you mean 'hmm'?"),
        (["--start", "1:75"], "under 60"),
        (["--start", "soon"], "m:ss"),
        (["--start", 5, "--end", 5], "not after"),
        (["--channel", 0], "--channel"),
        (["--background", "nowhere.npz"], "nowhere.npz"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error_with_a_hint(cli, calls, tmp_path, words, hint):
    """A wrong command line is a usage error with a hint."""
    result = cli("run", tmp_path / "a.wav", *words)
    assert result.exit_code == 2
    assert hint in " ".join(result.stderr.split())
    assert calls == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--config", "{tmp}/setings.toml"], "did you mean settings.toml?"),
        (["--config", "{tmp}/settings.toml"], "unknown setting 'clustering.max_speaker'"),
        (["--speech", "{tmp}/mark.uem"], "did you mean marks.uem?"),
    ],
)
def test_a_wrong_file_is_one_line_and_exit_code_1(cli, calls, tmp_path, words, hint):
    """A wrong file is one line and exit code 1."""
    (tmp_path / "settings.toml").write_text("[clustering]\nmax_speaker = 3\n")
    (tmp_path / "marks.uem").write_text("")
    result = cli("run", "a.wav", *[str(word).format(tmp=tmp_path) for word in words])
    assert result.exit_code == 1
    assert hint in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        ("text.wav", b"this is no sound at all", "not a recording"),
        ("empty.wav", b"", "empty"),
        ("folder.wav", None, "a folder"),
        ("meetin.wav", ..., "did you mean meeting.wav?"),
    ],
)
def test_what_is_no_recording_is_one_line_and_exit_code_1(cli, tmp_path, name, content, hint):
    """What is no recording is one line and exit code 1."""
    (tmp_path / "meeting.wav").write_bytes(b"")
    if content is None:
        (tmp_path / name).mkdir()
    elif content is not ...:
        (tmp_path / name).write_bytes(content)
    result = cli("run", tmp_path / name)
    assert result.exit_code == 1
    assert hint in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / name).with_suffix(".rttm").exists()


def test_a_name_with_a_line_break_stays_on_one_line(cli, tmp_path):
    """A name with a line break stays on one line."""
    result = cli("run", tmp_path / "a\nb.wav")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


def test_the_unforeseen_is_one_line_and_a_trace_only_when_asked(cli, tmp_path, monkeypatch):
    """The unforeseen is one line and a trace only when asked."""

    def diarize(*_, **__):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("diarize.pipeline.diarize", diarize)
    result = cli("run", tmp_path / "a.wav")
    assert result.exit_code == 1
    assert "ZeroDivisionError: division by zero" in result.stderr
    assert "--verbose" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" in cli("run", tmp_path / "a.wav", "--verbose").stderr


def test_ctrl_c_is_one_line_and_130(cli, tmp_path, monkeypatch):
    """Ctrl-C is one line and 130."""

    def diarize(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("diarize.pipeline.diarize", diarize)
    result = cli("run", tmp_path / "a.wav", tmp_path / "b.wav")
    assert result.exit_code == 130
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_recording_without_speech_is_no_error(cli, calls, tmp_path, monkeypatch):
    """A recording without speech is no error."""
    from dataclasses import replace

    from diarize import pipeline

    good = pipeline.diarize
    monkeypatch.setattr(
        "diarize.pipeline.diarize",
        lambda path, config, **more: replace(
            good(path, config, **more), annotation=Annotation(path.stem), notes=("no speech found",)
        ),
    )
    result = cli("run", tmp_path / "a.wav")
    assert result.exit_code == 0
    assert "no speech found" in result.stdout
    assert (tmp_path / "a.rttm").read_text() == ""


def test_verbose_prints_settings_on_stderr(cli, calls, tmp_path):
    """Verbose tells settings on stderr."""
    result = cli("run", tmp_path / "a.wav", "--verbose", "--max-speakers", 4)
    assert "clustering.max_speakers = 4" in result.stderr
    assert "max_speakers" not in result.stdout


def test_posteriors_are_written_on_the_clock_of_the_file(cli, talk, tmp_path):
    """Of a part of a recording, beside the turns that come from them."""
    from diarize.formats import read_posteriors

    words = ["run", talk / "talk.wav", "-o", tmp_path, "--start", 5, "--no-plot", "-f", "npz", "-f", "csv"]
    result = cli(*words)
    assert result.exit_code == 0, result.stderr
    found = read_posteriors(tmp_path / "talk.npz")
    assert (found.recording, found.start) == ("talk", 5.0)
    (annotation,) = read_file(tmp_path / "talk.csv").values()
    assert set(annotation.speakers) == set(found.posteriors.speakers)
    times = found.posteriors.grid.edges() + found.start
    for turn in annotation.turns:
        inside = (times[:-1] >= turn.start - 1e-6) & (times[1:] <= turn.end + 1e-6)
        mean = found.posteriors.values[inside].mean(axis=0)
        assert found.posteriors.speakers[int(mean.argmax())] == turn.speaker
        assert turn.confidence == pytest.approx(mean.max(), abs=1e-3)
    assert cli("convert", tmp_path / "talk.csv", tmp_path / "x.npz").exit_code == 1


def test_words_without_a_transcript_are_refused_before_the_work(cli, calls, tmp_path):
    """By batch, too, which takes none."""
    (tmp_path / "a.wav").touch()
    for words in (["run", tmp_path / "a.wav"], ["batch", tmp_path, "-o", tmp_path / "out"]):
        result = cli(*words, "--format", "ctm")
        assert (result.exit_code, "needs words" in result.stderr) == (2, True)
    assert calls == []
