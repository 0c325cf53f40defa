"""Argo CD projects: the sources, destinations, kinds and people that they allow."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from bot.core.finding import Finding, Severity, Side
from bot.core.resource import Node, Resource
from bot.kubernetes.authority.argo_limits import (
    accounts_changed,
    signatures_changed,
    windows_changed,
)
from bot.kubernetes.authority.argo_policy import policy_lines, wider
from bot.kubernetes.authority.pattern_lists import (
    added,
    matches,
    matches_path,
    place,
    refusals_removed,
    removed,
    text_of,
)
from bot.kubernetes.workloads.pods import str_of

_MOST_NAMED: Final = 3


def new_project(project: Resource, privileged: tuple[str, ...]) -> Finding:
    """Report a new project: a warning, or an error where it reaches beyond ordinary namespaces."""
    spec = project.at("spec")
    wide = [
        *("any source" for source in spec["sourceRepos"].texts if source == "*"),
        *(
            f"namespace {_space(item)}"
            for item in spec["destinations"].items()
            if any(fnmatchcase(namespace, _space(item)) for namespace in privileged)
        ),
        *(f"cluster-scoped {_kind(item)}" for item in spec["clusterResourceWhitelist"].items()),
    ]
    what = f" and allows {', '.join(wide[:_MOST_NAMED])}" if wide else ""
    severity = Severity.ERROR if wide else Severity.WARNING
    node = project.at("metadata", "name")
    return Finding(node, f"{str_of(project)} is a new project{what}", severity)


def project_widened(before: Resource, after: Resource) -> Iterator[tuple[Node, str, Side]]:
    """What a project newly allows: the field, the permission in words, the side of the field."""
    base, head = before.at("spec"), after.at("spec")
    compared = (_sources, _destinations, _kinds, _roles, _checks)
    limits = (accounts_changed, signatures_changed, windows_changed)
    for compare in (*compared, *limits):
        yield from compare(base, head)


def _sources(base: Node, head: Node) -> Iterator[tuple[Node, str, Side]]:
    both = base["sourceRepos"], head["sourceRepos"]
    for item in added(*both, text_of, matches_path):
        yield item, f"allows the source {item.text}", "RIGHT"
    for item in refusals_removed(*both, text_of):
        yield item, f"no longer refuses the source {text_of(item)[1:]}", "LEFT"
    for item in added(base["sourceNamespaces"], head["sourceNamespaces"], text_of):
        yield item, f"takes Applications of namespace {item.text}", "RIGHT"


def _space(item: Node) -> str:
    return item["namespace"].text or ""


def _destination(item: Node) -> str:
    """Cluster and namespace as one text; it is a denial (`!`) where either of them is."""
    cluster = item["server"].text or item["name"].text or ""
    refused = "!" if cluster.startswith("!") or _space(item).startswith("!") else ""
    return f"{refused}{cluster.lstrip('!')} {_space(item).lstrip('!')}"


def _reaches(old: str, new: str) -> bool:
    return all(map(matches, old.split(" "), new.split(" ")))


def _destinations(base: Node, head: Node) -> Iterator[tuple[Node, str, Side]]:
    both = base["destinations"], head["destinations"]
    for item in added(*both, _destination, _reaches):
        cluster = item["server"].text or item["name"].text or "no cluster"
        yield item, f"deploys into namespace {_space(item) or '(none)'} of {cluster}", "RIGHT"
    for item in refusals_removed(*both, _destination):
        yield item, f"no longer refuses {_destination(item)[1:].replace(' ', '/')}", "LEFT"


def _kind(item: Node) -> str:
    group, name = item["group"].text, item["name"].text
    return f"{f'{group}/' if group else ''}{item['kind'].text or ''}{f'/{name}' if name else ''}"


def _kinds(base: Node, head: Node) -> Iterator[tuple[Node, str, Side]]:
    """Allow lists that grow and deny lists that shrink; without a list every kind is allowed."""
    for item in added(base["clusterResourceWhitelist"], head["clusterResourceWhitelist"], _kind):
        yield item, f"allows cluster-scoped {_kind(item)}", "RIGHT"
    for field in ("clusterResourceBlacklist", "namespaceResourceBlacklist"):
        for item in removed(base[field], head[field], _kind):
            yield item, f"no longer refuses {_kind(item)}", "LEFT"
    old, new = base["namespaceResourceWhitelist"], head["namespaceResourceWhitelist"]
    if not any(old.items()):
        return
    if not any(new.items()):
        node, side = place(new, old)
        yield node, "allows every kind in namespaces", side
    for item in added(old, new, _kind):
        yield item, f"allows {_kind(item)} in namespaces", "RIGHT"


def _roles(base: Node, head: Node) -> Iterator[tuple[Node, str, Side]]:
    old = {item["name"].text: item for item in base["roles"].items()}
    for role in head["roles"].items():
        name = role["name"].text
        was = old.get(name, Node(role.resource, (), None, exists=False))
        lines = policy_lines("\n".join(was["policies"].texts))
        for item in role["policies"].items():
            for line in wider(lines, policy_lines(item.text or ""))[:1]:
                if line.startswith("allows"):
                    yield item, f"{line} (role {name})", "RIGHT"
        for item in added(was["groups"], role["groups"], text_of, str.__eq__):
            yield item, f"gives role {name} to group {item.text}", "RIGHT"


def _checks(base: Node, head: Node) -> Iterator[tuple[Node, str, Side]]:
    scoped = "permitOnlyProjectScopedClusters"
    if base[scoped].value is True and head[scoped].value is not True:
        node, side = place(head[scoped], base[scoped])
        yield node, "deploys to clusters of other projects", side
