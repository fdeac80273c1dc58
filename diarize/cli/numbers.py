"""Options that take a number: the range in words, and the error for another value.

The message of typer depends on its version and contains neither the given nor the largest number.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

__all__ = ["describe_range", "explain_refusal"]

# Names of the types of click in older versions of typer.
CLICK_NUMBERS = {"integer": int, "integer range": int, "float": float, "float range": float}


def describe_range(parameter: Any) -> str:
    """The range of an option, ``1 to 100`` or ``0 or more``; empty without bounds."""
    bounds = parameter if getattr(parameter, "min", None) is not None else getattr(parameter, "type", None)
    low, high = getattr(bounds, "min", None), getattr(bounds, "max", None)
    if low is None:
        return ""
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"


def explain_refusal(parameter: Any, given: object) -> str:
    """The message for a value that an option refuses; empty if the option takes no number."""
    kind = _number_type(parameter)
    if kind is None:
        return ""
    noun = "whole number" if kind is int else "number"
    allowed = describe_range(parameter)
    wanted = f"{noun} {'of' if 'more' in allowed else 'from'} {allowed}" if allowed else noun
    fault = "is not allowed" if _is_number(given, kind) else f"is not a {noun}"
    tail = "" if parameter.required else f", or leave {max(parameter.opts, key=len)} out"
    return f"{str(given)!r} {fault}; give a {wanted}{tail}"


def _number_type(parameter: Any) -> type[int] | type[float] | None:
    """``int`` or ``float``; None for text, and for numbers that the option parses itself, such as times."""
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
