"""The ends of a connection: pods of a manifest, or any pods with some labels."""

from __future__ import annotations

from typing import TypeAlias

from bot.kubernetes.addresses import Addresses
from bot.kubernetes.workloads.population import PodGroup
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Anywhere:
    """Pods that no manifest shows, described by labels.

    `namespace` may be a namespace that no manifest shows either.
    """

    namespace: str
    labels: tuple[tuple[str, str], ...] = ()
    namespace_labels: tuple[tuple[str, str], ...] | None = None


ConnectionEnd: TypeAlias = PodGroup | Anywhere | Addresses
"""One end of a connection."""
