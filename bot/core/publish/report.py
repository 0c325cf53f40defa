"""Renders a review with the templates into what is written on GitHub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bot.core.engine.decide import Conclusion, conclusion, may_pass, severities, waits_only
from bot.core.engine.review import Problem, Review, ReviewFinding, Suggestion, Waiting
from bot.core.finding import Severity
from bot.core.globs import name_matches
from bot.core.policy.model import POLICY_PATH, Policy
from bot.core.publish import markdown
from bot.core.publish.causes import ReportedCause, causes, on_one_line
from bot.core.publish.difference import difference_markdown, is_brief
from bot.core.publish.difference import totals as difference_totals
from bot.core.publish.fetched import fetched
from bot.core.publish.images import image_rows
from bot.core.publish.markers import marker
from bot.core.publish.named_ids import RenderedText
from bot.core.publish.pages import NO_PAGES, Pages
from bot.core.publish.templating import consequence, render, render_named
from bot.core.publish.totals import compared, rendered, validated
from bot.errors import PolicyError

MOST_ROWS: Final = 200
"""Findings in the summary, which GitHub limits to 65,535 characters."""

LARGEST_DIFFERENCE: Final = 20_000
"""Bytes of the difference in the summary; `fairlead diff` and the review's page have it whole."""

_DETAILS: Final = 500
"""Bytes around the difference."""

LONGEST_SUGGESTION: Final = 10_000


def summary(review: Review, policy: Policy, pages: Pages = NO_PAGES) -> str:
    """The check run's summary: verdict, findings, problems, and who can unblock."""
    return named_summary(review, policy, pages).text


def named_summary(review: Review, policy: Policy, pages: Pages = NO_PAGES) -> RenderedText:
    """The summary, and which findings and problems it names by their ids."""
    worst_first = sorted(review.findings, key=badness)
    grouped = causes(worst_first)
    shown, rest = grouped[:MOST_ROWS], grouped[MOST_ROWS:]
    blocking = [finding for finding in worst_first if finding.blocks]
    serious = [item for item in worst_first if item.severity is not Severity.NOTICE]
    values = {
        "review": review,
        "policy": policy,
        "pages": pages.of(review),
        "worst": blocking[0] if blocking else None,
        "others": len(blocking) - 1,
        "images": image_rows(review.summary.images),
        "serious": serious,
        "severities": severities(serious),
        "conclusion": conclusion(review, policy),
        "may_pass": may_pass(review.problems, policy),
        "compared": compared(review.summary),
        "rendered": rendered(review.summary),
        "fetched": fetched(review.summary),
        "validated": validated(review.summary),
        "loud": [cause for cause in shown if not _is_quiet(cause)],
        "quiet": [cause for cause in shown if _is_quiet(cause)],
        "hidden": _severities(rest),
        "unblockers": _unblockers(review, policy),
        "example": next(
            (finding for finding in worst_first if consequence(finding, policy) == "blocks"), None
        ),
        "policy_path": POLICY_PATH,
        "new_rules": new_rules(review, policy),
        "waits_only": waits_only(review),
        "waived": [item for item in review.suppressed if "waiver" in item.because],
        "approved": [item for item in review.suppressed if "approval" in item.because],
        "known": {
            finding.fingerprint: finding
            for finding in (*(item.finding for item in review.suppressed), *review.findings)
        },
        **_unseen(review),
        **_unblocking(review, policy, worst_first),
    }
    brief = render_named("summary.md", difference="", changes="", brief=False, **values)
    if review.difference is None or not (review.difference.groups or review.difference.unread):
        return brief
    left = markdown.LONGEST_BODY - len(brief.text.encode("utf-8", "replace")) - _DETAILS
    return render_named(
        "summary.md",
        difference=difference_markdown(review.difference, min(left, LARGEST_DIFFERENCE)),
        changes=difference_totals(review.difference),
        brief=is_brief(review.difference),
        **values,
    )


def new_rules(review: Review, policy: Policy) -> dict[str, str]:
    """The rules that would block and only observe, being new; each with the date until which."""
    return {
        finding.rule: until.isoformat()
        for finding in review.findings
        if consequence(finding, policy) == "would block"
        and (until := policy.observes_until(finding.rule))
    }


def _unseen(review: Review) -> dict[str, object]:
    """What the section on problems needs: those that the change brings first."""
    new = [problem for problem in review.problems if not problem.stood_before]
    stood = [problem for problem in review.problems if problem.stood_before]
    return {
        "first_problem": next(iter([*new, *stood]), None),
        "new_problems": _problems(new),
        "stood": _problems(stood),
        "unseen": len(new or stood),
    }


def _unblocking(
    review: Review, policy: Policy, worst_first: Iterable[ReviewFinding]
) -> dict[str, object]:
    """What the section on unblocking needs: who may accept what, and what nobody may accept."""
    waiting = _waiting(review, worst_first)
    return {
        "messages": {
            **{finding.fingerprint: finding.message for finding in review.findings},
            **{problem.id: problem.message for problem in review.problems},
        },
        "acceptable": [entry for entry in waiting if entry.owners],
        "unowned": sum(not entry.owners for entry in waiting),
        "ended": [item for item in review.waiting if item.ended],
        "by_review": any(item.by_review for item in policy.approvals),
        "overriders": (*policy.override.teams, *policy.override.users),
    }


