"""See policy_changed.md."""

from collections.abc import Iterator, Mapping

from bot.core.codeowners import LOCATIONS
from bot.core.finding import Finding, Severity, Spot
from bot.core.policy import POLICY_PATH
from bot.core.resource import GroupKind
from bot.core.state import State

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "environment"


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    # The first rules of a house are nobody's to accept: there is no one yet whom they name.
    severity = SEVERITY if before.house else Severity.WARNING
    if before.house.get(POLICY_PATH) != after.house.get(POLICY_PATH):
        yield _finding("policy", POLICY_PATH, after, severity)
    old, new = _codeowners(before.house), _codeowners(after.house)
    if (old, before.house.get(old)) != (new, after.house.get(new)):
        yield _finding("code owners in", new or old, after, severity)


def _finding(what: str, path: str, after: State, severity: Severity) -> Finding:
    content = after.house.get(path)
    did = "changes" if content else "removes"
    message = f"The pull request {did} the {what} {path}, and is judged by what stood before it"
    facts = {"content": content or ""}
    return Finding(
        Spot(path, 1), message, severity, facts=facts, side="RIGHT" if content else "LEFT"
    )


def _codeowners(house: Mapping[str, str]) -> str:
    """The one file that GitHub reads, empty where there is none."""
    return next((path for path in LOCATIONS if path in house), "")
