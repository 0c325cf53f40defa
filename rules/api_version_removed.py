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
    problem = unserved(subject, state.environment.kubernetes)
    if problem is None:
        return
    node = subject.at("apiVersion")
    use = f"; use {problem.use}" if problem.use else ""
    version = escaped(subject.api_version)
    message = f"{str_of(subject)} is written in {version}, {_why(problem)}{use}"
    yield Finding(
        node,
        message,
        SEVERITY if problem.certain else Severity.WARNING,
        subject.api_version,
        {"apiVersion": subject.api_version, "use": problem.use},
        fix=Fix(node, problem.use) if problem.use and problem.alike else None,
    )


def _why(problem: Unserved) -> str:
    if problem.until is not None:
        return f"which Kubernetes does not serve since 1.{problem.until}"
    if problem.since is not None:
        here = f"this cluster has 1.{problem.minor}"
        return f"which Kubernetes serves from 1.{problem.since} on, and {here}"
    return "which no Kubernetes serves"
