"""Former ids of rules in a policy, replaced by the current ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from bot.core.globs import name_matches
from bot.core.policy.document import KeyPath, PolicyDocument
from bot.core.policy.layers import BRANCHES
from bot.core.policy.rule_types import RuleTypes
from bot.errors import PolicyError


def with_current_names(
    document: PolicyDocument, rules: Mapping[str, type] | None
) -> PolicyDocument:
    """The document with former ids of rules replaced by today's, wherever it may name a rule.

    Raises PolicyError where a rule is set by both of its names.
    """
    aliases = rules.aliases if isinstance(rules, RuleTypes) else {}
    if not aliases or not isinstance(document.value, dict):
        return document
    value = _renamed(document.value, (), aliases, document)
    branches = value.get(BRANCHES)
    if isinstance(branches, list):
        value[BRANCHES] = [
            _renamed(entry, (BRANCHES, number), aliases, document)
            if isinstance(entry, dict)
            else entry
            for number, entry in enumerate(branches)
        ]
    lines = {_renamed_path(path, aliases): line for path, line in document.lines.items()}
    return PolicyDocument(value, lines)


def _renamed(
    settings: Mapping[str, Any],
    place: KeyPath,
    aliases: Mapping[str, str],
    document: PolicyDocument,
) -> dict[str, Any]:
    out = dict(settings)
    if isinstance(out.get("rules"), dict):
        out["rules"] = _renamed_keys(out["rules"], (*place, "rules"), aliases, document)
    if isinstance(out.get("locked"), list):
        out["locked"] = [
            f"rules.{aliases[key[6:]]}" if isinstance(key, str) and key[6:] in aliases else key
            for key in out["locked"]
        ]
    for section in ("approvals", "notify"):
        if isinstance(out.get(section), list):
            out[section] = [_renamed_globs(entry, aliases) for entry in out[section]]
    if isinstance(out.get("waivers"), list):
        out["waivers"] = [*out["waivers"], *_renamed_waivers(out["waivers"], aliases)]
    return out


def _renamed_keys(
    rules: Mapping[str, Any], place: KeyPath, aliases: Mapping[str, str], document: PolicyDocument
) -> dict[str, Any]:
    for former, current in aliases.items():
        if former in rules and current in rules:
            line = document.line((*place, former))
            message = f"line {line}: {former!r} is the former name of {current!r}: keep one of them"
            raise PolicyError(message, line)
    return {aliases.get(rule, rule): setting for rule, setting in rules.items()}


def _renamed_globs(entry: Any, aliases: Mapping[str, str]) -> Any:
    """An entry of `approvals` or `notify` that also names what its globs named before."""
    globs = entry.get("rules") if isinstance(entry, dict) else None
    if not isinstance(globs, list) or not all(isinstance(glob, str) for glob in globs):
        return entry
    current = [aliases.get(glob, glob) for glob in globs]
    added = [
        rule
        for former, rule in aliases.items()
        if name_matches(former, current) and not name_matches(rule, current)
    ]
    return {**entry, "rules": [*current, *added]}


def _renamed_waivers(waivers: list[Any], aliases: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """A further waiver for each rule that a waiver's glob named before."""
    for waiver in waivers:
        glob = waiver.get("rule") if isinstance(waiver, dict) else None
        if not isinstance(glob, str):
            continue
        for former, rule in aliases.items():
            if fnmatchcase(former, glob) and not fnmatchcase(rule, glob):
                yield {**waiver, "rule": rule}


def _renamed_path(path: KeyPath, aliases: Mapping[str, str]) -> KeyPath:
    at = 2 if path[:1] == (BRANCHES,) else 0
    if len(path) > at + 1 and path[at] == "rules" and path[at + 1] in aliases:
        return (*path[: at + 1], aliases[str(path[at + 1])], *path[at + 2 :])
    return path
