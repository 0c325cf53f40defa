"""Servers of Istio's Gateways that no longer ask clients for a certificate.

https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings-TLSmode
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.core.finding import Finding
from bot.core.resource import Node, Resource
from bot.core.state import State, changes
from bot.kubernetes.naming import escaped
from bot.kubernetes.routes.other_routes import ISTIO_GATEWAY
from bot.kubernetes.workloads.pods import str_of

_DEMANDS: Final[Mapping[str, int]] = MappingProxyType(
    {"MUTUAL": 2, "ISTIO_MUTUAL": 2, "OPTIONAL_MUTUAL": 1, "SIMPLE": 0}
)
_EFFECTS: Final = ("asks clients for no certificate", "lets clients in without a certificate")


def client_certificates_lost(before: State, after: State) -> Iterator[Finding]:
    """The servers at whose host and port a client certificate was asked for, and is not any more.

    Hosts whose TLS goes altogether are those of `routes_exposed`.
    """
    for change in changes(before, after, ISTIO_GATEWAY):
        if change.before is None or change.after is None:
            continue
        old = {place: mode.text or "" for place, mode in _modes(change.before)}
        for place, mode in _modes(change.after):
            was, demand = _DEMANDS.get(old.get(place, "")), _DEMANDS.get(mode.text or "")
            if was is None or demand is None or demand >= was:
                continue
            port, host = place
            yield Finding(
                mode,
                f"{str_of(change.after)} {_EFFECTS[demand]} at {escaped(host)}, port {port}: "
                f"{mode.text} instead of {old[place]}",
                key=f"client certificate {place}",
            )


def _modes(gateway: Resource) -> Iterator[tuple[tuple[int | None, str], Node]]:
    """The mode of TLS by port and host of each server."""
    for server in gateway.at("spec", "servers").items():
        for host in server["hosts"].texts:
            yield (server["port"]["number"].integer, host), server["tls"]["mode"]
