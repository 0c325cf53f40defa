"""Base's resources for roots of head that cannot be read: the cluster keeps what it has."""

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
    return {key: _standing(before.get(key), applied) for key, applied in after.items()}


def _standing(old: Applied | None, applied: Applied) -> Applied:
    if old is None or old is applied or old.reasons:
        return applied
    if applied.reasons:
        return replace(applied, resources=old.resources, volatile=old.volatile, upgrade=old.upgrade)
    if applied.upgrade_reasons:
        return replace(applied, upgrade=old.upgrade)
    if not applied.unread:
        return applied
    return replace(applied, resources=(*applied.resources, *_kept(old, applied)))


def _kept(old: Applied, applied: Applied) -> Iterator[Resource]:
    """Base's resources of the files that head cannot read to their end."""
    refused = {path for path, file in applied.files.items() if file.reading.error is not None}
    read = {resource.key for resource in applied.resources}
    for resource in old.resources:
        if resource.source.path in refused and resource.key not in read:
            yield resource
