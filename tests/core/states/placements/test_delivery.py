"""Roots that Argo CD or Flux objects of the same tree alter."""

from __future__ import annotations

import pytest

from tests.states import Files, Grove, resource

FLUX = "kustomize.toolkit.fluxcd.io/v1"
ARGO = "argoproj.io/v1alpha1"
PLAIN = resource("ConfigMap", "x")
TEMPLATE = resource("ConfigMap", "x", "data: {region: '${REGION}'}")


def flux(spec: str) -> str:
    return resource("Kustomization", "apps", f"spec: {{{spec}}}", api=FLUX)


def argo(spec: str) -> str:
    return resource("Application", "apps", f"spec: {{{spec}}}", api=ARGO)


@pytest.mark.parametrize(
    ("delivery", "files", "field"),
    [
        (flux("path: ./apps/web, patches: [{patch: x}]"), {"apps/web/x.yaml": PLAIN}, "patches"),
        (flux("path: ./apps, targetNamespace: y"), {"apps/web/x.yaml": PLAIN}, "targetNamespace"),
        (
            flux("path: apps, postBuild: {substitute: {A: b}}"),
            {"apps/x.yaml": TEMPLATE},
            "postBuild",
        ),
        (flux("path: apps, postBuild: {substitute: {A: b}}"), {"apps/x.yaml": PLAIN}, None),
        (flux("path: apps, prune: true"), {"apps/x.yaml": PLAIN}, None),
        (flux("path: ./, patches: [{patch: x}]"), {"apps/x.yaml": PLAIN}, None),
        (flux("path: ../apps, patches: [{patch: x}]"), {"apps/x.yaml": PLAIN}, None),
        (
            flux("path: apps, images: [{name: x}]"),
            {
                "apps/kustomization.yaml": "resources: [x.yaml]\n",
                "apps/x.yaml": PLAIN,
            },
            "images",
        ),
        (
            argo("source: {path: apps, kustomize: {namePrefix: a-}}"),
            {"apps/x.yaml": PLAIN},
            "namePrefix",
        ),
        (
            argo("sources: [{path: other}, {path: apps, plugin: {name: x}}]"),
            {"apps/x.yaml": PLAIN},
            "plugin",
        ),
        (argo("source: {path: apps, kustomize: {version: v5}}"), {"apps/x.yaml": PLAIN}, None),
        (argo("source: {path: apps}"), {"apps/x.yaml": PLAIN}, None),
    ],
)
def test_a_root_that_is_altered_on_its_way_is_not_read(
    delivery: str, files: dict[str, str], field: str | None
) -> None:
    states = Grove({}, {"clusters/apps.yaml": delivery, **files}).states()

    names = {held.name for pair in states.pairs for held in pair.after.resources}
    troubles = [(held.path, held.route[-1]) for held in states.troubles if held.route]
    if field is None:
        assert ("x" in names, troubles) == (True, [])
    else:
        # It is judged by its text, and that more is done to it is said.
        assert (names, troubles) == ({"apps", "x"}, [("clusters/apps.yaml", field)])


def test_what_lies_below_a_kustomization_that_does_not_list_it_is_not_meant() -> None:
    states = Grove(
        {},
        {
            "c/a.yaml": flux("path: apps, images: [{name: x}]"),
            "apps/kustomization.yaml": "resources: []\n",
            "apps/deeper/x.yaml": PLAIN,
        },
    ).states()

    (pair,) = states.pairs
    assert sorted(held.name for held in pair.after.resources) == ["apps", "x"]


def test_a_delivery_object_that_changes_makes_its_root_changed() -> None:
    files: Files = {"apps/x.yaml": PLAIN}
    base: Files = {"c/a.yaml": flux("path: apps, images: [{name: x}]"), **files}
    head: Files = {"c/a.yaml": flux("path: apps, images: [{name: other}]"), **files}

    (trouble,) = Grove(base, head).states().troubles

    assert (trouble.new, trouble.path, trouble.message) == (
        False,
        "c/a.yaml",
        (
            "The directory apps is not rendered: Kustomization/default/apps alters it with its "
            "field 'images'; compare its output for base and head by hand"
        ),
    )
