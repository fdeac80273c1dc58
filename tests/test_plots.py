"""Pictures: nothing is cut off, nothing overlaps, colours agree, and the same picture is the same bytes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from diarize import plots
from diarize.annotation import Annotation, Turn
from diarize.errors import OutputError
from diarize.plots import timelines
from diarize.types import Waveform


def meeting(seconds, speakers, turns, seed=0):
    """Random turns, some of them overlapping, one name very long."""
    rng = np.random.default_rng(seed)
    names = [
        "the one with the very long name who came late",
        *(f"SPEAKER_{i:02d}" for i in range(1, speakers)),
    ]
    starts = np.sort(rng.uniform(0, 0.95 * seconds, turns))
    rows = [
        Turn(a, min(a + d, seconds), str(rng.choice(names)))
        for a, d in zip(starts, rng.exponential(seconds / turns, turns) + 0.05, strict=True)
    ]
    return Annotation("meeting", tuple(rows))


def texts(figure):
    """Every text with something in it and the box (inches) that it covers."""
    from matplotlib.text import Text

    figure.canvas.draw()
    found = [item for item in figure.findobj(Text) if item.get_text().strip() and item.get_visible()]
    renderer = figure.canvas.get_renderer()
    return [(item.get_text(), item.get_window_extent(renderer)) for item in found]


SIZES = [(20, 1), (20, 20), (120, 4), (3601, 4), (3601, 12), (14400, 4), (14400, 20)]


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "speakers"), SIZES)
@pytest.mark.parametrize("with_reference", [False, True])
def test_no_text_is_cut_off_or_covers_another(seconds, speakers, with_reference):
    """From 20 seconds to 4 hours, from one speaker to twenty, with and without reference."""
    found = meeting(seconds, speakers, min(seconds, 150))
    figure = plots.plot_timeline(found, reference=meeting(seconds, speakers, 50) if with_reference else None)
    boxes = texts(figure)
    picture = figure.bbox
    for text, box in boxes:
        assert picture.x0 <= box.x0, text
        assert box.x1 <= picture.x1, text
        assert picture.y0 <= box.y0, text
        assert box.y1 <= picture.y1, text
    corners = np.array([(box.x0, box.y0, box.x1, box.y1) for _, box in boxes])
    corners[:, 1] += 0.3 * (
        corners[:, 3] - corners[:, 1]
    )  # a box has room for letters that hang below the line
    wide = np.minimum(corners[:, None, 2], corners[None, :, 2]) - np.maximum(
        corners[:, None, 0], corners[None, :, 0]
    )
    high = np.minimum(corners[:, None, 3], corners[None, :, 3]) - np.maximum(
        corners[:, None, 1], corners[None, :, 1]
    )
    covering = (wide > 1) & (high > 1)
    np.fill_diagonal(covering, val=False)
    assert not covering.any(), [(boxes[i][0], boxes[j][0]) for i, j in np.argwhere(covering)]
    assert figure.get_figheight() <= 22


def bars(figure):
    """Colour → seconds drawn in it, over all lines."""
    from matplotlib.collections import PolyCollection

    drawn = {}
    for axes in figure.axes:
        for item in axes.collections:
            if isinstance(item, PolyCollection):
                colour = tuple(np.round(item.get_facecolor()[0], 3))
                widths = [np.ptp(path.vertices[:, 0]) for path in item.get_paths()]
                drawn[colour] = drawn.get(colour, 0.0) + sum(widths)
    return drawn


def test_every_second_is_drawn_however_the_time_wraps():
    """Two speakers over an hour: as many seconds of each colour as they speak."""
    long = Annotation("r", (Turn(10, 1900, "A"), Turn(2000, 3599, "B")))
    figure = plots.plot_timeline(long, duration=3600)
    assert len(figure.axes) > 3
    assert sorted(bars(figure).values()) == pytest.approx([1599, 1890])


def test_mapped_speakers_share_their_colour_and_order():
    """``x`` is B and ``y`` is nobody: three colours, B's for both."""
    reference = Annotation("r", (Turn(0, 4, "A"), Turn(4, 9, "B")))
    found = Annotation("r", (Turn(0, 3, "y"), Turn(4, 11, "x")))
    drawn = bars(plots.plot_timeline(found, reference=reference, mapping={"x": "B"}))
    assert sorted(drawn.values()) == pytest.approx([3, 4, 12])


def test_overlap_has_a_row_of_its_own():
    """Only where there is some."""
    apart = Annotation("r", (Turn(0, 4, "A"), Turn(4, 9, "B")))
    together = Annotation("r", (Turn(0, 5, "A"), Turn(4, 9, "B")))
    assert "overlap" not in [text for text, _ in texts(plots.plot_timeline(apart))]
    assert "overlap" in [text for text, _ in texts(plots.plot_timeline(together))]
    assert sorted(bars(plots.plot_timeline(together)).values()) == pytest.approx([1, 5, 5])


@pytest.mark.parametrize(("duration", "labels"), [(20, "0:10"), (3599, "10:00"), (3600, "0:10:00")])
def test_clock(duration, labels):
    """Minutes and seconds, hours from one hour on."""
    figure = plots.plot_timeline(Annotation("r", (Turn(0, 5, "A"),)), duration=duration)
    assert labels in [text for text, _ in texts(figure)]


