"""What a change does to images: the list for people, and what a tag and a digest say together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.core.engine.review import ImageChange, ResourceReference
from bot.core.resource import Resource, route_text
from bot.core.state import Change
from bot.kubernetes.images.positions import ImageUse, image_uses
from bot.kubernetes.images.reference import ImageReference


def image_changes(change: Change) -> Iterator[ImageChange]:
    """Every container whose image is another at head, is new or is gone, head's first."""
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
    """The images by their routes; those of one route, which name no container, by their order."""
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
    """Whether the tag is another and the digest, which decides, is the same."""
    return new.digest is not None and old.digest == new.digest and old.tag != new.tag


def is_only_the_digest(old: ImageReference, new: ImageReference) -> bool:
    """Whether one tag stands for another image than before."""
    both = old.digest is not None and new.digest is not None
    return both and old.digest != new.digest and old.tag is not None and old.tag == new.tag
