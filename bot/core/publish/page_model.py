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


class PageAlike(msgspec.Struct, frozen=True):
    """A finding of the same cause as the one above it. `what` is its resource, or its message."""

    what: str
    id: str
    place: PagePlace | None


class PageFinding(msgspec.Struct, frozen=True):
    """A finding. `edges` are the connections of its graph: from, to, label.

    `alike` are the findings of the same cause, which are not listed by themselves.
    """

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
    alike: tuple[PageAlike, ...] = ()


class PageProblem(msgspec.Struct, frozen=True, array_like=True):
    """Something that could not be reviewed; `stood`: at base neither. `id` is empty without one.

    A list of its fields, as stored pages of earlier versions have it without those after `place`.
    """

    message: str
    place: PagePlace | None
    stood: bool = False
    id: str = ""
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


class PageGrant(msgspec.Struct, frozen=True, rename={"verbs": "verb", "resources": "resource"}):
    """Grants of one subject in one scope that the change adds or removes: verbs on resources.

    Stored pages have the names of the first version, in which each grant was a row.
    """

    subject: str
    scope: str
    verbs: str
    resources: str
    removed: bool = False


class PageSettled(msgspec.Struct, frozen=True):
    """A finding that does not count, by whom or by what, and why.

    `place` is the text of `where`; stored pages of earlier versions have no more.
    """

    rule: str
    message: str
    place: str
    how: str
    reason: str
    where: PagePlace | None = None


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
    problems: tuple[PageProblem, ...]
    images: tuple[tuple[str, str, str], ...]
    changes: str
    difference: tuple[PageChange, ...]
    more_changes: int
    grants: tuple[PageGrant, ...]
    settled: tuple[PageSettled, ...]
    overridden: str = ""
    unread: tuple[tuple[str, str], ...] = ()
    """Files that are not compared: the path and the reason."""
