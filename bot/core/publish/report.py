"""Renders a review with the templates into what is written on GitHub."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.core.diff.model import Difference
from bot.core.engine.approvals import short_id
from bot.core.engine.decide import Conclusion, conclusion, may_pass, waits_only
from bot.core.engine.review import Location, Review, ReviewFinding, Suggestion, Summary
from bot.core.finding import Graph, Severity
from bot.core.globs import name_matches
from bot.core.policy.model import POLICY_PATH, Policy
from bot.core.publish import difference as words
from bot.core.publish import markdown
from bot.core.publish.causes import ReportedCause, causes, on_one_line
from bot.core.publish.fetched import fetched
from bot.core.publish.pages import NO_PAGES, Pages, place
from bot.errors import PolicyError

if TYPE_CHECKING:
    import jinja2

MOST_ROWS: Final = 200
"""Findings in the summary, which GitHub limits to 65,535 characters."""

MOST_FIELDS: Final = 12
"""Changed fields of one resource in the summary."""

LARGEST_DIFFERENCE: Final = 20_000
"""Bytes of the difference in the summary; `fairlead diff` and the review's page have it whole."""

_DETAILS: Final = 500
"""Bytes around the difference."""

_SIGNS: Final = MappingProxyType(
    {Severity.ERROR: "🔴", Severity.WARNING: "🟠", Severity.NOTICE: "🔵"}
)

LONGEST_SUGGESTION: Final = 10_000

_MARKER: Final = re.compile(r"<!-- fairlead:v1 finding=([0-9a-z-]{1,64}) -->")
_UNSAFE_MARK: Final = re.compile(r"[^0-9a-z-]")


def marker(fingerprint: str) -> str:
    """The hidden line that identifies the comment on this finding."""
    return f"<!-- fairlead:v1 finding={marked_fingerprint(fingerprint)} -->"


def marked_fingerprint(fingerprint: str) -> str:
    """The fingerprint as a comment's marker carries it, and as `fingerprint_of` reads it back."""
    return _UNSAFE_MARK.sub("", fingerprint)[:64]


def fingerprint_of(body: str) -> str | None:
    """The fingerprint in a comment's marker, None where the first line is not a marker."""
    match = _MARKER.match(body)
    return match[1] if match else None


def summary(review: Review, policy: Policy, pages: Pages = NO_PAGES) -> str:
    """The check run's summary: verdict, findings, problems, and who can unblock."""
    worst_first = sorted(review.findings, key=badness)
    grouped = causes(worst_first)
    shown, rest = grouped[:MOST_ROWS], grouped[MOST_ROWS:]
    blocking = [finding for finding in worst_first if finding.blocks]
    values = {
        "review": review,
        "policy": policy,
        "pages": pages.of(review),
        "worst": blocking[0] if blocking else None,
        "others": len(blocking) - 1,
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
        "waits_only": waits_only(review),
        "waived": [item for item in review.suppressed if "waiver" in item.because],
        "approved": [item for item in review.suppressed if "approval" in item.because],
        "messages": {
            **{finding.fingerprint: finding.message for finding in review.findings},
            **{problem.id: problem.message for problem in review.problems},
        },
        "ended": [item for item in review.waiting if item.ended],
        "known": {
            finding.fingerprint: finding
            for finding in (*(item.finding for item in review.suppressed), *review.findings)
        },
        "by_review": any(item.by_review for item in policy.approvals),
        "overriders": (*policy.override.teams, *policy.override.users),
    }
    text = render("summary.md", difference="", changes="", **values)
    if review.difference is None or not review.difference.groups:
        return text
    left = markdown.LONGEST_BODY - len(text.encode("utf-8", "replace")) - _DETAILS
    return render(
        "summary.md",
        difference=difference_markdown(review.difference, min(left, LARGEST_DIFFERENCE)),
        changes=words.totals(review.difference),
        **values,
    )


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
    threads = [finding for finding in review.findings if policy.inline.reached_by(finding.severity)]
    shared = on_one_line(threads)
    joined = {id(also) for others in shared.values() for also in others}
    return render(
        "whole.md",
        summary=summary(review, policy, pages),
        comments=[
            {
                "location": finding.location,
                "body": comment(
                    finding, policy, pages, suggest=True, also=shared.get(id(finding), ())
                ),
            }
            for finding in threads
            if id(finding) not in joined
        ],
    )


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


def difference_markdown(difference: Difference, longest: int = markdown.LONGEST_BODY) -> str:
    """The difference as a list, worst first, cut with a count to at most `longest` bytes."""
    listed = tuple(words.rows(difference))
    shown = min(len(listed), MOST_ROWS)
    while True:
        rest = difference.groups[shown:]
        text = render(
            "difference.md",
            rows=listed[:shown],
            named=words.MOST_NAMED,
            fields=MOST_FIELDS,
            hidden=len(rest),
            hidden_resources=sum(len(group.resources) for group in rest) + difference.omitted,
        )
        if len(text.encode("utf-8", "replace")) <= longest or not shown:
            return text
        shown = shown * 3 // 4


