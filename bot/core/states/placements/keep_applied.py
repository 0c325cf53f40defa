"""Base's resources for roots of head that cannot be read: the cluster keeps what it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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


def with_listed(
    before: Mapping[RootKey, Applied], after: Mapping[RootKey, Applied]
) -> tuple[Mapping[RootKey, Applied], Mapping[RootKey, Applied]]:
    """Both sides, with the listed manifests of roots that cannot be built, as they stand.

    Where neither side can be built, the text of both is compared. Where base can, its resources
    stay, and what head's text lists beyond them is added: a patch that was not run may have made
    any of the others what it is.
    """
    old, new = dict(before), dict(after)
    for key, applied in after.items():
        was = before.get(key)
        if was is applied or not applied.listed:
            continue
        if was is not None and was.reasons:
            old[key], new[key] = _with(was, was.listed), _with(applied, applied.listed)
        else:
            present = {(held.group_kind, held.name) for held in applied.resources}
            new[key] = _with(
                applied,
                (
                    *applied.resources,
                    *(it for it in applied.listed if (it.group_kind, it.name) not in present),
                ),
            )
    return old, new


def _with(applied: Applied, resources: Iterable[Resource]) -> Applied:
    return replace(applied, resources=tuple(resources))


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
