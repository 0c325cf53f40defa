"""The values that the page of a review shows."""

from __future__ import annotations

import msgspec


class PagePlace(msgspec.Struct, frozen=True):
    """A location, its permalink, and the text of its line where it may be shown."""

    text: str
    url: str | None = None
    line: str | None = None
    removed: bool = False


class PageTable(msgspec.Struct, frozen=True):
    """A small table."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class PageFinding(msgspec.Struct, frozen=True):
    """A finding. `edges` are the connections of its graph: from, to, label."""

    rule: str
    severity: str
    effect: str
    message: str
    fingerprint: str
    id: str
    environments: tuple[str, ...]
    place: PagePlace | None
    related: tuple[tuple[str, PagePlace | None], ...] = ()
    steps: tuple[tuple[str, tuple[str, ...]], ...] = ()
    tables: tuple[PageTable, ...] = ()
    edges: tuple[tuple[str, str, str], ...] = ()
    owners: tuple[str, ...] = ()
    missing: int = 0
    accepted_by: tuple[str, ...] = ()


class PageChange(msgspec.Struct, frozen=True):
    """A group of the difference; see `bot.core.publish.difference.DifferenceRow`."""

    sign: str
    title: str
    resources: tuple[str, ...]
    fields: tuple[tuple[str, str, str], ...]
    more: int


class PageGrant(msgspec.Struct, frozen=True):
    """A grant that the change adds, or grants of one subject and scope that it removes."""

    subject: str
    scope: str
    verb: str
    resource: str
    removed: bool = False


class PageSettled(msgspec.Struct, frozen=True):
    """A finding that does not count, by whom or by what, and why."""

    rule: str
    message: str
    place: str
    how: str
    reason: str


class ReviewPage(msgspec.Struct, frozen=True):
    """The document of a review's page."""

    verdict: str
    title: str
    base: str
    head: str
    compared: str
    notes: tuple[str, ...]
    findings: tuple[PageFinding, ...]
    hidden: int
    problems: tuple[tuple[str, PagePlace | None], ...]
    images: tuple[tuple[str, str, str], ...]
    changes: str
    difference: tuple[PageChange, ...]
    more_changes: int
    grants: tuple[PageGrant, ...]
    settled: tuple[PageSettled, ...]
    overridden: str = ""
