"""Which remote sources are new in a change, and how they differ from those of base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bot.core.resource import ResourceKey, written
from bot.core.state import State
from bot.kubernetes.gitops.repositories import RepositoryAddresses
from bot.kubernetes.remote.addresses import compare_link
from bot.kubernetes.remote.object_sources import RemoteSource
from bot.kubernetes.remote.sources import remote_sources, taken_in
from bot.records import dataclass

_DEFAULT: Final = frozenset({"", "HEAD"})
_USUAL: Final = frozenset({"main", "master"})


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A remote source that base does not use in this version.

    `old` is another version that base uses, of the same object where there is one, else None.
    `stranger` says that base uses nothing of this owner, `looked_into` that the source was fetched
    and rendered, so that findings show its effect. `unseen` says that it is this repository at
    another revision, whose content is not the one under review.
    """

    new: RemoteSource
    old: RemoteSource | None
    stranger: bool
    looked_into: bool = False
    unseen: bool = False

    @property
    def link(self) -> str:
        """The page that compares both versions, empty if it is not known."""
        if self.old is None:
            return ""
        return compare_link(self.new.address.place, self.old.version, self.new.version)


def source_changes(before: State, after: State) -> Iterator[SourceChange]:
    """Yield the remote sources of head that base does not use.

    The repository itself is one of them at a revision that is not the one under review.
    """
    previous = (*before.derived(taken_in), *before.derived(_everywhere))
    addresses = RepositoryAddresses.of(after.addresses)
    same = {(source.name, source.version) for source in previous}
    owners = {source.address.owner for source in previous if source.owned}
    by_holder: dict[tuple[ResourceKey, tuple[str, str, str]], RemoteSource] = {}
    by_name: dict[tuple[str, str, str], RemoteSource] = {}
    for source in previous:
        by_holder.setdefault((source.node.resource.key, source.name), source)
        by_name.setdefault(source.name, source)
    for source in after.derived(taken_in):
        if (source.name, source.version) in same:
            continue
        own = addresses.holds(source.address.place) is True
        if own and _is_reviewed(source.version, previous, addresses):
            continue
        old = by_holder.get((source.node.resource.key, source.name)) or by_name.get(source.name)
        stranger = source.owned and source.address.owner not in owners
        place = written(source.node.resource.source, source.node.route)
        yield SourceChange(source, old, stranger and not own, place in after.looked_into, own)


def _is_reviewed(
    version: str, previous: Iterable[RemoteSource], addresses: RepositoryAddresses
) -> bool:
    """Whether a revision of this repository is the one under review, as far as base says.

    It is the default branch, or a revision that base applies. Where base names none, the usual
    names of a default branch are as good.
    """
    if version in _DEFAULT:
        return True
    named = {
        source.version
        for source in previous
        if source.version not in _DEFAULT and addresses.holds(source.address.place)
    }
    return version in (named or _USUAL)


def moved_together(changes: Iterable[SourceChange]) -> Iterator[tuple[SourceChange, ...]]:
    """The changes, with parts of one repository that one file moves to one version in one group."""
    groups: dict[object, list[SourceChange]] = {}
    for change in changes:
        new, old = change.new, change.old
        key: object = id(change)
        if old is not None and not change.stranger and not new.follows:
            key = (new.node.resource.key, new.address.place, old.version, new.version)
        groups.setdefault(key, []).append(change)
    yield from map(tuple, groups.values())


def _everywhere(state: State) -> tuple[RemoteSource, ...]:
    """Return what the files of the whole tree use, in every environment."""
    return tuple(remote_sources(state.all_inputs))


def in_words(change: SourceChange, others: tuple[SourceChange, ...] = ()) -> str:
    """Describe a change of a source in one sentence, with the parts that move with it."""
    parts = ", ".join(dict.fromkeys(other.new.address.part for other in others))
    return f"{_in_words(change)} (and {parts} with it)" if parts else _in_words(change)


def _in_words(change: SourceChange) -> str:
    new, old = change.new, change.old
    if change.unseen:
        return (
            f"{new.words} is this one, at revision {new.version}, which is not what is reviewed "
            "here"
        )
    if change.stranger:
        follows = f", and {_follows(new)}" if new.follows else ""
        return (
            f"{new.words}{_version(new)} comes from {new.address.owner}, which nothing here used "
            f"before{follows}"
        )
    if new.follows:
        return f"{new.words} {_follows(new)}"
    if old is None:
        unseen = "" if change.looked_into else " and was not reviewed"
        return f"{new.words}{_version(new)} is new here{unseen}"
    link = f": {change.link}" if change.link else ""
    return f"{new.words} moves from {old.version or 'no version'} to {new.version}{link}"


def facts(change: SourceChange) -> Mapping[str, str]:
    """Return the change as facts for machines."""
    old = change.old.version if change.old is not None else ""
    document = {
        "source": change.new.address.place,
        "part": change.new.address.part,
        "old": old,
        "new": change.new.version,
        "compare": change.link,
    }
    return {name: text for name, text in document.items() if text}


def _version(source: RemoteSource) -> str:
    return f" at {source.version}" if source.version and not source.follows else ""


def _follows(source: RemoteSource) -> str:
    what = f"follows {source.version}" if source.version else "names no version"
    return f"{what}, so that it can change without a review here"
