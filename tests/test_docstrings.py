"""What the libraries export is documented in the form of numpydoc: parameters, what comes back, errors."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest

LIBRARIES = (
    *("diarize", "diarize.annotation", "diarize.batch", "diarize.config", "diarize.files", "diarize.formats"),
    *("diarize.hmm", "diarize.identity", "diarize.mixtures", "diarize.results", "diarize.scoring"),
    *("diarize.synth", "diarize.transcripts"),
)
WITH_METHODS = ("Annotation", "Diarization")


def exported(library):
    """The functions that a library exports, and the methods of the values that a caller gets from it."""
    module = import_module(library)
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isfunction(value):
            yield value
        elif name in WITH_METHODS:
            yield from (each for each in vars(value).values() if inspect.isfunction(each))


def sections(docstring):
    """Lines of each section of a docstring by its title; what comes before all of them is ''."""
    parts = re.split(r"^(\w+)\n-+$", docstring, flags=re.M)
    return {title: text.strip("\n") for title, text in zip(["", *parts[1::2]], parts[::2], strict=True)}


def gaps(function):
    """What the docstring of a function lacks."""
    found = sections(inspect.getdoc(function) or "")
    rows = re.findall(r"^([*\w, ]+) : ", found.get("Parameters", ""), flags=re.M)
    named = [name.strip().lstrip("*") for row in rows for name in row.split(",")]
    taken = [name for name in inspect.signature(function).parameters if name != "self"]
    lacks = [name for name in taken if name not in named]
    lacks += [f"{name}, which is no parameter" for name in named if name not in taken]
    if taken and inspect.signature(function).return_annotation != "None" and "Returns" not in found:
        lacks.append("Returns")
    if re.search(r"[Rr]aises [A-Z]", found[""]):
        lacks.append("Raises")
    return lacks


@pytest.mark.parametrize("library", LIBRARIES)
def test_exported_functions_are_documented(library):
    """Every parameter by name, what is returned, and errors in a section of their own."""
    wanting = {
        each.__qualname__: gaps(each) for each in exported(library) if not each.__name__.startswith("_")
    }
    assert {name: lacks for name, lacks in wanting.items() if lacks} == {}


def test_gaps_are_seen():
    """A parameter without a line, a line without a parameter, and two sections that are only prose."""

    def scale(x: float, y: float) -> float:
        """Scale x. Raises ValueError for nothing.

        Parameters
        ----------
        x, z : numbers
        """
        return x * y

    assert gaps(scale) == ["y", "z, which is no parameter", "Returns", "Raises"]
