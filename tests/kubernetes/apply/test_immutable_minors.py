"""Updates of one field are refused in the minor versions whose own code refuses them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from bot.kubernetes.apply.api_versions_table import NEWEST, OLDEST
from bot.kubernetes.apply.immutable.fields import STATES
from bot.kubernetes.apply.immutable.minors import UpdateRow, refusing_minors, update_rows
from bot.kubernetes.apply.immutable.updates import FIELDS, changes_refused
from tests.oracle.updates import Update, updates
from tests.states import world

ROWS: Mapping[tuple[str, tuple[str, ...], str, str], UpdateRow] = {
    (row.kind, row.states, row.path, row.change): row for row in update_rows()
}


def refusing(update: Update) -> list[int]:
    """The minor versions in which the table of fields refuses the update."""
    (before,), (after,) = (world(json.dumps(body)).resources for body in (update.base, update.head))
    minors = range(OLDEST, NEWEST + 1)
    return [minor for minor in minors if any(changes_refused(before, after, None, minor))]


@pytest.mark.parametrize("update", list(updates()), ids=lambda update: update.name())
def test_the_table_refuses_what_upstream_refuses(update: Update) -> None:
    row = ROWS.get((update.kind, update.states, update.path, update.change))
    if row is None:
        return  # either version is refused by itself
    refused = refusing(update)

    assert (set(row.refused) - set(refused), set(row.accepted) & set(refused)) == (set(), set())


def test_every_field_is_refused_by_some_minor_version() -> None:
    missing = [
        (kind, field.path)
        for kind, fields in FIELDS.items()
        for field in fields
        if not refusing_minors(kind, field.sample or field.path, field.when)
    ]

    assert missing == []


def test_the_states_of_the_samples_are_those_of_the_table() -> None:
    for update in updates():
        if update.change != "changed":
            continue  # base may lack the field that decides
        (base,) = world(json.dumps(update.base)).resources
        for state in update.states:
            assert any(name == state and test(base) for name, test in STATES.items()), update.name()
