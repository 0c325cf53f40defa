"""See policy_changed.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.core.codeowners import LOCATIONS
from bot.core.finding import FileLine, Finding, Severity, Side, Table
from bot.core.globs import name_matches, path_matches
from bot.core.policy.model import ORGANISATION_PATH, ORGANISATION_REPOSITORY, POLICY_PATH
from bot.core.resource import GroupKind
from bot.core.state import State
from bot.core.words import counted
from bot.errors import PolicyError

if TYPE_CHECKING:
    from bot.core.policy.setting_kinds import SettingChange

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "environment"
RULE = "policy-changed"
MOST_SETTINGS: Final = 49
"""A comment shows 50 rows of a table; the last one counts what is left out."""

_IN_MESSAGE: Final = 60


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    old, new = _governance(before), _governance(after)
    # A first policy is nobody's to accept: nobody is named yet, unless by the organisation.
    severity = SEVERITY if old or _is_named(after) else Severity.WARNING
    for what, path in (("policy", POLICY_PATH), ("organisation's policy", ORGANISATION_PATH)):
        if old.get(path) != new.get(path):
            finding = _finding(what, path, new, severity)
            texts = (side.policy_texts.get(path, "") for side in (before, after))
            yield _with_settings(finding, *texts)
    owners_before, owners_after = _codeowners(old), _codeowners(new)
    if (owners_before, old.get(owners_before)) != (owners_after, new.get(owners_after)):
        yield _finding("code owners in", owners_after or owners_before, new, severity)
    for path, content in new.items():
        if path_matches(path, after.policy.rbac.known) and old.get(path) != content:
            yield _finding("known RBAC of", path, new, severity)


def _is_named(state: State) -> bool:
    """Whether the policy in force names who accepts a change of the rules."""
    entries = (
        approval for approval in state.policy.approvals if name_matches(RULE, approval.rules)
    )
    entry = next(entries, None)
    return entry is not None and bool(entry.teams or entry.users)


def _governance(state: State) -> Mapping[str, str]:
    """The content ids of the files that govern this repository, by path."""
    names = (address.lower().rstrip("/").removesuffix(".git") for address in state.addresses)
    if any(name.rpartition("/")[2] == ORGANISATION_REPOSITORY for name in names):
        return state.governance
    return {path: blob for path, blob in state.governance.items() if path != ORGANISATION_PATH}


def _finding(what: str, path: str, after: Mapping[str, str], severity: Severity) -> Finding:
    content = after.get(path)
    did = "changes" if content else "removes"
    message = f"The pull request {did} the {what} {path}, and is judged by the previous version"
    facts = {"content": content or ""}
    side: Side = "RIGHT" if content else "LEFT"
    return Finding(FileLine(path, 1), message, severity, facts=facts, side=side, governance=True)


def _with_settings(finding: Finding, before: str, after: str) -> Finding:
    """The finding with a table of the settings that change, the worst of them in its message."""
    # The reader of policies takes long to import, and few pull requests change one.
    from bot.core.policy.changes import setting_changes  # noqa: PLC0415

    try:
        changes = setting_changes(before, after)
    except PolicyError as error:
        fault = f"the file is not valid, so every check would fail: {str(error).splitlines()[0]}"
        return replace(finding, message=f"{finding.message}; {fault}")
    if not changes:
        return replace(finding, message=f"{finding.message}; no setting changes")
    worst, others = changes[0], len(changes) - 1
    more = f", and {counted(others, 'more setting')} {'change' if others > 1 else 'changes'}"
    rows = [
        (change.setting, change.before, change.after, change.meaning)
        for change in changes[:MOST_SETTINGS]
    ]
    if len(changes) > MOST_SETTINGS:
        rows.append(("…", "", "", f"and {len(changes) - MOST_SETTINGS:,} more"))
    return replace(
        finding,
        message=f"{finding.message}; once merged, {worst.meaning} ({_in_message(worst)})"
        f"{more if others else ''}",
        details=(Table(("Setting", "Before", "After", "What it means"), tuple(rows)),),
    )


def _in_message(change: SettingChange) -> str:
    """The setting with its values, each shortened."""
    old, new = (
        f"{value[:_IN_MESSAGE]}…" if len(value) > _IN_MESSAGE else value
        for value in (change.before, change.after)
    )
    return (
        f"{change.setting} from {old} to {new}"
        if old and new
        else f"{change.setting}: {old or new}"
    )


def _codeowners(governance: Mapping[str, str]) -> str:
    """The one file that GitHub reads, empty where there is none."""
    return next((path for path in LOCATIONS if path in governance), "")
