"""Import librosa, and one function of SciPy, without the modules that a run does not use.

Importing librosa imports numba and most of SciPy and loads some twenty compiled functions, which takes two to
three seconds. Here these modules are replaced by lazy stand-ins while librosa is imported. A stand-in imports
the real module at the first attribute access, so librosa works as usual, also for other code in the process,
and unused modules are never imported.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import lru_cache, partial, update_wrapper
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["import_assignment_solver", "import_librosa"]

NEEDED_MODULES: Final = ("core.audio", "core.spectrum", "feature.inverse", "feature.spectral", "filters")
"""Modules of librosa that a run needs."""
DEFERRED_MODULES: Final = (
    "librosa.sequence",
    "numpy.f2py",
    "resampy",
    "samplerate",
    *(f"scipy.{name}" for name in ("interpolate", "ndimage", "optimize", "signal")),
)
"""What these import and touch only in functions that a run does not call; and numba and scipy.special."""


@lru_cache(maxsize=1)
def import_librosa() -> ModuleType:
    """The package librosa, with its modules for cepstra and resampling loaded."""
    stand_ins: list[ModuleType] = [*map(_LazyModule, DEFERRED_MODULES), _LazyNumba("numba")]
    stand_ins.append(_LazyFunctions("scipy.special"))
    if "LIBROSA_CACHE_DIR" not in os.environ:
        stand_ins.append(_NoCache("librosa._cache"))
    with _install_stand_ins(*stand_ins):
        for name in NEEDED_MODULES:
            import_module(f"librosa.{name}")
    return import_module("librosa")


@lru_cache(maxsize=1)
def import_assignment_solver() -> Callable[..., Any]:
    """``scipy.optimize.linear_sum_assignment``, if possible without importing the rest of scipy.optimize.

    The function is a compiled module by itself. Importing its package takes a third of a second.
    """
    package = None if "scipy.optimize" in sys.modules else find_spec("scipy.optimize")
    name = "scipy.optimize._lsap"
    spec = package and PathFinder.find_spec(name, package.submodule_search_locations)
    solver: Any = None
    if spec and spec.loader:
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        solver = getattr(module, "linear_sum_assignment", None)
    found: Callable[..., Any] = solver or import_module("scipy.optimize").linear_sum_assignment
    return found


@contextmanager
def _install_stand_ins(*modules: ModuleType) -> Iterator[None]:
    """Put stand-ins for ``modules`` into sys.modules, unless they are imported already."""
    absent = {module.__name__: module for module in modules if module.__name__ not in sys.modules}
    sys.modules.update(absent)
    numpy = vars(import_module("numpy"))
    if "numpy.f2py" in absent:  # "import numpy.f2py as f2py" looks at the package first
        numpy["f2py"] = absent["numpy.f2py"]
    try:
        yield
    finally:
        for name, module in absent.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
        if numpy.get("f2py") is absent.get("numpy.f2py"):
            numpy.pop("f2py", None)


class _LazyModule(ModuleType):
    """A module that is imported at the first attribute access."""

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":  # which "from numba import jit" looks for
            raise AttributeError(name)
        return getattr(self.import_now(), name)

    def import_now(self) -> ModuleType:
        """The real module."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return import_module(self.__name__)


class _LazyFunctions(_LazyModule):
    """A module whose functions are imported when they are called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args: Any, **options: Any) -> Any:
            return getattr(self.import_now(), name)(*args, **options)

        return call


class _NoCache(ModuleType):
    """librosa's decorators for a cache on disk as they are without a folder for it, and without joblib."""

    @staticmethod
    def cache(level: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """The decorator that returns the function itself."""
        return lambda function: function


class _LazyNumba(_LazyModule):
    """numba with decorators that compile at the first call."""

    def __getattr__(self, name: str) -> Any:
        if name in {"jit", "stencil", "vectorize", "guvectorize"}:
            return partial(self._defer, name)
        return super().__getattr__(name)

    def _defer(self, decorator: str, *args: Any, **options: Any) -> Any:
        """A deferred decorator of numba, with or without arguments."""

        def numbas() -> Any:
            return getattr(self.import_now(), decorator)

        if len(args) == 1 and callable(args[0]):
            return _LazyFunction(args[0], numbas)
        return lambda function: _LazyFunction(function, lambda: numbas()(*args, **options))


class _LazyFunction:
    """A function that is compiled at first use, together with all functions of its module, because compiled
    functions may only call compiled functions.
    """

    def __init__(self, function: Callable[..., Any], decorator: Callable[[], Any]) -> None:
        update_wrapper(self, function)
        self._function, self._decorator = function, decorator

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._compile()(*args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compile(), name)

    def _compile(self) -> Any:
        """The compiled function, which replaces this object in the module."""
        names = self._function.__globals__
        for name, value in list(names.items()):
            if isinstance(value, _LazyNumba):
                names[name] = value.import_now()
            elif isinstance(value, _LazyFunction):
                names[name] = value._decorator()(value._function)
        return names[self._function.__name__]
