"""The lines that `fairlead doctor` prints: a diagnosis of one subject, and what to do about it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from bot.records import dataclass

DiagnosisStatus: TypeAlias = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The state of one subject. `advice` says what to do; it is empty where all is well."""

    status: DiagnosisStatus
    subject: str
    message: str
    advice: str = ""

    def document(self) -> dict[str, str]:
        """The line for programs."""
        return {
            "status": self.status,
            "subject": self.subject,
            "message": self.message,
            "advice": self.advice,
        }


def ok(subject: str, message: str) -> Diagnosis:
    """A subject that is in order."""
    return Diagnosis("ok", subject, message)


def warning(subject: str, message: str, advice: str) -> Diagnosis:
    """A subject that works, but not as it should."""
    return Diagnosis("warning", subject, message, advice)


def problem(subject: str, message: str, advice: str) -> Diagnosis:
    """A subject that keeps Fairlead from working."""
    return Diagnosis("problem", subject, message, advice)
