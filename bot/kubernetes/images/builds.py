"""Images that the repository builds itself: names that Skaffold replaces before it applies."""

from __future__ import annotations

import msgspec

from bot.core.state import State
from bot.core.values import Value, freeze, mapping, sequence, text


def built_images(state: State) -> frozenset[str]:
    """The image names that the Skaffold files of a state build.

    `skaffold run` replaces these names in manifests with the image that it has just built:
    https://skaffold.dev/docs/references/yaml/#build-artifacts-image
    """
    return frozenset(
        name
        for file in state.files.values()
        for body in file.manifest.kubectl.objects
        if b'"apiVersion":"skaffold/' in body.encoded
        for name in _artifacts(freeze(msgspec.json.decode(body.encoded)))
    )


def _artifacts(config: Value) -> list[str]:
    artifacts = sequence(mapping(mapping(config).get("build")).get("artifacts"))
    names = (text(mapping(artifact).get("image")) for artifact in artifacts)
    return [name for name in names if name]
