"""Documents that kubectl, kustomize and people read differently."""

from collections.abc import Iterator

from bot.core.finding import FileLine, Finding, Severity
from bot.core.reading.changes import new_hazards, touched_files
from bot.core.resource import GroupKind
from bot.core.state import State

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    for old, new in touched_files(before, after):
        for hazard in new_hazards(old, new):
            yield Finding(
                FileLine(new.path, hazard.line),
                hazard.message,
                key=f"{hazard.flag} {hazard.field}",
                facts={"flag": hazard.flag},
            )
