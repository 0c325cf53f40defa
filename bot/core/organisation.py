"""The organisation's policy, which lies under a repository's, and what of it cannot be loosened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from bot.core.policy import Level, Override, Policy
from bot.core.policy_document import Document, parse_document
from bot.core.policy_reading import check_document, decode_policy, unknown_key
from bot.core.policy_schema import written
from bot.errors import PolicyError

ORGANISATION_PATH: Final = "fairlead.yml"
"""Where the organisation's policy is: at the top of its `.github` repository."""

# What YAML holds, once the schema has taken it.
_Held: TypeAlias = dict[str, Any]

_BESIDE: Final = frozenset(
    {"approvals", "environments", "notify", "owners", "privileged-namespaces", "waivers"}
)
"""Lists of which the repository's entries stand before the organisation's."""

_WITHIN: Final = frozenset({"images", "rules"})
"""Mappings that are laid upon each other entry by entry."""

_KEYS: Final = frozenset(map(written, Policy.__dataclass_fields__)) - {"version"}


@dataclass(frozen=True, slots=True)
class Organisation:
    """What the organisation's file says. `locked` are keys such as `block` or `rules.ID`."""

    held: Mapping[str, Any]
    locked: tuple[str, ...]


def parse_organisation(text: str, options: Mapping[str, type] | None = None) -> Organisation:
    """The organisation's policy. Raises PolicyError with everything that is wrong with it."""
    document = parse_document(text)
    locked = document.value.pop("locked", []) if isinstance(document.value, dict) else []
    _check_locked(locked, document, options)
    return Organisation(MappingProxyType(check_document(document, options)), tuple(locked))


def combined(
    organisation: Organisation, text: str, options: Mapping[str, type] | None = None
) -> Policy:
    """The repository's policy upon the organisation's.

    Raises PolicyError for what is not valid, and for each locked key that the text loosens.
    """
    document = parse_document(text)
    own = check_document(document, options)
    faults = sorted(
        f"line {document.line(path)}: {message}" for path, message in _loosened(organisation, own)
    )
    if faults:
        raise PolicyError("\n".join(faults))
    return decode_policy(_laid(dict(organisation.held), own, organisation.locked))


def _check_locked(locked: object, document: Document, options: Mapping[str, type] | None) -> None:
    if not isinstance(locked, list) or not all(isinstance(key, str) for key in locked):
        raise PolicyError(f"line {document.line(('locked',))}: locked must be a list of keys")
    known = sorted(_KEYS | {f"rules.{rule}" for rule in options or ()})
    for place, key in enumerate(locked):
        open_rule = options is None and key.startswith("rules.")
        if key not in known and not open_rule:
            line = document.line(("locked", place))
            raise PolicyError(f"line {line}: {unknown_key(key, known)}", line)


def _laid(under: _Held, over: _Held, locked: Sequence[str]) -> _Held:
    """The repository's file upon the organisation's, key by key."""
    out = {**under, **over}
    for key in _WITHIN & under.keys() & over.keys():
        out[key] = {**under[key], **over[key]}
    for key in _BESIDE & under.keys() & over.keys():
        first, second = over[key], under[key]
        if key == "approvals" and key in locked:
            # The first entry for a rule decides: a locked one is not to be stood before.
            first, second = second, first
        out[key] = [*first, *second]
    if "environments" in out:
        by_name = {held["name"]: held for held in reversed(out["environments"])}
        out["environments"] = list(reversed(by_name.values()))
    return out


def _loosened(organisation: Organisation, own: _Held) -> Iterator[tuple[tuple[str, ...], str]]:
    """The locked keys that the repository's file would loosen: where, and what is legal."""
    for locked in organisation.locked:
        key, _, rule = locked.partition(".")
        if key not in own:
            continue
        if rule:
            held = {"rules": {rule: own["rules"][rule]} if rule in own["rules"] else {}}
        else:
            held = own
        check = _CHECKS.get(key, _written)
        for path, legal in check(key, organisation.held, held):
            yield path, f"{'.'.join(path)} is locked by the organisation's policy: {legal}"


_Found: TypeAlias = Iterator[tuple[tuple[str, ...], str]]


def _written(key: str, under: Mapping[str, Any], own: _Held) -> _Found:
    """Of what has no order of strictness, anything else than the organisation's own."""
    if own[key] != under.get(key):
        yield (key,), "leave the key out"


