"""Sources that are not built here: other repositories, artifacts, and charts that nothing names."""

from __future__ import annotations

from bot.core.reading.yaml_texts import json_text
from bot.core.rendering import Declared, Release
from bot.core.resource import Node
from bot.core.states.roots.files import directory
from bot.core.values import Value


def unbuilt(
    node: Node, title: str, why: str, settings: Value, version: str | None = ""
) -> Declared:
    """Return a root that stands for a source which Fairlead does not build.

    `title` names the source without its `version`, `why` completes "is not rendered: ". A change of
    `settings`, the part of the object that says what is applied and how, changes the root.
    """
    return Declared(
        node,
        directory(node.resource.source.path),
        release=Release("", "", values=(json_text(settings),)),
        hindrances=(why,),
        name=title,
        remote=title,
        source=f"{title} {version}",
    )
