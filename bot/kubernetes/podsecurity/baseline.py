"""The controls of the baseline level, in upstream's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from bot.core.resource import Node
from bot.kubernetes.naming import container_name, escaped
from bot.kubernetes.podsecurity.standard import Pod, PodSecurityVersion, PodSecurityViolation

DEFAULT_CAPABILITIES: Final = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
"""What a container may add at this level: what it has anyway."""
_SYSCTLS: Final[tuple[tuple[PodSecurityVersion, frozenset[str]], ...]] = (
    (
        (1, 0),
        frozenset(
            [
                "kernel.shm_rmid_forced",
                "net.ipv4.ip_local_port_range",
                "net.ipv4.tcp_syncookies",
                "net.ipv4.ping_group_range",
                "net.ipv4.ip_unprivileged_port_start",
            ]
        ),
    ),
    ((1, 27), frozenset({"net.ipv4.ip_local_reserved_ports"})),
    (
        (1, 29),
        frozenset(
            [
                "net.ipv4.tcp_keepalive_time",
                "net.ipv4.tcp_fin_timeout",
                "net.ipv4.tcp_keepalive_intvl",
                "net.ipv4.tcp_keepalive_probes",
            ]
        ),
    ),
    ((1, 32), frozenset({"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"})),
    ((1, 37), frozenset({"net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"})),
)
_SELINUX: Final = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"


def _violation(control: str, node: Node, text: str, detail: str = "") -> PodSecurityViolation:
    return PodSecurityViolation(control, "baseline", node, detail or control, text)


def _host_process(pod: Pod) -> Iterator[PodSecurityViolation]:
    for whose, context in pod.contexts:
        node = context.at("windowsOptions", "hostProcess")
        if node.value is True:
            yield _violation("windowsHostProcess", node, f"lets {whose} be a Windows host process")


def _host_namespaces(pod: Pod) -> Iterator[PodSecurityViolation]:
    for field, text in (("hostNetwork", "network"), ("hostPID", "processes"), ("hostIPC", "IPC")):
        node = pod.field(field)
        if node.value is True:
            yield _violation("hostNamespaces", node, f"shares the node's {text}", field)


def _privileged(pod: Pod) -> Iterator[PodSecurityViolation]:
    for container in pod.containers:
        node = container.at("securityContext", "privileged")
        if node.value is True:
            yield _violation(
                "privileged", node, f"makes {container_name(container)} privileged", "privileged"
            )


def _capabilities(pod: Pod) -> Iterator[PodSecurityViolation]:
    for container in pod.containers:
        for item in container.at("securityContext", "capabilities", "add").items():
            if item.text is not None and item.text not in DEFAULT_CAPABILITIES:
                text = (
                    f"gives {container_name(container)} the capability {escaped(item.text or '')}"
                )
                yield _violation("capabilities_baseline", item, text, item.text)


def _host_paths(pod: Pod) -> Iterator[PodSecurityViolation]:
    for volume in pod.volumes:
        node = volume["hostPath"]
        if node.value is not None:
            path = node["path"].text or "?"
            yield _violation("hostPathVolumes", node, f"mounts the node's {escaped(path)}", path)


def _host_ports(pod: Pod) -> Iterator[PodSecurityViolation]:
    for container in pod.containers:
        for port in container["ports"].items():
            node = port["hostPort"]
            if node.integer:
                text = f"takes the node's port {node.integer} for {container_name(container)}"
                yield _violation("hostPorts", node, text, str(node.integer))


def _host_probes(pod: Pod) -> Iterator[PodSecurityViolation]:
    if pod.version < (1, 34):
        return
    for container in pod.containers:
        probes = [container[name] for name in ("livenessProbe", "readinessProbe", "startupProbe")]
        hooks = [container.at("lifecycle", name) for name in ("postStart", "preStop")]
        for handler in (*probes, *hooks):
            for action in ("httpGet", "tcpSocket"):
                node = handler[action]["host"]
                if node.text:
                    text = f"has the node call {escaped(node.text)} for {container_name(container)}"
                    yield _violation("hostProbesAndHostLifecycle", node, text, node.text)


def _apparmor(pod: Pod) -> Iterator[PodSecurityViolation]:
    for whose, context in pod.contexts:
        node = context["appArmorProfile"]
        kind = node["type"].text or ""
        if node.value is not None and kind not in {"RuntimeDefault", "Localhost"}:
            yield _violation("appArmorProfile", node, f"takes AppArmor off {whose}")
    for name, node in pod.template.node.at("metadata", "annotations").fields():
        profile = node.text or ""
        allowed = profile in {"", "runtime/default"} or profile.startswith("localhost/")
        if name.startswith(_APPARMOR) and not allowed:
            whose = f"container {escaped(name.removeprefix(_APPARMOR))}"
            yield _violation("appArmorProfile", node, f"takes AppArmor off {whose}")


def _selinux(pod: Pod) -> Iterator[PodSecurityViolation]:
    types = _SELINUX | {"container_engine_t"} if pod.version >= (1, 31) else _SELINUX
    for whose, context in pod.contexts:
        options = context["seLinuxOptions"]
        if (options["type"].text or "") not in types:
            text = f"runs {whose} as SELinux type {escaped(options['type'].text or '')}"
            yield _violation("seLinuxOptions", options["type"], text)
        for field in ("user", "role"):
            if options[field].text:
                yield _violation(
                    "seLinuxOptions", options[field], f"sets the SELinux {field} of {whose}"
                )


def _proc_mount(pod: Pod) -> Iterator[PodSecurityViolation]:
    if pod.own_users:
        return
    for container in pod.containers:
        node = container.at("securityContext", "procMount")
        if node.value is not None and node.text != "Default":
            yield _violation("procMount", node, f"unmasks /proc in {container_name(container)}")


def _seccomp(pod: Pod) -> Iterator[PodSecurityViolation]:
    for whose, context in pod.contexts:
        node = context["seccompProfile"]
        if node.value is not None and node["type"].text not in {"RuntimeDefault", "Localhost"}:
            yield _violation("seccompProfile_baseline", node, f"takes seccomp off {whose}")


def _sysctls(pod: Pod) -> Iterator[PodSecurityViolation]:
    safe = frozenset().union(*(names for since, names in _SYSCTLS if pod.version >= since))
    for item in pod.field("securityContext")["sysctls"].items():
        name = item["name"].text or ""
        if name not in safe:
            yield _violation("sysctls", item, f"sets the sysctl {escaped(name)}", name)


CONTROLS: Final[tuple[Callable[[Pod], Iterator[PodSecurityViolation]], ...]] = (
    _host_process,
    _host_namespaces,
    _privileged,
    _capabilities,
    _host_paths,
    _host_ports,
    _host_probes,
    _apparmor,
    _selinux,
    _proc_mount,
    _seccomp,
    _sysctls,
)
"""Every control of the level."""
