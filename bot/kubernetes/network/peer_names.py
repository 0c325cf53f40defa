"""The ends of connections in words."""

from __future__ import annotations

from bot.kubernetes.addresses import Addresses
from bot.kubernetes.network.peers import ANY_POD
from bot.kubernetes.network.verdict import Anywhere, ConnectionEnd
from bot.kubernetes.workloads.population import NAME_LABEL, PodGroup


def words_of(parties: tuple[ConnectionEnd, ...]) -> str:
    """The parties in words, at most three of them."""
    blocks = Addresses.union(party for party in parties if isinstance(party, Addresses))
    names = [name_of(party) for party in parties if not isinstance(party, Addresses)]
    if blocks.everywhere and ANY_POD in parties:
        return "anything, inside the cluster or outside,"
    if blocks:
        names.append(name_of(blocks))
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def name_of(party: ConnectionEnd) -> str:
    """The party in words."""
    if isinstance(party, PodGroup):
        return str(party)
    if isinstance(party, Addresses):
        outside = "any address outside the cluster"
        return outside if party.everywhere else f"addresses {party}"
    if party == ANY_POD:
        return "any pod in the cluster"
    where = _where(party)
    if not party.labels:
        return f"anything in {where}"
    return f"pods with {_labels(party.labels)} in {where}"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    """At most two labels, those first that say what the pods are."""
    told = sorted(labels, key=lambda label: not label[0].endswith(("name", "app")))
    words = ",".join(f"{key}={value}" for key, value in told[:2])
    return words if len(told) < 3 else f"{words} and {len(told) - 2} more labels"


def _where(party: Anywhere) -> str:
    labels = dict(party.namespace_labels or ())
    name = labels.pop(NAME_LABEL, party.namespace)
    if labels:
        return f"namespaces with {','.join(f'{key}={value}' for key, value in labels.items())}"
    return f"namespace {name}" if name else "any namespace"
