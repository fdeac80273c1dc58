"""Run linear algebra on one thread: slices that fit the cache are too small to share among threads.

Waiting for other threads costs more than it saves, and sums in a fixed order are bit-identical for any number
of threads.
"""

from __future__ import annotations

from functools import cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["on_one_thread"]

Given = ParamSpec("Given")
Found = TypeVar("Found")


def on_one_thread(function: Callable[Given, Found]) -> Callable[Given, Found]:
    """Decorate a function so that BLAS uses one thread during the call."""

    @wraps(function)
    def alone(*args: Given.args, **kwargs: Given.kwargs) -> Found:
        with blas().limit(limits=1):
            return function(*args, **kwargs)

    return alone


@cache
def blas() -> Any:
    """The BLAS libraries that are loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
