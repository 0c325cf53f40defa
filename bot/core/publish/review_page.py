"""A review as its page shows it: everything escaped by the page, nothing secret in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from bot.core.engine.approvals import short_id
from bot.core.engine.decide import conclusion
from bot.core.engine.review import Location, Review, ReviewFinding
from bot.core.policy.model import Policy
from bot.core.publish import difference as words
from bot.core.publish.fetched import fetched
from bot.core.publish.markdown import visible
from bot.core.publish.page_model import (
    PageChange,
    PageFinding,
    PageGrant,
    PagePlace,
    PageSettled,
    PageTable,
    ReviewPage,
)
from bot.core.publish.pages import Pages, place
from bot.core.publish.report import badness
from bot.core.publish.templating import consequence
from bot.core.publish.totals import compared, rendered
from bot.core.values import Value, mapping, sequence, text

MOST_FINDINGS: Final = 300
MOST_ROWS: Final = 400
MOST_GRANTS: Final = 200
_MOST_ENVIRONMENTS: Final = 1_000


def review_page(
    review: Review, policy: Policy, pages: Pages, line: Callable[[ReviewFinding], str | None]
) -> ReviewPage:
    """The page of a review. `line` returns the text of a finding's line, None to show none."""
    pages = pages.of(review)
    worst = sorted(review.findings, key=badness)
    waiting = {entry.fingerprint: entry for entry in review.waiting}
    notes = (rendered(review.summary), fetched(review.summary))
    listed = list(words.rows(review.difference)) if review.difference else []
    override = review.overridden
    return ReviewPage(
        verdict=review.verdict,
        title=conclusion(review, policy).title,
        base=review.base,
        head=review.head,
        compared=compared(review.summary),
        notes=tuple(visible(note) for note in notes if note),
        findings=tuple(
            _finding(finding, policy, pages, line(finding), waiting.get(finding.fingerprint))
            for finding in worst[:MOST_FINDINGS]
        ),
        hidden=len(worst[MOST_FINDINGS:]),
        problems=tuple(
            (visible(problem.message), _place(problem.location, pages))
            for problem in review.problems[:MOST_FINDINGS]
        ),
        images=tuple(
            (visible(f"{image.resource} {image.container}"), _image(image.old), _image(image.new))
            for image in review.summary.images[:MOST_ROWS]
        ),
        changes=words.totals(review.difference) if review.difference else "",
        difference=tuple(
            PageChange(row.sign, row.title, row.resources[:MOST_ROWS], row.fields, row.more)
            for row in listed[:MOST_ROWS]
        ),
        more_changes=len(listed[MOST_ROWS:]),
        grants=(*_grants(worst), *_removed_grants(review)),
        settled=tuple(_settled(review)),
        overridden=visible(f"{override.by} until {override.until}: {override.reason}")
        if override
        else "",
    )


def _finding(
    finding: ReviewFinding, policy: Policy, pages: Pages, line: str | None, waiting: Any
) -> PageFinding:
    details = finding.details
    return PageFinding(
        rule=finding.rule,
        severity=str(finding.severity),
        effect=consequence(finding, policy),
        message=visible(finding.message),
        fingerprint=finding.fingerprint,
        id=short_id(finding.fingerprint),
        environments=tuple(map(visible, finding.environments[:_MOST_ENVIRONMENTS])),
        place=_place(finding.location, pages, line),
        related=tuple(
            (visible(related.message), _place(related.location, pages))
            for related in finding.related[:20]
        ),
        steps=tuple(
            (visible(listing.title), tuple(map(visible, listing.steps[:50])))
            for listing in details.steps
        ),
        tables=tuple(
            PageTable(
                tuple(map(visible, table.columns)),
                tuple(tuple(map(visible, row)) for row in table.rows[:100]),
            )
            for table in details.tables
        ),
        edges=tuple(
            (visible(source), visible(target), visible(label))
            for graph in details.graphs
            for source, target, label in graph.edges[:40]
        ),
        owners=waiting.owners if waiting else (),
        missing=waiting.missing if waiting else 0,
        accepted_by=waiting.accepted_by if waiting else (),
    )


def _place(location: Location | None, pages: Pages, line: str | None = None) -> PagePlace | None:
    if location is None:
        return None
    shown = None if line is None else visible(line.expandtabs(4))
    return PagePlace(visible(place(location)), pages.file(location), shown, location.side == "LEFT")


def _image(image: str | None) -> str:
    return visible(image) if image else "none"


def _grants(findings: Iterable[ReviewFinding]) -> Iterator[PageGrant]:
    """The distinct grants of these findings."""
    grants: dict[PageGrant, None] = {}
    for finding in findings:
        for grant in sequence(finding.facts.get("grants")):
            grants.setdefault(_grant(mapping(grant)), None)
            if len(grants) >= MOST_GRANTS:
                break
    yield from grants


def _removed_grants(review: Review) -> Iterator[PageGrant]:
    for grants in review.summary.removed_grants[:MOST_GRANTS]:
        yield PageGrant(
            visible(grants.subject),
            visible(grants.scope),
            visible(grants.verbs),
            visible(grants.resources),
            removed=True,
        )


def _grant(grant: Any) -> PageGrant:
    subject = mapping(grant.get("subject"))
    names = (subject.get("kind"), subject.get("namespace"), subject.get("name"))
    resource = text(grant.get("nonResourceURL")) or ".".join(
        part for part in (text(grant.get("resource")), text(grant.get("apiGroup"))) if part
    )
    named = text(grant.get("resourceName"))
    return PageGrant(
        visible("/".join(part for part in map(_text, names) if part)),
        visible(_text(grant.get("scope"))),
        visible(_text(grant.get("verb"))),
        visible(f"{resource} {named}" if named else resource),
    )


def _text(value: Value) -> str:
    return text(value) or ""


def _settled(review: Review) -> Iterator[PageSettled]:
    for item in review.suppressed[:MOST_FINDINGS]:
        approved = "approval" in item.because
        by = item.because.get("by", "")
        how = f"accepted by {by}" if approved else f"waived until {item.because.get('expires', '')}"
        yield PageSettled(
            item.finding.rule,
            visible(item.finding.message),
            visible(place(item.finding.location)),
            visible(how),
            visible(item.because.get("approval") or item.because.get("waiver", "")),
        )
