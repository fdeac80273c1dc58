"""One EM iteration, ours and scikit-learn's, side by side: the same data, start and precision, in one run.

    python -m benchmarks.mixtures [--frames 60000] [--threads 1 2] [--components 8 32 128]

Once with a wide start, so that components overlap, and with the truth for a start and clusters apart, where
nearly all responsibilities are next to nothing ("far" and the deviation of their centres). Times are the best
of several alternating runs, so that a busy machine disturbs both alike; read the ratios. The bound is what
the arithmetic alone would take: two products of N K p multiplications and N K exponentials, at the rates of a
square matrix product and of a long np.exp measured in the same run. Memory is the peak of new arrays in one
iteration.
"""

from __future__ import annotations

import argparse
import itertools
import time
import tracemalloc
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from diarize.mixtures.em import FitData, e_step, m_step
from diarize.mixtures.fitting import DEFAULT_REG_COVAR, fit_data
from diarize.mixtures.gaussian import Parameters, covariance_shape, precision_cholesky
from diarize.mixtures.quadratic_design import n_quadratic
from diarize.mixtures.standardize import standardize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FRAMES = 60_000  # ten minutes at a hundred frames a second
DIMS = 20
TARGETS = {"diag": 3.0, "full": 8.0, "tied": 4.0}
APART = (0.0, 2.0, 8.0)  # float32 would have its subnormal shares at 2, float64 at 8
DTYPES = (np.dtype(np.float32), np.dtype(np.float64))
MEMORY_TARGET = 5.0
BOUND_TARGET = 2.0


class Rates(NamedTuple):
    """What this machine does in a second: multiplications and additions of a square product, and
    exponentials.
    """

    flops: float
    exps: float


class Row(NamedTuple):
    """One line of the table: seconds and bytes of each, the bound in seconds, and how far the two
    densities differ.
    """

    name: str
    covariance_type: str
    ours: float
    theirs: float
    bound: float
    our_bytes: int
    their_bytes: int
    difference: float


class Case(NamedTuple):
    """One comparison."""

    n_frames: int
    n_components: int
    covariance_type: str
    dtype: np.dtype[Any]
    apart: float = 0.0  # deviation of the clusters' centres where the start is the truth


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table for every number of threads."""
    options = parse_arguments(arguments)
    for threads in options.threads:
        with threadpool_limits(limits=threads):
            rates = {dtype: measure_rates(dtype) for dtype in DTYPES}
            print(f"\n{threads} BLAS thread(s), N = {options.frames}, D = {DIMS}")
            print(HEADER)
            for n_components, covariance_type in itertools.product(options.components, TARGETS):
                for dtype, apart in itertools.product(DTYPES, APART):
                    # again before every case, and the best so far: on a busy machine one look is not enough
                    rates[dtype] = Rates(*map(max, rates[dtype], measure_rates(dtype)))
                    case = Case(options.frames, n_components, covariance_type, dtype, apart)
                    print(format_row(compare(case, rates[dtype], options.repeat)), flush=True)
            for dtype, rate in rates.items():
                print(f"{dtype}: product {rate.flops / 1e9:.0f} GF/s, exp {rate.exps / 1e9:.2f} G/s")


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description="EM iterations against scikit-learn")
    parser.add_argument("--frames", type=int, default=FRAMES, metavar="N", help=f"points (default {FRAMES})")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--components", type=int, nargs="+", default=[8, 32, 128])
    parser.add_argument("--repeat", type=int, default=3)
    return parser.parse_args(arguments)


def measure_rates(dtype: np.dtype[Any]) -> Rates:
    """Rates of a 1024 x 1024 product and of np.exp on an array that fits the cache."""
    size = 1024
    a = np.random.default_rng(0).random((size, size)).astype(dtype)
    x = -np.linspace(0.0, 20.0, 1 << 15, dtype=dtype)
    out = np.empty_like(x)
    return Rates(2.0 * size**3 / best_of(lambda: a @ a, 7), len(x) / best_of(lambda: np.exp(x, out=out), 200))


def best_of(run: Callable[[], object], repeat: int) -> float:
    """Seconds of the fastest run."""
    return min(time_run(run) for _ in range(repeat))


def time_run(run: Callable[[], object]) -> float:
    """Seconds of one run."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def compare(case: Case, rates: Rates, repeat: int) -> Row:
    """Both iterations timed in turns, then weighed once."""
    x, start = make_problem(case)
    data = fit_data(x, None, case.covariance_type, DEFAULT_REG_COVAR)
    local = standardize(start, data.standardizer)
    ours, theirs = our_iteration(data, local), their_iteration(x, start)
    difference = abs(ours() - theirs())
    pairs = [(time_run(ours), time_run(theirs)) for _ in range(repeat)]
    n_features = DIMS + n_quadratic(case.covariance_type, DIMS) + 1
    work = case.n_frames * case.n_components
    return Row(
        f"K = {case.n_components:3d} {case.dtype}" + f" far {case.apart:.0f}" * bool(case.apart),
        case.covariance_type,
        min(p[0] for p in pairs),
        min(p[1] for p in pairs),
        4.0 * work * n_features / rates.flops + work / rates.exps,
        peak_bytes(ours),
        peak_bytes(theirs),
        difference,
    )


