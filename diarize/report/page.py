"""The page: a template, a style sheet, a script from ES modules, a block of JSON, and the sound."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from diarize.report.data import build_page_data

if TYPE_CHECKING:
    from diarize.report.model import Report
    from diarize.report.sound import PageSound

__all__ = ["render_page"]

SCRIPTS: Final = (
    "text.js",
    "names.js",
    "writers.js",
    "tiers.js",
    "downloads.js",
    "model.js",
    "said.js",
    "window.js",
    "theme.js",
    "player.js",
    "drawing.js",
    "timeline.js",
    "tables.js",
    "curve.js",
    "difference.js",
    "corrections.js",
    "transcript.js",
    "edits.js",
    "merging.js",
    "keys.js",
    "page.js",
)
"""In the order in which they are put together."""


def render_page(report: Report) -> str:
    """Render the report page. Names and texts of the report are never interpreted as HTML.

    Parameters
    ----------
    report : the content

    Returns
    -------
    The text of an HTML file.

    """
    style, script = _part("style.css"), _script()
    parts = {
        "policy": _policy(style, script, report.sound),
        "title": html.escape(report.annotation.recording),
        "style": style,
        "script": script,
        "data": _embed_json(build_page_data(report)),
        "sound": _base64(report.sound),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _part("page.html"))


@cache
def _part(name: str) -> str:
    return (files("diarize.report") / "page" / name).read_text(encoding="utf-8")


def _script() -> str:
    """The ES modules of page/ as one script without imports and exports, because browsers load no modules
    from disk.
    """
    whole = "".join(map(_part, SCRIPTS))
    return '"use strict";\n' + re.sub(r"^import .*;\n|^export ", "", whole, flags=re.MULTILINE)


def _policy(style: str, script: str, sound: PageSound | None) -> str:
    """Content-Security-Policy: only this style, this script, and sound in the page or in its linked file."""
    media = "blob: file: 'self'" if sound and sound.link else "blob:"
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; media-src {media}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _embed_json(value: dict[str, Any]) -> str:
    """JSON in ASCII without HTML tags or character references."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _base64(sound: PageSound | None) -> str:
    return base64.b64encode(sound.data).decode() if sound and sound.data else ""
