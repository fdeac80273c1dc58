"""What the libraries export is documented in the form of numpydoc: parameters, what comes back, errors."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pkgutil import iter_modules

import pytest


def modules_of(room):
    """The modules of a room, for names that other rooms import from them."""
    return [each.name for each in iter_modules(import_module(room).__path__, f"{room}.")]


LIBRARIES = (
    *("diarize", "diarize.annotation", "diarize.audio", "diarize.background", "diarize.batch"),
    *("diarize.clustering", "diarize.config", "diarize.embedding", "diarize.features", "diarize.files"),
    *(
        "diarize.formats",
        "diarize.hmm",
        "diarize.identity",
        "diarize.mixtures",
        "diarize.parts",
        "diarize.pipeline",
    ),
    *(
        "diarize.plots",
        "diarize.report",
        "diarize.results",
        "diarize.scoring",
        "diarize.speech",
        "diarize.synth",
        "diarize.training",
        "diarize.transcripts",
    ),
    *modules_of("diarize.clustering"),
    *modules_of("diarize.embedding"),
    *modules_of("diarize.networks"),
    *modules_of("diarize.resegmentation"),
)
WITH_METHODS = ("Annotation", "Diarization")


def exported(library):
    """The functions that a library exports, and the methods that say more than their names and types."""
    module = import_module(library)
    for name in module.__all__:
        value = inspect.unwrap(getattr(module, name))  # of a cached function, the function
        if inspect.isfunction(value):
            yield value
        elif inspect.isclass(value):
            needs_sections = name in WITH_METHODS
            yield from (each for each in methods(value) if needs_sections or takes_arrays(each))


def methods(value):
    """The functions of a class and of the classes of the package before it, properties left out."""
    for each in (member for kind in value.__mro__ for member in vars(kind).values()):
        function = getattr(each, "__func__", each)  # of class methods and static methods
        if inspect.isfunction(function) and function.__module__.startswith("diarize"):
            yield function


def takes_arrays(function):
    """Whether a parameter is an array, whose shape only the docstring says."""
    return any("Array" in str(each.annotation) for each in inspect.signature(function).parameters.values())


def sections(docstring):
    """Lines of each section of a docstring by its title; what comes before all of them is ''."""
    parts = re.split(r"^(\w+)\n-+$", docstring, flags=re.M)
    return {title: text.strip("\n") for title, text in zip(["", *parts[1::2]], parts[::2], strict=True)}


def gaps(function):
    """What the docstring of a function lacks."""
    found = sections(inspect.getdoc(function) or "")
    rows = re.findall(r"^([*\w, ]+) : ", found.get("Parameters", ""), flags=re.M)
    named = [name.strip().lstrip("*") for row in rows for name in row.split(",")]
    taken = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
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


@pytest.mark.parametrize("library", LIBRARIES)
def test_errors_are_documented(library):
    """Functions and methods that raise an error themselves, or say that they do, have a section for it."""
    module = import_module(library)
    classes = [value for name in module.__all__ if inspect.isclass(value := getattr(module, name))]
    found = {*exported(library), *(each for kind in classes for each in methods(kind))}
    public = {each for each in found if not each.__name__.startswith("_")}
    assert sorted(each.__qualname__ for each in public if hides_errors(each)) == []


def hides_errors(function):
    """Whether errors are raised without a section that names them, or named in prose only."""
    found = sections(inspect.getdoc(function) or "")
    raised = set(re.findall(r"raise (\w+Error)", inspect.getsource(function)))
    named = set(re.findall(r"^(\w+)$", found.get("Raises", ""), flags=re.M))
    return bool(raised - named) or "aises " in found[""]


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
    assert hides_errors(scale)


def test_arrays_and_hidden_errors_are_seen():
    """In a class method, an array, and an error that has no section."""

    class Scale:
        @classmethod
        def of(cls, values: FloatArray) -> Scale:  # noqa: F821 - only its name is read
            """The scale of values."""
            raise ValueError(values)

    of = vars(Scale)["of"].__func__
    assert takes_arrays(of) and gaps(of) == ["values", "Returns"] and hides_errors(of)
