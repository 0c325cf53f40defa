"""See liveness_probe_missing.md."""

from collections.abc import Iterator
from typing import Literal

from bot.core.engine.consent import POD_TEMPLATE
from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Resource
from bot.core.state import State
from bot.kubernetes.naming import container_name
from bot.kubernetes.services.probes import (
    LASTING,
    has_probe,
    lasting_templates,
    listens,
    matches_any,
)
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

SEVERITY = Severity.NOTICE
CONSENT = POD_TEMPLATE
SUBJECTS: tuple[GroupKind, ...] = LASTING
REACH = "resource"


@dataclass(frozen=True, slots=True)
class Options:
    """`containers`: those that listen, or all. `ignored_containers`: names that need no probe."""

    containers: Literal["listening", "all"] = "listening"
    ignored_containers: tuple[str, ...] = ("istio-proxy", "linkerd-proxy", "kube-rbac-proxy")


def find(subject: Resource, state: State, options: Options) -> Iterator[Finding]:
    del state
    for _, template in lasting_templates(subject):
        for container in template.serving:
            counts = options.containers == "all" or listens(container)
            ignored = matches_any(container["name"].text, options.ignored_containers)
            if counts and not ignored and not has_probe(container, "livenessProbe"):
                message = f"{str_of(subject)}: {container_name(container)} has no liveness probe"
                yield Finding(container["livenessProbe"], message)
