"""See readiness_probe_missing.md."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.finding import Finding, Related, Severity
from bot.core.resource import GroupKind, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.pods import str_of
from bot.kubernetes.podsecurity import called
from bot.kubernetes.probes import LASTING, has_probe, served_containers

SEVERITY = Severity.WARNING
SUBJECTS: tuple[GroupKind, ...] = LASTING
CONTEXT: tuple[GroupKind, ...] = (kinds.SERVICE,)
REACH = "namespace"


@dataclass(frozen=True, slots=True)
class Options:
    """`ignored_containers` and `ignored_ports`: names, as globs, that need no readiness."""

    ignored_containers: tuple[str, ...] = ("istio-proxy", "linkerd-proxy")
    ignored_ports: tuple[str, ...] = ("metrics", "*-metrics", "metrics-*")


def find(subject: Resource, state: State, options: Options) -> Iterator[Finding]:
    for held in served_containers(subject, state, options.ignored_ports):
        container = held.container
        ignored = container["name"].text in options.ignored_containers
        if ignored or has_probe(container, "readinessProbe"):
            continue
        message = (
            f"{str_of(subject)}: {called(container)} gets the traffic of {str_of(held.service)}"
            " as soon as it starts, for it has no readiness probe"
        )
        related = Related(held.service.at("metadata", "name"), "sends the traffic")
        yield Finding(container["readinessProbe"], message, related=(related,))
