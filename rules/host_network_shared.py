"""See host_network_shared.md."""

from collections.abc import Iterator

from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Resource
from bot.core.state import State

SEVERITY = Severity.WARNING
SUBJECTS = (GroupKind("apps", "Deployment"),)


def find(subject: Resource, state: State, options: object) -> Iterator[Finding]:
    # Asked at base and at head; what base had already is taken away. Name the place by its fields,
    # ask bot.kubernetes how the cluster acts, and say in one sentence what is wrong.
    del state, options
    place = subject.at("spec", "template", "spec", "hostNetwork")
    if place.boolean:
        yield Finding(place, f"Deployment {subject.namespace}/{subject.name} is not described yet")
