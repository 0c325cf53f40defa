"""The controls that the restricted level adds, in upstream's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from bot.core.resource import Node
from bot.kubernetes.naming import container_name, escaped
from bot.kubernetes.podsecurity.baseline import DEFAULT_CAPABILITIES
from bot.kubernetes.podsecurity.standard import Pod, PodSecurityViolation

_VOLUMES: Final = (
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
    *("image", "persistentVolumeClaim", "projected", "secret"),
)
_CONFINED: Final = frozenset({"RuntimeDefault", "Localhost"})


def _violation(control: str, node: Node, text: str, detail: str = "") -> PodSecurityViolation:
    return PodSecurityViolation(control, "restricted", node, detail or control, text)


def _volumes(pod: Pod) -> Iterator[PodSecurityViolation]:
    for volume in pod.volumes:
        is_host_path = volume["hostPath"].value is not None  # what baseline forbids is said there
        sources = [
            name for name, node in volume.fields() if name != "name" and node.value is not None
        ]
        if not sources:
            continue  # SetDefaults_Volume makes it an emptyDir
        if not is_host_path and all(volume[kind].value is None for kind in _VOLUMES):
            kind = sources[0]
            yield _violation("restrictedVolumes", volume, f"volume type {escaped(kind)}", kind)


def _escalation(pod: Pod) -> Iterator[PodSecurityViolation]:
    for container in () if pod.windows else pod.containers:
        node = container.at("securityContext", "allowPrivilegeEscalation")
        if node.value is not False:
            text = f"allowPrivilegeEscalation is not false in {container_name(container)}"
            yield _violation("allowPrivilegeEscalation", node, text)


def _non_root(pod: Pod) -> Iterator[PodSecurityViolation]:
    if pod.own_users:
        return
    shared = pod.field("securityContext")["runAsNonRoot"]
    if shared.value is False:
        yield _violation("runAsNonRoot", shared, "runAsNonRoot is false for the pod", "pod")
    for container in pod.containers:
        node = container.at("securityContext", "runAsNonRoot")
        if node.value is False or (node.value is None and shared.value is not True):
            yield _violation(
                "runAsNonRoot", node, f"runAsNonRoot is not true for {container_name(container)}"
            )


def _root_user(pod: Pod) -> Iterator[PodSecurityViolation]:
    if pod.version < (1, 23) or pod.own_users:
        return
    for whose, context in pod.contexts:
        node = context["runAsUser"]
        if node.integer == 0:
            yield _violation("runAsUser", node, f"runAsUser is 0 for {whose}")


def _seccomp(pod: Pod) -> Iterator[PodSecurityViolation]:
    if pod.windows:
        return
    shared = pod.field("securityContext")["seccompProfile"]
    confined = shared["type"].text in _CONFINED
    for container in pod.containers:
        node = container.at("securityContext", "seccompProfile")
        if node.value is None and not confined and shared.value is None:
            text = f"seccompProfile is not set for {container_name(container)}"
            yield _violation("seccompProfile_restricted", node, text)


def _capabilities(pod: Pod) -> Iterator[PodSecurityViolation]:
    for container in () if pod.windows or pod.version < (1, 22) else pod.containers:
        node = container.at("securityContext", "capabilities")
        if "ALL" not in node["drop"].texts:
            text = f"capabilities of {container_name(container)} are not dropped"
            yield _violation("capabilities_restricted", node["drop"], text, "drop")
        for item in node["add"].items():
            if item.text in DEFAULT_CAPABILITIES and item.text != "NET_BIND_SERVICE":
                text = f"{container_name(container)} adds the capability {escaped(item.text or '')}"
                yield _violation("capabilities_restricted", item, text, item.text or "")


def _proc_mount(pod: Pod) -> Iterator[PodSecurityViolation]:
    for container in pod.containers if pod.own_users else ():
        node = container.at("securityContext", "procMount")
        if node.value is not None and node.text != "Default":
            yield _violation(
                "procMount_restricted", node, f"/proc is unmasked in {container_name(container)}"
            )


CONTROLS: Final[tuple[Callable[[Pod], Iterator[PodSecurityViolation]], ...]] = (
    _volumes,
    _escalation,
    _non_root,
    _root_user,
    _seccomp,
    _capabilities,
    _proc_mount,
)
"""Every control that the level adds to baseline."""
