"""The Pod Security Standards: a pod template at a version of the standard.

The controls decide as k8s.io/pod-security-admission v0.37 does, from 1.19 on; older versions are
judged as 1.19. https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from bot.core.resource import Node
from bot.kubernetes.naming import container_name
from bot.kubernetes.workloads.pods import PodTemplate
from bot.patterns import pattern
from bot.records import dataclass

PodSecurityLevel: TypeAlias = Literal["baseline", "restricted"]
PodSecurityVersion: TypeAlias = tuple[int, int]

NEWEST: Final[PodSecurityVersion] = (1, 37)
_VERSION: Final = pattern(r"v?(\d{1,3})\.(\d{1,4})(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class PodSecurityViolation:
    """One violation of a level, at the node that causes it.

    `control` is upstream's name of the check; `detail` tells two violations of one control apart;
    `text` is a clause for people whose subject is the workload.
    """

    control: str
    level: PodSecurityLevel
    node: Node
    detail: str
    text: str


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod template, judged at one version of the standard."""

    template: PodTemplate
    version: PodSecurityVersion

    @property
    def containers(self) -> tuple[Node, ...]:
        """All containers, in upstream's order."""
        template = self.template
        return (*template.init_containers, *template.containers, *template.ephemeral_containers)

    @property
    def contexts(self) -> Iterator[tuple[str, Node]]:
        """Every security context that exists, with a name for its owner."""
        yield "the pod", self.field("securityContext")
        for container in self.containers:
            yield container_name(container), container["securityContext"]

    @property
    def volumes(self) -> Iterator[Node]:
        """The pod's volumes, for Argo Workflows and Tekton also those beside the templates."""
        yield from self.template.spec["volumes"].items()
        yield from self._shared["volumes"].items()

    @property
    def windows(self) -> bool:
        """Whether the pod declares Windows as its system, which the standard knows since 1.25."""
        return self.version >= (1, 25) and self.template.spec.at("os", "name").text == "windows"

    @property
    def own_users(self) -> bool:
        """Whether the pod has its own user namespace, which the standard relaxes for since 1.35."""
        return self.version >= (1, 35) and self.template.spec["hostUsers"].value is False

    def field(self, name: str) -> Node:
        """A field of the pod's spec, for Argo Workflows and Tekton also where it is set for all."""
        node = self.template.spec[name]
        if node.value is None:
            shared = self._shared[name]
            return shared if shared.value is not None else node
        return node

    @property
    def _shared(self) -> Node:
        """What holds for all pods of the resource; where nothing does, it does not exist."""
        shared = self.template.place.shared
        return self.template.node.resource.at(*shared) if shared else self.template.node["/"]


def parse_version(text: str | None) -> PodSecurityVersion:
    """The version in `1.34`, `v1.34` or `1.34.2`; the newest for any other text."""
    match = _VERSION.fullmatch(text or "")
    return (int(match[1]), int(match[2])) if match else NEWEST
