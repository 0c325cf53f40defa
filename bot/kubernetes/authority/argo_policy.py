"""Argo CD's own RBAC: the policy lines of a ConfigMap or project, and which lines allow more."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from bot.core.finding import Side
from bot.core.resource import Node, Resource
from bot.core.words import first_of
from bot.kubernetes.authority.pattern_lists import matches

PolicyLine: TypeAlias = tuple[str, ...]

RBAC_CONFIG: Final = "argocd-rbac-cm"
_DEFAULT: Final = "policy.default"


def policy_lines(text: str) -> tuple[PolicyLine, ...]:
    """The lines of a policy in CSV, without comments.

    `p, subject, resource, action, object, effect` allows or denies; `g, subject, role` assigns a
    role.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/rbac/
    """
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    try:
        lines = [tuple(cell.strip() for cell in row) for row in rows]
    except csv.Error:
        return ()
    return tuple(row for row in lines if row and row[0] in ("p", "g"))


def wider(base: Iterable[PolicyLine], head: Iterable[PolicyLine]) -> tuple[str, ...]:
    """What head's lines allow that base's do not, and what they no longer deny, in words."""
    old, new = tuple(base), tuple(head)
    allowed = [line for line in new if _allows(line) and not any(_covers(o, line) for o in old)]
    denied = [line for line in old if _denies(line) and line not in new]
    return (
        *(f"allows {', '.join(line)}" for line in allowed),
        *(f"no longer has {', '.join(line)}" for line in denied),
    )


def _denies(line: PolicyLine) -> bool:
    return line[0] == "p" and len(line) > 5 and line[5].lower() == "deny"


def _allows(line: PolicyLine) -> bool:
    return line[0] == "g" or not _denies(line)


def _covers(old: PolicyLine, new: PolicyLine) -> bool:
    """Whether one line allows everything that another allows; subjects are not patterns."""
    if old[0] != new[0] or _denies(old) or old[1:2] != new[1:2]:
        return False
    if old[0] == "g":
        return old[2:3] == new[2:3]
    return len(new) >= 5 <= len(old) and all(map(matches, old[2:5], new[2:5]))


def config_widened(before: Resource | None, after: Resource) -> Iterator[tuple[Node, str, Side]]:
    """What the ConfigMap `argocd-rbac-cm` newly allows people to do."""
    for key, node in after.at("data").fields():
        if key == _DEFAULT or not (key.startswith("policy.") and key.endswith("csv")):
            continue
        old = before.at("data", key).text if before is not None else None
        widened = wider(policy_lines(old or ""), policy_lines(node.text or ""))
        if widened:
            yield node, f"Argo CD's policy now {first_of(widened, 1)}", "RIGHT"
    node = after.at("data", _DEFAULT)
    old = before.at("data", _DEFAULT).text if before is not None else None
    if node.text and node.text != old:
        yield node, f"Everybody who logs in to Argo CD now has {node.text}", "RIGHT"
