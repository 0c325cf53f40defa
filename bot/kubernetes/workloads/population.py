"""The pods and namespaces of a state, looked up by namespace and labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from functools import partial
from types import MappingProxyType
from typing import Final

from bot.core.resource import Node, Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.ports import ContainerPort, Ports, container_ports, probed_ports
from bot.kubernetes.selectors import Selector
from bot.kubernetes.workloads.pods import PodTemplate, pod_templates
from bot.kubernetes.workloads.template_paths import TEMPLATED, added_by_controllers
from bot.records import cached_property, dataclass

NAME_LABEL: Final = "kubernetes.io/metadata.name"
"""The label that the API server puts on every namespace: its name."""

# These hold templates that run nothing until another object uses them.
_DORMANT: Final = frozenset({kinds.POD_TEMPLATE, kinds.CLUSTER_WORKFLOW_TEMPLATE})
RUNNING: Final = tuple(kind for kind in TEMPLATED if kind not in _DORMANT)
"""The kinds whose templates run as pods."""
_JOB_NAMES: Final = frozenset({"job-name", "batch.kubernetes.io/job-name"})


@dataclass(frozen=True)
class PodGroup:
    """The pods of one template. `ordinal` tells apart the templates of one owner."""

    template: PodTemplate
    ordinal: int

    @property
    def key(self) -> tuple[ResourceKey, int]:
        """What identifies these pods at base and at head."""
        return (self.template.owner.key, self.ordinal)

    @property
    def namespace(self) -> str:
        """The namespace in which the pods run."""
        return self.template.namespace

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the template."""
        return self.template.labels

    @cached_property
    def ports(self) -> tuple[ContainerPort, ...]:
        """The declared ports, in the order in which names are resolved."""
        return tuple(port for node in self.template.serving for port in container_ports(node))

    @cached_property
    def declared(self) -> Ports:
        """The declared ports as a set."""
        return Ports.union(Ports.of(port.protocol, port.number) for port in self.ports)

    @cached_property
    def known(self) -> Ports:
        """The ports that the manifest shows to be served: declared, probed or scraped."""
        numbers = [number for node in self.template.serving for number in probed_ports(node)]
        scraped = self.template.node.at("metadata", "annotations")["prometheus.io/port"].text or ""
        if scraped.isdecimal() and len(scraped) < 6:
            numbers.append(int(scraped))
        return self.declared | Ports.union(Ports.of("TCP", number) for number in numbers)

    def resolve(self, name: str, protocol: str) -> ContainerPort | None:
        """The first declared port of this name and protocol."""
        return next(
            (port for port in self.ports if port.name == name and port.protocol == protocol), None
        )

    @property
    def places(self) -> Iterator[Node]:
        """The nodes that say what the pods serve and which selectors match them."""
        for port in self.ports:
            yield port.node["name"]
            yield port.node["containerPort"]
        for container in self.template.serving:
            yield container["ports"]
        yield self.template.node.at("metadata", "labels")

    def selected_by(self, selector: Selector) -> bool | None:
        """Whether a selector selects these pods; None where labels of controllers decide."""
        return selector.judge(self.labels, partial(_unknown, self.labels))

    @cached_property
    def host_network(self) -> bool:
        """Whether the pods use the network of their node, where network policies do not apply."""
        return self.template.host_network

    def __str__(self) -> str:
        return str(self.template)


@dataclass(frozen=True, slots=True)
class PodSelection:
    """The pods that a selector selects, and those for which the manifests cannot tell."""

    pods: tuple[PodGroup, ...] = ()
    possible: tuple[PodGroup, ...] = ()

    @property
    def all(self) -> tuple[PodGroup, ...]:
        """Both the certain and the uncertain pods."""
        return (*self.pods, *self.possible)