def _waiting(review: Review, worst_first: Iterable[ReviewFinding]) -> list[Waiting]:
    """What waits to be accepted, worst first; what one comment accepts is one entry."""
    order = {finding.fingerprint: at for at, finding in enumerate(worst_first)}
    entries = {
        (entry.fingerprint, entry.owners, entry.missing, entry.accepted_by): entry
        for entry in review.waiting
    }
    return sorted(entries.values(), key=lambda entry: order.get(entry.fingerprint, len(order)))


def _problems(problems: Iterable[Problem]) -> list[tuple[Problem, list[str]]]:
    """Problems that read alike once, with the ids of those that can be accepted."""
    alike: dict[object, tuple[Problem, list[str]]] = {}
    for problem in problems:
        key = (problem.location, problem.message, problem.new, problem.kind)
        ids = alike.setdefault(key, (problem, []))[1]
        if problem.approvable:
            ids.append(problem.id)
    return list(alike.values())


def _severities(grouped: Iterable[ReportedCause]) -> Counter[str]:
    return Counter(
        str(finding.severity)
        for cause in grouped
        for finding in (cause.finding, *cause.also, *cause.alike)
    )


def comment(
    finding: ReviewFinding,
    policy: Policy,
    pages: Pages = NO_PAGES,
    *,
    suggest: bool = False,
    also: Sequence[ReviewFinding] = (),
) -> str:
    """The comment on a finding. `suggest`: it is posted on the lines of the suggestion.

    `also` are the findings that share its thread.
    """
    return render(
        "comment.md",
        finding=finding,
        also=also,
        policy=policy,
        pages=pages,
        marker=marker(finding.fingerprint),
        suggestion=safe_suggestion(finding) if suggest else None,
    )


def whole(review: Review, policy: Policy, pages: Pages = NO_PAGES) -> str:
    """The summary and each comment as one text."""
    pages = pages.of(review)
    return render(
        "whole.md",
        summary=summary(review, policy, pages),
        comments=[
            {
                "location": finding.location,
                "body": comment(finding, policy, pages, suggest=True, also=also),
            }
            for finding, also in thread_leads(review, policy)
        ],
    )


def thread_leads(
    review: Review, policy: Policy
) -> Iterator[tuple[ReviewFinding, tuple[ReviewFinding, ...]]]:
    """The findings that lead a thread, worst first, each with the findings that share it."""
    worst_first = sorted(
        (finding for finding in review.findings if policy.inline.reached_by(finding.severity)),
        key=badness,
    )
    shared = on_one_line(worst_first)
    joined = {id(also) for others in shared.values() for also in others}
    for finding in worst_first:
        if id(finding) not in joined:
            yield finding, shared.get(id(finding), ())


def safe_suggestion(finding: ReviewFinding) -> Suggestion | None:
    """The finding's suggestion, None where there is none or it must not be shown.

    A suggestion is shown verbatim, since one click commits it. It is withheld for Secrets, and
    where it contains characters that people would not see.
    """
    fix, named = finding.suggestion, finding.resource
    if fix is None or named is None or named.kind == "Secret" or len(fix.text) > LONGEST_SUGGESTION:
        return None
    rows = fix.text.split("\n")
    return fix if all(markdown.visible(row, LONGEST_SUGGESTION) == row for row in rows) else None


def review_body(review: Review, policy: Policy) -> str:
    """The text above the comments of a posted review."""
    return render("review.md", review=review, conclusion=conclusion(review, policy))


def invalid_policy(error: PolicyError, where: str = POLICY_PATH) -> tuple[Conclusion, str]:
    """The conclusion and summary for an invalid policy."""
    text = render("invalid_policy.md", lines=str(error).splitlines(), where=error.where or where)
    return Conclusion("action_required", "The policy is invalid"), text


def failed(reference: str) -> tuple[Conclusion, str]:
    """The conclusion and summary of a review that failed; `reference` identifies it in the logs."""
    return Conclusion("failure", "The review failed"), render("failed.md", reference=reference)


def badness(finding: ReviewFinding) -> tuple[bool, int, bool]:
    """The sort key that puts the worst finding first; one with a known way to more rights leads."""
    return (not finding.blocks, -finding.severity.rank, not finding.facts.get("risks"))


def _is_quiet(cause: ReportedCause) -> bool:
    """Whether the summary folds a cause away: notices that do not block."""
    return cause.finding.severity is Severity.NOTICE and not cause.finding.blocks


def _unblockers(review: Review, policy: Policy) -> tuple[str, ...]:
    """The teams and people that the policy names for blocking findings: by rule or namespace."""
    named: dict[str, None] = {}
    for finding in review.findings:
        if not finding.blocks:
            continue
        people = [
            who
            for approval in policy.approvals
            if name_matches(finding.rule, approval.rules)
            for who in (*approval.teams, *approval.users)
        ]
        space = finding.resource.namespace if finding.resource else None
        if not people and space is not None:
            owners = (entry for entry in policy.owners if name_matches(space, entry.namespaces))
            people = [team for owner in owners for team in owner.teams]
        named.update(dict.fromkeys(people))
    return tuple(named)
