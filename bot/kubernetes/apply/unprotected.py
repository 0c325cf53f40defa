"""New marks that protect an object from pruning, but do not reach it in the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.resource import Node
from bot.core.state import State
from bot.kubernetes.apply.handling import Handling
from bot.kubernetes.apply.pruning import fate_of, is_named
from bot.kubernetes.apply.received import received_once
from bot.kubernetes.gitops.prune_marks import any_keeping_mark
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class Unprotected:
    """An object that its manifest newly says to keep, by `mark`, and the cluster does not."""

    mark: Node
    handling: Handling

    @property
    def is_own(self) -> bool:
        """Whether the mark itself says that the object is not updated."""
        return self.handling.field.route == self.mark.route


def newly_unprotected(
    before: State, after: State, kinds_removed: frozenset[str]
) -> Iterator[Unprotected]:
    """Yield the new marks by which a later removal would seem to keep an object of these kinds.

    Tools look at the marks of the object in the cluster when they delete it:
    https://github.com/fluxcd/pkg/blob/main/ssa/manager_delete.go (Delete) and
    https://github.com/argoproj/argo-cd/blob/master/gitops-engine/pkg/sync/sync_context.go
    (pruneObject).
    """
    states = received_once(before, after)
    for difference in states.differences.values() if states is not None else ():
        resource, there = difference.resource, difference.received
        mark = any_keeping_mark(resource)
        if there is None or mark is None or not is_named(resource, kinds_removed):
            continue
        fates = [fate_of(side, after, after)[0] for side in (there, resource)]
        if fates[0] != fates[1] and fates[0] in ("pruned", "unknown"):
            yield Unprotected(mark, difference.handling)
