"""A first policy for a repository, derived from its content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bot.core.codeowners import Codeowners
from bot.core.state import State
from bot.records import dataclass

_LONGEST: Final = 200
"""The most entries of a proposed list; nobody reviews a longer one."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Proposed settings: approved image prefixes, and namespaces by owning teams."""

    images: tuple[str, ...]
    owners: Mapping[tuple[str, ...], tuple[str, ...]]


def proposal(
    states: Iterable[State], origins: Iterable[tuple[str, str]], codeowners: Codeowners
) -> Proposal:
    """The proposal for these environments and the registries that their images come from."""
    teams: dict[str, frozenset[str]] = {}
    for state in states:
        for namespace, path in _placed(state):
            owners = frozenset(_teams(codeowners, path))
            teams[namespace] = teams.get(namespace, owners) & owners
    by_teams: dict[tuple[str, ...], list[str]] = {}
    for namespace, owners in sorted(teams.items()):
        if owners:
            by_teams.setdefault(tuple(sorted(owners)), []).append(namespace)
    images = sorted({f"{domain}/{first}" for domain, first in origins if domain})
    return Proposal(tuple(images), {key: tuple(names) for key, names in by_teams.items()})


def _placed(state: State) -> Iterator[tuple[str, str]]:
    """Each namespace with the paths of files that put resources into it."""
    seen: set[tuple[str, str]] = set()
    for resource in state.resources:
        place = (resource.namespace or "", resource.source.path)
        if resource.namespace is not None and place not in seen:
            seen.add(place)
            yield place


def _teams(codeowners: Codeowners, path: str) -> Iterator[str]:
    """The teams that own a path; individual owners are left out, since people change."""
    for owner in codeowners.owners(path):
        if owner.startswith("@") and "/" in owner:
            yield owner[1:]


def proposed_policy(suggestion: Proposal, schema: str | None = None) -> str:
    """The proposal as a policy file with comments on what to decide.

    `schema` is the address of the policy's JSON Schema, for editors. The first line names it, as
    the YAML language server reads it: https://github.com/redhat-developer/yaml-language-server
    """
    editors = [f"# yaml-language-server: $schema={schema}"] if schema else []
    return "\n".join([*editors, *_beginning(), *_images(suggestion), *_owners(suggestion)]) + "\n"


def _beginning() -> Iterator[str]:
    yield "# What Fairlead requires of a change. Every key: docs/policy.md."
    yield "version: 1"
    yield "# observe: the check passes and says what would have blocked. Then remove this line."
    yield "mode: observe"


def _images(suggestion: Proposal) -> Iterator[str]:
    if not suggestion.images:
        return
    yield "# Everything that runs today. Remove what should not be used by new changes."
    yield "images:"
    yield "  approved:"
    for entry in suggestion.images[:_LONGEST]:
        yield f"    - {json.dumps(entry)}"
    if len(suggestion.images) > _LONGEST:
        yield f"    # {len(suggestion.images) - _LONGEST} more are not listed"


def _owners(suggestion: Proposal) -> Iterator[str]:
    if not suggestion.owners:
        return
    yield "# By CODEOWNERS: the teams that own every file of these namespaces."
    yield "owners:"
    for teams, namespaces in sorted(suggestion.owners.items()):
        yield f"  - namespaces: [{_listed(namespaces)}]"
        yield f"    teams: [{_listed(teams)}]"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(json.dumps, names))
