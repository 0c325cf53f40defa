"""Image changes: the list shown to people, and what a tag and a digest mean together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.core.engine.review import ImageChange, ResourceReference
from bot.core.resource import Resource, route_text
from bot.core.state import Change
from bot.kubernetes.images.positions import ImageUse, image_uses
from bot.kubernetes.images.reference import ImageReference


def image_changes(change: Change) -> Iterator[ImageChange]:
    """Every container whose image changed, was added or was removed; head's containers first."""
    old, new = _by_place(change.before), _by_place(change.after)
    key = change.key
    named = ResourceReference(key.group, key.kind, key.namespace, key.name)
    for place in {**new, **old}:
        before, after = old.get(place), new.get(place)
        use = after or before
        references = (before.reference if before else None, after.reference if after else None)
        if use is not None and references[0] != references[1]:
            yield ImageChange(named, use.container, *references)


def _by_place(resource: Resource | None) -> dict[tuple[str, int], ImageUse]:
    """The image uses by route, and by their order where a route names no container."""
    uses: dict[tuple[str, int], ImageUse] = {}
    seen: Counter[str] = Counter()
    for use in image_uses(resource) if resource is not None else ():
        if not use.known:
            continue
        route = route_text(use.node.route)
        uses[route, seen[route]] = use
        seen[route] += 1
    return uses


def is_only_the_tag(old: ImageReference, new: ImageReference) -> bool:
    """Whether only the tag changed while the digest, which decides what runs, stayed the same."""
    return new.digest is not None and old.digest == new.digest and old.tag != new.tag


def is_only_the_digest(old: ImageReference, new: ImageReference) -> bool:
    """Whether the same tag now stands for another image."""
    both = old.digest is not None and new.digest is not None
    return both and old.digest != new.digest and old.tag is not None and old.tag == new.tag
