"""A timeline of who spoke when: one row per speaker, long recordings wrapped into several lines."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.annotation.statistics import speaking_shares
from diarize.intervals import intersect, union
from diarize.plots.figure import FAINT, GRID, INK, font_families, new_figure, speaker_colours
from diarize.scoring.cells import overlap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from diarize.annotation import Annotation
    from diarize.types import Waveform

    Array = NDArray[Any]

__all__ = ["peak_envelope", "plot_timeline"]

_WIDTH = 14.0  # of the picture
_MARGIN = 0.15  # around everything
_TITLE = 0.5  # above the first line of time
_AXIS = 0.36  # below a line of time, for its tick labels
_NAME_COLUMNS = 22  # a longer name is shortened in the middle
_LINES = (120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 14400, 43200, 86400)  # seconds a line may hold
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MAX_ROWS = 110  # over all lines of a picture, if possible
_STUB = 0.08  # of a line: a shorter remainder is squeezed into the other lines


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a line: its name, its intervals (n, 2) in seconds, its colour, and its height in rows."""

    name: str
    spans: Array
    colour: str
    height: float = 1.0
    heading: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Layout in inches and seconds: ``start`` and ``duration`` of the drawn part and of its loudness,
    ``line`` seconds per line, ``row`` and ``height`` inches per row and line, ``left`` and ``right`` inches
    of margin, ``font`` points.
    """

    start: float
    duration: float
    heard: float
    line: float
    row: float
    left: float
    right: float
    height: float
    font: float

    @property
    def lines(self) -> int:
        return max(1, int(np.ceil(self.duration / self.line - 1e-9)))


def plot_timeline(
    annotation: Annotation,
    *,
    reference: Annotation | None = None,
    mapping: Mapping[str, str] | None = None,
    loudness: ArrayLike | None = None,
    start: float = 0.0,
    duration: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draw who spoke when: one row per speaker, time wrapped into lines for long recordings.

    A dark row shows overlapping speech.

    Parameters
    ----------
    annotation : the turns
    reference : other turns, drawn above
    mapping : hypothesis speaker → reference speaker, from ``scoring.score``; matched speakers get the same
        colour
    loudness : (n,), at least 0, evenly spaced over the recording (see ``peak_envelope``), drawn above
    start : second at which the picture begins
    duration : its length in seconds, at least to the end of the last turn, which is the default
    title : text above the picture; the name of the recording unless given

    Returns
    -------
    The figure.

    """
    length = _length(annotation, reference, duration, start)
    heard = length if duration is None else duration
    rows = _rows(annotation, reference, mapping or {}, length)
    layout = _layout(rows, (start, length, heard), loud=loudness is not None)
    figure = new_figure(_WIDTH, _TITLE + layout.lines * layout.height + _MARGIN)
    _write_title(figure, title or annotation.recording, layout)
    for number in range(layout.lines):
        axes = _line_axes(figure, layout, number)
        _draw_line(
            axes, rows, layout, number, None if loudness is None else np.asarray(loudness, dtype=float)
        )
    return figure


def peak_envelope(waveform: Waveform, points: int = 8000) -> Array:
    """Compute the peak in each of a number of equal intervals.

    Parameters
    ----------
    waveform : the sound
    points : largest number of intervals

    Returns
    -------
    Float32 (n,), 0 to 1.

    """
    n = min(points, waveform.samples.size)
    starts = np.linspace(0, waveform.samples.size, n, endpoint=False).astype(np.int64)
    loudest: Array = np.maximum.reduceat(np.abs(waveform.samples), starts) if n else np.zeros(0, np.float32)
    return loudest


def _length(
    annotation: Annotation, reference: Annotation | None, duration: float | None, start: float
) -> float:
    ends = [turn.end - start for each in (annotation, reference) if each for turn in each.turns]
    return max([*ends, duration or 0.0]) or 1.0


