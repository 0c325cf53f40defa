"""What is written on GitHub, made from a review by the templates."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from bot.core.engine.approvals import short_id
from bot.core.engine.decide import Conclusion, conclusion, may_pass, waits_only
from bot.core.engine.review import Location, Review, ReviewFinding, Suggestion, Summary
from bot.core.finding import Graph, Severity
from bot.core.globs import name_matches
from bot.core.policy.model import POLICY_PATH, Policy
from bot.core.publish import markdown
from bot.core.publish.fetched import fetched
from bot.errors import PolicyError

if TYPE_CHECKING:
    import jinja2

MOST_ROWS: Final = 200
"""A table of findings that is longer is read by nobody, and GitHub takes 65,535 characters."""

LONGEST_SUGGESTION: Final = 10_000

_MARKER: Final = re.compile(r"<!-- fairlead:v1 finding=([0-9a-z-]{1,64}) -->")
_UNSAFE_MARK: Final = re.compile(r"[^0-9a-z-]")


@dataclass(frozen=True, slots=True)
class Pages:
    """Where a reader finds more. `rules`: the address below which each rule has its page."""

    rules: str | None = None

    def rule(self, rule: str) -> str | None:
        """The address of a rule's page, None where there is none to link to."""
        return f"{self.rules.rstrip('/')}/{rule}" if self.rules else None


NO_PAGES: Final = Pages()


def marker(fingerprint: str) -> str:
    """The hidden line by which a comment of ours is known again."""
    return f"<!-- fairlead:v1 finding={marked_fingerprint(fingerprint)} -->"


def marked_fingerprint(fingerprint: str) -> str:
    """The fingerprint as a comment's marker carries it, and as `fingerprint_of` reads it back."""
    return _UNSAFE_MARK.sub("", fingerprint)[:64]


def fingerprint_of(body: str) -> str | None:
    """The fingerprint that a comment's first line carries, None where it carries none."""
    match = _MARKER.match(body)
    return match[1] if match else None


def summary(review: Review, policy: Policy, pages: Pages = NO_PAGES) -> str:
    """The check run's summary: verdict, counts, findings, what was not seen, who can unblock."""
    worst_first = sorted(review.findings, key=badness)
    shown = worst_first[:MOST_ROWS]
    return render(
        "summary.md",
        review=review,
        policy=policy,
        pages=pages,
        conclusion=conclusion(review, policy),
        may_pass=may_pass(review.problems, policy),
        compared=compared(review.summary),
        rendered=rendered(review.summary),
        fetched=fetched(review.summary),
        loud=[found for found in shown if not _is_quiet(found)],
        quiet=[found for found in shown if _is_quiet(found)],
        hidden=Counter(str(found.severity) for found in worst_first[MOST_ROWS:]),
        unblockers=_unblockers(review, policy),
        example=next(
            (found for found in worst_first if consequence(found, policy) == "blocks"), None
        ),
        policy_path=POLICY_PATH,
        waits_only=waits_only(review),
        waived=[held for held in review.suppressed if "waiver" in held.because],
        approved=[held for held in review.suppressed if "approval" in held.because],
        messages={found.fingerprint: found.message for found in review.findings},
        known={
            found.fingerprint: found
            for found in (*(held.finding for held in review.suppressed), *review.findings)
        },
        by_review=any(held.by_review for held in policy.approvals),
        overriders=(*policy.override.teams, *policy.override.users),
    )


def comment(
    found: ReviewFinding, policy: Policy, pages: Pages = NO_PAGES, *, suggest: bool = False
) -> str:
    """The comment on a finding's line. `suggest`: it stands on the lines of the suggestion."""
    return render(
        "comment.md",
        found=found,
        policy=policy,
        pages=pages,
        marker=marker(found.fingerprint),
        suggestion=safe_suggestion(found) if suggest else None,
    )


def whole(review: Review, policy: Policy, pages: Pages = NO_PAGES) -> str:
    """Everything that would be posted, as one text: the summary and each comment."""
    threads = [found for found in review.findings if policy.inline.reached_by(found.severity)]
    return render(
        "whole.md",
        summary=summary(review, policy, pages),
        comments=[
            {"location": found.location, "body": comment(found, policy, pages, suggest=True)}
            for found in threads
        ],
    )


def safe_suggestion(found: ReviewFinding) -> Suggestion | None:
    """The suggestion, None where there is none or it must not be shown.

    It is shown as it stands, since it may be committed with one click: nothing of a Secret, and
    nothing that people would not see.
    """
    fix, named = found.suggestion, found.resource
    if fix is None or named is None or named.kind == "Secret" or len(fix.text) > LONGEST_SUGGESTION:
        return None
    rows = fix.text.split("\n")
    return fix if all(markdown.visible(row, LONGEST_SUGGESTION) == row for row in rows) else None


