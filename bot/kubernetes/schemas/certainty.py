"""How sure is it that the cluster refuses what does not fit a schema?"""

from __future__ import annotations

from typing import Final

from bot.core.finding import Severity
from bot.core.validation import Refusal
from bot.kubernetes.schemas.check import SchemaViolation
from bot.kubernetes.schemas.known_kinds import KnownKind
from bot.kubernetes.schemas.serving import ServedKind
from bot.kubernetes.schemas.spelling import field_names, is_misspelling


def severity_of(violation: SchemaViolation, served: ServedKind) -> Severity:
    """The severity of a violation.

    By the schema of Kubernetes itself or of a definition in the repository it is an error. The
    release of a well-known project in the cluster is not known, and a newer one has more fields and
    values than are known here. A misspelt name is an error all the same, and so is a wrong type,
    which no release of a beta or stable version changes. A missing field, which a mutating webhook
    may fill in, and an unknown field that has its place elsewhere in the same kind, or whose name
    is like a known one, are warnings. Any other unknown field is a notice, and so is one whose name
    extends a known one, as new fields do.
    """
    if served.known is None:
        return Severity.WARNING if violation.keyed else Severity.ERROR
    return _by_project(violation, served.known)


def severity_of_refusal(refusal: Refusal, served: ServedKind | None) -> Severity:
    """The severity of what the validator refuses by a definition.

    A rule that every release of a project has decides, but for limits, which later releases raise,
    and for a missing field, which a mutating webhook may fill in.
    """
    if served is None or served.known is None:
        return Severity.ERROR
    is_settled = served.known.is_settled and refusal.type not in _RAISED
    return Severity.ERROR if is_settled else Severity.WARNING


_RAISED: Final = frozenset(
    {
        *("FieldValueRequired", "FieldValueNotSupported"),
        *("FieldValueTooLong", "FieldValueTooMany"),
    }
)


def _by_project(violation: SchemaViolation, known: KnownKind) -> Severity:
    """The severity where a project's published definition judges."""
    name, nearest = violation.name, violation.nearest
    if violation.code == "WRONG-TYPE":
        return Severity.ERROR if known.is_settled else Severity.WARNING
    if nearest is not None and is_misspelling(name, nearest):
        return Severity.ERROR
    if violation.code != "UNKNOWN-FIELD":
        return Severity.WARNING
    is_like = nearest is not None and not name.startswith(nearest)
    is_misplaced = name in field_names(known.shape)
    return Severity.WARNING if is_like or is_misplaced else Severity.NOTICE
