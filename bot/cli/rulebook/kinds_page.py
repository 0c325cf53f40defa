"""The table of kinds in docs/coverage.md: what Fairlead does with a resource of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.catalog import load_rules
from bot.core.resource import GroupKind
from bot.core.states.carriers.kinds import CLUSTER_RESOURCE_SET, READERS
from bot.kubernetes.treatment.kinds_table import UNJUDGED_KINDS

BEGIN = "<!-- kinds:begin -->"
END = "<!-- kinds:end -->"


def kinds_table() -> str:
    """Return the table in Markdown: judged kinds with their rules, carriers, and named kinds."""
    rows = ["| Kinds | Treatment | By |", "| --- | --- | --- |", *_judged(), *_carried(), *_named()]
    return "".join(f"{row}\n" for row in rows)


def _judged() -> Iterator[str]:
    """Yield one row for all kinds that the same rules judge."""
    rules: dict[GroupKind, list[str]] = {}
    every = []
    for rule in load_rules():
        if not rule.subjects:
            every.append(f"`{rule.id}`")
        for kind in rule.subjects:
            rules.setdefault(kind, []).append(f"`{rule.id}`")
    yield f"| every kind that they concern | judged | {', '.join(every)} |"
    groups: dict[str, list[GroupKind]] = {}
    for kind in sorted(rules):
        groups.setdefault(", ".join(rules[kind]), []).append(kind)
    for names, kinds in groups.items():
        yield f"| {_listed(kinds)} | judged | {names} |"


def _carried() -> Iterator[str]:
    kinds = sorted((*READERS, CLUSTER_RESOURCE_SET))
    yield f"| {_listed(kinds)} | carries manifests | the rules of what it carries |"


def _named() -> Iterator[str]:
    groups: dict[tuple[str, str], list[GroupKind]] = {}
    for kind, described in sorted(UNJUDGED_KINDS.items()):
        groups.setdefault((described.effect, described.product), []).append(kind)
    for (effect, product), kinds in sorted(groups.items()):
        yield f"| {_listed(kinds)} | named, not judged | {product}: acts on {effect} |"


def _listed(kinds: Iterable[GroupKind]) -> str:
    return ", ".join(f"`{kind}`" for kind in kinds)
