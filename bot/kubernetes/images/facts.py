"""Findings about images: the wording for people and the facts for machines."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.values import Value
from bot.kubernetes.images.positions import ImageUse
from bot.kubernetes.naming import escaped
from bot.kubernetes.workloads.pods import str_of


def used_by(use: ImageUse) -> str:
    """The use of an image as a clause: `Deployment shop/api runs ghcr.io/example/api:1 in api`."""
    where = f"{str_of(use.node.resource)} runs {escaped(use.reference)}"
    return f"{where} in {escaped(use.container)}"


def image_facts(use: ImageUse) -> Mapping[str, Value]:
    """The facts `image`, `container`, and `normalized` or `invalid`."""
    facts: dict[str, Value] = {"image": use.reference, "container": use.container}
    image = use.image
    if image is None:
        return {**facts, "invalid": True}
    normalized = {
        "domain": image.domain,
        "path": image.path,
        "tag": image.tag,
        "digest": image.digest,
    }
    return {**facts, "normalized": normalized}
