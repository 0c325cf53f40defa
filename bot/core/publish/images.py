"""The images that change, one row for the containers in which the same one changes alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.core.engine.review import ImageChange
from bot.records import dataclass

MOST_NAMED: Final = 3
"""Containers that one row names."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image before and after, None where there is none, and the containers in which it changes.

    A container is written `Deployment/shop/api web`.
    """

    containers: tuple[str, ...]
    old: str | None
    new: str | None

    @property
    def where(self) -> str:
        """The containers in words, the first few by name."""
        more = len(self.containers) - MOST_NAMED
        named = ", ".join(self.containers[:MOST_NAMED])
        return f"{named} and {more:,} more" if more > 0 else named


def image_rows(images: Iterable[ImageChange]) -> tuple[ImageRow, ...]:
    """The rows, in the order of their first containers.

    A workload that only moves to another namespace changes no image.
    """
    every = tuple(images)
    gone = {_moved(image) for image in every if image.new is None}
    came = {_moved(image) for image in every if image.old is None}
    rows: dict[tuple[str | None, str | None], list[str]] = {}
    for image in every:
        if None not in (image.old, image.new) or _moved(image) not in gone & came:
            where = f"{image.resource} {image.container}"
            rows.setdefault((image.old, image.new), []).append(where)
    return tuple(ImageRow(tuple(names), old, new) for (old, new), names in rows.items())


def _moved(image: ImageChange) -> tuple[str | None, ...]:
    """What stays of an image when its workload moves to another namespace."""
    resource = image.resource
    return (resource.group, resource.kind, resource.name, image.container, image.old or image.new)
