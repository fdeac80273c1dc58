"""Options that take a number: what it may be, in words, and why one was refused.

Typer's own sentence depends on its version and names neither what was given nor the largest number.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

__all__ = ["allowed_range", "why_refused"]

# What older versions of typer call the types of click.
CLICK_NUMBERS = {"integer": int, "integer range": int, "float": float, "float range": float}


def allowed_range(parameter: Any) -> str:
    """The least and the largest number of an option, ``1 to 100`` or ``0 or more``; empty without bounds."""
    bounds = parameter if getattr(parameter, "min", None) is not None else getattr(parameter, "type", None)
    low, high = getattr(bounds, "min", None), getattr(bounds, "max", None)
    if low is None:
        return ""
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"


def why_refused(parameter: Any, given: object) -> str:
    """One sentence on a value that an option does not take; empty where the option takes no plain number."""
    kind = _number_type(parameter)
    if kind is None:
        return ""
    noun = "whole number" if kind is int else "number"
    allowed = allowed_range(parameter)
    wanted = f"{noun} {'of' if 'more' in allowed else 'from'} {allowed}" if allowed else noun
    fault = "is not allowed" if _is_number(given, kind) else f"is not a {noun}"
    tail = "" if parameter.required else f", or leave {max(parameter.opts, key=len)} out"
    return f"{str(given)!r} {fault}; give a {wanted}{tail}"


def _number_type(parameter: Any) -> type[int] | type[float] | None:
    """``int`` or ``float``; None for text, and for numbers that the option reads in its own way, as times."""
    declared = getattr(parameter, "type_descriptor", None)
    if declared is None:
        return CLICK_NUMBERS.get(getattr(parameter.type, "name", ""))
    known = declared.annotation in (int, float) and not declared.parameter_info.parser
    return declared.annotation if known else None


def _is_number(given: object, kind: type[int] | type[float]) -> bool:
    try:
        return isfinite(kind(str(given)))
    except ValueError:
        return False
