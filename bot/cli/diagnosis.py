"""What `fairlead doctor` says: one line a question, with what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

DiagnosisStatus: TypeAlias = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """An answer. `advice` is what to do, empty where all is well."""

    status: DiagnosisStatus
    subject: str
    said: str
    advice: str = ""

    def document(self) -> dict[str, str]:
        """The line for machines."""
        return asdict(self)


def ok(subject: str, said: str) -> Diagnosis:
    """All is well."""
    return Diagnosis("ok", subject, said)


def warning(subject: str, said: str, advice: str) -> Diagnosis:
    """It works, but not as it should."""
    return Diagnosis("warning", subject, said, advice)


def problem(subject: str, said: str, advice: str) -> Diagnosis:
    """It cannot work so."""
    return Diagnosis("problem", subject, said, advice)
