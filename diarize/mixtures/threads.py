"""One thread of algebra: what is worked on in slices that fit the cache is too small to share.

Waiting for another thread costs more than it helps, twice as much where other programs run, too; and sums in
one order give the same bits whatever the number of threads.
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
    """The same function, during which BLAS has one thread."""

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
