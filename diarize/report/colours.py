"""Colours of speakers: those of the pictures, and lighter ones for a dark page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diarize import plots

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DARK_PAGE", "colours_on_dark", "colours_on_light", "contrast"]

DARK_PAGE: Final = "#15181d"
"""The background of the page in a dark theme; style.css says the same."""
MIN_CONTRAST: Final = 3.4  # of contrast; WCAG 2.2 asks 3 of anything that is not text
STEP: Final = 0.05  # of white that is mixed in at a time


def colours_on_light(speakers: Sequence[str]) -> list[str]:
    """A colour for each speaker, as in the pictures of ``diarize plot``."""
    return list(plots.speaker_colours(speakers).values())


def colours_on_dark(speakers: Sequence[str]) -> list[str]:
    """The same colours, mixed with white until the contrast to a dark page is sufficient."""
    return [_lighten(colour) for colour in colours_on_light(speakers)]


def _lighten(colour: str) -> str:
    steps = (plots.shade_colour(colour, STEP * i) for i in range(round(1 / STEP) + 1))
    return next(each for each in steps if contrast(each, DARK_PAGE) >= MIN_CONTRAST)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two ``#rrggbb``, 1 to 21 (WCAG 2.2, *contrast ratio* and *relative luminance*)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
