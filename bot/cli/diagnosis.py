"""What `fairlead doctor` says: one line a question, with what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Line:
    """An answer. `advice` is what to do, empty where all is well."""

    status: Status
    subject: str
    said: str
    advice: str = ""

    def document(self) -> dict[str, str]:
        """The line for machines."""
        return asdict(self)


def ok(subject: str, said: str) -> Line:
    """All is well."""
    return Line("ok", subject, said)


def warning(subject: str, said: str, advice: str) -> Line:
    """It works, but not as it should."""
    return Line("warning", subject, said, advice)


def problem(subject: str, said: str, advice: str) -> Line:
    """It cannot work so."""
    return Line("problem", subject, said, advice)
