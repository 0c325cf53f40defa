"""Locked keys: how a repository's policy may not loosen its organisation's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from bot.core.finding import Severity
from bot.core.policy.layers import Held
from bot.core.policy.model import Override, Threshold

LockedKey: TypeAlias = tuple[str, ...]


def loosened(
    locked: Sequence[str], under: Mapping[str, Any], upper: Held
) -> Iterator[tuple[LockedKey, str]]:
    """The locked keys that `upper` would loosen upon `under`: where, and what is legal."""
    for name in locked:
        key, _, rule = name.partition(".")
        yield from _by_option(name, under, upper)
        if key not in upper:
            continue
        if rule:
            section = {"rules": {rule: upper["rules"][rule]} if rule in upper["rules"] else {}}
        else:
            section = upper
        yield from _CHECKS.get(key, _written)(key, under, section)


_Found: TypeAlias = Iterator[tuple[LockedKey, str]]


def _by_option(key: str, under: Mapping[str, Any], upper: Held) -> _Found:
    """Rule options with the name of a locked key, such as `trusted-sources`, which add to it."""
    for rule, setting in upper.get("rules", {}).items():
        if isinstance(setting, dict) and key in setting:
            theirs = under.get("rules", {}).get(rule)
            allowed = theirs.get(key, []) if isinstance(theirs, dict) else []
            for _, legal in _subset(key, {key: [*under.get(key, []), *allowed]}, setting):
                yield ("rules", rule, key), legal


def _written(key: str, under: Mapping[str, Any], upper: Held) -> _Found:
    """A key without an order of strictness may only repeat the organisation's value."""
    if upper[key] != under.get(key):
        yield (key,), "remove the key"


def _level(key: str, under: Mapping[str, Any], upper: Held) -> _Found:
    """A threshold: a higher one lets more through."""
    default = {"block": Threshold.ERROR, "inline": Threshold.WARNING}[key]
    levels = list(Threshold)
    limit = Threshold(under.get(key, default))
    if levels.index(Threshold(upper[key])) > levels.index(limit):
        legal = ", ".join(repr(str(level)) for level in levels[: levels.index(limit) + 1])
        yield (key,), f"expected one of {legal}"


def _loudness(key: str, under: Mapping[str, Any], upper: Held) -> _Found:
    """A severity: a lower one lets more through."""
    levels = list(Severity)
    limit = Severity(under.get(key, Severity.NOTICE))
    if Severity(upper[key]).rank < limit.rank:
        legal = ", ".join(repr(str(level)) for level in levels[limit.rank :])
        yield (key,), f"expected one of {legal}"


def _strict(
    strict: str, default: str | None = None
) -> Callable[[str, Mapping[str, Any], Held], _Found]:
    """The check of a key with two values, of which `strict` is the strict one.

    `default` is the value without the key; the strict one if it is left out.
    """
    default = default or strict

    def check(key: str, under: Mapping[str, Any], upper: Held) -> _Found:
        if under.get(key, default) == strict and upper[key] != strict:
            yield (key,), f"expected {strict!r}"

    return check


def _subset(key: str, under: Mapping[str, Any], upper: Held) -> _Found:
    """A list in which every entry lets something through."""
    more = [entry for entry in upper[key] if entry not in under.get(key, [])]
    if more:
        yield (key,), f"remove {', '.join(map(repr, more))}"


def _subsets(key: str, under: Mapping[str, Any], upper: Held) -> _Found:
    """A mapping of lists in which every entry lets something through."""
    for name, entries in upper[key].items():
        for path, legal in _subset(name, under.get(key, {}), {name: entries}):
            yield (key, *path), legal


def _images(key: str, under: Mapping[str, Any], upper: Held) -> _Found:
    """Approved images may not be added, digests not made optional, mirrors not changed."""
    base, images = under.get(key, {}), upper[key]
    if "approved" in images:
        for path, legal in _subset("approved", base, images):
            yield (key, *path), legal
        if base.get("approved") and not images["approved"]:
            yield (key, "approved"), "an empty list would approve what is in use"
    if base.get("require-digest") and images.get("require-digest") is False:
        yield (key, "require-digest"), "expected true"
    if "mirrors" in images and images["mirrors"] != base.get("mirrors", {}):
        yield (key, "mirrors"), "remove the key"


def _rules(key: str, under: Mapping[str, Any], upper: Held) -> _Found:
    """A rule may not be switched off or weakened, and its options may not be changed."""
    for rule, setting in upper[key].items():
        base, options = _rule(under.get(key, {}).get(rule)), _rule(setting)
        limit, severity = base.pop("severity", None), options.pop("severity", None)
        # Without a severity of the organisation's, the rule's own holds, which only `error` is
        # sure not to fall below.
        if severity is not None and _rank(severity) < _rank(limit or "error"):
            yield (key, rule), f"expected {limit or 'error'!r}, or no entry"
            continue
        if any(base.get(name) != value for name, value in options.items()):
            yield (key, rule), "remove the options"
            continue
        # A rule is laid upon the other as a whole: what is left out here would be lost.
        lost = sorted(base.keys() - options.keys())
        if limit is not None and severity is None:
            lost = ["severity", *lost]
        if lost:
            yield (key, rule), f"repeat {', '.join(lost)}, which would be lost"


def _rule(setting: Any) -> Held:
    return (
        dict(setting)
        if isinstance(setting, dict)
        else {}
        if setting is None
        else {"severity": setting}
    )


def _rank(severity: str) -> int:
    return ("off", "notice", "warning", "error").index(severity)


def _override(key: str, under: Mapping[str, Any], upper: Held) -> _Found:
    """Nobody may be added to `override`, and its hours may not grow."""
    base, override = under.get(key, {}), upper[key]
    for name in ("teams", "users"):
        for path, legal in _subset(name, base, {name: override.get(name, [])}):
            yield (key, *path), legal
    most = base.get("hours", Override().hours)
    if override.get("hours", Override().hours) > most:
        yield (key, "hours"), f"expected {most} or less"


def _free(key: str, under: Mapping[str, Any], upper: Held) -> _Found:
    """A key whose entries are added to the organisation's and so cannot loosen them."""
    del key, under, upper
    yield from ()


_CHECKS: Final[Mapping[str, Callable[[str, Mapping[str, Any], Held], _Found]]] = MappingProxyType(
    {
        "approvals": _free,
        "assume": _subsets,
        "block": _level,
        "escalation": _subsets,
        "ignore": _subset,
        "images": _images,
        "incomplete": _strict("block"),
        "unlisted": _loudness,
        "inline": _level,
        "mode": _strict("enforce"),
        "new-rules": _strict("enforce", "observe"),
        "notify": _free,
        "override": _override,
        "privileged-namespaces": _free,
        "rbac": _subsets,
        "rules": _rules,
        "trusted-sources": _subset,
    }
)
