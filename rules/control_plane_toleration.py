"""See control_plane_toleration.md."""

from collections.abc import Iterator

from bot.core.engine.consent import POD_TEMPLATE
from bot.core.finding import Finding, Severity
from bot.core.resource import GroupKind, Resource
from bot.core.state import State, changes, moved
from bot.kubernetes import kinds
from bot.kubernetes.workloads.pods import pod_templates, str_of
from bot.kubernetes.workloads.taints import Access, control_plane_access
from bot.kubernetes.workloads.template_paths import TEMPLATED

SEVERITY = Severity.ERROR
CONSENT = POD_TEMPLATE
SUBJECTS: tuple[GroupKind, ...] = TEMPLATED
REACH = "resource"


def compare(before: State, after: State, options: object) -> Iterator[Finding]:
    del options
    origins = moved(before, after)
    for change in changes(before, after, *SUBJECTS):
        old = change.before or origins.get(change.key)
        at_base = {access.way for access in _access(old)}
        for access in _access(change.after):
            if access.way not in at_base:
                yield _finding(access, after)


def _access(resource: Resource | None) -> Iterator[Access]:
    for template in pod_templates(resource) if resource is not None else ():
        yield from control_plane_access(template)


def _finding(access: Access, after: State) -> Finding:
    resource = access.node.resource
    severity = SEVERITY.lower() if access.way == "maybe-named" else SEVERITY
    if resource.group_kind == kinds.DAEMON_SET:
        severity = severity.lower()
    if resource.namespace in after.policy.privileged_namespaces:
        severity = severity.lower()
    where = "" if access.way == "maybe-named" else " of the control plane"
    may = "may now run on nodes" if where else "may now run on any node"
    message = f"{str_of(resource)} {may}{where}: it {access.text}"
    return Finding(access.node, message, severity, access.way)
