"""Pod Security: what a level refuses, and the namespaces that ask for one.

https://kubernetes.io/docs/concepts/security/pod-security-admission/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Node, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.gitops.owners import Owner, application_spec, owners_of
from bot.kubernetes.guardrails.formulas import And, Formula, Not, Opaque, Test, every, some
from bot.kubernetes.guardrails.guards import Clause, Guard, GuardField, GuardRoots
from bot.kubernetes.guardrails.matching import NAMESPACE
from bot.kubernetes.guardrails.search import CHECK

OVERRIDDEN: Final = "overridden namespaces"
"""The family of the Applications that label a namespace over its manifest, which is a root too."""

POD_SECURITY: Final = "pod-security.kubernetes.io/enforce"
_VERSION: Final = "pod-security.kubernetes.io/enforce-version"
_CREATE: Final = "CreateNamespace=true"
_LATEST: Final = "1000"
_BASELINE: Final = Opaque("the pod violates the baseline level")
_RESTRICTED: Final = Opaque("the pod violates the restricted level")


def refused_by_level(level: str, version: str | None) -> Formula:
    """What a level refuses: the checks that the standard has had since that minor version."""
    known = Test(f"{CHECK}version that brought the check", "<=", (_minor(version),))
    if level == "restricted":
        return every(some(_BASELINE, _RESTRICTED), known)
    return every(_BASELINE, known) if level == "baseline" else False


def _minor(version: str | None) -> str:
    """The minor version of `v1.34`; `latest` and what is no version is the newest."""
    _, _, minor = (version or "latest").removeprefix("v").partition(".")
    return minor if minor.isascii() and minor.isdigit() else _LATEST


def level_guards(state: State) -> Iterator[Guard]:
    """The namespaces of a state as guards, and the configuration of the admission plugin."""
    for resource in state.of(kinds.NAMESPACE):
        yield Guard(str(resource.key), "namespaces", {resource.key: resource.root}, read_namespace)
    for owner in _creating(state):
        yield _by_application(owner, state)
    for kind in (kinds.ADMISSION_CONFIGURATION, kinds.POD_SECURITY_CONFIGURATION):
        for resource in state.of(kind):
            roots = {resource.key: resource.root}
            yield Guard(str(resource.key), "admission configuration", roots, read_configuration)


def read_namespace(roots: GuardRoots) -> tuple[Clause, ...]:
    """The level that a namespace enforces; without the label, most clusters enforce none."""
    return tuple(_level(root, root["metadata"]["labels"]) for root in roots.values())


def _creating(state: State) -> Iterator[Owner]:
    """The Applications of a state, those that sets generate among them."""
    yield from map(Owner, state.of(kinds.APPLICATION))
    for root in state.declarations:
        if root.generated is not None:
            yield Owner(root.generated, root.name)


def _by_application(owner: Owner, state: State) -> Guard:
    """The labels that an Application gives its namespace, which may have others by its manifest.

    Argo CD applies its own over those of a manifest, unless the same Application has the manifest.
    https://github.com/argoproj/argo-cd/blob/master/controller/sync_namespace.go
    """
    application, name = owner.resource, f"{owner.resource.key} {owner.name}"
    roots = {application.key: application.root}
    spec = application_spec(application)
    creates = _CREATE in spec["syncPolicy"]["syncOptions"].texts
    if creates and _labels(application)[POD_SECURITY].exists:
        for namespace in state.of(kinds.NAMESPACE):
            if namespace.name == spec["destination"]["namespace"].text and _is_of_another(
                namespace, owner, state
            ):
                (clause,) = read_namespace({namespace.key: namespace.root})
                over = f"{name} over {namespace.key}"
                roots[namespace.key] = namespace.root
                return Guard(over, OVERRIDDEN, roots, read_created, clause.denies)
    return Guard(name, "namespaces", roots, read_created)


def _is_of_another(namespace: Resource, owner: Owner, state: State) -> bool:
    """Whether another Application of the same cluster, and not this one, has the manifest."""
    owners = owners_of(namespace, state)
    if owner.identity in {other.identity for other in owners}:
        return False
    cluster = _cluster(owner.resource)
    return any(
        _cluster(other.resource) == cluster
        for other in owners
        if other.resource.group_kind in kinds.APPLICATIONS
    )


def _cluster(application: Resource) -> tuple[str | None, str | None]:
    destination = application_spec(application)["destination"]
    return (destination["server"].text, destination["name"].text)


def _labels(application: Resource) -> Node:
    return application_spec(application)["syncPolicy"]["managedNamespaceMetadata"]["labels"]


def read_created(roots: GuardRoots) -> tuple[Clause, ...]:
    """The level of the namespace that Argo CD labels for an Application.

    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#namespace-metadata
    """
    return tuple(
        _level(root, _labels(root.resource))
        for root in roots.values()
        if root.resource.group_kind != kinds.NAMESPACE
    )


def _level(root: Node, labels: Node) -> Clause:
    level, version = labels[POD_SECURITY], labels[_VERSION]
    return Clause(
        "level",
        "",
        refused_by_level(level.text or "privileged", version.text),
        (GuardField("level", level, "level"), GuardField("version", version, "level")),
        root["metadata"]["name"],
    )


def read_configuration(roots: GuardRoots) -> tuple[Clause, ...]:
    """The default level of the admission plugin, and what it exempts."""
    return tuple(_configuration(node) for root in roots.values() for node in _configurations(root))


def _configurations(root: Node) -> Iterator[Node]:
    if root["kind"].text == kinds.POD_SECURITY_CONFIGURATION.kind:
        yield root
    for plugin in root["plugins"].items():
        if plugin["name"].text == "PodSecurity" and plugin["configuration"].mapping:
            yield plugin["configuration"]


def _configuration(node: Node) -> Clause:
    defaults, exempt = node["defaults"], node["exemptions"]
    refused = refused_by_level(
        defaults["enforce"].text or "privileged", defaults["enforce-version"].text
    )
    listed = (("namespaces", NAMESPACE), ("usernames", "user"), ("runtimeClasses", "runtime class"))
    kept = And(tuple(Not(Test(dimension, "in", exempt[name].texts)) for name, dimension in listed))
    return Clause(
        "default",
        "by default",
        every(refused, kept),
        (
            GuardField("level", defaults["enforce"], "level"),
            GuardField("version", defaults["enforce-version"], "level"),
            *(GuardField(name, exempt[name], "exclude") for name, _ in listed),
        ),
        node,
    )
