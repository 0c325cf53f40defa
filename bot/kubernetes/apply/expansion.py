"""Growth of volume claims: does the StorageClass of a claim let it grow?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import Resource, ResourceKey
from bot.core.state import State
from bot.kubernetes import kinds
from bot.kubernetes.apply.refusals import RefusedChange, plain
from bot.kubernetes.workloads.quantities import quantity

_SIZE: Final = ("spec", "resources", "requests", "storage")


def refused_growth(old: Resource, new: Resource, after: State) -> Iterator[RefusedChange]:
    """The size of a claim that grows although its StorageClass in this state does not let it.

    A claim without a class (`storageClassName: ""`) never grows. Of a class that the state does not
    have, and of the cluster's default one, nothing is known. Upstream's admission plugin
    PersistentVolumeClaimResize decides so:
    https://github.com/kubernetes/kubernetes/tree/master/plugin/pkg/admission/storage/persistentvolume/resize
    """
    if new.group_kind != kinds.PERSISTENT_VOLUME_CLAIM:
        return
    before, size = (quantity(resource.at(*_SIZE).value) for resource in (old, new))
    if before is None or size is None or size <= before:
        return
    name = new.at("spec", "storageClassName").text
    if name is None or name != old.at("spec", "storageClassName").text:
        return
    reason = _reason(name, after)
    if reason is not None:
        yield RefusedChange(".".join(_SIZE), new.at(*_SIZE), "RIGHT", reason)


def _reason(name: str, after: State) -> str | None:
    if not name:
        return "which cannot grow without a StorageClass"
    key = ResourceKey(kinds.STORAGE_CLASS.group, kinds.STORAGE_CLASS.kind, None, name)
    external = (resource for resource in after.external if resource.key == key)
    storage_class = after.get(key) or next(external, None)
    if storage_class is None or storage_class.at("allowVolumeExpansion").value is True:
        return None
    return f"which StorageClass {plain(name)} does not let grow (allowVolumeExpansion)"
