"""New figures, colours and fonts, and saving.

Matplotlib is imported with the first picture and used through its object interface: no pyplot, no window, no
global state. Sizes are in inches, at 150 dots per inch.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diarize.errors import OutputError
from diarize.files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

__all__ = [
    "FAINT",
    "GRID",
    "INK",
    "KINDS",
    "PALETTE",
    "font_families",
    "new_figure",
    "save",
    "shade_colour",
    "speaker_colours",
    "to_png",
]

KINDS = (".png", ".pdf", ".svg")
"""Suffixes that ``save`` knows."""

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7F7F7F")
# Okabe & Ito (2008), *Color Universal Design*: distinct for all common kinds of colour vision. Yellow is left
# out (too pale on white) and black is grey here. After the last colour the palette repeats darker, then
# lighter.
_ROUNDS = (0.0, -0.4, 0.45)

INK, FAINT, GRID = "#222222", "#6b6b6b", "#e3e3e3"
_DPI = 150


def new_figure(width: float, height: float, **more: Any) -> Figure:
    """An empty figure of this size in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, facecolor="white", **more)
    FigureCanvasAgg(figure)
    return figure


def speaker_colours(speakers: Sequence[str]) -> dict[str, str]:
    """Choose a colour for each speaker, in the order of the palette.

    Parameters
    ----------
    speakers : the names

    Returns
    -------
    ``#rrggbb`` by name.

    """
    n = len(PALETTE)
    shades = [(PALETTE[i % n], _ROUNDS[(i // n) % len(_ROUNDS)]) for i in range(len(speakers))]
    return {name: shade_colour(*shade) for name, shade in zip(speakers, shades, strict=True)}


def shade_colour(colour: str, amount: float) -> str:
    """Mix a colour with black or white.

    Parameters
    ----------
    colour : ``#rrggbb``
    amount : share of black (below 0) or of white (above 0), −1 to 1

    Returns
    -------
    ``#rrggbb``.

    """
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    goal = 255 if amount > 0 else 0
    return "#" + "".join(f"{round(part + (goal - part) * abs(amount)):02x}" for part in parts)


def font_families() -> list[str]:
    """Font families in order: matplotlib's default, then installed common fonts with more scripts."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    wider = ("Noto Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Arial Unicode MS")
    return ["DejaVu Sans", *(name for name in wider if name in installed)]


def save(figure: Figure, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a picture atomically, as PNG, PDF or SVG by its suffix.

    Parameters
    ----------
    figure : the picture
    path : the file to write
    overwrite : replace the file if it exists

    Returns
    -------
    The path.

    Raises
    ------
    OutputError
        For another suffix, when the file exists and ``overwrite`` is false, or when it cannot be written.

    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise OutputError(f"{path}: a picture is one of {', '.join(KINDS)}, not {kind!r}; change the suffix")
    return write_bytes(path, to_png(figure, kind), overwrite=overwrite)


def to_png(figure: Figure, kind: str = ".png") -> bytes:
    """Convert a picture to the bytes of a file, without a date, so that equal pictures give equal bytes.

    Parameters
    ----------
    figure : the picture
    kind : .png, .pdf or .svg

    Returns
    -------
    The bytes.

    """
    import matplotlib as mpl

    dateless: dict[str, dict[str, Any]] = {
        ".png": {"Software": None},
        ".pdf": {"CreationDate": None, "Producer": None, "Creator": None},
        ".svg": {"Date": None, "Creator": None},
    }
    data = io.BytesIO()
    with warnings.catch_warnings(), mpl.rc_context({"svg.hashsalt": "diarize"}):
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(data, format=kind[1:], metadata=dateless[kind])
    return data.getvalue()
