"""A file as a whole: its two readings beside each other."""

from __future__ import annotations

import pytest

from bot.core.identity import ObjectIdentity, identity_of
from bot.core.manifest import ManifestFile
from bot.core.reading import read_manifest
from bot.core.scopes import Scopes
from bot.core.states.resources import resources_of

_OBJECT = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("data", "same"),
    [
        (_OBJECT, True),
        (_OBJECT + b"---\n" + _OBJECT, True),
        (b"", True),
        (_OBJECT + b"data: {a: yes}\n", False),
        (_OBJECT + b"kind: Secret\n", False),
    ],
)
def test_readings_that_are_equal_are_one_object(data: bytes, same: bool) -> None:  # noqa: FBT001
    """Whoever asks for both readings need not look at the second one."""
    manifest = read_manifest(data)

    assert (manifest.kubectl is manifest.kustomize, manifest.kubectl == manifest.kustomize) == (
        same,
        same,
    )


def test_an_object_says_what_it_is() -> None:
    items = read_manifest(
        b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"
        b"---\napiVersion: v1\nkind: Pod\nmetadata: {generateName: job-}\n"
        b"---\nkind: ConfigMap\nmetadata: {name: 5}\n"
    ).kubectl.objects

    assert [item.identity for item in items] == [
        ObjectIdentity("apps/v1", "Deployment", "shop", "web", generated=False),
        ObjectIdentity("v1", "Pod", "", "job-*", generated=True),
        None,
    ]


def test_resources_are_made_of_what_objects_say_already() -> None:
    """Facts of a repository are kept with it, so that a second review decodes no object for it."""
    file = ManifestFile("a.yaml", "1", read_manifest(_OBJECT))
    identity_of.cache_clear()

    keys = [str(resource.key) for resource in resources_of(file, "shop", Scopes())]

    assert (keys, identity_of.cache_info().misses) == (["ConfigMap/shop/a"], 0)
