"""Upstream's field paths, which are those of its internal types, as the published API has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.core.resource import Resource
from bot.core.validation import Refusal, ValidationResult
from bot.kubernetes import kinds
from bot.patterns import pattern

# What a definition with a single version has for it at the top, inside the API server.
_OF_VERSION: Final = {
    "validation": "schema",
    "subresources": "subresources",
    "additionalPrinterColumns": "additionalPrinterColumns",
}
_VERSION_FIELD: Final = pattern(rf"^spec\.({'|'.join(_OF_VERSION)})\b")
# "spec.addresses[0]" must validate one and only one schema (oneOf). Found none valid
_ALTERNATIVES: Final = pattern(r'"([^"]+)" (must validate .*)', re.DOTALL)
_VOLUME_SOURCE: Final = pattern(r"^spec\.persistentvolumesource\b", re.IGNORECASE)
_VOLUME_FIELDS: Final = frozenset(
    {
        *("accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity"),
        *("persistentVolumeReclaimPolicy", "storageClassName", "volumeAttributesClassName"),
        "volumeMode",
    }
)


def refusals_of(resource: Resource, result: ValidationResult) -> Iterator[Refusal]:
    """The refusals of an object by published paths, without those that name no mistake of it."""
    listed = [_placed(one) for one in result.refusals if not _is_no_mistake(resource, one)]
    for refusal in listed:
        if _follows(refusal, listed):
            continue
        yield replace(
            refusal,
            field=published_path(resource, refusal.field),
            culprits=tuple(published_path(resource, path) for path in refusal.culprits),
        )


def _placed(refusal: Refusal) -> Refusal:
    """A refusal of alternatives at its field, which upstream writes into the detail alone."""
    match = _ALTERNATIVES.fullmatch(refusal.detail) if refusal.field == "<nil>" else None
    return replace(refusal, field=match[1], detail=match[2]) if match else refusal


def _follows(refusal: Refusal, listed: list[Refusal]) -> bool:
    """Whether a refusal of alternatives only says that one of them is refused, as others do."""
    if not refusal.detail.startswith("must validate"):
        return False
    return any(
        other.field.startswith(refusal.field) and not other.detail.startswith("must validate")
        for other in listed
    )


def _is_no_mistake(resource: Resource, refusal: Refusal) -> bool:
    """Whether a refusal names no mistake of the manifest.

    Admission fills in a pod's ServiceAccount. Where the schema refuses an object, the server adds
    that it did not run the rules in CEL.
    https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller
    """
    if "some validation rules were not checked" in refusal.detail:
        return True
    return resource.group_kind == kinds.POD and "serviceAccountName is not set" in refusal.detail


def published_path(resource: Resource, path: str) -> str:
    """A field path of an internal type as the object spells it."""
    kind, spec = resource.group_kind, resource.at("spec")
    if kind == kinds.CUSTOM_RESOURCE_DEFINITION and len(list(spec["versions"].items())) == 1:
        return _VERSION_FIELD.sub(lambda match: f"spec.versions[0].{_OF_VERSION[match[1]]}", path)
    if kind == kinds.PERSISTENT_VOLUME:
        source = next((name for name in spec.mapping if name not in _VOLUME_FIELDS), None)
        return _VOLUME_SOURCE.sub(f"spec.{source}" if source else "spec", path)
    if kind == kinds.SECRET and path == "data" and not resource.at("data").exists:
        return "stringData"
    return path.replace("attachedRequired", "attachRequired")
