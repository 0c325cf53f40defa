"""See readiness_probe_missing.md."""

from collections.abc import Iterator

from bot.core.engine.consent import POD_TEMPLATE
from bot.core.finding import Finding, Related, Severity
from bot.core.resource import GroupKind, Resource
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.naming import container_name
from bot.kubernetes.services.probes import (
    LASTING,
    Traffic,
    has_probe,
    lasting_templates,
    matches_any,
    served_containers,
)
from bot.kubernetes.workloads.pods import str_of
from bot.records import dataclass

SEVERITY = Severity.WARNING
CONSENT = POD_TEMPLATE
SUBJECTS: tuple[GroupKind, ...] = LASTING
CONTEXT: tuple[GroupKind, ...] = (kinds.SERVICE,)
REACH = "namespace"


@dataclass(frozen=True, slots=True)
class Options:
    """Names, as globs, whose traffic needs no readiness: of containers, ports and Services."""

    ignored_containers: tuple[str, ...] = ("istio-proxy", "linkerd-proxy", "kube-rbac-proxy")
    ignored_ports: tuple[str, ...] = ("metrics", "*-metrics", "metrics-*")
    ignored_services: tuple[str, ...] = ("*-metrics", "*-metrics-service")


def find(subject: Resource, state: State, options: Options) -> Iterator[Finding]:
    # Few containers lack the probe, and which of them gets traffic takes longest to find.
    templates = (template for _, template in lasting_templates(subject))
    serving = (container for template in templates for container in template.serving)
    if all(has_probe(container, "readinessProbe") for container in serving):
        return
    ignored_traffic = Traffic(options.ignored_services, options.ignored_ports)
    for traffic in served_containers(subject, state, ignored_traffic):
        container = traffic.container
        ignored = matches_any(container["name"].text, options.ignored_containers)
        if ignored or has_probe(container, "readinessProbe"):
            continue
        message = (
            f"{str_of(subject)}: {container_name(container)} gets the traffic of"
            f" {str_of(traffic.service)} as soon as it starts, for it has no readiness probe"
        )
        related = Related(traffic.service.at("metadata", "name"), "sends the traffic")
        yield Finding(container["readinessProbe"], message, related=(related,))
