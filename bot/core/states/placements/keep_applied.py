"""What stands in the cluster where head's text is refused: what base put there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.core.resource import Resource
from bot.core.states.placements.applied import Applied
from bot.core.states.roots.root import RootKey


def with_standing(
    before: Mapping[RootKey, Applied], after: Mapping[RootKey, Applied]
) -> Mapping[RootKey, Applied]:
    """Head's roots, with base's resources where head's cannot be read.

    A refused file or a failed build changes nothing in the cluster: what was applied stays until
    something else is. That it cannot be read is a finding or a problem of its own.
    """
    return {key: _standing(before.get(key), held) for key, held in after.items()}


def _standing(old: Applied | None, held: Applied) -> Applied:
    if old is None or old is held or old.reasons:
        return held
    if held.reasons:
        return replace(held, resources=old.resources, volatile=old.volatile, upgrade=old.upgrade)
    if held.upgrade_reasons:
        return replace(held, upgrade=old.upgrade)
    if not held.unread:
        return held
    return replace(held, resources=(*held.resources, *_kept(old, held)))


def _kept(old: Applied, held: Applied) -> Iterator[Resource]:
    """Base's resources of the files that head cannot read to their end."""
    refused = {path for path, file in held.files.items() if file.reading.error is not None}
    read = {found.key for found in held.resources}
    for found in old.resources:
        if found.source.path in refused and found.key not in read:
            yield found
