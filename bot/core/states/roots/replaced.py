"""Which inferred roots do declared ones replace?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.core.states.roots.naming import Naming
from bot.core.states.roots.root import Root


def replacing(declared: Iterable[Root], naming: Naming | None) -> Sequence[Root]:
    """The declared roots that replace another reading: all, or those reached from named roots."""
    pending = list(declared)
    if naming is None or not naming.starts:
        return pending
    reached: list[Root] = []
    while True:
        next_roots = [root for root in pending if _is_reached(root, reached, naming)]
        if not next_roots:
            return reached
        reached += next_roots
        pending = [root for root in pending if root not in next_roots]


def _is_reached(root: Root, reached: Iterable[Root], naming: Naming) -> bool:
    """Whether what declares a root lies in a root that the policy names, or in a reached one."""
    if root.declared is None:
        return False
    path = root.declared.node.resource.source.path
    places = ("/".join(path.split("/")[:depth]) for depth in range(path.count("/") + 1))
    if any(naming.starts_at(place) for place in places):
        return True
    return any(path.startswith(f"{other.path}/") for other in reached if other.path)


def is_replaced(root: Root, declared: Iterable[Root]) -> bool:
    """Whether declared roots hold what an inferred root holds: then it is applied as they say."""
    for other in declared:
        if other.kind != "directory" and (root.path, root.kind) == (other.path, other.kind):
            return True
        if root.kind != "directory":
            continue
        left_out = other.declared.left_out if other.declared is not None else ()
        missing = root.own_files.keys() - other.own_files.keys()
        if missing.issubset(left_out):
            return True
    return False
