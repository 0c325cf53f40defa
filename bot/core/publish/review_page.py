"""A review as its page shows it: everything escaped by the page, nothing secret in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from msgspec.structs import replace

from bot.core.engine.approvals import short_id
from bot.core.engine.decide import conclusion
from bot.core.engine.review import Location, Problem, Review, ReviewFinding, Waiting
from bot.core.policy.model import Policy
from bot.core.publish import difference as words
from bot.core.publish.causes import causes
from bot.core.publish.fetched import fetched
from bot.core.publish.images import image_rows
from bot.core.publish.markdown import visible
from bot.core.publish.page_model import (
    PageAlike,
    PageChange,
    PageFinding,
    PageGrant,
    PagePlace,
    PageProblem,
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
    listed = [
        (finding, cause.alike if finding is cause.finding else ())
        for cause in causes(worst)
        for finding in (cause.finding, *cause.also)
    ]
    changed = list(words.rows(review.difference)) if review.difference else []
    unread = review.difference.unread if review.difference else ()
    override = review.overridden
    return ReviewPage(
        verdict=review.verdict,
        title=conclusion(review, policy).title,
        base=review.base,
        head=review.head,
        compared=compared(review.summary),
        notes=tuple(visible(note) for note in notes if note),
        findings=tuple(
            replace(
                _finding(finding, policy, pages, line(finding), waiting.get(finding.fingerprint)),
                alike=_alike(alike, pages),
            )
            for finding, alike in listed[:MOST_FINDINGS]
        ),
        hidden=sum(1 + len(alike) for _, alike in listed[MOST_FINDINGS:]),
        problems=tuple(
            _problem(problem, pages, waiting.get(problem.id))
            for problem in review.problems[:MOST_FINDINGS]
        ),
        images=tuple(
            (visible(row.where), _image(row.old), _image(row.new))
            for row in image_rows(review.summary.images)[:MOST_ROWS]
        ),
        changes=words.totals(review.difference) if review.difference else "",
        difference=tuple(
            PageChange(row.sign, row.title, row.resources[:MOST_ROWS], row.fields, row.more)
            for row in changed[:MOST_ROWS]
        ),
        more_changes=len(changed[MOST_ROWS:]),
        grants=(
            *_grants((*worst, *(item.finding for item in review.suppressed))),
            *_removed_grants(review),
        ),
        settled=tuple(_settled(review, pages)),
        overridden=visible(f"{override.by} until {override.until}: {override.reason}")
        if override
        else "",
        unread=tuple((visible(file.path), visible(file.reason)) for file in unread),
    )


def _finding(
    finding: ReviewFinding, policy: Policy, pages: Pages, line: str | None, waiting: Waiting | None
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
            for table in (table.filled for table in details.tables)
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


def _problem(problem: Problem, pages: Pages, waiting: Waiting | None) -> PageProblem:
    return PageProblem(
        visible(problem.message),
        _place(problem.location, pages),
        problem.stood_before,
        short_id(problem.id) if problem.approvable else "",
        waiting.owners if waiting else (),
        waiting.missing if waiting else 0,
        waiting.accepted_by if waiting else (),
    )


def _alike(findings: Sequence[ReviewFinding], pages: Pages) -> tuple[PageAlike, ...]:
    return tuple(
        PageAlike(
            visible(str(finding.resource or finding.message)),
            short_id(finding.fingerprint),
            _place(finding.location, pages),
        )
        for finding in findings[:MOST_FINDINGS]
    )


def _place(location: Location | None, pages: Pages, line: str | None = None) -> PagePlace | None:
    if location is None:
        return None
    shown = None if line is None else visible(line.strip())
    return PagePlace(visible(place(location)), pages.file(location), shown, location.side == "LEFT")


def _image(image: str | None) -> str:
    return visible(image) if image else "none"


def _grants(findings: Iterable[ReviewFinding]) -> Iterator[PageGrant]:
    """The grants of these findings, a row for those that differ in verb or in resource only."""
    verbs: dict[tuple[str, str, str], dict[str, None]] = {}
    for finding in findings:
        for grant in sequence(finding.facts.get("grants")):
            holder, scope, verb, resource = _grant(mapping(grant))
            verbs.setdefault((holder, scope, resource), {})[verb] = None
    resources: dict[tuple[str, str, str], list[str]] = {}
    for (holder, scope, resource), names in verbs.items():
        resources.setdefault((holder, scope, ", ".join(names)), []).append(resource)
    for (holder, scope, joined), listed in islice(resources.items(), MOST_GRANTS):
        yield _shown_grant(holder, scope, joined, ", ".join(listed))


def _removed_grants(review: Review) -> Iterator[PageGrant]:
    for row in review.summary.removed_grants[:MOST_GRANTS]:
        yield replace(_shown_grant(row.subject, row.scope, row.verbs, row.resources), removed=True)


def _shown_grant(subject: str, scope: str, verbs: str, resources: str) -> PageGrant:
    return PageGrant(visible(subject), visible(scope), visible(verbs), visible(resources))


def _grant(grant: Any) -> tuple[str, str, str, str]:
    """Subject, scope, verb and resource of a grant."""
    subject = mapping(grant.get("subject"))
    name = "/".join(
        part for part in map(_text, (subject.get("namespace"), subject.get("name"))) if part
    )
    resource = text(grant.get("nonResourceURL")) or ".".join(
        part for part in (text(grant.get("resource")), text(grant.get("apiGroup"))) if part
    )
    named = text(grant.get("resourceName"))
    scope = _text(grant.get("scope"))
    return (
        f"{_text(subject.get('kind'))} {name}",
        "cluster" if scope == "*" else scope,
        _text(grant.get("verb")),
        f"{resource} {named}" if named else resource,
    )


def _text(value: Value) -> str:
    return text(value) or ""


def _settled(review: Review, pages: Pages) -> Iterator[PageSettled]:
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
            _place(item.finding.location, pages),
        )
