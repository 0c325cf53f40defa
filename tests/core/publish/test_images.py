"""Rows of the images that change."""

from __future__ import annotations

from bot.core.engine.review import ImageChange, ResourceReference
from bot.core.publish.images import ImageRow, image_rows


def change(name: str, old: str | None, new: str | None) -> ImageChange:
    return ImageChange(ResourceReference("apps", "Deployment", "shop", name), "web", old, new)


def test_the_same_change_in_many_containers_is_one_row() -> None:
    many = [change(f"api-{number}", "api:1", "api:2") for number in range(5)]
    rows = image_rows([many[0], change("new", None, "x:1"), *many[1:]])

    assert rows == (
        ImageRow(
            tuple(f"Deployment/shop/api-{number} web" for number in range(5)), "api:1", "api:2"
        ),
        ImageRow(("Deployment/shop/new web",), None, "x:1"),
    )
    assert rows[0].where == (
        "Deployment/shop/api-0 web, Deployment/shop/api-1 web, Deployment/shop/api-2 web and 2 more"
    )
