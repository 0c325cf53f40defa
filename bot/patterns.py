"""`pattern`: a regular expression that is compiled when it is first used.

The modules of a review have some hundred and forty, of which most reviews use a few. Compiling
them when they are imported took a twentieth of a small review.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

__all__ = ["compile_patterns", "pattern"]

_EVERY: Final[list[Any]] = []

if TYPE_CHECKING:
    from re import compile as pattern
else:

    class pattern:  # noqa: N801 - a function for whoever calls it
        """Like `re.compile(text, flags)`. An error in the text is raised by the first use."""

        def __init__(self, text: str | bytes, flags: int = 0) -> None:
            self._source = (text, flags)
            _EVERY.append(self)

        def __getattr__(self, name: str) -> object:
            # Called once for a name: afterwards the instance itself has it.
            whole = name == "compiled"
            value = re.compile(*self._source) if whole else getattr(self.compiled, name)
            setattr(self, name, value)
            return value


def compile_patterns() -> None:
    """Compile every pattern of the modules imported so far, for the copies of this process."""
    for each in _EVERY:
        _ = each.compiled