def _rows(
    annotation: Annotation, reference: Annotation | None, mapping: Mapping[str, str], length: float
) -> list[_Row]:
    if reference is None:
        alone = _block(annotation, annotation.speakers, speaker_colours(annotation.speakers), length)
        return alone or [_Row("nobody", np.empty((0, 2)), FAINT)]
    partner = {name: place for place, name in enumerate(reference.speakers)}
    ordered = sorted(annotation.speakers, key=lambda name: partner.get(mapping.get(name, ""), len(partner)))
    strangers = [name for name in ordered if mapping.get(name) not in partner]
    colours = speaker_colours((*reference.speakers, *(f"\0{name}" for name in strangers)))
    found = {name: colours.get(mapping.get(name, ""), colours.get(f"\0{name}", FAINT)) for name in ordered}
    return [
        _Row("reference", np.empty((0, 2)), INK, 1.15, heading=True),
        *_block(reference, reference.speakers, colours, length),
        _Row("found", np.empty((0, 2)), INK, 1.15, heading=True),
        *_block(annotation, ordered, found, length),
    ]


def _block(
    annotation: Annotation, speakers: Sequence[str], colours: Mapping[str, str], length: float
) -> list[_Row]:
    rows = []
    spoken = {each["speaker"]: each for each in speaking_shares(annotation)}
    for name in speakers:
        note = f"{_clock(spoken[name]['seconds'], length)}  {100 * spoken[name]['share']:.0f} %"
        rows.append(_Row(_shorten(name), union(annotation.intervals(name)), colours[name], note=note))
    together = overlap(annotation)
    return [*rows, _Row("overlap", together, INK, 0.55)] if len(together) else rows


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _shorten(name: str) -> str:
    """Shorten a name to one printable line; it is cut in the middle, where names differ least."""
    text = _printable(name).strip() or "?"
    if _columns(text) <= _NAME_COLUMNS:
        return text
    half = _NAME_COLUMNS // 2
    head = next(text[:n] for n in range(len(text), -1, -1) if _columns(text[:n]) <= half)
    tail = next(text[n:] for n in range(len(text) + 1) if _columns(text[n:]) < half)
    return f"{head}…{tail}"