@dataclass(frozen=True)
class Population:
    """All pods of a state. Namespaces are read on first use."""

    state: State
    _spaces: dict[str, _Space] = field(default_factory=dict, init=False, repr=False, compare=False)
    _found: dict[tuple[str, Selector], PodSelection] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _scopes: dict[tuple[str, Selector], bool | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def in_namespace(self, namespace: str) -> tuple[PodGroup, ...]:
        """The pods of one namespace."""
        return self._space(namespace).pods

    def get(self, pods: PodGroup) -> PodGroup | None:
        """The pods of this key in this state, or None."""
        return self._space(pods.namespace).by_key.get(pods.key)

    def select(self, namespace: str, selector: Selector) -> PodSelection:
        """The pods of one namespace that the selector selects."""
        query = (namespace, selector)
        if query not in self._found:
            self._found[query] = self._space(namespace).select(selector)
        return self._found[query]

    @cached_property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that the state knows of, sorted."""
        return tuple(sorted(self.state.namespaces))

    @cached_property
    def _labels(self) -> Mapping[str, Mapping[str, str]]:
        return MappingProxyType(
            {
                resource.name: MappingProxyType({**resource.labels, NAME_LABEL: resource.name})
                for resource in self.state.of(kinds.NAMESPACE)
            }
        )

    def labels_of(self, namespace: str) -> Mapping[str, str]:
        """The labels of a namespace; only its name label where no manifest describes it."""
        return self._labels.get(namespace) or MappingProxyType({NAME_LABEL: namespace})

    def in_scope(self, namespace: str, selector: Selector) -> bool | None:
        """Whether a namespace is selected; None where no manifest tells its labels."""
        query = (namespace, selector)
        if query not in self._scopes:
            self._scopes[query] = self._is_in_scope(namespace, selector)
        return self._scopes[query]

    def _is_in_scope(self, namespace: str, selector: Selector) -> bool | None:
        if namespace in self._labels:
            return selector.matches(self._labels[namespace])
        return selector.judge(self.labels_of(namespace), lambda key: key != NAME_LABEL)

    def scope(self, selector: Selector) -> Iterator[str]:
        """The known namespaces that are certainly selected."""
        named = [value for key, value in selector.equalities if key == NAME_LABEL]
        for namespace in named[:1] or self.namespaces:
            if namespace in self.state.namespaces and self.in_scope(namespace, selector):
                yield namespace

    def _space(self, namespace: str) -> _Space:
        if namespace not in self._spaces:
            self._spaces[namespace] = _Space(tuple(_pods(self.state, namespace)))
        return self._spaces[namespace]


def pods_of(owner: Resource) -> tuple[PodGroup, ...]:
    """The pods of an owner's templates."""
    return tuple(
        PodGroup(template, ordinal) for ordinal, template in enumerate(pod_templates(owner))
    )


def population(state: State) -> Population:
    """The pods and namespaces of a state."""
    return state.derived(Population)


class _Space:
    """The pods of one namespace by label."""

    def __init__(self, pods: tuple[PodGroup, ...]) -> None:
        self.pods = pods
        self.by_key = {group.key: group for group in pods}
        self._by_label: dict[tuple[str, str], list[PodGroup]] = {}
        for group in pods:
            for label in group.labels.items():
                self._by_label.setdefault(label, []).append(group)

    def select(self, selector: Selector) -> PodSelection:
        certain, possible = [], []
        for group in self._candidates(selector):
            answer = group.selected_by(selector)
            if answer:
                certain.append(group)
            elif answer is None and not _of_another_job(group, selector):
                possible.append(group)
        return PodSelection(tuple(certain), tuple(possible))

    def _candidates(self, selector: Selector) -> Iterable[PodGroup]:
        equalities = [label for label in selector.equalities if not added_by_controllers(label[0])]
        matching: list[Iterable[PodGroup]] = [self._by_label.get(label, ()) for label in equalities]
        return min(matching, key=lambda pods: len(tuple(pods)), default=self.pods)


def _of_another_job(pods: PodGroup, selector: Selector) -> bool:
    """Whether the selector asks for the pods of a Job that these pods are not of.

    The Job controller labels pods with the name of their Job, which for a CronJob is
    `NAME-TIME`: https://kubernetes.io/docs/reference/labels-annotations-taints/#batchkubernetesio-job-name
    """
    owner = pods.template.owner
    names = {
        value
        for requirement in selector.requirements
        if requirement.key in _JOB_NAMES and requirement.operator == "In"
        for value in requirement.values
    }
    if not names or owner.name.endswith("*"):
        return False
    if owner.group_kind == kinds.JOB:
        return owner.name not in names
    if owner.group_kind == kinds.CRON_JOB:
        return not any(name.startswith(f"{owner.name}-") for name in names)
    return owner.group_kind.group == "apps"


def _unknown(labels: Mapping[str, str], key: str) -> bool:
    return key not in labels and added_by_controllers(key)


def _pods(state: State, namespace: str) -> Iterator[PodGroup]:
    for owner in state.of(*RUNNING, namespace=namespace):
        yield from owner.derived(pods_of)
