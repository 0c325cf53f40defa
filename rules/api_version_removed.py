"""See api_version_removed.md."""

from collections.abc import Iterator

from bot.core.finding import Finding, Fix, Severity
from bot.core.resource import GroupKind, Resource
from bot.core.state import State
from bot.kubernetes.apply.api_versions import Unserved, unserved
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of

SEVERITY = Severity.ERROR
SUBJECTS: tuple[GroupKind, ...] = ()
REACH = "resource"


def find(subject: Resource, state: State, options: object) -> Iterator[Finding]:
    del options
    found = unserved(subject, state.environment.kubernetes)
    if found is None:
        return
    node = subject.at("apiVersion")
    use = f"; use {found.use}" if found.use else ""
    version = escaped(subject.api_version)
    message = f"{str_of(subject)} is written in {version}, {_why(found)}{use}"
    yield Finding(
        node,
        message,
        SEVERITY if found.certain else Severity.WARNING,
        subject.api_version,
        {"apiVersion": subject.api_version, "use": found.use},
        fix=Fix(node, found.use) if found.use and found.alike else None,
    )


def _why(found: Unserved) -> str:
    if found.until is not None:
        return f"which Kubernetes does not serve since 1.{found.until}"
    if found.since is not None:
        return (
            f"which Kubernetes serves from 1.{found.since} on, and this cluster has 1.{found.minor}"
        )
    return "which no Kubernetes serves"