def make_problem(case: Case) -> tuple[np.ndarray, Parameters]:
    """Frames from K clusters and a start: wide, at the first K frames, or the truth where they are apart."""
    rng = np.random.default_rng(0)
    k = case.n_components
    centres = (case.apart or 2.0) * rng.normal(size=(k, DIMS))
    x = (centres[rng.integers(0, k, case.n_frames)] + rng.normal(size=(case.n_frames, DIMS))).astype(
        case.dtype
    )
    shape = covariance_shape(case.covariance_type, k, DIMS)
    width = 1.0 if case.apart else 3.0
    wide = width * np.eye(DIMS) if case.covariance_type in ("full", "tied") else np.float64(width)
    covariances = np.array(np.broadcast_to(wide, shape))
    means = centres if case.apart else x[:k].astype(np.float64)
    return x, Parameters(np.full(k, 1.0 / k), means, covariances, case.covariance_type)


def our_iteration(data: FitData, local: Parameters) -> Callable[[], float]:
    """One E-step and M-step; gives the mean log density of the start."""

    def run() -> float:
        statistics = e_step(data, local)
        m_step(statistics, data, local.covariance_type, DEFAULT_REG_COVAR)
        return statistics.log_likelihood / data.total + data.standardizer.log_det

    return run


def their_iteration(x: np.ndarray, start: Parameters) -> Callable[[], float]:
    """The same with scikit-learn's own steps, from the same parameters in the precision of the data."""
    model = GaussianMixture(len(start.weights), covariance_type=start.covariance_type)
    factors = precision_cholesky(start.covariances, start.covariance_type).astype(x.dtype)

    def run() -> float:
        model.weights_, model.means_ = start.weights.astype(x.dtype), start.means.astype(x.dtype)
        model.covariances_, model.precisions_cholesky_ = start.covariances.astype(x.dtype), factors
        bound, log_responsibilities = model._e_step(x)
        model._m_step(x, log_responsibilities)
        return float(bound)

    return run


def peak_bytes(run: Callable[[], object]) -> int:
    """Most bytes of new arrays alive at once."""
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


HEADER = "case                   kind    ours ms   sklearn  faster x bound  memory  difference"


def format_row(row: Row) -> str:
    """One row, with a mark where a target is missed."""
    faster, over, saved = row.theirs / row.ours, row.ours / row.bound, row.their_bytes / row.our_bytes
    missed = [
        name
        for name, bad in (
            (f"speed under {TARGETS[row.covariance_type]:.0f}", faster < TARGETS[row.covariance_type]),
            (f"over {BOUND_TARGET:.0f} bounds", over > BOUND_TARGET),
            (f"memory under {MEMORY_TARGET:.0f}", saved < MEMORY_TARGET),
        )
        if bad
    ]
    note = f"  missed: {', '.join(missed)}" if missed else ""
    times = f"{1e3 * row.ours:9.1f} {1e3 * row.theirs:9.1f} {faster:7.1f} {over:7.2f}"
    return f"{row.name:22s} {row.covariance_type:5s} {times} {saved:7.1f}  {row.difference:.0e}{note}"


if __name__ == "__main__":
    main()
