"""The difference as JSON, and the schema of that JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from bot.core.diff.model import ChangeKind, Difference, DifferenceGroup, FieldChange
from bot.core.engine.review import Problem
from bot.core.publish.markdown import visible

SCHEMA: Final = "fairlead.diff/1"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class ChangedField(msgspec.Struct, frozen=True):
    """A field by its path; a side is null where the field is absent there.

    Values are text: strings as they are, all others as JSON. Long values are cut, and values that
    people must not see are `(hidden)`.
    """

    path: str
    before: str | None
    after: str | None


class Place(msgspec.Struct, frozen=True):
    """A resource, and the environments in which it changes."""

    group: str
    kind: str
    namespace: str | None
    name: str
    environments: tuple[str, ...]


class Group(msgspec.Struct, frozen=True):
    """Resources that change alike. `omitted` counts the changed fields that are not listed."""

    change: ChangeKind
    resources: tuple[Place, ...]
    fields: tuple[ChangedField, ...]
    omitted: int


class Unseen(msgspec.Struct, frozen=True):
    """Something that could not be reviewed, so that its difference is missing here."""

    path: str | None
    message: str


class DifferenceDocument(msgspec.Struct, frozen=True):
    """What changes in the cluster, worst first. `omitted` counts resources that are not listed."""

    schema: Literal["fairlead.diff/1"]
    base: str
    head: str
    groups: tuple[Group, ...]
    omitted: int
    problems: tuple[Unseen, ...]


def difference_json(
    difference: Difference, problems: tuple[Problem, ...], *, base: str, head: str
) -> str:
    """The difference as JSON text, the same bytes for the same difference."""
    document = DifferenceDocument(
        schema=SCHEMA,
        base=base,
        head=head,
        groups=tuple(map(_group, difference.groups)),
        omitted=difference.omitted,
        problems=(
            *(
                Unseen(problem.location.path if problem.location else None, problem.message)
                for problem in problems
            ),
            *(Unseen(file.path, file.reason) for file in difference.unread),
        ),
    )
    return json.dumps(msgspec.to_builtins(document), indent=2) + "\n"


def difference_schema() -> Mapping[str, Any]:
    """The published JSON Schema of that JSON."""
    (_, definitions) = msgspec.json.schema_components(
        [DifferenceDocument], ref_template="#/$defs/{name}"
    )
    schemas: dict[str, dict[str, Any]] = dict(definitions)
    for definition in schemas.values():
        definition["description"] = " ".join(str(definition.get("description", "")).split())
    top = schemas.pop("DifferenceDocument")
    return {"$schema": _DIALECT, **top, "title": SCHEMA, "$defs": dict(sorted(schemas.items()))}


def _group(group: DifferenceGroup) -> Group:
    return Group(
        group.change,
        tuple(
            Place(
                place.key.group,
                place.key.kind,
                place.key.namespace,
                place.key.name,
                place.environments,
            )
            for place in group.resources
        ),
        tuple(map(_field, group.fields)),
        group.omitted,
    )


def _field(change: FieldChange) -> ChangedField:
    """The field with what looks like a credential withheld."""
    before, after = (
        None if value is None else visible(value) for value in (change.before, change.after)
    )
    return ChangedField(change.path, before, after)
