"""The ends of connections in words."""

from __future__ import annotations

from bot.core.words import first_of, series
from bot.kubernetes.addresses import Addresses
from bot.kubernetes.network.connection_ends import Anywhere, ConnectionEnd
from bot.kubernetes.network.peers import ANY_POD
from bot.kubernetes.workloads.population import NAME_LABEL, PodGroup


def ends_in_words(ends: tuple[ConnectionEnd, ...]) -> str:
    """At most three ends of connections in words."""
    blocks = Addresses.union(end for end in ends if isinstance(end, Addresses))
    names = [name_of(end) for end in ends if not isinstance(end, Addresses)]
    if blocks.everywhere and ANY_POD in ends:
        return "anything, inside the cluster or outside,"
    if blocks:
        names.append(name_of(blocks))
    return first_of(names, 2) if len(names) > 3 else series(names)


def name_of(end: ConnectionEnd) -> str:
    """One end of a connection in words."""
    if isinstance(end, PodGroup):
        return str(end)
    if isinstance(end, Addresses):
        outside = "any address outside the cluster"
        return outside if end.everywhere else f"addresses {end}"
    if end == ANY_POD:
        return "any pod in the cluster"
    where = _where(end)
    if not end.labels:
        return f"anything in {where}"
    return f"pods with {_labels(end.labels)} in {where}"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    """At most two labels in words; labels that name an application come first."""
    ordered = sorted(labels, key=lambda label: not label[0].endswith(("name", "app")))
    words = ",".join(f"{key}={value}" for key, value in ordered[:2])
    return words if len(ordered) < 3 else f"{words} and {len(ordered) - 2} more labels"


def _where(end: Anywhere) -> str:
    labels = dict(end.namespace_labels or ())
    name = labels.pop(NAME_LABEL, end.namespace)
    if labels:
        return f"namespaces with {','.join(f'{key}={value}' for key, value in labels.items())}"
    return f"namespace {name}" if name else "any namespace"
