"""JSON with complete results: documents of ``diarize.results``; docs/formats.md has the schema.

Source: RFC 8259.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarize.results import Document, Result, parse_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Annotation

__all__ = ["read", "write"]


def read(text: str, source: str = "text.json") -> dict[str, Annotation]:
    """Annotations by recording. Raises FormatError, naming the line or the place, for any other JSON."""
    return parse_document(text, source).annotations


def write(annotations: Sequence[Annotation], known: Document | None = None) -> str:
    """The text of a file; turns that vanish in the rounding are left out.

    ``known``: other results of the recordings, in the order of ``annotations``, whose turns are used.
    """
    return (known or Document(tuple(map(Result, annotations)))).with_annotations(annotations).to_json()