def compared(totals: Summary) -> str:
    """What was compared: `312 resources in 41 environments compared: 2 changed, images only`."""
    parts = [
        f"{number} {word}"
        for number, word in (
            (totals.resources.added, "added"),
            (totals.resources.changed, "changed"),
            (totals.resources.removed, "removed"),
        )
        if number
    ]
    changes = ", ".join(parts) or "nothing changed"
    only = ", images only" if totals.change == "images" else ""
    grants = [
        f"{_counted(number, 'grant')} {word}"
        for number, word in ((totals.grants.added, "added"), (totals.grants.removed, "removed"))
        if number
    ]
    rights = f"; {', '.join(grants)}" if grants else ""
    where = (
        f"{_counted(totals.compared, 'resource')} in {_counted(totals.environments, 'environment')}"
    )
    return f"{where} compared: {changes}{only}{rights}"


def validated(summary: Summary) -> str:
    """The line that says how changed objects were validated; empty where none was."""
    validation = summary.validation
    if validation is None:
        return ""
    objects = _counted(validation.objects, "changed object")
    if validation.tool:
        return f"{objects} validated by Kubernetes' own code ({validation.tool})"
    return f"{objects} compared with published schemas; no validator is installed"


def rendered(totals: Summary) -> str:
    """How many roots were rendered, and by what; empty where no root needs a renderer."""
    renders = totals.rendered
    if renders is None:
        return ""
    by = [
        *renders.tools,
        *([f"sandbox: {renders.sandbox}"] if renders.sandbox else []),
    ]
    shown = f" ({', '.join(by)})" if by else ""
    roots = "root" if renders.affected == 1 else "roots"
    return f"Rendered {renders.rendered:,} of {renders.affected:,} affected {roots}{shown}"


def consequence(finding: ReviewFinding, policy: Policy) -> str:
    """The finding's effect on the merge, in a word or two; empty for none."""
    if not finding.blocks:
        observed = policy.rule(finding.rule).mode == "observe"
        would = observed and policy.block.reached_by(finding.severity)
        return "would block" if would else ""
    return "would block" if policy.mode == "observe" else "blocks"


def badness(finding: ReviewFinding) -> tuple[bool, int, bool]:
    """The sort key that puts the worst finding first; one with a known way to more rights leads."""
    return (not finding.blocks, -finding.severity.rank, not finding.facts.get("risks"))


def _is_quiet(cause: ReportedCause) -> bool:
    """Whether the summary folds a cause away: notices that do not block."""
    return cause.finding.severity is Severity.NOTICE and not cause.finding.blocks


def sign(finding: ReviewFinding) -> str:
    """A coloured sign of the severity, which is seen before a word is read."""
    return _SIGNS[finding.severity]


def _linked(location: Location, pages: Pages) -> str:
    return pages.link(location)


def _brief(text: str) -> str:
    return markdown.visible(text, 120)


def _in_cell(text: str) -> str:
    """Markdown that is escaped already, for a table's cell."""
    return text.replace("\\|", "\\ |").replace("|", "\\|")


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


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _fenced(text: str, language: str = "") -> str:
    fence = markdown.fence_for(text)
    return f"{fence}{language}\n{text}\n{fence}"


def _yaml_text(text: str) -> str:
    """The text as a double-quoted YAML scalar on one line."""
    shown = markdown.visible(text, 200).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


def _node(graph: Graph, name: str) -> str:
    """The identifier of a node in a mermaid graph."""
    names = dict.fromkeys(end for edge in graph.edges for end in edge[:2])
    return f"n{list(names).index(name)}"


@cache
def _templates() -> jinja2.Environment:
    """The Jinja2 environment of the packaged templates."""
    import jinja2  # noqa: PLC0415 - slow, and most commands render none

    # The output is Markdown, for which HTML escaping would be wrong and insufficient. Each template
    # escapes every value by a filter, and tests check that.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("templates", ""),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "prose": markdown.prose,
        "cell": markdown.cell,
        "code": markdown.code,
        "code_cell": markdown.code_cell,
        "label": markdown.label,
        "fenced": _fenced,
        "node": _node,
        "place": place,
        "short_id": short_id,
        "yaml": _yaml_text,
        "counted": _counted,
        "consequence": consequence,
        "sign": sign,
        "brief": _brief,
        "linked": _linked,
        "in_cell": _in_cell,
    }
    return environment


def render(template: str, /, **values: object) -> str:
    """Render a template, and cut the text to what GitHub accepts."""
    return markdown.capped(_templates().get_template(template).render(values))
