"""Fields that Argo CD's own settings ignore, for all Applications.

https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/#system-level-configuration
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.reading.yaml_texts import value_of
from bot.core.resource import Node, Resource
from bot.core.state import Change
from bot.core.values import Body, mapping, text
from bot.errors import UnbuildableError
from bot.kubernetes.apply.idle.ignored_limits import leaves_limits
from bot.records import dataclass

_SETTINGS: Final = "argocd-cm"
_CUSTOMIZATIONS: Final = "resource.customizations"
_IGNORING: Final = f"{_CUSTOMIZATIONS}.ignoreDifferences."
_ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class _Ignored:
    """The ignored fields of a group and kind, which may both be globs."""

    group: str
    kind: str
    fields: str

    @property
    def words(self) -> str:
        return "every kind" if self.kind == "*" else self.kind


def newly_unnoticed(change: Change) -> Iterator[tuple[Node, str]]:
    """Yield the settings that newly ignore differences of objects that limit others."""
    old, new = change.before, change.after
    if new is None or new.name != _SETTINGS:
        return
    had = {ignored for _, ignored in _ignored(old)} if old is not None else set()
    for node, ignored in _ignored(new):
        if ignored not in had and _may_limit(ignored, new):
            yield node, f"keeps Argo CD from syncing the ignored fields of {ignored.words}"


def _ignored(settings: Resource) -> Iterator[tuple[Node, _Ignored]]:
    """Yield what each setting ignores, the older setting with all kinds in one text included.

    https://github.com/argoproj/argo-cd/blob/master/util/settings/settings.go (GetResourceOverrides)
    """
    for name, node in settings.at("data").fields():
        if name == _CUSTOMIZATIONS:
            for key, fields in _parsed(node.text or "").items():
                group, _, kind = key.rpartition("/")
                yield (
                    node,
                    _Ignored(group, kind, text(mapping(fields).get("ignoreDifferences")) or ""),
                )
        elif name.startswith(_IGNORING):
            key = name.removeprefix(_IGNORING)
            group, _, kind = ("*", "", "*") if key == _ALL else key.rpartition("_")
            yield node, _Ignored(group, kind, node.text or "")


def _may_limit(ignored: _Ignored, settings: Resource) -> bool:
    target = {"group": ignored.group, "kind": ignored.kind}
    body = {**_parsed(ignored.fields), **target}
    return leaves_limits(Resource.of(settings.key, body, settings.source).root)


def _parsed(content: str) -> Body:
    """The mapping of a YAML text; any text may stand in a setting."""
    try:
        return mapping(value_of(content.encode()))
    except UnbuildableError:
        return {}