def _layout(rows: Sequence[_Row], times: tuple[float, float, float], *, loud: bool) -> _Layout:
    length = times[1]
    tall = sum(row.height for row in rows) + 2 * loud
    most = int(np.clip(_MAX_ROWS // (tall + 2.5), 3, 12))
    line = length if length <= 150 else next((s for s in _LINES if length <= (most + _STUB) * s), length)
    lines = max(1, np.ceil(length / line - _STUB))
    row = float(np.clip(min(4.2, 14.0 / lines) / max(tall, 1), 0.115, 0.42))
    font = float(np.clip(row * 72 * 0.62, 5.5, 9.5))
    widest = max((_columns(each.name) for each in rows), default=0)
    notes = max((len(each.note) for each in rows), default=0)
    inch = font * 0.62 / 72
    return _Layout(
        *times,
        max(float(line), length / lines),
        row,
        _MARGIN + 0.12 + widest * inch,
        _MARGIN + 0.15 + notes * inch,
        tall * row + _AXIS,
        font,
    )


def _write_title(figure: Figure, title: str, layout: _Layout) -> None:
    text = title if len(title) <= 100 else f"{title[:60]}…{title[-39:]}"
    level = 1 - _TITLE / 2 / figure.get_figheight()
    style: dict[str, Any] = {"va": "center", "fontfamily": font_families(), "parse_math": False}
    figure.text(_MARGIN / _WIDTH, level, _printable(text), fontsize=11, color=INK, **style)
    length = _clock(layout.duration, layout.duration)
    figure.text(1 - _MARGIN / _WIDTH, level, length, fontsize=9, color=FAINT, ha="right", **style)


def _line_axes(figure: Figure, layout: _Layout, number: int) -> Axes:
    """Axes of one line of time, at the scale of all lines."""
    total = figure.get_figheight()
    begin, end = number * layout.line, min((number + 1) * layout.line, layout.duration)
    bottom = total - _TITLE - (number + 1) * layout.height + _AXIS
    width = (_WIDTH - layout.left - layout.right) * (end - begin) / layout.line
    inches = (layout.left / _WIDTH, bottom / total, width / _WIDTH, (layout.height - _AXIS) / total)
    axes = figure.add_axes(inches)
    axes.set_xlim(layout.start + begin, layout.start + end)
    axes.set_ylim((layout.height - _AXIS) / layout.row, 0)
    return axes


def _draw_line(
    axes: Axes, rows: Sequence[_Row], layout: _Layout, number: int, loudness: Array | None
) -> None:
    _draw_clock(axes, layout)
    if loudness is not None and len(loudness):
        _draw_loudness(axes, loudness, layout)
    depth = 0.0 if loudness is None else 2.0
    for row in rows:
        _draw_row(axes, row, depth)
        _write_row(axes, row, depth, layout, notes=number == 0)
        depth += row.height


def _draw_row(axes: Axes, row: _Row, depth: float) -> None:
    spans = intersect(row.spans, [axes.get_xlim()])
    middle, tall = depth + row.height / 2, 0.78 * row.height
    if not row.heading:
        axes.axhline(middle, color=GRID, linewidth=0.5, zorder=0.5)
    if len(spans):
        pieces = [(float(start), float(end - start)) for start, end in spans]
        # the edge keeps very short turns visible
        style: dict[str, Any] = {"facecolor": row.colour, "edgecolor": row.colour, "linewidth": 0.35}
        axes.broken_barh(pieces, (middle - tall / 2, tall), **style)


def _write_row(axes: Axes, row: _Row, depth: float, layout: _Layout, *, notes: bool) -> None:
    start, end = axes.get_xlim()
    middle = depth + row.height / 2 + 0.1 * row.heading
    style: dict[str, Any] = {
        "va": "center_baseline",
        "fontfamily": font_families(),
        "parse_math": False,
        "textcoords": "offset points",
        "fontsize": layout.font * (0.88 if row.height < 1 else 1),
    }
    weight, ink = "bold" if row.heading else "normal", FAINT if row.height < 1 else INK
    axes.annotate(row.name, (start, middle), (-6, 0), ha="right", color=ink, fontweight=weight, **style)
    if notes and row.note:
        axes.annotate(row.note, (end, middle), (6, 0), color=FAINT, **style)


def _draw_loudness(axes: Axes, loudness: Array, layout: _Layout) -> None:
    start, end = axes.get_xlim()
    edges = layout.start + np.linspace(0, layout.heard, len(loudness) + 1)
    times = (edges[:-1] + edges[1:]) / 2
    here = (times >= start) & (times <= end)
    loudest = float(np.quantile(loudness, 0.999)) or 1.0
    heights = 0.85 * np.clip(loudness[here] / loudest, 0, 1)
    axes.fill_between(times[here], 1 - heights, 1 + heights, color="#b5b5b5", linewidth=0)


def _draw_clock(axes: Axes, layout: _Layout) -> None:
    start, end = axes.get_xlim()
    step = next((s for s in _TICKS if layout.line / s <= 13), _TICKS[-1])
    ticks = np.arange(np.ceil(start / step - 1e-9), np.floor(end / step + 1e-9) + 1) * step
    axes.set_xticks(ticks, [_clock(tick, layout.start + layout.duration) for tick in ticks])
    axes.set_yticks([])
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", labelsize=8, colors=FAINT, length=3, width=0.6)
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.spines["bottom"].set_color("#b0b0b0")


def _clock(seconds: float, length: float) -> str:
    """``m:ss``, or ``h:mm:ss`` where the recording is an hour or longer."""
    whole = int(seconds + 0.5)
    if length >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"
