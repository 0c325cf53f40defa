"""New registries: registries and first path segments from which base runs no image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from bot.core.resource import route_text
from bot.core.state import Environment, State
from bot.kubernetes.images.approval import NewImage, runs_any, runs_from
from bot.kubernetes.images.reference import ImageReference
from bot.records import dataclass

Origin: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class NewPlace:
    """An image from a new registry, and the other images that moved there in the same way.

    `again` says that an earlier finding of the same change already names the new registry.
    """

    image: ImageReference
    new: NewImage
    moved: tuple[NewImage, ...]
    again: bool

    @property
    def origin(self) -> str:
        """Registry and path segment in the form that people write."""
        return "/".join(part for part in self.image.origin if part)


def new_places(images: Iterable[NewImage], before: State, after: State) -> Iterator[NewPlace]:
    """The images from registries that base does not use; none where base runs no image at all."""
    groups: dict[object, list[tuple[ImageReference, NewImage]]] = {}
    if is_new(before, after):
        return
    for number, new in enumerate(images):
        image = new.use.image
        if image is not None and _is_from_elsewhere(new, image, before):
            left_origin = _origin_left(new, image)
            identity = number if left_origin is None else (left_origin, image.origin)
            groups.setdefault(identity, []).append((image, new))
    reported: set[Origin] = set()
    for (image, new), *rest in groups.values():
        yield NewPlace(image, new, tuple(moved for _, moved in rest), image.origin in reported)
        reported.add(image.origin)


def is_new(before: State, after: State) -> bool:
    """Whether an environment that is named for its directory has no manifests there at base.

    Manifests that it shares with other environments do not say what a new cluster may run. Only
    environments inferred from directories are named for them.
    """
    name = after.environment.name
    if name in {
        Environment().name,
        *(environment.name for environment in after.policy.environments),
    }:
        return False
    folder = f"{name}/"
    there = [
        any(resource.source.path.startswith(folder) for resource in state.resources)
        for state in (before, after)
    ]
    return there == [False, True]


def _is_from_elsewhere(new: NewImage, image: ImageReference, before: State) -> bool:
    """Whether neither the resource nor the rest of base runs an image from that registry."""
    origins_before = (old.image.origin for old in new.earlier if old.image)
    if image.origin in origins_before:
        return False
    return before.derived(runs_any) and not runs_from(before, image.origin)


def _origin_left(new: NewImage, image: ImageReference) -> Origin | None:
    """The registry that a container's image moves away from while it keeps its own name."""
    place = route_text(new.use.node.route)
    for old in new.earlier:
        was = old.image
        if was and _name(was) == _name(image) and route_text(old.node.route) == place:
            return was.origin
    return None


def _name(image: ImageReference) -> str:
    return image.path.rpartition("/")[2]
