"""Refusals of the API server as places in a manifest: upstream's field paths followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from bot.core.finding import Side
from bot.core.resource import Node, Resource
from bot.core.validation import Refusal, ValidationResult
from bot.kubernetes.apply.published_paths import refusals_of
from bot.kubernetes.gitops.unknowns import PREFIX as UNKNOWN_PREFIX
from bot.patterns import pattern
from bot.records import dataclass

RefusalCode: TypeAlias = Literal[
    "UNKNOWN-FIELD", "WRONG-TYPE", "REQUIRED", "INVALID", "NOT-SERVED", "CEL"
]

_STEP: Final = pattern(r"\.?([^.\[\]]+)|\[([^\]]*)\]")
_CODES: Final[dict[str, RefusalCode]] = {
    "UnknownField": "UNKNOWN-FIELD",
    "DuplicateField": "INVALID",
    "WrongType": "WRONG-TYPE",
    "FieldValueTypeInvalid": "WRONG-TYPE",
    "FieldValueRequired": "REQUIRED",
}
DECODING: Final = frozenset({"UnknownField", "DuplicateField", "WrongType", "Decoding"})
"""The types of refusals of a text that cannot be decoded as its schema says."""
_PHRASES: Final = {
    "FieldValueRequired": "is required",
    "FieldValueForbidden": "is not allowed",
    "FieldValueNotSupported": "has a value that is not supported",
    "FieldValueDuplicate": "is there twice",
    "FieldValueTooLong": "is too long",
    "FieldValueTooMany": "has too many items",
    "FieldValueNotFound": "names something that is not there",
    "DuplicateField": "is written twice",
}
_FROZEN: Final = pattern(r"immutable|may not (be )?change|cannot change|other than|not be updated")
_LONGEST: Final = 300
FROZEN: Final = "which cannot change"
_PLACEHOLDER: Final = pattern(rf"\$\{{|\$\(|\{{\{{|^<[\w-]+:|{UNKNOWN_PREFIX}")
"""Text that a controller or a plugin replaces before the object is applied."""


def refusal_code(refusal: Refusal) -> RefusalCode:
    """The code of a refusal in a finding's facts."""
    if "CEL" in refusal.detail or "failed rule" in refusal.detail:
        return "CEL"
    return _CODES.get(refusal.type, "INVALID")


def steps(path: str) -> tuple[str, ...]:
    """The steps of a path: `("spec", "ports", "0", "name")` for `spec.ports[0].name`."""
    return tuple(match[1] or match[2] for match in _STEP.finditer(path) if match[1] or match[2])


def node_at(resource: Resource, path: str) -> Node:
    """The node that a path names, or the deepest node on the way that exists.

    Names may differ in case, as they do in upstream's internal types.
    """
    node = resource.root
    for step in steps(path):
        below = _below(node, step)
        if below is None:
            return _missing(node, step)
        node = below
    return node


def _below(node: Node, step: str) -> Node | None:
    if isinstance(node.value, tuple):
        items = list(node.items())
        return items[int(step)] if step.isdigit() and int(step) < len(items) else None
    if step in node.mapping:
        return node[step]
    if step == "clusterIPs" and "clusterIP" in node.mapping:
        return node["clusterIP"]
    folded = step.casefold()
    return next((child for name, child in node.fields() if name.casefold() == folded), None)


def _missing(node: Node, step: str) -> Node:
    """The node of a field that is missing where its parent is a mapping, else the parent."""
    is_field = isinstance(node.value, (dict,)) or bool(node.mapping)
    return node[step] if is_field and step.isidentifier() else node


@dataclass(frozen=True, slots=True)
class RefusedChange:
    """An update that the API server refuses: the field's path and the deepest node that differs.

    `reason` is a relative clause about the field.
    """

    path: str
    node: Node
    side: Side
    reason: str = FROZEN


def refused_updates(
    old: Resource, new: Resource, result: ValidationResult
) -> Iterator[RefusedChange]:
    """The changes that the API server refuses although the new object is valid by itself."""
    seen = set()
    for refusal in refusals_of(new, result):
        if not refusal.update or refusal.field.startswith("roleRef"):
            continue  # a rule of its own judges roleRef
        if refusal.field.startswith("spec.clusterIPs") and not _names_address(old, new):
            continue  # follows from the family, which is refused as well
        for path in _blamed(refusal):
            if path and path not in seen:
                seen.add(path)
                node, side = _deepest_difference(node_at(old, path), node_at(new, path))
                yield RefusedChange(path, node, side, _reason(refusal))


def _blamed(refusal: Refusal) -> tuple[str, ...]:
    """The fields whose change is refused; a reason of its own stands at the refused field."""
    return (refusal.field,) if _has_reason(refusal) else refusal.culprits or (refusal.field,)


def _has_reason(refusal: Refusal) -> bool:
    return bool(refusal.detail) and not _FROZEN.search(refusal.detail)


def _reason(refusal: Refusal) -> str:
    """Why the change is refused, as a relative clause about the field."""
    detail = plain(refusal.detail)
    if not _has_reason(refusal):
        return FROZEN
    return f"which the API does not allow ({detail})"


def clause(refusal: Refusal) -> str:
    """What is wrong, as a clause that begins with the field."""
    detail = plain(refusal.detail)
    path = plain(refusal.field) or "it"
    phrase = _PHRASES.get(refusal.type, "is invalid")
    if refusal.type == "UnknownField":
        return f"there is no field {path}"
    if refusal.type == "WrongType":
        return f"{path} is {detail}"
    return f"{path} {phrase}: {detail}" if detail else f"{path} {phrase}"


def plain(text: str) -> str:
    """Text of upstream for a message: one line of bounded length, printable."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _names_address(*versions: Resource) -> bool:
    fields = ("clusterIP", "clusterIPs")
    return any(resource.at("spec", name).exists for resource in versions for name in fields)


def has_placeholder(node: Node) -> bool:
    """Whether the value may still be replaced before the API server sees it."""
    return isinstance(node.value, str) and _PLACEHOLDER.search(node.value) is not None


def has_placeholder_within(node: Node) -> bool:
    """Whether some value below a field may still be replaced before the API server sees it."""
    below = (*(child for _, child in node.fields()), *node.items())
    return has_placeholder(node) or any(map(has_placeholder_within, below))


def _deepest_difference(before: Node, after: Node) -> tuple[Node, Side]:
    while True:
        pair = _differing_child(before, after)
        if pair is None:
            return (after, "RIGHT") if after.exists else (before, "LEFT")
        before, after = pair


def _differing_child(before: Node, after: Node) -> tuple[Node, Node] | None:
    if before.mapping and after.mapping:
        names = dict.fromkeys((*after.mapping, *before.mapping))
        different = [name for name in names if before[name].value != after[name].value]
        return (before[different[0]], after[different[0]]) if different else None
    old, new = list(before.items()), list(after.items())
    if not old or len(old) != len(new):
        return None
    pairs = zip(old, new, strict=True)
    return next(((one, other) for one, other in pairs if one.value != other.value), None)


def is_encrypted(resource: Resource) -> bool:
    """Whether SOPS encrypted the manifest: the API server sees what Flux decrypts."""
    return bool(resource.at("sops").mapping)
