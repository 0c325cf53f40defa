"""The Pod Security Standards: what a pod template asks for beyond baseline and restricted.

As k8s.io/pod-security-admission v0.37 judges, from 1.19 on; what is older is judged as 1.19.
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bot.core.resource import Node
from bot.kubernetes.naming import container_name
from bot.kubernetes.workloads.pods import PodTemplate

PodSecurityLevel: TypeAlias = Literal["baseline", "restricted"]
PodSecurityVersion: TypeAlias = tuple[int, int]

NEWEST: Final[PodSecurityVersion] = (1, 37)
_VERSION: Final = re.compile(r"v?(\d{1,3})\.(\d{1,4})(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class PodSecurityViolation:
    """Something that a level forbids, where it stands.

    `control` is upstream's name of the check; `detail` tells two violations of one control apart,
    and `text` is what a person reads: a clause whose subject is the workload.
    """

    control: str
    level: PodSecurityLevel
    node: Node
    detail: str
    text: str


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod template as the standard sees it, at a version of the standard."""

    template: PodTemplate
    version: PodSecurityVersion

    @property
    def containers(self) -> tuple[Node, ...]:
        """All containers, in upstream's order."""
        template = self.template
        return (*template.init_containers, *template.containers, *template.ephemeral_containers)

    @property
    def contexts(self) -> Iterator[tuple[str, Node]]:
        """Every security context that there is, with whose it is."""
        yield "the pod", self.field("securityContext")
        for container in self.containers:
            yield container_name(container), container["securityContext"]

    @property
    def volumes(self) -> Iterator[Node]:
        """The volumes of the pod; those of Argo Workflows also stand beside the templates."""
        yield from self.template.spec["volumes"].items()
        if self.template.place.form == "workflow":
            yield from self._workflow["volumes"].items()

    @property
    def windows(self) -> bool:
        """Whether the pod says that it is for Windows; known to the standard since 1.25."""
        return self.version >= (1, 25) and self.template.spec.at("os", "name").text == "windows"

    @property
    def own_users(self) -> bool:
        """Whether the pod has a user namespace, which the standard trusts since 1.35."""
        return self.version >= (1, 35) and self.template.spec["hostUsers"].value is False

    def field(self, name: str) -> Node:
        """A field of the pod's spec; of Argo Workflows also where it stands for all templates."""
        node = self.template.spec[name]
        if self.template.place.form == "workflow" and node.value is None:
            shared = self._workflow[name]
            return shared if shared.value is not None else node
        return node

    @property
    def _workflow(self) -> Node:
        path = self.template.place.path
        return self.template.node.resource.at(
            *path[: path.index("spec") + 1] if "spec" in path else ()
        )


def parse_version(text: str | None) -> PodSecurityVersion:
    """`1.34`, `v1.34` or `1.34.2` as a version; anything else is the newest."""
    match = _VERSION.fullmatch(text or "")
    return (int(match[1]), int(match[2])) if match else NEWEST
