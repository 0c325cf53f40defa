"""Objects of a tree that a changed CustomResourceDefinition no longer takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.core.resource import GroupKind, ListStep, Node, Resource, Route, route_text
from bot.core.state import State
from bot.core.validation import Refusal
from bot.core.words import first_of
from bot.kubernetes.apply.definitions import BrokenDefinition
from bot.kubernetes.apply.refusals import DECODING, clause, has_placeholder, node_at
from bot.kubernetes.causes import ChangedPosition, changed_place
from bot.kubernetes.naming import escaped
from bot.kubernetes.schemas.check import SchemaViolation, check
from bot.kubernetes.schemas.serving import ServedKind, schemas_of, serving
from bot.kubernetes.workloads.pods import str_of

# The shapes below say these, with the field.
_BY_SHAPE: Final = frozenset(
    {"FieldValueRequired", "FieldValueNotSupported", "FieldValueTypeInvalid"}
)


_LIMITS: Final = (
    *("required", "type", "enum", "x-kubernetes-validations", "pattern", "format"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
)


def narrowed_definitions(new: Resource, before: State, after: State) -> Iterator[BrokenDefinition]:
    """What a definition newly refuses of the objects that stood at base already, once per field.

    What a change writes into the objects themselves is judged with them.
    """
    spec = new.at("spec")
    kind = GroupKind(spec["group"].text or "", spec.at("names", "kind").text or "")
    refused: dict[str, list[SchemaViolation]] = {}
    for resource in after.of(kind):
        earlier = before.get(resource.key)
        if earlier is not None and earlier.api_version == resource.api_version:
            for violation in _newly_refused(resource, earlier, before, after):
                names = (step for step in violation.node.route if isinstance(step, str))
                refused.setdefault(".".join((violation.code, *names)), []).append(violation)
    yield from _newly_invalid(new, kind, before, after)
    for violations in refused.values():
        first = violations[0].node
        users = list(dict.fromkeys(str_of(found.node.resource) for found in violations))
        what = f"{violations[0].text} {escaped(route_text(first.route))}"
        which = f"as the first {what}" if users[1:] else f"which {what}"
        place = _place(new, first, before)
        message = f"no longer accepts {first_of(users, 1)}, {which}"
        yield BrokenDefinition(place.node, place.side, route_text(first.route), message)


def _newly_invalid(
    new: Resource, kind: GroupKind, before: State, after: State
) -> Iterator[BrokenDefinition]:
    """What the validator refuses by head's definition alone of objects that the change leaves.

    An update that keeps a refused value is accepted since Kubernetes 1.33, a new object is not.
    https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-ratcheting
    """
    refused: dict[str, list[tuple[Resource, Refusal]]] = {}
    for resource in after.of(kind):
        earlier, result = before.get(resource.key), after.validations.get(resource.key)
        if earlier is None or result is None or earlier.encoded != resource.encoded:
            continue
        for refusal in result.refusals:
            if refusal.type not in DECODING and refusal.type not in _BY_SHAPE:
                refused.setdefault(clause(refusal), []).append((resource, refusal))
    for what, pairs in refused.items():
        users = list(dict.fromkeys(str_of(resource) for resource, _ in pairs))
        node = node_at(pairs[0][0], pairs[0][1].field)
        place = _place(new, node, before)
        message = f"no longer takes {first_of(users, 1)}: {what}"
        yield BrokenDefinition(place.node, place.side, pairs[0][1].field, message)


def _newly_refused(
    resource: Resource, earlier: Resource, before: State, after: State
) -> Iterator[SchemaViolation]:
    old, new = serving(resource, before), serving(resource, after)
    if not (isinstance(old, ServedKind) and isinstance(new, ServedKind)):
        return
    if old.definition is None or new.definition is None or old.shape == new.shape:
        return
    schemas = schemas_of(after)
    accepted = {_identity(found) for found in check(resource.root, old.shape, schemas)}
    written = {_identity(found) for found in check(earlier.root, new.shape, schemas)}
    for violation in check(resource.root, new.shape, schemas):
        is_null = violation.code == "REQUIRED" and violation.node.exists
        if violation.keyed or is_null or has_placeholder(violation.node):
            continue
        if _identity(violation) in written - accepted:
            yield violation


def _identity(violation: SchemaViolation) -> tuple[str, str, str]:
    return (violation.code, route_text(violation.node.route), violation.text)


def _place(definition: Resource, field: Node, before: State) -> ChangedPosition:
    """The deepest part of the schema on the way to a field that differs from base."""
    number = field.resource.api_version.rpartition("/")[2]
    versions = definition.at("spec", "versions").items()
    version = next((v for v in versions if v["name"].text == number), definition.root)
    schema = version.at("schema", "openAPIV3Schema")
    levels = [definition.at("metadata", "name"), version, schema]
    for step in _schema_steps(field.route):
        levels.append(levels[-1][step])
    levels.reverse()
    limits = (level[name] for level in levels for name in _LIMITS)
    return changed_place(before, (levels[0], *limits, *levels)) or ChangedPosition(levels[-1])


def _schema_steps(route: Route) -> Iterator[str]:
    for step in route:
        if isinstance(step, ListStep):
            yield "items"
        else:
            yield "properties"
            yield step
