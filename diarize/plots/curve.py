"""A picture of how the number of speakers was chosen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.plots.figure import FAINT, GRID, INK, PALETTE, new_figure

if TYPE_CHECKING:
    from collections.abc import Collection

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]

__all__ = ["plot_selection"]


def plot_selection(
    counts: ArrayLike,
    values: ArrayLike,
    chosen: int,
    equivalents: Collection[int] = (),
    *,
    criterion: str = "BIC",
    title: str | None = None,
) -> Figure:
    """Draw the criterion against the number of speakers, as the distance to the best value, the best on top.

    Parameters
    ----------
    counts : (n,), the numbers of speakers
    values : (n,), the criterion of each in nats, lower is better; values that are not finite are left out
    chosen : the chosen number
    equivalents : nearly equivalent numbers, drawn as open rings
    criterion : its name
    title : text above the picture

    Returns
    -------
    The figure.

    """
    speakers, criteria = np.asarray(counts), np.asarray(values, dtype=np.float64)
    finite = np.isfinite(criteria)
    speakers, above = speakers[finite], criteria[finite] - criteria[finite].min(initial=np.inf)
    figure = new_figure(7, 4.2, layout="constrained")
    axes = figure.add_subplot()
    axes.plot(speakers, above, color=FAINT, linewidth=1.2, marker="o", markersize=4, zorder=2)
    near = np.isin(speakers, [count for count in equivalents if count != chosen])
    _mark(
        axes, speakers[near], above[near], "white", f"nearly as good: {', '.join(map(str, speakers[near]))}"
    )
    taken = speakers == chosen
    _mark(axes, speakers[taken], above[taken], PALETTE[0], f"chosen: {chosen}")
    axes.set_ylabel(f"nats behind the best ({criterion}; square-root scale)")
    _scale(axes, float(above.max(initial=1.0)))
    figure.suptitle(title or "How many speakers", x=0.02, ha="left", fontsize=11, color=INK, parse_math=False)
    if taken.any() or near.any():
        figure.legend(loc="outside upper right", ncols=2, frameon=False, fontsize=9)
    return figure


def _scale(axes: Axes, most: float) -> None:
    """The best on top, on a square-root scale, so that small distances stay visible."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("speakers")
    axes.set_yscale("function", functions=(_root, _square))
    axes.set_yticks(_ticks(most))
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["right", "top"]].set_visible(False)


def _ticks(most: float) -> list[float]:
    """Round numbers from 0 to about the largest distance, roughly even on a square-root scale."""
    unit = 10.0 ** (math.floor(math.log10(most)) - 1)
    return sorted({round(part * most / unit) * unit for part in (0.0, 0.05, 0.2, 0.5, 1.0)})


def _root(nats: Array) -> Array:
    """Signed square roots, because the margin beyond the best is negative."""
    root: Array = np.sign(nats) * np.sqrt(np.abs(nats))
    return root


def _square(root: Array) -> Array:
    nats: Array = np.sign(root) * np.square(root)
    return nats


def _mark(axes: Axes, counts: Array, values: Array, colour: str, label: str) -> None:
    if len(counts):
        axes.scatter(
            counts, values, s=90, color=colour, edgecolor=PALETTE[0], linewidth=1.6, zorder=3, label=label
        )