def review_body(review: Review, policy: Policy) -> str:
    """The text above the comments of one posted review."""
    return render("review.md", review=review, conclusion=conclusion(review, policy))


def invalid_policy(error: PolicyError, where: str = POLICY_PATH) -> tuple[Conclusion, str]:
    """How a check ends whose policy is not valid, and its summary."""
    text = render("invalid_policy.md", lines=str(error).splitlines(), where=error.where or where)
    return Conclusion("action_required", "The policy is not valid"), text


def failed(reference: str) -> tuple[Conclusion, str]:
    """How a check ends that could not be finished, and its summary. `reference` is for the logs."""
    return Conclusion("failure", "The review failed"), render("failed.md", reference=reference)


def compared(held: Summary) -> str:
    """The one line that proves that somebody looked: `312 resources in 41 environments ...`."""
    parts = [
        f"{number} {word}"
        for number, word in (
            (held.resources.added, "added"),
            (held.resources.changed, "changed"),
            (held.resources.removed, "removed"),
        )
        if number
    ]
    found = ", ".join(parts) or "nothing changed"
    only = ", images only" if held.change == "images" else ""
    grants = [
        f"{_counted(number, 'grant')} {word}"
        for number, word in ((held.grants.added, "added"), (held.grants.removed, "removed"))
        if number
    ]
    rights = f"; {', '.join(grants)}" if grants else ""
    where = f"{_counted(held.compared, 'resource')} in {_counted(held.environments, 'environment')}"
    return f"{where} compared: {found}{only}{rights}"


def rendered(held: Summary) -> str:
    """The line that says what was rendered, and by what; empty where nothing needed it."""
    found = held.rendered
    if found is None:
        return ""
    by = [*found.tools, *([f"sandbox: {found.sandbox}"] if found.sandbox else [])]
    shown = f" ({', '.join(by)})" if by else ""
    roots = "root" if found.affected == 1 else "roots"
    return f"Rendered {found.rendered:,} of {found.affected:,} affected {roots}{shown}"


def consequence(found: ReviewFinding, policy: Policy) -> str:
    """What a finding does to the merge, in a word or two; empty for nothing."""
    if not found.blocks:
        return ""
    return "would block" if policy.mode == "observe" else "blocks"


def place(location: Location | None) -> str:
    """A location in one word, `path:line`."""
    if location is None:
        return ""
    return location.path if location.line is None else f"{location.path}:{location.line}"


def badness(found: ReviewFinding) -> tuple[bool, int]:
    """What findings are sorted by where the worst comes first."""
    return (not found.blocks, -found.severity.rank)


def _is_quiet(found: ReviewFinding) -> bool:
    """Whether a finding is folded away: nobody has to do anything about it."""
    return found.severity is Severity.NOTICE and not found.blocks


def _unblockers(review: Review, policy: Policy) -> tuple[str, ...]:
    """The teams and people that the policy names for what blocks: by rule, else by namespace."""
    named: dict[str, None] = {}
    for found in review.findings:
        if not found.blocks:
            continue
        people = [
            who
            for approval in policy.approvals
            if name_matches(found.rule, approval.rules)
            for who in (*approval.teams, *approval.users)
        ]
        space = found.resource.namespace if found.resource else None
        if not people and space is not None:
            owners = (held for held in policy.owners if name_matches(space, held.namespaces))
            people = [team for owner in owners for team in owner.teams]
        named.update(dict.fromkeys(people))
    return tuple(named)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _fenced(text: str, language: str = "") -> str:
    fence = markdown.fence_for(text)
    return f"{fence}{language}\n{text}\n{fence}"


def _yaml_text(text: str) -> str:
    """The text as a quoted YAML scalar on one line."""
    shown = markdown.visible(text, 200).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


def _node(graph: Graph, name: str) -> str:
    """The identifier of a node of a mermaid graph: what is shown is its label."""
    names = dict.fromkeys(end for edge in graph.edges for end in edge[:2])
    return f"n{list(names).index(name)}"


@cache
def _templates() -> jinja2.Environment:
    """The templates, which are a part of the program as its code is."""
    import jinja2  # noqa: PLC0415 - slow, and most of what the command line says needs none

    # What is made is Markdown, for which HTML escaping would be wrong and not enough: each
    # template says for each value how it is made harmless, and tests hold it to that.
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
    }
    return environment


def render(template: str, /, **values: object) -> str:
    """What a template makes of these values, cut where GitHub would refuse it."""
    return markdown.capped(_templates().get_template(template).render(values))
