"""One policy upon another: a repository's upon its organisation's, a branch's upon the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from bot.core.globs import name_matches

Held: TypeAlias = dict[str, Any]
"""What YAML holds, once the schema has taken it."""

BRANCHES: Final = "branches"
"""What differs by target branch: entries of globs and of what they write upon the rest."""

_BESIDE: Final = frozenset(
    {"approvals", "environments", "notify", "owners", "privileged-namespaces", "waivers"}
)
"""Lists of which the upper one's entries stand before the lower one's."""

_WITHIN: Final = frozenset({"images", "rules"})
"""Mappings that are laid upon each other entry by entry."""


def laid(under: Mapping[str, Any], over: Mapping[str, Any], *, last: tuple[str, ...] = ()) -> Held:
    """One policy upon another, key by key. `last` are lists whose upper entries stand last."""
    out = {**under, **over}
    for key in _WITHIN & under.keys() & over.keys():
        out[key] = {**under[key], **over[key]}
    for key in _BESIDE & under.keys() & over.keys():
        first, second = (under, over) if key in last else (over, under)
        out[key] = [*first[key], *second[key]]
    if "environments" in out:
        by_name = {
            environment["name"]: environment for environment in reversed(out["environments"])
        }
        out["environments"] = list(reversed(by_name.values()))
    return out


def place_of(policy: Mapping[str, Any], branch: str | None) -> int | None:
    """Which entry of `branches` speaks of a target branch: the first that names it."""
    if branch is None:
        return None
    entries = enumerate(policy.get(BRANCHES, ()))
    return next((at for at, entry in entries if name_matches(branch, entry["names"])), None)


def at_branch(policy: Mapping[str, Any], place: int | None) -> Held:
    """What a policy says where this entry of `branches` holds; of none of them without one."""
    rest = {key: value for key, value in policy.items() if key != BRANCHES}
    if place is None:
        return rest
    settings = {key: value for key, value in policy[BRANCHES][place].items() if key != "names"}
    return laid(rest, settings)


def places(policy: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """Every mapping of a policy that holds settings, and where it stands."""
    yield (), policy
    for place, entry in enumerate(policy.get(BRANCHES, ())):
        yield (BRANCHES, place), entry


def branches_named(*policies: Mapping[str, Any]) -> Iterator[str]:
    """The globs of branches in these policies, each of which is a name that it matches."""
    for policy in policies:
        for entry in policy.get(BRANCHES, ()):
            yield from entry["names"]
