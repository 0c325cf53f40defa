"""Rows of the images that change."""

from __future__ import annotations

from bot.core.engine.review import ImageChange, ResourceReference
from bot.core.publish.images import ImageRow, image_rows


def change(name: str, old: str | None, new: str | None, namespace: str = "shop") -> ImageChange:
    return ImageChange(ResourceReference("apps", "Deployment", namespace, name), "web", old, new)


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


def test_a_workload_that_moves_to_another_namespace_is_no_row() -> None:
    moved = [change("api", "api:1", None), change("api", None, "api:1", "store")]
    newer = [change("job", "job:1", None), change("job", None, "job:2", "store")]

    assert image_rows([*moved, *newer]) == (
        ImageRow(("Deployment/shop/job web",), "job:1", None),
        ImageRow(("Deployment/store/job web",), None, "job:2"),
    )
