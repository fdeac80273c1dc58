"""A runner, short recordings, and a pipeline that answers at once for tests of what surrounds it."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from diarize import synth
from diarize.annotation import Annotation, Turn
from diarize.audio import write
from diarize.cli.app import app
from diarize.clustering import Clustering
from diarize.config import Config
from diarize.formats import write_file
from diarize.pipeline import Diarization
from diarize.types import FrameGrid, Posteriors, SpeechMask

GRID = FrameGrid(16_000, 160, 400, -120, 1000)  # ten seconds
TURNS = (
    Turn(0.5, 4.0, "SPEAKER_00", 0.97, "SPEAKER_01"),
    Turn(4.0, 8.0, "SPEAKER_01", 0.9),
    Turn(8.5, 9.0, "SPEAKER_00"),
)


@pytest.fixture
def cli():
    """Invokes the program in this process; its answer has exit_code, stdout and stderr."""
    runner = CliRunner()

    def invoked(*words):
        result = runner.invoke(app, [str(word) for word in words], prog_name="diarize")
        assert "Traceback" not in result.output or "--verbose" in words, result.output
        return result

    return invoked


def found(name: str, config: Config) -> Diarization:
    """A result as the pipeline gives it: two speakers in ten seconds."""
    values = np.zeros((GRID.n_frames, 2), np.float32)
    values[:, 0] = 1
    return Diarization(
        annotation=Annotation(name, TURNS),
        posteriors=Posteriors(values, GRID, ("SPEAKER_00", "SPEAKER_01")),
        clustering=Clustering(
            "evidence",
            (1, 2, 3),
            (40.0, 10.0, 12.0),
            2,
            (2, 3),
            tuple(np.full((5, k), 1 / k) for k in (1, 2, 3)),
        ),
        speech=SpeechMask(np.ones(GRID.n_frames, bool), GRID),
        band="wide",
        duration=10.0,
        notes=("clipped: 3.1 % of samples",),
        config=config,
        versions={"python": "3"},
    )


@pytest.fixture
def calls(monkeypatch):
    """The pipeline answers ``found`` for every file; this is what it was called with."""
    heard = []

    def diarize(path, config, **more):
        heard.append({"path": path, "config": config, **more})
        return found(path.stem, config)

    monkeypatch.setattr("diarize.pipeline.diarize", diarize)
    return heard


@pytest.fixture(scope="session")
def talk(tmp_path_factory):
    """A folder with talk.wav, fifteen seconds of two voices of pure signal, and talk.truth.rttm."""
    folder = tmp_path_factory.mktemp("talk")
    config = synth.SynthConfig(duration=15.0, snr=40.0, overlap_probability=0.0)
    waveform, annotation = synth.simulate_conversation(
        synth.synthesize_voices(2, seed=3), config, seed=3, recording="talk"
    )
    write(folder / "talk.wav", waveform)
    write_file(folder / "talk.truth.rttm", annotation, "rttm")
    return folder
