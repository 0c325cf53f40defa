"""Settings of Argo CD by which it builds or prunes everything that it applies.

https://argo-cd.readthedocs.io/en/stable/user-guide/kustomize/#kustomize-build-optionsparameters and
https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from bot.core.resource import Node
from bot.core.state import Change

_SETTINGS: Final = "argocd-cm"
_EFFECTS: Final = MappingProxyType(
    {
        "kustomize.buildOptions": "builds every kustomization",
        "application.resourceTrackingMethod": "recognizes what it applied",
    }
)


def changed_builds(change: Change) -> Iterator[tuple[Node, str]]:
    """Yield the changed settings, each with what Argo CD does by it; build options by version too.

    The default is not known: it differs between versions of Argo CD.
    """
    old, new = change.before, change.after
    if old is None or new is None or new.name != _SETTINGS:
        return
    for setting, effect in _EFFECTS.items():
        for name, node in new.at("data").fields():
            is_setting = name == setting or name.startswith(f"{setting}.")
            if is_setting and node.value != old.at("data", name).value:
                yield node, f"changes {name}, by which Argo CD {effect}"