def test_empty_annotation_has_a_picture():
    """A recording in which nobody speaks."""
    assert "nobody" in [text for text, _ in texts(plots.plot_timeline(Annotation("r"), duration=30))]
    plots.plot_timeline(Annotation("r"))


@pytest.mark.parametrize(
    "name", ["$x_1^2$", r"$\frac{$", "李雷", "🙂", "a\nb", "\x07", "x" * 500, "%s {0}", "\u202e"]
)
def test_any_name_is_text(tmp_path, name):
    """No formulas, no line breaks, no warnings about missing letters."""
    figure = plots.plot_timeline(Annotation(name, (Turn(0, 1, name),)))
    plots.save(figure, tmp_path / "x.png")


def test_long_names_keep_both_ends():
    """They differ at the end more often than in the middle."""
    names = [f"participant number {i} of the meeting" for i in (1, 2)] + ["李雷和韩梅梅" * 5]
    short = [timelines._shorten(name) for name in names]
    assert short[0].startswith("participant")
    assert short[0].endswith("meeting")
    assert all(timelines._columns(name) <= 22 for name in short)


def test_same_picture_is_the_same_bytes(tmp_path):
    """In another process too, of every kind, without a date."""
    code = (
        "import sys; from diarize import plots; from diarize.annotation import Annotation, Turn;"
        "figure = plots.plot_timeline(Annotation('r', (Turn(0, 5, 'A'), Turn(4, 9, 'B'))));"
        "[plots.save(figure, sys.argv[1] + kind) for kind in plots.KINDS]"
    )
    for name in ("a", "b"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=True)
    for kind in plots.KINDS:
        first, second = ((tmp_path / f"{name}{kind}").read_bytes() for name in "ab")
        assert first == second
        assert len(first) > 1000


def test_pictures_are_not_overwritten_by_accident(tmp_path):
    """And only three kinds are written."""
    figure = plots.plot_timeline(Annotation("r"))
    plots.save(figure, tmp_path / "x.PNG")
    with pytest.raises(OutputError, match="exists already"):
        plots.save(figure, tmp_path / "x.PNG")
    with pytest.raises(OutputError, match=r"one of \.png, \.pdf, \.svg, not '\.gif'"):
        plots.save(figure, tmp_path / "x.gif")


def test_envelope_keeps_the_loudest():
    """One peak in ten thousand samples is seen in its interval."""
    samples = np.zeros(10_000, dtype=np.float32)
    samples[5050] = -0.5
    loud = plots.peak_envelope(Waveform(samples, 8000), points=100)
    assert loud.shape == (100,)
    assert np.flatnonzero(loud).tolist() == [50]
    assert plots.peak_envelope(Waveform(samples[:3], 8000)).shape == (3,)
    figure = plots.plot_timeline(Annotation("r", (Turn(0, 1, "A"),)), loudness=loud, duration=1.25)
    assert len(figure.axes[0].collections) == 2
    plots.plot_timeline(Annotation("r"), loudness=plots.peak_envelope(Waveform(np.zeros(0), 8000)))


def test_a_part_of_a_recording_is_drawn_where_it_is():
    """From its first second to its last, with shares of the talk; sound that ends before is not drawn out."""
    part = Annotation("r", (Turn(70, 85, "A"), Turn(85, 90, "B")))
    figure = plots.plot_timeline(part, start=70.0, duration=40.0, loudness=np.ones(100))
    axes = figure.axes[0]
    assert axes.get_xlim() == (70, 110)
    labels = [text for text, _ in texts(figure)]
    assert "0:40" in labels
    assert "0:15  75 %" in labels
    assert "1:15" in labels
    short = plots.plot_timeline(part, start=70.0, duration=10.0, loudness=np.ones(100)).axes[0]
    assert short.get_xlim() == (70, 90)
    heard = next(each for each in short.collections if each.get_facecolor()[0][0] > 0.6)
    assert heard.get_datalim(short.transData).x1 < 80


def test_selection_curve_marks_what_was_chosen_and_what_is_as_good():
    """Counts whose fit failed are left out; a count chosen against the criterion is marked all the same."""
    figure = plots.plot_selection([1, 2, 3, 4], [900, 500, 502, np.nan], 3, [2, 3])
    labels = [text for text, _ in texts(figure)]
    assert "chosen: 3" in labels
    assert "nearly as good: 2" in labels
    assert figure.axes[0].lines[0].get_ydata().tolist() == [400, 0, 2]
    axes = figure.axes[0]
    heights = axes.transData.transform([(1, each) for each in (0.0, 100.0, 400.0)])[:, 1]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2])  # a square-root scale
    assert 0 in axes.get_yticks()
    plots.plot_selection([], [], 2)


@pytest.mark.slow
def test_matplotlib_waits_for_the_first_picture():
    """Importing the module imports no matplotlib, and pictures never touch pyplot."""
    code = (
        "import sys, diarize.plots as plots; assert 'matplotlib' not in sys.modules;"
        "from diarize.annotation import Annotation; plots.plot_timeline(Annotation('r'));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
