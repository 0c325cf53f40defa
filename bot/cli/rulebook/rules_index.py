"""The tables of rules in README.md and docs/rules.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from bot.catalog import load_rules, severities
from bot.core.engine.rule import Rule
from bot.core.words import first_of, series

_MOST_KINDS: Final = 6


def readme_table() -> str:
    """README's table: each rule, the severities it can give, and what it finds in short."""
    rows = ["| Rule | Severity | Finds |", "| --- | --- | --- |"]
    for rule in load_rules():
        row = (_link(rule, "rules/"), _severity(rule), _cell(rule.page.headline))
        rows.append(f"| {' | '.join(row)} |")
    return "".join(f"{row}\n" for row in rows)


def index_table() -> str:
    """The full index: what each rule finds, the kinds that it judges and its options."""
    rows = ["| Rule | Severity | Finds | Judges | Options |", "| --- | --- | --- | --- | --- |"]
    for rule in load_rules():
        kinds = sorted({kind.kind for kind in rule.subjects})
        cells = (
            _link(rule, "../rules/"),
            _severity(rule),
            _cell(rule.page.summary),
            _kinds(kinds),
            _options(rule),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "".join(f"{row}\n" for row in rows)


def _link(rule: Rule, folder: str) -> str:
    return f"[`{rule.id}`]({folder}{rule.id.replace('-', '_')}.md)"


def _severity(rule: Rule) -> str:
    """`error`, or `error, warning or notice` where it depends on what is found."""
    return series([str(severity) for severity in severities(rule)], "or")


def _kinds(kinds: list[str]) -> str:
    return first_of(kinds, _MOST_KINDS) or "every kind"


def _options(rule: Rule) -> str:
    """The options with their defaults, as the policy spells them."""
    options = msgspec.to_builtins(rule.options())
    texts: Iterable[str] = (
        f"`{key.replace('_', '-')}: {msgspec.json.encode(value).decode()}`"
        for key, value in options.items()
    )
    return _cell(", ".join(texts))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
