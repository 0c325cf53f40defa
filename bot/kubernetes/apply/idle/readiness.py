"""Expressions about the readiness of a dependency that look at no object.

https://fluxcd.io/flux/components/kustomize/kustomizations/#dependency-ready-expression
"""

from __future__ import annotations

from typing import Final

from bot.kubernetes.constant_cel import constant_value, names_in

_OBJECTS: Final = frozenset({"self", "dep"})


def is_never_ready(expression: str) -> bool:
    """Return whether an expression looks at no object, and is not certainly true."""
    return not is_certainly_ready(expression) and not names_in(expression) & _OBJECTS


def is_certainly_ready(expression: str) -> bool:
    """Return whether there is no expression, or one that is true whatever the object is."""
    text = expression.strip()
    try:
        return not text or constant_value(text) is True
    except ValueError:
        return False
