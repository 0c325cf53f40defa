"""See manifest_invalid.md."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind
from bot.core.state import State, changes
from bot.kubernetes.invalid import invalid

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "resource"


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for change in changes(before, after):
        if change.after is not None:
            yield from invalid(change.before, change.after, before, after)
