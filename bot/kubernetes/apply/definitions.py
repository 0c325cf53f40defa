"""What a changed CustomResourceDefinition refuses, or breaks for the objects that exist."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.finding import Severity, Side
from bot.core.resource import GroupKind, Node, Resource
from bot.core.state import State
from bot.records import dataclass


@dataclass(frozen=True, slots=True)
class BrokenDefinition:
    """A field of a definition whose change breaks objects: a predicate, and how bad that is."""

    node: Node
    side: Side
    field: str
    message: str
    severity: Severity = Severity.ERROR


def broken_definitions(old: Resource, new: Resource, after: State) -> Iterator[BrokenDefinition]:
    """Yield what the change of one definition breaks."""
    yield from _established(old, new)
    yield from _dropped(old, new)
    yield from _unserved(old, new, after)
    yield from _unconverted(old, new)


def _established(old: Resource, new: Resource) -> Iterator[BrokenDefinition]:
    """The scope and the kind of a definition that is established may not change.

    A manifest does not say that it is, which the validator asks for; what is applied, is.
    https://github.com/kubernetes/apiextensions-apiserver/blob/v0.36.3/pkg/apis/apiextensions/validation/validation.go
    """
    for path in (("scope",), ("names", "kind")):
        was, now = (side.at("spec", *path) for side in (old, new))
        if was.text and now.text and was.text != now.text:
            field = ".".join(("spec", *path))
            yield BrokenDefinition(
                now,
                "RIGHT",
                field,
                f"changes {field}, which cannot change, so the API refuses the update",
            )


def _dropped(old: Resource, new: Resource) -> Iterator[BrokenDefinition]:
    """The API server refuses a definition that lacks a version of `status.storedVersions`.

    https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#upgrade-existing-objects-to-a-new-stored-version
    """
    kept = {version["name"].text for version in _versions(new)}
    for version in _versions(old):
        name = version["name"].text
        if version["storage"].value is True and name not in kept:
            yield BrokenDefinition(
                version,
                "LEFT",
                f"spec.versions[{name}]",
                f"drops version {name}, in which objects are stored, so the API refuses the "
                "update until they are stored in another version",
            )


def _unserved(old: Resource, new: Resource, after: State) -> Iterator[BrokenDefinition]:
    """Manifests that name a version which is no longer served cannot be applied."""
    group = new.at("spec", "group").text or ""
    kind = GroupKind(group, new.at("spec", "names", "kind").text or "")
    served = {version["name"].text: version["served"] for version in _versions(new)}
    for version in _versions(old):
        name = version["name"].text
        now = served.get(name)
        if version["served"].value is not True or (now is not None and now.value is True):
            continue
        count = sum(found.api_version == f"{group}/{name}" for found in after.of(kind))
        if count:
            noun = "manifest names" if count == 1 else "manifests name"
            yield BrokenDefinition(
                version if now is None else now,
                "LEFT" if now is None else "RIGHT",
                f"spec.versions[{name}].served",
                f"no longer serves version {name}, which {count} {noun} here",
            )


def _unconverted(old: Resource, new: Resource) -> Iterator[BrokenDefinition]:
    """Without a webhook only the version is rewritten, and fields keep the names they have.

    https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#specify-multiple-versions
    """
    was, now = (side.at("spec", "conversion", "strategy") for side in (old, new))
    served = [version for version in _versions(new) if version["served"].value is True]
    if was.text == "Webhook" and now.text != "Webhook" and len(served) > 1:
        names = ", ".join(version["name"].text or "" for version in served)
        exists = now.exists
        yield BrokenDefinition(
            now if exists else was,
            "RIGHT" if exists else "LEFT",
            "spec.conversion.strategy",
            f"no longer converts between the versions it serves ({names}): fields that another "
            "version names otherwise are lost",
            Severity.WARNING,
        )


def _versions(definition: Resource) -> tuple[Node, ...]:
    return tuple(definition.at("spec", "versions").items())
