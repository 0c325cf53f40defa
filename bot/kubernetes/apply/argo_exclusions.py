"""Kinds that Argo CD does not apply, by its own settings or by those of a project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.globs import name_matches
from bot.core.reading.yaml_texts import value_of
from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.core.values import Body, mapping, sequence, text
from bot.errors import UnbuildableError
from bot.kubernetes import kinds
from bot.kubernetes.authority.argo_permits import permits_kind
from bot.kubernetes.gitops.owners import application_spec
from bot.records import dataclass

_SETTINGS: Final = "argocd-cm"
_EVERYWHERE: Final = frozenset({"", "*", "https://kubernetes.default.svc"})
_LISTS: Final = {True: "namespaceResource", False: "clusterResource"}


@dataclass(frozen=True, slots=True)
class _Exclusion:
    """An item of `resource.exclusions` or `resource.inclusions`, and the text that has it."""

    node: Node
    item: Body
    includes: bool

    def names(self, resource: Resource) -> bool:
        """Whether the item covers this object; one for other clusters alone does not."""
        key = resource.key
        clusters = frozenset(_texts(self.item, "clusters"))
        return (
            name_matches(key.group, _texts(self.item, "apiGroups") or ["*"])
            and name_matches(key.kind, _texts(self.item, "kinds") or ["*"])
            and (not clusters or bool(clusters & _EVERYWHERE))
        )


def excluded_by(resource: Resource, owner: Resource, state: State) -> Node | None:
    """Return the field that keeps Argo CD from applying this kind for an Application.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#resource-exclusioninclusion
    """
    exclusions = [
        one for one in state.derived(_exclusions) if one.node.resource.namespace == owner.namespace
    ]
    for one in exclusions:
        if not one.includes and one.names(resource):
            return one.node
    included = [one for one in exclusions if one.includes]
    if included and not any(one.names(resource) for one in included):
        return included[0].node
    name = application_spec(owner)["project"].text or "default"
    for project in state.of(kinds.APP_PROJECT, namespace=owner.namespace):
        if project.name == name and not permits_kind(project.at("spec"), resource.key):
            prefix = _LISTS[resource.namespace is not None]
            lists = [project.at("spec", f"{prefix}{end}") for end in ("Blacklist", "Whitelist")]
            return next((one for one in lists if one.exists), project.at("spec"))
    return None


def may_exclude(state: State) -> bool:
    """Return whether some setting or project may leave kinds out."""
    return bool(state.derived(_exclusions) or state.of(kinds.APP_PROJECT))


def _exclusions(state: State) -> tuple[_Exclusion, ...]:
    return tuple(_listed(state))


def _listed(state: State) -> Iterator[_Exclusion]:
    for settings in state.of(kinds.CONFIG_MAP):
        if settings.name != _SETTINGS:
            continue
        for name, includes in (("resource.exclusions", False), ("resource.inclusions", True)):
            node = settings.at("data", name)
            try:
                value = value_of((node.text or "").encode())
            except UnbuildableError:
                continue
            for item in sequence(value):
                yield _Exclusion(node, mapping(item), includes)


def _texts(item: Body, name: str) -> list[str]:
    return [value for one in sequence(item.get(name)) if (value := text(one)) is not None]
