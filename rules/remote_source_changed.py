"""Something from elsewhere is new, or another version of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.finding import Finding, Related, Severity
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.kubernetes.remote.changed import (
    SourceChange,
    facts,
    in_words,
    moved_together,
    source_changes,
)

SEVERITY: Final = Severity.WARNING
SUBJECTS: Final[tuple[GroupKind, ...]] = ()


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for change, *others in moved_together(source_changes(before, after)):
        yield Finding(
            change.new.node,
            in_words(change, tuple(others)),
            _severity(change),
            key=" ".join(change.new.name),
            facts=facts(change),
            related=tuple(Related(other.new.node, "moves with it") for other in others[:20]),
        )


def _severity(change: SourceChange) -> Severity:
    if change.unseen:
        fixed = change.old is not None and not (change.old.follows or change.new.follows)
        return SEVERITY if fixed else Severity.ERROR
    if change.stranger or change.new.follows:
        return Severity.ERROR
    return SEVERITY if change.old is None else Severity.NOTICE
