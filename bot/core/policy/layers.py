"""One policy upon another: a repository's upon its organisation's, a branch's upon the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from bot.core.globs import name_matches

Held: TypeAlias = dict[str, Any]
"""Settings of a policy file that the schema has accepted."""

BRANCHES: Final = "branches"
"""The key of settings for target branches: entries of globs and the settings they add."""

_BESIDE: Final = frozenset(
    {"approvals", "environments", "notify", "owners", "privileged-namespaces", "waivers"}
)
"""Lists in which the upper policy's entries come before the lower one's."""

_WITHIN: Final = frozenset({"images", "rules"})
"""Mappings that are merged entry by entry."""


def laid(under: Mapping[str, Any], over: Mapping[str, Any], *, last: tuple[str, ...] = ()) -> Held:
    """One policy merged over another by key. In lists named by `last`, upper entries come last."""
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
    """The index of the first entry of `branches` that names a target branch, None without one."""
    if branch is None:
        return None
    entries = enumerate(policy.get(BRANCHES, ()))
    return next((at for at, entry in entries if name_matches(branch, entry["names"])), None)


def at_branch(policy: Mapping[str, Any], place: int | None) -> Held:
    """The settings with this entry of `branches` merged in, or without any for None."""
    rest = {key: value for key, value in policy.items() if key != BRANCHES}
    if place is None:
        return rest
    settings = {key: value for key, value in policy[BRANCHES][place].items() if key != "names"}
    return laid(rest, settings)


def places(policy: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """Every mapping of settings in a policy, with its key path."""
    yield (), policy
    for place, entry in enumerate(policy.get(BRANCHES, ())):
        yield (BRANCHES, place), entry


def branches_named(*policies: Mapping[str, Any]) -> Iterator[str]:
    """The globs of branches in these policies; as a name, each glob matches itself."""
    for policy in policies:
        for entry in policy.get(BRANCHES, ()):
            yield from entry["names"]
