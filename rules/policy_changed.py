"""See policy_changed.md."""

from collections.abc import Iterator, Mapping

from bot.core.codeowners import LOCATIONS
from bot.core.finding import FileLine, Finding, Severity, Side
from bot.core.globs import name_matches, path_matches
from bot.core.policy.model import ORGANISATION_PATH, ORGANISATION_REPOSITORY, POLICY_PATH
from bot.core.resource import GroupKind
from bot.core.state import State

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "environment"
RULE = "policy-changed"


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    house, after_texts = _house(before), _house(after)
    # The first rules of a house are nobody's to accept: there is no one yet whom they name, but by
    # the organisation.
    severity = SEVERITY if house or _is_named(after) else Severity.WARNING
    for what, path in (("policy", POLICY_PATH), ("organisation's policy", ORGANISATION_PATH)):
        if house.get(path) != after_texts.get(path):
            yield _finding(what, path, after_texts, severity)
    old, new = _codeowners(house), _codeowners(after_texts)
    if (old, house.get(old)) != (new, after_texts.get(new)):
        yield _finding("code owners in", new or old, after_texts, severity)
    for path, content in after_texts.items():
        if path_matches(path, after.policy.rbac.known) and house.get(path) != content:
            yield _finding("known RBAC of", path, after_texts, severity)


def _is_named(state: State) -> bool:
    """Whether the policy in force names who accepts a change of the rules."""
    entries = (
        approval for approval in state.policy.approvals if name_matches(RULE, approval.rules)
    )
    entry = next(entries, None)
    return entry is not None and bool(entry.teams or entry.users)


def _house(state: State) -> Mapping[str, str]:
    """The files of rules that count in this repository."""
    names = (address.lower().rstrip("/").removesuffix(".git") for address in state.addresses)
    if any(name.rpartition("/")[2] == ORGANISATION_REPOSITORY for name in names):
        return state.governance
    return {path: text for path, text in state.governance.items() if path != ORGANISATION_PATH}


def _finding(what: str, path: str, after: Mapping[str, str], severity: Severity) -> Finding:
    content = after.get(path)
    did = "changes" if content else "removes"
    message = f"The pull request {did} the {what} {path}, and is judged by what stood before it"
    facts = {"content": content or ""}
    side: Side = "RIGHT" if content else "LEFT"
    return Finding(FileLine(path, 1), message, severity, facts=facts, side=side, governance=True)


def _codeowners(house: Mapping[str, str]) -> str:
    """The one file that GitHub reads, empty where there is none."""
    return next((path for path in LOCATIONS if path in house), "")
