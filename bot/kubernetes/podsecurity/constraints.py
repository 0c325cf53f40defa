"""OpenShift's SecurityContextConstraints: what one lets pods have, and what it newly does.

https://github.com/openshift/api/blob/master/security/v1/types.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding, Severity
from bot.core.resource import Node, Resource
from bot.core.state import State, changes
from bot.kubernetes import kinds
from bot.kubernetes.naming import escaped
from bot.kubernetes.podsecurity.baseline import DEFAULT_CAPABILITIES
from bot.records import dataclass

_SWITCHES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "allowPrivilegedContainer": "run privileged",
        # Decides about hostPath alone, whatever `volumes` says.
        "allowHostDirVolumePlugin": "mount directories of the node",
        "allowHostPID": "see the processes of the node",
        "allowHostIPC": "share the IPC namespace of the node",
        "allowHostNetwork": "use the network of the node",
        "allowHostPorts": "use ports of the node",
    }
)
_NODE_SWITCHES: Final = ("allowPrivilegedContainer", "allowHostDirVolumePlugin", "allowHostPID")
_NODE_CAPABILITIES: Final = frozenset(
    {"*", "ALL", "DAC_READ_SEARCH", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO"}
)
_BY_ITSELF: Final = ("RequirePodLevel",)
"""The level at which pods have a user namespace of their own, and are root in it alone."""

LIKE_NODE: Final = "privileged"
LIKE_LAX: Final = "anyuid"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Something that constraints let pods do, the field that says so, and whether it is the node's.

    `takes_node` says that a pod that does it can take over its node.
    """

    words: str
    node: Node
    takes_node: bool


def allowances(constraints: Resource) -> Iterator[Allowance]:
    """What constraints let pods do beyond the baseline of Pod Security."""
    root = constraints.root
    if root["userNamespaceLevel"].text in _BY_ITSELF:
        return
    for name, words in _SWITCHES.items():
        if root[name].boolean:
            yield Allowance(words, root[name], name in _NODE_SWITCHES)
    user = root["runAsUser"]
    if _may_be_root(user):
        yield Allowance("run as root", user["type"] if user["type"].exists else user, False)
    for field in ("allowedCapabilities", "defaultAddCapabilities"):
        for item in root[field].items():
            if item.text is not None and item.text not in DEFAULT_CAPABILITIES:
                words = f"have the capability {escaped(item.text)}"
                yield Allowance(words, item, item.text in _NODE_CAPABILITIES)


def _may_be_root(user: Node) -> bool:
    if user["type"].text == "MustRunAs":
        return user["uid"].integer == 0
    if user["type"].text == "MustRunAsRange":
        return user["uidRangeMin"].integer == 0
    return user["type"].text == "RunAsAny"


def builtin_likes(state: State) -> Mapping[str, str]:
    """The constraints of a state by name, each with built-in ones that allow as much.

    Constraints that allow no more than the baseline are left out.
    """
    likes: dict[str, str] = {}
    for resource in state.of(kinds.SECURITY_CONTEXT_CONSTRAINTS):
        allowed = tuple(allowances(resource))
        if allowed:
            takes_node = any(allowance.takes_node for allowance in allowed)
            likes[resource.name] = LIKE_NODE if takes_node else LIKE_LAX
    return MappingProxyType(likes)


def constraints_loosened(before: State, after: State) -> Iterator[Finding]:
    """What changed constraints newly let the pods of their users do.

    New constraints are judged by who may use them.
    """
    for change in changes(before, after):
        old, new = change.before, change.after
        if change.key.group_kind != kinds.SECURITY_CONTEXT_CONSTRAINTS or not old or not new:
            continue
        known = {allowance.words for allowance in allowances(old)}
        for allowance in allowances(new):
            if allowance.words not in known:
                known.add(allowance.words)
                yield _loosened(new, allowance)


def _loosened(constraints: Resource, allowance: Allowance) -> Finding:
    name = escaped(constraints.name)
    return Finding(
        allowance.node,
        f"SecurityContextConstraints {name} newly lets the pods of its users {allowance.words}",
        Severity.ERROR if allowance.takes_node else Severity.WARNING,
        allowance.words,
        MappingProxyType({"object": str(constraints.key)}),
    )
