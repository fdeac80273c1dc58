"""librosa without numba and scipy.signal: what a run loads, and that librosa is whole all the same."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from diarize.audio import write
from diarize.types import Waveform

# What costs tenths of a second each and no plain run needs.
NEEDLESS = {
    "diarize.identity",
    "diarize.parts",
    "diarize.pipeline.channels",
    "diarize.report",
    "diarize.synth",
    "diarize.transcripts",
    "http.client",
    "joblib",
    "librosa.beat",
    "librosa.decompose",
    "librosa.display",
    "matplotlib.pyplot",
    "numba",
    "numpy.f2py",
    *(
        f"scipy.{name}"
        for name in ("interpolate", "linalg", "optimize", "signal", "spatial", "special", "stats")
    ),
    "sklearn",
    "urllib.request",
}
RUN = """
import json, sys
from diarize.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def printed(*words):
    """What a fresh interpreter prints, standard output and error."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def loaded(people, tmp_path_factory):
    """The modules that 'diarize run' has loaded when it is done, picture and all."""
    path = tmp_path_factory.mktemp("light") / "short.wav"
    samples = np.concatenate([people[name][0].samples for name in ("voice_00", "voice_01")])
    write(path, Waveform(samples, 16_000, "short"))
    out, err = printed("-c", RUN, "run", str(path), "--quiet")
    assert out == ""
    assert path.with_suffix(".rttm").exists()
    assert path.with_suffix(".png").exists()
    return set(json.loads(err))


def test_a_run_loads_nothing_needless(loaded):
    """Each would be felt before the first second of sound."""
    assert all(find_spec(name) for name in NEEDLESS if name.startswith("diarize."))
    assert loaded & NEEDLESS == set()
    assert {"librosa.feature.spectral", "matplotlib.figure", "diarize.networks.campplus"} <= loaded


WHOLE = """
import sys
import numpy as np
from diarize.lazy_imports import import_librosa

librosa = import_librosa()
assert "numba" not in sys.modules and "scipy.signal" not in sys.modules
assert librosa is import_librosa()
wave = np.float32([0, 1, 0.5, -1, -2, -1, 3, 0])
print(librosa.zero_crossings(wave).tolist())             # guvectorize, stencil
print(librosa.filters.get_window("hann", 4).tolist())    # scipy.signal
print(librosa.util.is_unique(np.array([[1, 2], [3, 3]])).tolist())  # jit
print(librosa.sequence.dtw(wave[:2], wave[:2])[0].tolist())  # scipy.spatial
import scipy.fft, scipy.special
print(scipy.fft.fhtoffset(0.1, mu=2.0) == scipy.fft._fftlog_backend.fhtoffset(0.1, 2.0))  # scipy.special
assert {"numba", "scipy.signal", "scipy.spatial", "scipy.special"} <= set(sys.modules)
assert librosa.cache.memory.location is None
import numba, numpy.f2py
assert numpy.f2py.__file__
assert type(librosa.core.audio._zc_wrapper).__module__.startswith("numba.")
assert librosa.util.utils.numba is numba
"""


def test_what_waited_works_when_it_is_called():
    """Compiled functions, those that they call, and submodules of SciPy come at the first touch."""
    crossings, window, unique, path, offset = printed("-c", WHOLE)[0].splitlines()
    assert json.loads(crossings.lower()) == [True, False, False, True, False, False, True, False]
    assert json.loads(window) == [0, 0.5, 1, 0.5]
    assert json.loads(unique.lower()) == [True, False]
    assert json.loads(path) == [[0, 1], [1, 0]]
    assert offset == "True"


def test_what_is_loaded_already_is_left_alone():
    """Who has numba or scipy.signal gets no stand-in, and librosa's functions compiled as ever."""
    code = "import numba, scipy.signal, sys; before = numba, scipy.signal\n"
    code += "from diarize.lazy_imports import import_librosa; import_librosa()\n"
    code += "import librosa.core.audio as audio, numpy\n"
    code += (
        "print((sys.modules['numba'], sys.modules['scipy.signal']) == before, audio.stencil is numba.stencil)"
    )
    assert printed("-c", code)[0].split() == ["True", "True"]


ALONE = """
import sys
import numpy as np
from diarize.lazy_imports import import_assignment_solver

solve = import_assignment_solver()
assert "scipy.optimize" not in sys.modules
from scipy.optimize import linear_sum_assignment
table = np.random.default_rng(1).normal(size=(7, 5))
print(all((a == b).all() for a, b in zip(solve(table), linear_sum_assignment(table), strict=True)))
import_assignment_solver.cache_clear()
print(import_assignment_solver() is linear_sum_assignment)
"""


def test_the_assignment_is_that_of_scipy():
    """Without the package, with the same answer; where the package is loaded, it is the same function."""
    assert printed("-c", ALONE)[0].split() == ["True", "True"]
