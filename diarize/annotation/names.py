"""Names of recordings and speakers in files, and how two spellings of one name are matched.

Formats with fields separated by blanks write ``my call`` as ``my_call``. Some formats trim names, and some
file systems write ``é`` as two characters. All these spellings mean the same name, so writers and readers
share the one rule in this module.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["as_field", "find_name", "make_distinct", "match_names", "name_key", "replace_surrogates"]

# all kinds of blanks, control characters, and characters that UTF-8 or XML cannot hold
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def replace_surrogates(text: str) -> str:
    """The text with U+FFFD for lone surrogates, which undecodable file names bring and UTF-8 cannot hold."""
    return _SURROGATE.sub("\ufffd", text)


def as_field(name: str) -> str:
    """The name as one field of a line: every run of blanks, control characters and the like becomes ``_``."""
    return _UNSAFE.sub("_", name)


def name_key(name: str) -> str:
    """A key that is the same for all spellings of a name."""
    return unicodedata.normalize("NFC", as_field(name.replace("\ufffd", " ").strip())).strip("_") or "_"


def make_distinct(names: Iterable[str], clean: dict[str, str]) -> dict[str, str]:
    """The ``clean`` forms of names; those that become the same get ``_2``, ``_3`` … in the given order.

    A name that is clean already does not change; an empty one becomes ``_``.
    """
    names = list(names)
    taken = {name for name in names if name == clean[name]}
    used = set(taken)
    safe: dict[str, str] = {}
    for name in names:
        token, count = clean[name] or "_", 1
        while name not in taken and token in used:
            count += 1
            token = f"{clean[name] or '_'}_{count}"
        used.add(token)
        safe[name] = token
    return safe


def find_name(name: str, names: Iterable[str]) -> str | None:
    """The member of ``names`` that equals this name exactly, or else by its key; None for none or several."""
    names = list(names)
    if name in names:
        return name
    same = [each for each in names if name_key(each) == name_key(name)]
    return same[0] if len(same) == 1 else None


def match_names(names: Iterable[str], others: Iterable[str]) -> dict[str, str]:
    """A one-to-one match of ``names`` to ``others``; names without a match are left out.

    Exact matches come first. Then names are matched as a writer of fields would have kept them distinct (``my
    call`` and ``my_call`` in one file become ``my_call_2`` and ``my_call``), then by key where it is unique.
    """
    names, others = list(names), list(others)
    ways = (
        (_as_they_are(names), _as_they_are(others)),
        (_fields(names), _as_they_are(others)),
        (_as_they_are(names), _fields(others)),
        ({each: name_key(each) for each in names}, {each: name_key(each) for each in others}),
    )
    found: dict[str, str] = {}
    for mine, theirs in ways:
        taken = set(found.values())
        free = {each: how for each, how in theirs.items() if each not in taken}
        found |= _pair_names({each: how for each, how in mine.items() if each not in found}, free)
    return {each: found[each] for each in names if each in found}


def _as_they_are(names: Sequence[str]) -> dict[str, str]:
    return {name: name for name in names}


def _fields(names: Sequence[str]) -> dict[str, str]:
    return make_distinct(names, {name: as_field(name) for name in names})


def _pair_names(mine: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    """Pairs of names with the same spelling that is unique on both sides."""
    left, right = Counter(mine.values()), Counter(theirs.values())
    by_form = {form: name for name, form in theirs.items()}
    return {name: by_form[form] for name, form in mine.items() if left[form] == right[form] == 1}