def _level(key: str, under: Mapping[str, Any], own: _Held) -> _Found:
    """A threshold: a higher one lets more through."""
    default = {"block": Level.ERROR, "inline": Level.WARNING}[key]
    levels = list(Level)
    limit = Level(under.get(key, default))
    if levels.index(Level(own[key])) > levels.index(limit):
        legal = ", ".join(repr(str(level)) for level in levels[: levels.index(limit) + 1])
        yield (key,), f"legal here are {legal}"


def _strict(strict: str) -> Callable[[str, Mapping[str, Any], _Held], _Found]:
    """One of two words, of which one is the strict one."""
    default = {"enforce": "enforce", "block": "allow"}[strict]

    def check(key: str, under: Mapping[str, Any], own: _Held) -> _Found:
        if under.get(key, default) == strict and own[key] != strict:
            yield (key,), f"legal here is {strict!r}"

    return check


def _subset(key: str, under: Mapping[str, Any], own: _Held) -> _Found:
    """A list whose every entry lets something through."""
    more = [held for held in own[key] if held not in under.get(key, [])]
    if more:
        yield (key,), f"take out {', '.join(map(repr, more))}"


def _subsets(key: str, under: Mapping[str, Any], own: _Held) -> _Found:
    """A mapping of such lists."""
    for name, held in own[key].items():
        for path, legal in _subset(name, under.get(key, {}), {name: held}):
            yield (key, *path), legal


def _images(key: str, under: Mapping[str, Any], own: _Held) -> _Found:
    """More approved images, digests no longer wanted, other mirrors."""
    base, held = under.get(key, {}), own[key]
    if "approved" in held:
        for path, legal in _subset("approved", base, held):
            yield (key, *path), legal
        if base.get("approved") and not held["approved"]:
            yield (key, "approved"), "an empty list would approve what is in use"
    if base.get("require-digest") and held.get("require-digest") is False:
        yield (key, "require-digest"), "legal here is True"
    if "mirrors" in held and held["mirrors"] != base.get("mirrors", {}):
        yield (key, "mirrors"), "leave the key out"


def _rules(key: str, under: Mapping[str, Any], own: _Held) -> _Found:
    """A rule that is off or weaker, or whose options are others."""
    for rule, said in own[key].items():
        base, held = _rule(under.get(key, {}).get(rule)), _rule(said)
        limit, wanted = base.pop("severity", None), held.pop("severity", None)
        # Without a severity of the organisation's, the rule's own holds, which only `error` is
        # sure not to fall below.
        if wanted is not None and _rank(wanted) < _rank(limit or "error"):
            yield (key, rule), f"legal here is {limit or 'error'!r}, or nothing"
        elif any(base.get(name) != value for name, value in held.items()):
            yield (key, rule), "leave the options out"
        elif isinstance(said, dict) and set(base) - set(held):
            # A rule is laid upon the other as a whole: what is left out here would be lost.
            yield (key, rule), f"write {', '.join(sorted(set(base) - set(held)))} as well"


def _rule(said: Any) -> _Held:
    return dict(said) if isinstance(said, dict) else {} if said is None else {"severity": said}


def _rank(severity: str) -> int:
    return ("off", "notice", "warning", "error").index(severity)


def _override(key: str, under: Mapping[str, Any], own: _Held) -> _Found:
    """More people who may override, or for longer."""
    base, held = under.get(key, {}), own[key]
    for name in ("teams", "users"):
        for path, legal in _subset(name, base, {name: held.get(name, [])}):
            yield (key, *path), legal
    most = base.get("hours", Override().hours)
    if held.get("hours", Override().hours) > most:
        yield (key, "hours"), f"legal here is {most} or less"


def _free(key: str, under: Mapping[str, Any], own: _Held) -> _Found:
    """What stands beside or behind the organisation's own, and so cannot loosen it."""
    del key, under, own
    yield from ()


_CHECKS: Final[Mapping[str, Callable[[str, Mapping[str, Any], _Held], _Found]]] = MappingProxyType(
    {
        "approvals": _free,
        "assume": _subsets,
        "block": _level,
        "ignore": _subset,
        "images": _images,
        "incomplete": _strict("block"),
        "inline": _level,
        "mode": _strict("enforce"),
        "notify": _free,
        "override": _override,
        "privileged-namespaces": _free,
        "rbac": _subsets,
        "rules": _rules,
        "trusted-sources": _subset,
    }
)
